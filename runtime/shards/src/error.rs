//! What is said when an import is refused or a shard cannot be read.
//!
//! These sentences are for the provider, inside the domain: they carry counts and line numbers of raw data
//! (never a value), so nothing of them may be shown outside (attacks A17 and A18). What a worker's caller
//! learns of a `ShardError` is only that the shard has to be tried again.

use crate::ImportReport;
use tidegate_terms::{Language, Message, messages};

messages! {
    /// Why an import is refused. Nothing is left behind: the dataset exists whole or not at all.
    pub enum ImportError {
        FileNotFound { path: String } = "import.file-not-found" {
            en: "the file {path} does not exist: check the path",
            zh: "文件 {path} 不存在：请检查路径",
        },
        FileRead { path: String, detail: String } = "import.file-read" {
            en: "the file {path} cannot be read ({detail}): check its permissions and the disk, then import again",
            zh: "无法读取文件 {path}（{detail}）：请检查文件权限与磁盘后重新导入",
        },
        FileEmpty { path: String } = "import.file-empty" {
            en: "the file {path} is empty: a table needs at least a header line; export it again",
            zh: "文件 {path} 为空：表至少需要一行表头；请重新导出",
        },
        FileKind { path: String } = "import.file-kind" {
            en: "the file {path} is neither `.csv` nor `.parquet`: convert it to one of the two and name it accordingly",
            zh: "文件 {path} 既不是 `.csv` 也不是 `.parquet`：请转换为其中一种格式并使用相应扩展名",
        },
        NoHeader { path: String } = "import.no-header" {
            en: "the first line of {path} names none of the declared columns: put the column names, separated by commas, into the first line",
            zh: "{path} 的首行不含任何已申报的列名：请在首行写入以逗号分隔的列名",
        },
        NotUtf8 { path: String, byte: u64 } = "import.not-utf8" {
            en: "{path} is not UTF-8 text (first wrong byte at offset {byte}): convert it, for example with `iconv -f GB18030 -t UTF-8`",
            zh: "{path} 不是 UTF-8 文本（首个错误字节位于偏移 {byte}）：请转换编码，例如 `iconv -f GB18030 -t UTF-8`",
        },
        UnclosedQuote { path: String, line: u64 } = "import.unclosed-quote" {
            en: "{path} is cut off or wrongly quoted: the quotation mark opened at line {line} is not closed; export the file again",
            zh: "{path} 不完整或引号有误：第 {line} 行开始的引号没有闭合；请重新导出文件",
        },
        StrayQuote { path: String, line: u64 } = "import.stray-quote" {
            en: "{path}, line {line}: a quotation mark stands inside a value; enclose the whole value in quotation marks and double those inside it",
            zh: "{path} 第 {line} 行：值的中间出现引号；请用引号包住整个值，并把其中的引号写成两个",
        },
        Ragged { path: String, line: u64, found: u64, expected: u64 } = "import.ragged" {
            en: "{path}, line {line}: {found} values where the header has {expected} columns; the line is cut off or not separated by commas, correct it or export the file again",
            zh: "{path} 第 {line} 行：有 {found} 个值，而表头有 {expected} 列；该行不完整或未用逗号分隔，请更正或重新导出文件",
        },
        RecordTooLong { path: String, line: u64 } = "import.record-too-long" {
            en: "{path}: the record at line {line} is longer than 16 MiB; a quotation mark is probably not closed there, correct it or export the file again",
            zh: "{path}：第 {line} 行开始的记录超过 16 MiB，可能有引号没有闭合；请更正或重新导出文件",
        },
        CsvParse { path: String, line: u64 } = "import.csv-parse" {
            en: "{path} cannot be parsed in the block beginning at line {line}: export the file again as plain comma-separated values",
            zh: "无法解析 {path} 中自第 {line} 行开始的数据块：请重新导出为普通的逗号分隔文件",
        },
        ParquetUnreadable { path: String } = "import.parquet-unreadable" {
            en: "{path} is not a complete Parquet file: it is cut off, damaged or compressed in a way that is not supported; write it again (zstd, snappy or no compression)",
            zh: "{path} 不是完整的 Parquet 文件：文件被截断、损坏或压缩方式不受支持；请重新写出（zstd、snappy 或不压缩）",
        },
        ParquetType { path: String, column: String, found: String } = "import.parquet-type" {
            en: "{path}: column `{column}` has the Parquet type {found}, which does not fit its declared type; write it as integers of 32 or 64 bits, floats, text, booleans or dates",
            zh: "{path}：列 `{column}` 的 Parquet 类型为 {found}，与申报的类型不符；请写成 32 或 64 位整数、浮点数、文本、布尔值或日期",
        },
        ColumnAbsent { path: String, column: String } = "import.column-absent" {
            en: "{path} has no column `{column}`: add it to the file, or correct `name` or `source` in the schema",
            zh: "{path} 中没有列 `{column}`：请在文件中补充，或更正模式中的 `name` 或 `source`",
        },
        IdentifierAbsent { path: String, column: String } = "import.identifier-absent" {
            en: "{path} has no column `{column}`, which identifies the privacy unit: every table needs it",
            zh: "{path} 中没有隐私单元标识列 `{column}`：每个表都必须包含该列",
        },
        HeaderTwice { path: String, column: String } = "import.header-twice" {
            en: "{path} has two columns named `{column}`: rename or remove one",
            zh: "{path} 有两列同名 `{column}`：请重命名或删除其中一列",
        },
        TableUnknown { table: String } = "import.table-unknown" {
            en: "the schema has no table `{table}`: correct the name or add the table to the schema",
            zh: "模式中没有表 `{table}`：请更正表名或在模式中补充该表",
        },
        TableTwice { table: String } = "import.table-twice" {
            en: "table `{table}` is given twice: give one file for each table",
            zh: "表 `{table}` 重复给出：每个表请只给出一个文件",
        },
        TableAbsent { table: String } = "import.table-absent" {
            en: "no file is given for table `{table}` of the schema: give one file for each table",
            zh: "没有为模式中的表 `{table}` 给出文件：每个表请给出一个文件",
        },
        UnitsMax { units_max: u64 } = "import.units-max" {
            en: "the files hold more privacy units than the declared `units_max` of {units_max}: declare a larger number or correct the files",
            zh: "文件中的隐私单元多于申报的 `units_max`（{units_max}）：请申报更大的数量或更正文件",
        },
        ShardTooLarge { mebibytes_max: u64 } = "import.shard-too-large" {
            en: "the rows of one shard exceed {mebibytes_max} MiB: declare a larger `units_max`, a smaller `rows_per_unit_max` or a smaller `bytes_max`",
            zh: "一个分片的数据超过 {mebibytes_max} MiB：请申报更大的 `units_max`、更小的 `rows_per_unit_max` 或更小的 `bytes_max`",
        },
        DestinationExists { path: String } = "import.destination-exists" {
            en: "{path} exists already: an imported version is never overwritten, import into a new directory",
            zh: "{path} 已存在：已导入的版本不会被覆盖，请导入到新的目录",
        },
        DestinationBusy { path: String } = "import.destination-busy" {
            en: "another import into {path} is under way: wait until it has ended",
            zh: "另一个导入正在写入 {path}：请等待其结束",
        },
        DiskFull { path: String } = "import.disk-full" {
            en: "the disk that holds {path} is full: free about three times the uncompressed size of the files, then import again; nothing was kept",
            zh: "{path} 所在磁盘已满：请释放约为文件解压后大小三倍的空间后重新导入；未保留任何数据",
        },
        Write { path: String, detail: String } = "import.write" {
            en: "{path} cannot be written ({detail}): check the permissions and the disk, then import again; nothing was kept",
            zh: "无法写入 {path}（{detail}）：请检查权限与磁盘后重新导入；未保留任何数据",
        },
        Interrupted = "import.interrupted" {
            en: "the import was interrupted by an internal fault; nothing was kept, import again",
            zh: "导入因内部故障中断；未保留任何数据，请重新导入",
        };
        Schema(tidegate_terms::SchemaError),
        Refused(Refusals),
    }
}

