//! The comparison: the same exact aggregation by polars, without privacy, in a process of its own.

use super::failed;
use crate::front::CliError;
use polars::prelude::{ChunkApply as _, DataFrame, IntoColumn as _, ParquetReader, PolarsResult, SerReader as _};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufReader, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;
use tidegate_engine::{read_frame, write_frame};
use tidegate_service::children::Programs;

/// What one unit gives to one district is clamped to these, as in the module's manifest.
const BOUNDS: [f64; 2] = [0.0, 500.0];

/// What the comparison found, and how long it took from opening the file to the table.
#[derive(Serialize, Deserialize)]
pub(super) struct Exact {
    pub(super) seconds: f64,
    /// District, usage, units.
    pub(super) districts: Vec<(String, f64, f64)>,
}

/// Aggregates a file in a fresh process.
pub(super) fn aggregate(file: &Path) -> Result<Exact, CliError> {
    let mut command = Programs::own().map_err(failed)?.child("polars");
    let mut child = command.stderr(Stdio::inherit()).spawn().map_err(failed)?;
    let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("polars: no pipes"));
    };
    write_frame(&mut to, &file, &[])?;
    let answer = read_frame::<Exact>(&mut BufReader::new(from), 0);
    let _ = child.wait();
    Ok(answer?.0)
}

/// The child.
pub(crate) fn serve_polars() -> Result<(), CliError> {
    let (file, _) = read_frame::<PathBuf>(&mut stdin(), 0)?;
    let start = Instant::now();
    let table = usage_by_district(&file).map_err(failed)?;
    let seconds = start.elapsed().as_secs_f64();
    let districts = rows(&table).map_err(failed)?;
    Ok(write_frame(&mut stdout(), &Exact { seconds, districts }, &[])?)
}

#[expect(deprecated, reason = "polars' lazy engine is not compiled into this program")]
fn usage_by_district(file: &Path) -> PolarsResult<DataFrame> {
    let wanted = ["unit_id", "district", "usage"].map(String::from).to_vec();
    let readings = ParquetReader::new(File::open(file)?).with_columns(Some(wanted)).finish()?;
    let mut per_unit = readings.group_by(["unit_id", "district"])?.select(["usage"]).sum()?;
    let clamped = per_unit.column("usage_sum")?.f64()?.apply_values(|usage| usage.clamp(BOUNDS[0], BOUNDS[1]));
    per_unit.with_column(clamped.with_name("usage".into()).into_column())?;
    let by_district = per_unit.group_by_stable(["district"])?.select(["usage"]);
    let units = by_district.count()?;
    let mut table = by_district.sum()?;
    table.with_column(units.column("usage_count")?.clone())?;
    Ok(table)
}

fn rows(table: &DataFrame) -> PolarsResult<Vec<(String, f64, f64)>> {
    let (districts, usage) = (table.column("district")?.str()?, table.column("usage_sum")?.f64()?);
    let units = table.column("usage_count")?.u32()?;
    let row = |row: usize| Some((districts.get(row)?.to_owned(), usage.get(row)?, f64::from(units.get(row)?)));
    Ok((0..table.height()).filter_map(row).collect())
}
