//! The sealed layout: where each statistic's cells lie, in what a module returns and in the totals.

use crate::{Estimate, Kind, Noised, Part, kind_of};
use std::ops::Range;
use tidegate_terms::{Manifest, ManifestError, Measure, Mechanism, Name, PublicSchema, messages};

messages! {
    /// Why a module cannot run on a dataset.
    pub enum LayoutError {
        Overflow { statistic: String } = "layout.overflow" {
            en: "statistic `{statistic}`: declared units times the bound per unit do not fit 62 bits; use a coarser `grid` or smaller bounds",
            zh: "统计量 `{statistic}`：申报单元数乘以每单元界限超过 62 位；请使用更粗的 `grid` 或更小的界限",
        };
        Manifest(ManifestError),
    }
}

/// What a module returned is not a contribution; the unit gets the sealed default. Says no more than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAContribution;

/// One statistic at its place.
#[derive(Debug)]
pub struct Placed {
    /// Its name.
    pub name: Name,
    /// Its noise.
    pub mechanism: Mechanism,
    /// Its share of the price.
    pub weight: f64,
    /// The public keys of its groups; `None` where it has one value for all.
    pub keys: Option<Vec<String>>,
    /// Its parts; part p of group g lies at `totals.start + p * groups + g`.
    pub parts: Vec<Part>,
    /// Where its totals lie.
    pub totals: Range<usize>,
    groups: usize,
    groups_per_unit: usize,
    guest_width: usize,
    kind: Box<dyn Kind>,
}

impl Placed {
    /// How many groups it has; one, where it has no groups.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// How many cells a dense contribution has.
    pub fn guest_cells(&self) -> usize {
        self.groups * self.guest_width
    }

    /// Where one part's totals lie.
    pub fn part_totals(&self, part: usize) -> Range<usize> {
        let start = self.totals.start + part * self.groups;
        start..start + self.groups
    }

    /// The estimates of one group from the noised totals of its parts.
    pub fn estimate(&self, parts: &[Noised], confidence: f64) -> Vec<Estimate> {
        self.kind.estimate(parts, self.mechanism, confidence)
    }
}

/// A contribution as a module may give it, reduced to what the layout needs.
pub trait Sparse {
    /// Calls `visit` for each cell given, in order; stops where `visit` refuses.
    fn visit(&self, cells: usize, visit: &mut dyn FnMut(usize, f64) -> Result<(), NotAContribution>) -> Result<(), NotAContribution>;
}

/// The sealed layout of a module on a dataset, fixed before any data is opened.
#[derive(Debug)]
pub struct Layout {
    statistics: Vec<Placed>,
    totals_len: usize,
    cell_max: Vec<u64>,
}

/// Reused between units, so that a contribution costs no allocation.
#[derive(Debug, Default)]
pub struct Scratch {
    cells: Vec<f64>,
    touched: Vec<u32>,
    /// For each group, one more than its place among the touched ones; zero where it is not touched. One
    /// look-up for each cell, however many groups a hostile unit touches.
    places: Vec<u32>,
    counts: Vec<u32>,
    seen: Vec<bool>,
    /// The contribution as (place in the totals, steps).
    pub(crate) entries: Vec<(u32, i64)>,
}

impl Scratch {
    fn touch_nothing(&mut self) {
        for group in self.touched.drain(..) {
            if let Some(place) = self.places.get_mut(group as usize) {
                *place = 0;
            }
        }
        self.cells.clear();
    }
}

