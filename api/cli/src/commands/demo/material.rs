//! What the demonstration plays with; it travels in the program.

/// A sample model.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) component: &'static [u8],
    pub(crate) manifest: &'static str,
}

macro_rules! sample {
    ($name:literal) => {
        Sample {
            name: $name,
            component: include_bytes!(concat!("../../../../../sample-models/built/", $name, ".wasm")),
            manifest: include_str!(concat!("../../../../../sample-models/models/", $name, "/manifest.toml")),
        }
    };
}

/// The RAND Health Insurance Experiment; public domain, see `sample-models/datasets/rand-hie/ORIGIN.md`.
pub(crate) const CSV: &[u8] = include_bytes!("../../../../../sample-models/datasets/rand-hie/rand_hie.csv");
pub(crate) const MATERIAL_SCHEMA: &str = include_str!("../../../../../sample-models/datasets/rand-hie/schema.toml");
pub(super) const MATERIAL_POLICY: &str = include_str!("../../../../../sample-models/datasets/rand-hie/policy.toml");
pub(crate) const HONEST: &[Sample] = &[sample!("visits-by-plan"), sample!("expensive-years"), sample!("expenditure")];
pub(super) const OFFENDERS: &[Sample] = &[sample!("offender-keeps-state"), sample!("offender-loops"), sample!("offender-out-of-range")];
