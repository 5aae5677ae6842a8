//! Which entry a mounted dataset belongs to.

use crate::Kept;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tidegate_access::Kind;
use tidegate_terms::Name;

/// The tie between a dataset and its catalogue entry. Class and level are those of the day of mounting, for the record;
/// what holds today is read from the entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetLink {
    /// The organisation that provides the data.
    pub organisation: Name,
    /// The entry.
    pub entry: Name,
    /// The version of the entry.
    pub entry_version: u32,
    /// 类别.
    pub class: String,
    /// 安全级别.
    pub level: Option<Name>,
    /// The newest mounted version of the dataset.
    pub version: u32,
    /// The day on which it was mounted.
    pub mounted: Date,
    /// How the data came in (rule B14), such as `file` or `interface`.
    pub way: String,
    /// Where it stands.
    pub standing: Standing,
}

/// Where a version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Standing {
    Mounted,
    Sealed,
    Destroyed,
}

impl DatasetLink {
    /// The tie of a first version that is mounted under an entry.
    pub fn of(entry: &crate::records::EntryRecord, organisation: Name, today: Date) -> Self {
        let (life, content) = (&entry.life, entry.life.entry());
        Self {
            organisation,
            entry: content.id.clone(),
            entry_version: life.version(),
            class: content.category.clone(),
            level: content.security_level.clone(),
            version: 1,
            mounted: today,
            way: "file".to_owned(),
            standing: Standing::Mounted,
        }
    }
}

impl Kept for DatasetLink {
    const KIND: Kind = Kind::Dataset;

    fn state(&self) -> &'static str {
        match self.standing {
            Standing::Mounted => "mounted",
            Standing::Sealed => "sealed",
            Standing::Destroyed => "destroyed",
        }
    }

    fn owner(&self) -> String {
        self.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}