messages! {
    /// One cause, found in the rows, for which the schema says `refuse`.
    pub enum Refusal {
        Outside { path: String, column: String, count: u64, range: String, line: u64 } = "import.outside" {
            en: "{path}, column `{column}`: {count} values outside {range}, first at line {line}; choose a rule `outside` for the column or correct the file",
            zh: "{path} 列 `{column}`：有 {count} 个值不属于 {range}，首个位于第 {line} 行；请为该列选择 `outside` 规则或更正文件",
        },
        Missing { path: String, column: String, count: u64, line: u64 } = "import.missing" {
            en: "{path}, column `{column}`: {count} missing values, first at line {line}; declare the column `nullable`, choose a rule `missing` or correct the file",
            zh: "{path} 列 `{column}`：缺失 {count} 个值，首个位于第 {line} 行；请将该列申报为 `nullable`、选择 `missing` 规则或更正文件",
        },
        Identifier { path: String, column: String, count: u64, line: u64 } = "import.identifier" {
            en: "{path}, column `{column}`: {count} rows without a usable identifier, first at line {line}; choose the rule `missing` of the privacy unit or correct the file",
            zh: "{path} 列 `{column}`：有 {count} 行没有可用的标识，首个位于第 {line} 行；请为隐私单元选择 `missing` 规则或更正文件",
        },
        ExcessRows { table: String, units: u64, rows_max: u32, rows_most: u64 } = "import.excess-rows" {
            en: "table `{table}`: {units} units have more than the declared {rows_max} rows (most: {rows_most}); raise `rows_per_unit_max` or choose a rule `excess_rows`",
            zh: "表 `{table}`：有 {units} 个单元超过申报的 {rows_max} 行（最多 {rows_most} 行）；请提高 `rows_per_unit_max` 或选择 `excess_rows` 规则",
        },
    }
}