impl Layout {
    /// Places a manifest's statistics, and refuses a run whose totals could overflow.
    pub fn seal(manifest: &Manifest, schema: &PublicSchema) -> Result<Self, LayoutError> {
        manifest.check_against(schema)?;
        let mut statistics = Vec::new();
        let mut start = 0;
        for statistic in &manifest.statistics {
            let keys = manifest.group_keys(statistic, schema)?;
            let groups = keys.as_ref().map_or(1, Vec::len);
            let groups_per_unit = statistic.groups.as_ref().map_or(1, |grouping| grouping.per_unit);
            let groups_per_unit = groups_per_unit.min(groups as u32);
            let kind = kind_of(&statistic.measure, groups_per_unit);
            // A histogram bounds the categories that a unit touches by the number of its values.
            let groups_limit = match statistic.measure {
                Measure::Histogram { values_per_unit } => values_per_unit as usize,
                _ => groups_per_unit as usize,
            };
            let parts = kind.parts();
            for part in &parts {
                let total = u128::from(part.cell_max) * u128::from(schema.units_max);
                if total >= 1 << 62 {
                    return Err(LayoutError::Overflow { statistic: statistic.name.to_string() });
                }
            }
            let totals = start..start + groups * parts.len();
            start = totals.end;
            statistics.push(Placed {
                name: statistic.name.clone(),
                mechanism: statistic.mechanism,
                weight: statistic.weight,
                guest_width: kind.guest_width(),
                groups_per_unit: groups_limit,
                keys,
                parts,
                totals,
                groups,
                kind,
            });
        }
        let per_cell = statistics.iter().flat_map(|placed| placed.parts.iter().map(|part| (part.cell_max, placed.groups)));
        let cell_max = per_cell.flat_map(|(most, groups)| std::iter::repeat_n(most, groups)).collect();
        Ok(Self { statistics, totals_len: start, cell_max })
    }

    /// The statistics, in the order of the manifest.
    pub fn statistics(&self) -> &[Placed] {
        &self.statistics
    }

    /// How many cells a module returns for one unit at most.
    pub fn guest_cells(&self) -> usize {
        self.statistics.iter().map(Placed::guest_cells).sum()
    }

    /// The length of the totals.
    pub fn totals_len(&self) -> usize {
        self.totals_len
    }

    /// Whether totals could have come from so many units: each cell within units x bound.
    pub fn totals_in_range(&self, totals: &[i64], units: u64) -> bool {
        let fits = |(total, most): (&i64, &u64)| u128::from(total.unsigned_abs()) <= u128::from(*most) * u128::from(units);
        totals.len() == self.totals_len && totals.iter().zip(&self.cell_max).all(fits)
    }

    /// Adds one unit's contribution to the totals: what the module returned, if it is one, else the default.
    ///
    /// The default is a contribution of zeros, which passes the same clamp as everything else. Says whether
    /// the unit's own contribution was taken: for dry runs; workers do not look.
    pub fn add<C: Sparse>(&self, returned: Option<&[C]>, totals: &mut [i64], scratch: &mut Scratch) -> bool {
        let encoded = returned.ok_or(NotAContribution).and_then(|contributions| self.encode(contributions, scratch));
        if encoded.is_err() {
            self.encode_default(scratch);
        }
        for (place, steps) in &scratch.entries {
            totals[*place as usize] += steps;
        }
        encoded.is_ok()
    }

    fn encode<C: Sparse>(&self, contributions: &[C], scratch: &mut Scratch) -> Result<(), NotAContribution> {
        scratch.entries.clear();
        if contributions.len() != self.statistics.len() {
            return Err(NotAContribution);
        }
        for (placed, contribution) in self.statistics.iter().zip(contributions) {
            placed.gather(contribution, scratch)?;
            placed.encode(scratch)?;
        }
        Ok(())
    }

    fn encode_default(&self, scratch: &mut Scratch) {
        scratch.entries.clear();
        for placed in &self.statistics {
            scratch.touch_nothing();
            if placed.keys.is_none() {
                scratch.touched.push(0);
                scratch.cells.resize(placed.guest_width, 0.0);
            }
            // Zeros are inside every declared shape, so this cannot fail; a unit without entries is the safe end.
            if placed.encode(scratch).is_err() {
                debug_assert!(false, "the default must pass the clamp");
            }
        }
    }
}

