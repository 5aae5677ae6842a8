//! How long one entry of a dense vector takes in `Layout::add`: `cargo run --release --example vector_speed`.

use std::time::Instant;
use tidegate_statistics::{Layout, NotAContribution, Scratch, Sparse};
use tidegate_terms::{Manifest, PublicSchema};

struct Dense(Vec<f64>);

impl Sparse for Dense {
    fn visit(&self, _: usize, _: &mut dyn FnMut(usize, f64) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
        Err(NotAContribution)
    }
    fn visit_keyed(&self, _: &mut dyn FnMut(&str, &[f64]) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
        Err(NotAContribution)
    }
    fn dense(&self) -> Option<&[f64]> {
        Some(&self.0)
    }
}

const SCHEMA: &str = "title = { zh = \"\", en = \"\" }\nsource = \"\"\nacquired = \"2024-01-01\"\nlineage = \"l\"\nunits_max = 100000\n\
     privacy_unit = { kind = \"person\", column = \"id\", identifier = \"integer\" }\n\
     [[tables]]\nname = \"t\"\nrows_per_unit_max = 5\n[[tables.columns]]\nname = \"x\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 1.0";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const ENTRIES: usize = 100_000;
    const UNITS: usize = 2_000;
    for norm in ["l1", "l2", "linf"] {
        let manifest = format!(
            "contract = 1\nname = \"m\"\nversion = \"1\"\ntitle = {{ zh = \"\", en = \"\" }}\npurpose = \"p\"\n[[inputs]]\ntable = \"t\"\n\
             columns = [\"x\"]\n[[statistics]]\nname = \"v\"\nmeasure = \"vector_sum\"\ndimension = {ENTRIES}\nnorm = \"{norm}\"\nbound = 1.0\n\
             [resources]\nfuel_per_unit = 1000\nmemory_bytes = 65536"
        );
        let layout = Layout::seal(&Manifest::parse(&manifest)?, &PublicSchema::parse(SCHEMA)?)?;
        let unit = [Dense((0..ENTRIES).map(|at| (at as f64 * 0.37).sin()).collect())];
        let (mut sums, mut scratch) = (layout.empty_sums(), Scratch::default());
        let began = Instant::now();
        for _ in 0..UNITS {
            layout.add(Some(&unit), &mut sums, &mut scratch);
        }
        println!("{norm}: {:.2} ns per entry", began.elapsed().as_secs_f64() * 1e9 / (UNITS * ENTRIES) as f64);
    }
    Ok(())
}
