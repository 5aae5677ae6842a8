//! What can go wrong with the database.

use tidegate_log::EntryError;
use tidegate_terms::messages;

messages! {
    /// Why the database gave no answer.
    pub enum StoreError {
        Full = "store.full" {
            en: "the disk is full; nothing was changed. Free some space and try again",
            zh: "磁盘已满；未作任何更改。请释放空间后重试",
        },
        Version { found: i64, expected: i64 } = "store.version" {
            en: "the domain's database has version {found}, this program uses version {expected}: use the program that made it",
            zh: "该域的数据库版本为 {found}，本程序使用版本 {expected}：请使用创建它的程序版本",
        },
        Damaged { detail: String } = "store.damaged" {
            en: "the domain's database is damaged ({detail}): restore a backup",
            zh: "该域的数据库已损坏（{detail}）：请恢复备份",
        },
        Database { detail: String } = "store.database" {
            en: "the domain's database failed: {detail}",
            zh: "该域的数据库出错：{detail}",
        },
        Record { detail: String } = "store.record" {
            en: "a record in the domain's database cannot be read: {detail}",
            zh: "无法读取该域数据库中的记录：{detail}",
        },
        Exists { what: String } = "store.exists" {
            en: "{what} exists already: choose another name",
            zh: "{what} 已存在：请换一个名称",
        };
        Entry(EntryError)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let database = error.as_database_error();
        match database.and_then(|error| error.code()).as_deref() {
            // SQLITE_FULL, and SQLITE_IOERR_SHMSIZE: no room for the index of the write-ahead log.
            Some("13" | "4874") => Self::Full,
            Some("11" | "26") => Self::Damaged { detail: error.to_string() },
            _ => Self::Database { detail: error.to_string() },
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Record { detail: error.to_string() }
    }
}
