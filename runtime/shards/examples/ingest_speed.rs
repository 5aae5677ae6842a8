//! Measures an import of the synthetic scale data, and reading it back.
//!
//! `python3 sample-models/datasets/scale/gen_scale.py DIR`, then
//! `cargo run --release -p tidegate-shards --example ingest_speed -- DIR/scale_10m.parquet`

use std::path::PathBuf;
use std::time::Instant;
use tidegate_sandbox::contract::Unit;
use tidegate_shards::{ImportProgress, ImportRequest, Projection, ShardReader, import};
use tidegate_terms::{Name, PublicSchema};

const SCHEMA: &str = r#"
    title = { zh = "规模数据", en = "Scale data" }
    source = "synthetic"
    acquired = "2026-01-01"
    lineage = "scale"
    units_max = 1000000
    privacy_unit = { kind = "person", column = "unit_id", identifier = "integer" }
    [[tables]]
    name = "usage"
    rows_per_unit_max = 100
    excess_rows = "keep_first"
    [[tables.columns]]
    name = "district"
    type = "category"
    categories = ["D00", "D01", "D02", "D03", "D04", "D05", "D06", "D07", "D08", "D09", "D10", "D11", "D12", "D13", "D14", "D15", "D16", "D17", "D18", "D19"]
    [[tables.columns]]
    name = "day"
    type = "integer"
    minimum = 0
    maximum = 365
    [[tables.columns]]
    name = "usage"
    type = "float"
    minimum = 0.0
    maximum = 500.0
    outside = "clamp"
    [[tables.columns]]
    name = "visits"
    type = "integer"
    minimum = 0
    maximum = 50
"#;

/// The highest resident memory of this process so far.
fn peak_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = PathBuf::from(std::env::args().nth(1).ok_or("give a .parquet or .csv file")?);
    let place = tempfile::TempDir::new_in(file.parent().ok_or("give a path with a directory")?)?;
    let schema = PublicSchema::parse(SCHEMA)?;
    let into = place.path().join("shards");
    let files = vec![(Name::parse("usage")?, file)];
    let request = ImportRequest { schema: schema.clone(), files, into: into.clone(), unit_key: [1; 32], digest_salt: [2; 32] };

    let start = Instant::now();
    let mut read = None;
    let (manifest, report) = import(&request, &mut |progress| {
        if matches!(progress, ImportProgress::Writing { .. }) {
            read.get_or_insert_with(|| (start.elapsed(), peak_mebibytes()));
        }
    })?;
    let (reading, reading_peak) = read.unwrap_or_default();
    println!("import {:?} (reading {reading:?}), peak {} MiB (reading {reading_peak} MiB)", start.elapsed(), peak_mebibytes());
    println!(
        "{} units, {} rows, {} shards, {} MB",
        report.units,
        report.rows,
        manifest.shard_count,
        manifest.shards.iter().map(|shard| shard.bytes).sum::<u64>() / 1_000_000
    );
    println!("{}", serde_json::to_string(&report)?);

    for (name, projection) in [("all columns", Projection::all(&schema)), ("one column", one_column(&schema)?)] {
        let (mut units, mut unit) = (0_u64, Unit { tables: Vec::new() });
        let (mut opening, mut decoding) = (std::time::Duration::ZERO, std::time::Duration::ZERO);
        for shard in &manifest.shards {
            let start = Instant::now();
            let mut reader = ShardReader::open(&into.join(&shard.file), &schema, &projection, Some((&request.digest_salt, shard.digest)))?;
            opening += start.elapsed();
            let start = Instant::now();
            while reader.next_unit(&mut unit)?.is_some() {
                units += 1;
            }
            decoding += start.elapsed();
        }
        println!("{name}: open and digest {opening:?}, decode {decoding:?} = {} ns per unit", decoding.as_nanos() as u64 / units.max(1));
    }
    Ok(())
}

fn one_column(schema: &PublicSchema) -> Result<Projection, Box<dyn std::error::Error>> {
    let (table, column) = (Name::parse("usage")?, [Name::parse("visits")?]);
    Ok(Projection::new(schema, [(&table, column.as_slice())])?)
}