/// All causes found in one reading of the files, so that the provider corrects them in one go.
#[derive(Debug)]
pub struct Refusals {
    /// The causes; at least one.
    pub causes: Vec<Refusal>,
    /// What was counted until then; for the provider alone.
    pub report: Box<ImportReport>,
}

impl Message for Refusals {
    fn code(&self) -> String {
        self.causes.first().map_or_else(|| "import.refused".to_owned(), Message::code)
    }

    fn say(&self, language: Language) -> String {
        self.causes.iter().map(|cause| cause.say(language)).collect::<Vec<_>>().join("\n")
    }
}

messages! {
    /// Why a shard is not read.
    pub enum ShardError {
        Read { path: String, detail: String } = "shard.read" {
            en: "the shard {path} cannot be read ({detail}): check the disk and the permissions",
            zh: "无法读取分片 {path}（{detail}）：请检查磁盘与权限",
        },
        TooLarge { path: String } = "shard.too-large" {
            en: "the file {path} is larger than any shard: it is not a shard of this dataset",
            zh: "文件 {path} 超过分片的最大长度：它不是该数据集的分片",
        },
        NotAShard = "shard.not-a-shard" {
            en: "the file is not a shard: restore the dataset's directory from a backup or import again",
            zh: "该文件不是分片：请从备份恢复数据集目录或重新导入",
        },
        Version { version: u32 } = "shard.version" {
            en: "the shard has format version {version}, which this program does not read: use the program that wrote it or import again",
            zh: "分片的格式版本为 {version}，本程序无法读取：请使用写入它的程序或重新导入",
        },
        Schema = "shard.schema" {
            en: "the shard was written under another schema: name the dataset version that it belongs to",
            zh: "分片是按另一个模式写入的：请使用它所属的数据集版本",
        },
        Digest = "shard.digest" {
            en: "the shard's bytes do not match its digest: it was changed or damaged, restore it from a backup",
            zh: "分片的内容与其摘要不符：文件被更改或损坏，请从备份恢复",
        },
        Malformed { at: u64 } = "shard.malformed" {
            en: "the shard is damaged at byte {at}: restore it from a backup or import again",
            zh: "分片在字节 {at} 处损坏：请从备份恢复或重新导入",
        },
        Projection = "shard.projection" {
            en: "the projection names a table or column that the schema does not have: name columns of the schema, each once",
            zh: "投影引用了模式中不存在的表或列：请引用模式中的列，且每列只引用一次",
        },
    }
}
