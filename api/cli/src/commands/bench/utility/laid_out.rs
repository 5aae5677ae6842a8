//! A statistic laid out and priced as a run would, and its totals noised by the noise process.

use crate::commands::bench::failed;
use crate::front::CliError;
use tidegate_accountant::Charge;
use tidegate_gate::{Group, calibrate, noised};
use tidegate_sandbox::contract::Contribution;
use tidegate_service::children::Programs;
use tidegate_statistics::{Conclusion, Layout, Part, Placed, Scratch, Sums};
use tidegate_terms::{Manifest, PublicSchema, Rho};

/// The confidence of all intervals.
pub(super) const CONFIDENCE: f64 = 0.95;

/// What was concluded of one statistic: its groups, and what they share.
pub(super) type Concluded = Vec<(Vec<Group>, Option<Conclusion>)>;

/// A layout with its charges and the totals of made-up units.
pub(super) struct LaidOut {
    pub(super) layout: Layout,
    pub(super) charges: Vec<Charge>,
    pub(super) sums: Sums,
}

/// A manifest whose statistics are `statistics`, in TOML, sealed over a public schema of so many units.
pub(super) fn seal(statistics: &str, blocks: Option<u32>, units_max: u64) -> Result<Layout, CliError> {
    let blocks = blocks.map(|count| format!("[blocks]\ncount = {count}\n")).unwrap_or_default();
    let manifest = format!(
        "contract = 1\nname = \"utility\"\nversion = \"1\"\ntitle = {{ zh = \"基准\", en = \"Benchmark\" }}\npurpose = \"benchmark\"\n\
         [[inputs]]\ntable = \"rows\"\ncolumns = [\"a\"]\n{statistics}\n{blocks}[resources]\nfuel_per_unit = 1000\nmemory_bytes = 65536\n"
    );
    let schema = format!(
        "title = {{ zh = \"基准\", en = \"Benchmark\" }}\nsource = \"synthetic\"\nacquired = \"2026-01-01\"\nlineage = \"utility\"\n\
         units_max = {units_max}\nprivacy_unit = {{ kind = \"person\", column = \"id\", identifier = \"integer\" }}\n\
         [[tables]]\nname = \"rows\"\nrows_per_unit_max = 1\n[[tables.columns]]\nname = \"a\"\ntype = \"boolean\"\n"
    );
    Layout::seal(&Manifest::parse(&manifest)?, &PublicSchema::parse(&schema)?).map_err(failed)
}

impl LaidOut {
    /// Prices a layout; no unit has contributed yet.
    pub(super) fn new(layout: Layout, rho: Rho) -> Result<Self, CliError> {
        let charges = calibrate(&layout, rho).map_err(failed)?;
        let sums = layout.empty_sums();
        Ok(Self { layout, charges, sums })
    }

    /// Adds what one unit gives, as a worker does.
    pub(super) fn add(&mut self, scratch: &mut Scratch, contribution: Contribution) -> Result<(), CliError> {
        if self.layout.add(Some(&[contribution]), &mut self.sums, scratch) { Ok(()) } else { Err(failed("a contribution was not taken")) }
    }

    /// One draw of noise on all totals, and what it says.
    pub(super) fn noised(&self) -> Result<Concluded, CliError> {
        let mut process = Programs::own().map_err(failed)?.child("noise");
        let noised = noised(&self.layout, &self.charges, &self.sums, 1, &mut process).map_err(failed)?;
        Ok(self.layout.conclude(&self.sums, &noised, &self.scales(), CONFIDENCE))
    }

    /// The scales of the noise, by part, in steps of the statistic's grid: noise may be drawn on a finer one.
    pub(super) fn scales(&self) -> Vec<f64> {
        let in_steps = |((_, part), charge): ((&Placed, &Part), &Charge)| {
            charge.scale * part.sensitivity.for_mechanism(charge.mechanism) / charge.sensitivity
        };
        self.layout.parts().zip(&self.charges).map(in_steps).collect()
    }
}
