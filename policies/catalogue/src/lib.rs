//! The catalogue: entries, what must stand in them, how they change, and how they leave as lists and files.
//!
//! Guarantee: an entry that was published has every field that its city asks for, a class and a level, a legal basis of
//! sufficient rank, no secret, and was approved by somebody who did not submit it; a stricter attribute waits for its
//! review. Sharing among departments never loosens what leaves the domain: nothing here is read by the gate. Rejected:
//! entries as free key-value pairs, where a missing field is found by whoever reads the export.

mod attribute;
mod check;
mod csv;
mod dcat;
mod entry;
mod error;
mod lists;
mod record;
#[cfg(test)]
mod tests;

pub use attribute::{Change, Effect, Needs, compare, effective_sharing};
pub use csv::{CsvError, export_csv, import_csv};
pub use dcat::export_dcat;
pub use entry::{
    Conversion, ConversionWay, Emergency, Entry, Frequency, Item, LegalBasis, Opening, OperationStatus, Origin, Provider, Secret, Sharing,
    Unit,
};
pub use error::EntryError;
pub use lists::{Demand, Lists, lists};
pub use record::{Act, Faults, Record, RecordError, State};

/// Entries as a JSON document.
///
/// # Errors
/// Where the entries cannot be written, which does not happen for entries that were read.
pub fn export_json(entries: &[Entry]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(entries)
}

/// Entries from a JSON document that [`export_json`] or somebody else wrote; unknown fields are refused.
///
/// # Errors
/// Where the text is not such a document.
pub fn import_json(text: &str) -> Result<Vec<Entry>, EntryError> {
    serde_json::from_str(text).map_err(|error| EntryError::Syntax { detail: error.to_string() })
}