impl Placed {
    /// Collects the groups that a contribution touches: `touched`, and `guest_width` cells for each.
    fn gather<C: Sparse>(&self, contribution: &C, scratch: &mut Scratch) -> Result<(), NotAContribution> {
        scratch.touch_nothing();
        let Scratch { cells, touched, places, seen, .. } = scratch;
        seen.clear();
        if places.len() < self.groups {
            places.resize(self.groups, 0);
        }
        if self.keys.is_none() {
            touched.push(0);
            places[0] = 1;
            cells.resize(self.guest_width, 0.0);
        }
        seen.resize(if self.guest_cells() <= 64 { 64 } else { 0 }, false);
        let mut last = None;
        contribution.visit(self.guest_cells(), &mut |index, value| {
            if index >= self.guest_cells() || !value.is_finite() {
                return Err(NotAContribution);
            }
            // Few cells may come in any order; many must come in rising order, which shows duplicates at no cost.
            match seen.get_mut(index) {
                Some(seen) if *seen => return Err(NotAContribution),
                Some(seen) => *seen = true,
                None if last.is_some_and(|last| index <= last) => return Err(NotAContribution),
                None => last = Some(index),
            }
            if value == 0.0 {
                return Ok(());
            }
            let (group, cell) = (index / self.guest_width, index % self.guest_width);
            let place = match places.get(group).copied().unwrap_or(0) {
                0 if touched.len() >= self.groups_per_unit => return Err(NotAContribution),
                0 => {
                    touched.push(group as u32);
                    cells.resize(touched.len() * self.guest_width, 0.0);
                    places[group] = touched.len() as u32;
                    touched.len() - 1
                }
                place => place as usize - 1,
            };
            cells[place * self.guest_width + cell] = value;
            Ok(())
        })
    }

    /// Clamps, rounds and checks what was gathered, and appends it to the entries.
    fn encode(&self, scratch: &mut Scratch) -> Result<(), NotAContribution> {
        let Scratch { cells, touched, counts, entries, .. } = scratch;
        let limit = self.kind.values_per_unit();
        counts.clear();
        if let Some(limit) = limit {
            share_out(cells.chunks(self.guest_width).map(|group| group[0]), limit, counts);
        }
        let mut values_left = limit.map_or(0, i64::from);
        for (place, group) in touched.iter().enumerate() {
            let count = counts.get(place).copied().unwrap_or(0);
            let steps = self.kind.encode(&cells[place * self.guest_width..][..self.guest_width], count);
            if limit.is_some() {
                values_left -= steps[0];
            }
            if !self.kind.check(&steps) || values_left < 0 {
                return Err(NotAContribution);
            }
            for (part, steps) in steps.iter().take(self.parts.len()).enumerate() {
                if *steps != 0 {
                    entries.push(((self.totals.start + part * self.groups + *group as usize) as u32, *steps));
                }
            }
        }
        Ok(())
    }
}

