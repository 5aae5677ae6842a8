//! Shards: raw data, written once by privacy unit, read one unit at a time.
//!
//! [`import`] turns a provider's CSV and Parquet files into immutable shards under the public schema;
//! [`ShardReader`] hands a worker one unit after the other, decoded into the module contract's own types.
//! What is raw data here has no `Serialize` and no `Display`, and its `Debug` shows nothing. Counts (reports,
//! manifests, errors) are exact and stay inside the domain.

mod error;
mod identity;
mod import;
mod layout;
mod manifest;
mod overlap;
mod public_table;
mod reader;
mod report;
mod write;

pub use error::{ImportError, Refusal, Refusals, ShardError};
pub use identity::{UnitHash, shard_count};
pub use import::{ImportRequest, discard_abandoned, import};
pub use layout::{Projection, SHARD_BYTES_MAX, schema_digest};
pub use manifest::{ShardEntry, ShardManifest, files_are};
pub use overlap::{Population, overlap};
pub use public_table::{SideTableError, read_side_table};
pub use reader::ShardReader;
pub use report::{ColumnReport, Histogram, ImportProgress, ImportReport, OutsideCounts, TableReport};
