//! Manifests, schemas, a log and a package that were really made: what inputs are read against.

use tidegate_statistics::Layout;
use tidegate_terms::{Manifest, PublicSchema};

macro_rules! sample {
    ($model:literal, $dataset:literal) => {
        (
            include_str!(concat!("../../../sample-models/models/", $model, "/manifest.toml")),
            include_str!(concat!("../../../sample-models/datasets/", $dataset, "/schema.toml")),
        )
    };
}

/// Manifests with their schemas: public keys, vectors over rounds, discovered keys, exact tables.
pub const SAMPLES: [(&str, &str); 4] = [
    sample!("expensive-years", "rand-hie"),
    sample!("spending-clusters", "rand-hie"),
    sample!("clinic-visits", "clinics"),
    sample!("plan-year-table", "rand-hie"),
];

/// The entries of a log that a domain made, one a line.
pub const ENTRIES: &str = include_str!("../base/entries");

/// A delivery package, as an archive, and the key of the log behind it.
pub const PACKAGE: &[u8] = include_bytes!("../base/package.tar");
/// The key of that log.
pub const PACKAGE_KEY: &str = include_str!("../base/package.vkey");

/// A sample, parsed.
pub struct Sample {
    /// Its manifest.
    pub manifest: Manifest,
    /// The schema of the dataset that it reads.
    pub schema: PublicSchema,
    /// Its layout.
    pub layout: Layout,
}

impl Sample {
    /// One of [`SAMPLES`]; the number is taken modulo how many there are.
    pub fn numbered(number: usize) -> Self {
        let (manifest, schema) = SAMPLES[number % SAMPLES.len()];
        let manifest = Manifest::parse(manifest).expect("a sample's manifest");
        let mut schema = PublicSchema::parse(schema).expect("a sample's schema");
        // Few units, so that a table of discovered keys stays small.
        schema.units_max = schema.units_max.min(10_000);
        let layout = Layout::seal(&manifest, &schema).expect("a sample's layout");
        Self { manifest, schema, layout }
    }
}