/// How many values each group keeps: what it says, rounded down and not negative; scaled down together
/// where they are more than `limit`.
fn share_out(says: impl Iterator<Item = f64> + Clone, limit: u32, counts: &mut Vec<u32>) {
    let whole = |count: f64| count.clamp(0.0, 1e9).trunc();
    let sum: f64 = says.clone().map(whole).sum();
    let most = f64::from(limit);
    counts.extend(says.map(|count| {
        let count = whole(count);
        let kept = if sum > most { (count * (most / sum)).trunc() } else { count };
        kept.min(most) as u32
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Cells(Vec<(usize, f64)>);

    impl Sparse for Cells {
        fn visit(&self, _cells: usize, visit: &mut dyn FnMut(usize, f64) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
            self.0.iter().try_for_each(|(index, value)| visit(*index, *value))
        }
    }

    fn layout(statistics: &str) -> Layout {
        let schema = PublicSchema::parse(
            "title = { zh = \"\", en = \"\" }\nsource = \"\"\nacquired = \"2024-01-01\"\nlineage = \"l\"\nunits_max = 1000\n\
             privacy_unit = { kind = \"person\", column = \"id\", identifier = \"integer\" }\n\
             [[tables]]\nname = \"t\"\nrows_per_unit_max = 5\n[[tables.columns]]\nname = \"x\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 1.0",
        )
        .expect("schema");
        let manifest = format!(
            "contract = 1\nname = \"m\"\nversion = \"1\"\ntitle = {{ zh = \"\", en = \"\" }}\npurpose = \"p\"\n\
             [[inputs]]\ntable = \"t\"\ncolumns = [\"x\"]\n{statistics}\n[resources]\nfuel_per_unit = 1000\nmemory_bytes = 65536"
        );
        Layout::seal(&Manifest::parse(&manifest).expect("manifest"), &schema).expect("layout")
    }

    fn totals(layout: &Layout, contributions: Option<Vec<Cells>>) -> Vec<i64> {
        let mut totals = vec![0; layout.totals_len()];
        layout.add(contributions.as_deref(), &mut totals, &mut Scratch::default());
        totals
    }

    const COUNTS: &str = "[[statistics]]\nname = \"c\"\nmeasure = \"count\"\ngroups = { keys = [\"a\", \"b\", \"c\"], per_unit = 2 }";

    #[test]
    fn what_does_not_fit_the_shape_is_the_default() {
        let layout = layout(COUNTS);
        let one = |cells: &[(usize, f64)]| totals(&layout, Some(vec![Cells(cells.to_vec())]));
        assert_eq!(one(&[(0, 1.0), (2, 9.0)]), [1, 0, 1]);
        assert_eq!(one(&[(2, 1.0), (0, 1.0)]), [1, 0, 1]);
        let default = [0, 0, 0];
        assert_eq!(one(&[(0, 1.0), (1, 1.0), (2, 1.0)]), default, "too many groups");
        assert_eq!(one(&[(0, 1.0), (0, 1.0)]), default, "duplicate");
        assert_eq!(one(&[(0, 0.0), (0, 1.0)]), default, "duplicate after a zero");
        assert_eq!(one(&[(3, 1.0)]), default, "out of range");
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(one(&[(0, 1.0), (1, value)]), default, "{value}");
        }
        assert_eq!(totals(&layout, None), default);
        assert_eq!(totals(&layout, Some(vec![])), default, "missing statistic");
        assert_eq!(totals(&layout, Some(vec![Cells(vec![(0, 1.0)]), Cells(vec![])])), default, "extra statistic");
    }

    #[test]
    fn one_bad_statistic_defaults_them_all() {
        let layout = layout(&format!("{COUNTS}\n[[statistics]]\nname = \"s\"\nmeasure = \"sum\"\nbounds = [1.0, 2.0]\ngrid = 1.0"));
        let good = || Cells(vec![(0, 1.0)]);
        assert_eq!(totals(&layout, Some(vec![good(), Cells(vec![(0, 2.0)])])), [1, 0, 0, 2]);
        assert_eq!(totals(&layout, Some(vec![good(), Cells(vec![(0, f64::NAN)])])), [0, 0, 0, 1], "default passes the clamp");
    }

    #[test]
    fn values_are_shared_out_over_groups() {
        let layout =
            layout("[[statistics]]\nname = \"h\"\nmeasure = \"histogram\"\nvalues_per_unit = 4\ngroups = { keys = [\"a\", \"b\", \"c\"] }");
        let one = |cells: &[(usize, f64)]| totals(&layout, Some(vec![Cells(cells.to_vec())]));
        assert_eq!(one(&[(0, 1.0), (1, 1.0), (2, 2.0)]), [1, 1, 2]);
        assert_eq!(one(&[(0, 8.0), (1, 4.0), (2, 4.0)]), [2, 1, 1]);
        assert_eq!(one(&[(0, 1e300), (1, -1e300)]), [4, 0, 0]);
        assert!(one(&[(0, 1e9), (1, 1e9), (2, 1e9)]).iter().sum::<i64>() <= 4);
        assert_eq!(layout.statistics()[0].parts[0].sensitivity.l1, 4);
    }

    #[test]
    fn totals_outside_units_times_bound_are_noticed() {
        let layout = layout(COUNTS);
        assert!(layout.totals_in_range(&[10, 0, 10], 10));
        assert!(!layout.totals_in_range(&[11, 0, 0], 10));
        assert!(!layout.totals_in_range(&[0, 0], 10));
    }
}
