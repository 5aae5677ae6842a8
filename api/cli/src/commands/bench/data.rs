//! The files that are measured: those of `gen_scale.py`, or made-up ones.
//!
//! Made-up files have the shape of `gen_scale.py`'s (20 districts, a unit in at most 2, gamma-weighted rows per
//! unit with mean 10, rows unsorted, the same columns) and are the same on every machine, but not the same
//! bytes: numpy's generators are not here. Figures from one are not to be compared with figures from the other.

use super::scale::Size;
use super::{failed, say};
use crate::front::CliError;
use crate::output::Output;
use polars::prelude::{Column, DataFrame, NamedFrom as _, ParquetCompression, ParquetWriter, PolarsResult, Series};
use std::f64::consts::TAU;
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const DISTRICTS: u64 = 20;
const ROW_GROUP: usize = 1_000_000;
const SEED: u64 = 20_260_101;

/// Where the files lie.
pub(super) struct Data {
    directory: PathBuf,
    /// Whether they were made up here.
    pub(super) made_up: bool,
    /// Removes made-up files at the end.
    _made_up: Option<TempDir>,
}

impl Data {
    /// The files in a directory, or made-up ones.
    pub(super) fn at(directory: Option<&Path>, sizes: &[Size], output: Output) -> Result<Self, CliError> {
        if let Some(directory) = directory {
            let data = Self { directory: directory.to_owned(), made_up: false, _made_up: None };
            for size in sizes {
                let file = data.file(size);
                File::open(&file).map_err(|error| CliError::file(&file, &error))?;
            }
            return Ok(data);
        }
        let place = tempfile::tempdir().map_err(failed)?;
        let data = Self { directory: place.path().to_owned(), made_up: true, _made_up: Some(place) };
        for size in sizes {
            say(output, &format!("{} {}", output.pick("making up", "正在生成"), data.file(size).display()));
            write(&data.file(size), size.rows, size.units).map_err(failed)?;
        }
        Ok(data)
    }

    pub(super) fn file(&self, size: &Size) -> PathBuf {
        self.directory.join(format!("scale_{}.parquet", size.name))
    }
}

fn write(file: &Path, rows: usize, units: usize) -> PolarsResult<()> {
    let mut random = Random(SEED);
    let units = Units::new(units, &mut random);
    let order = units.order(rows, &mut random);
    let mut writer = None;
    for group in order.chunks(ROW_GROUP) {
        let frame = units.readings(group, &mut random)?;
        let writer = match &mut writer {
            Some(writer) => writer,
            None => {
                let parquet = ParquetWriter::new(File::create(file)?).with_compression(ParquetCompression::Snappy);
                writer.insert(parquet.batched(frame.schema())?)
            }
        };
        writer.write_batch(&frame)?;
    }
    writer.map_or(Ok(()), |writer| writer.finish().map(|_| ()))
}

struct Units {
    /// Running total of the units' weights.
    weights: Vec<f64>,
    homes: Vec<(u8, u8)>,
    levels: Vec<f64>,
}

impl Units {
    fn new(count: usize, random: &mut Random) -> Self {
        let (mut weights, mut homes, mut levels) = (Vec::with_capacity(count), Vec::with_capacity(count), Vec::with_capacity(count));
        let mut total = 0.0;
        for _ in 0..count {
            total += random.gamma_three_halves();
            weights.push(total);
            let home = random.below(DISTRICTS);
            let moved = random.below(10) == 0;
            let second = if moved { (home + 1 + random.below(DISTRICTS - 1)) % DISTRICTS } else { home };
            homes.push((home as u8, second as u8));
            levels.push((0.6 * random.normal()).exp());
        }
        Self { weights, homes, levels }
    }

    /// The unit of each row: every unit once, the rest by weight, unsorted.
    fn order(&self, rows: usize, random: &mut Random) -> Vec<u32> {
        let count = self.weights.len();
        let total = self.weights.last().copied().unwrap_or(0.0);
        let mut order: Vec<u32> = (0..count as u32).collect();
        order.extend((count..rows).map(|_| {
            let at = random.unit() * total;
            self.weights.partition_point(|weight| *weight < at).min(count - 1) as u32
        }));
        for last in (1..order.len()).rev() {
            order.swap(last, random.below(last as u64 + 1) as usize);
        }
        order
    }

    fn readings(&self, group: &[u32], random: &mut Random) -> PolarsResult<DataFrame> {
        let modulus = self.weights.len() as i64 * 10 + 7;
        let names: Vec<String> = (0..DISTRICTS).map(|district| format!("D{district:02}")).collect();
        let (mut ids, mut districts, mut days, mut usage, mut visits) = (vec![], vec![], vec![], vec![], vec![]);
        for unit in group {
            let (home, second) = self.homes[*unit as usize];
            let district = if random.below(10) < 3 { second } else { home };
            ids.push((i64::from(*unit) * 7919 + 13) % modulus);
            districts.push(names[usize::from(district)].as_str());
            days.push(random.below(365) as i32);
            usage.push(self.levels[*unit as usize] * (2.8 + 0.8 * random.normal()).exp());
            visits.push(random.poisson_two());
        }
        let columns: Vec<Column> = vec![
            Series::new("unit_id".into(), ids).into(),
            Series::new("district".into(), districts).into(),
            Series::new("day".into(), days).into(),
            Series::new("usage".into(), usage).into(),
            Series::new("visits".into(), visits).into(),
        ];
        DataFrame::new(group.len(), columns)
    }
}

/// SplitMix64: for made-up files only, the same on every machine.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// Above 0, up to 1.
    pub(super) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn normal(&mut self) -> f64 {
        (-2.0 * self.unit().ln()).sqrt() * (TAU * self.unit()).cos()
    }

    /// Gamma of shape 3/2: an exponential and half a squared normal.
    fn gamma_three_halves(&mut self) -> f64 {
        -self.unit().ln() + self.normal().powi(2) / 2.0
    }

    fn poisson_two(&mut self) -> i32 {
        let (mut left, mut events) = (self.unit(), 0);
        while left > (-2.0_f64).exp() {
            left *= self.unit();
            events += 1;
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn made_up_readings_have_the_shape() {
        let mut random = Random(SEED);
        let units = Units::new(1_000, &mut random);
        let order = units.order(10_000, &mut random);
        let frame = units.readings(&order, &mut random).expect("frame");
        let (ids, districts) = (frame.column("unit_id").expect("ids"), frame.column("district").expect("districts"));
        let (ids, districts) = (ids.i64().expect("ids"), districts.str().expect("districts"));
        let mut touched: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
        for row in 0..frame.height() {
            touched.entry(ids.get(row).expect("id")).or_default().insert(districts.get(row).expect("district"));
        }
        assert_eq!(touched.len(), 1_000);
        assert!(touched.values().all(|districts| districts.len() <= 2));
        let moved = touched.values().filter(|districts| districts.len() == 2).count();
        assert!((50..130).contains(&moved), "{moved}");
    }
}
