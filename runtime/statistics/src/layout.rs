//! The sealed layout: where each statistic's cells lie, in what a module returns and in the totals.

use crate::automatic::ChosenBounds;
use crate::kind::{Shape, kind_of, kind_of_bounds_round};
use crate::placed::{Column, table_of};
use crate::reviewed::ReviewedLayout;
use crate::{Conclusion, Group, Part, Placed, Sensitivity, Sums};
use std::sync::Arc;
use tidegate_terms::{Guard, Manifest, ManifestError, Measure, Mechanism, PublicSchema, Statistic, messages, stands};

messages! {
    /// Why a module cannot run on a dataset.
    pub enum LayoutError {
        Overflow { statistic: String } = "layout.overflow" {
            en: "statistic `{statistic}`: declared units times the bound per unit do not fit 62 bits; use a coarser `grid` or smaller bounds",
            zh: "统计量 `{statistic}`：申报单元数乘以每单元界限超过 62 位；请使用更粗的 `grid` 或更小的界限",
        },
        TooManyKeys { statistic: String, keys: u64, maximum: u64 } = "layout.too-many-keys" {
            en: "statistic `{statistic}`: declared units times keys per unit are {keys}, but at most {maximum} totals of discovered keys can be held; use fewer keys per unit",
            zh: "统计量 `{statistic}`：申报单元数乘以每单元键数为 {keys}，而发现的键最多容纳 {maximum} 个合计；请减少每单元的键数",
        },
        ChosenBounds = "layout.chosen-bounds" {
            en: "the chosen bounds do not belong to this layout, or do not lie inside the declared ones",
            zh: "所选界限不属于此布局，或不在申报界限之内",
        };
        Manifest(ManifestError),
    }
}

/// Most totals of discovered keys of one statistic: whether they fit must follow from declared numbers, or a failure
/// for want of room would say how many keys there are.
const KEYED_TOTALS_MAX: u64 = 16_000_000;

/// A statistic as declared, with the keys that its schema gives it.
#[derive(Debug)]
struct Declared {
    statistic: Statistic,
    keys: Option<Vec<String>>,
}

/// What all layouts of a run follow from.
#[derive(Debug)]
struct Sealed {
    statistics: Vec<Declared>,
    /// Most units; blocks, where the module is called for blocks.
    units_max: u64,
    blocks: Option<u64>,
}

/// Which round a layout is for.
enum Round<'a> {
    Bounds,
    Main(&'a ChosenBounds),
}

/// The sealed layout of a module on a dataset, fixed before any data is opened.
#[derive(Debug)]
pub struct Layout {
    sealed: Arc<Sealed>,
    statistics: Vec<Placed>,
    /// The exact tables of a module of the reviewed aggregate mode, which has no statistics.
    reviewed: Vec<ReviewedLayout>,
    totals_len: usize,
}

impl Layout {
    /// Places a manifest's statistics, and refuses a run whose totals could overflow.
    ///
    /// A statistic with automatic bounds lies at its outer bounds; its prices and scales, which are in steps, do not
    /// depend on which are chosen.
    pub fn seal(manifest: &Manifest, schema: &PublicSchema) -> Result<Self, LayoutError> {
        manifest.check_against(schema)?;
        let declared = |statistic: &Statistic| {
            let keys = manifest.group_keys(statistic, schema)?;
            Ok(Declared { statistic: statistic.clone(), keys })
        };
        let statistics = manifest.statistics.iter().map(declared).collect::<Result<_, ManifestError>>()?;
        let units_max = manifest.blocks.as_ref().map_or(schema.units_max, |blocks| u64::from(blocks.count));
        let sealed = Arc::new(Sealed { statistics, units_max, blocks: manifest.blocks.as_ref().map(|blocks| u64::from(blocks.count)) });
        let placed = Self::place(sealed, &Round::Main(&ChosenBounds::default()))?;
        Ok(Self { reviewed: ReviewedLayout::seal(manifest, schema)?, ..placed })
    }

    /// The layout of the first round, where some statistic has automatic bounds: the module returns the same, those
    /// statistics count it among candidate bounds, and the others contribute nothing.
    pub fn bounds_round(&self) -> Option<Self> {
        let any = self.sealed.statistics.iter().any(|declared| declared.statistic.measure.automatic().is_some());
        any.then(|| Self::place(self.sealed.clone(), &Round::Bounds)).and_then(Result::ok)
    }

    /// The layout with these bounds chosen.
    pub fn within(&self, chosen: &ChosenBounds) -> Result<Self, LayoutError> {
        let fits = chosen.bounds.len() == self.sealed.statistics.len()
            && chosen.bounds.iter().zip(&self.sealed.statistics).all(|(bounds, declared)| inside(*bounds, &declared.statistic.measure));
        if fits { Self::place(self.sealed.clone(), &Round::Main(chosen)) } else { Err(LayoutError::ChosenBounds) }
    }

    fn place(sealed: Arc<Sealed>, round: &Round<'_>) -> Result<Self, LayoutError> {
        let (mut statistics, mut start) = (Vec::new(), 0);
        for (index, declared) in sealed.statistics.iter().enumerate() {
            let placed = place(declared, sealed.blocks, round, index, start);
            for part in &placed.parts {
                let answer = u128::from(part.cell_max) * u128::from(part.gain()) * u128::from(sealed.units_max);
                if answer >= 1 << 62 && stands(Guard::Overflow) {
                    return Err(LayoutError::Overflow { statistic: placed.name.to_string() });
                }
            }
            if placed.discovered.is_some() {
                let keys = sealed.units_max.saturating_mul(u64::from(placed.keys_per_unit()));
                if keys.saturating_mul(placed.key_cell_max().len() as u64) > KEYED_TOTALS_MAX {
                    return Err(LayoutError::TooManyKeys { statistic: placed.name.to_string(), keys, maximum: KEYED_TOTALS_MAX });
                }
            }
            start = placed.totals.end;
            statistics.push(placed);
        }
        Ok(Self { sealed, statistics, reviewed: Vec::new(), totals_len: start })
    }

    /// The statistics, in the order of the manifest.
    pub fn statistics(&self) -> &[Placed] {
        &self.statistics
    }

    /// The exact tables.
    pub fn reviewed(&self) -> &[ReviewedLayout] {
        &self.reviewed
    }

    /// Those with discovered keys.
    pub fn discovered(&self) -> impl Iterator<Item = &Placed> {
        self.statistics.iter().filter(|placed| placed.discovered.is_some())
    }

    /// How many numbers a module returns for one unit at most.
    pub fn guest_cells(&self) -> usize {
        let reviewed = self.reviewed.iter().map(ReviewedLayout::guest_cells);
        self.statistics.iter().map(Placed::returned_max).chain(reviewed).sum()
    }

    /// Most bytes that a host copies out of a guest for one answer.
    pub fn answer_bytes(&self) -> u64 {
        let keys = |placed: &Placed| placed.slots_per_unit as u64 * (placed.key_bytes_max() as u64 + 64);
        let keyed: u64 = self.statistics.iter().filter(|placed| placed.key_rule.is_some()).map(keys).sum();
        (self.guest_cells() as u64).saturating_mul(16).saturating_add(keyed).saturating_add(64 << 10)
    }

    /// The length of the public totals.
    pub fn totals_len(&self) -> usize {
        self.totals_len
    }

    /// Most cells of all totals, discovered keys included, over so many units.
    pub fn cells_max(&self, units: u64) -> u64 {
        self.sums_bytes(units) / 8
    }

    /// The declared shares of the run's budget that go to the choice of bounds, together.
    pub fn bounds_share(&self) -> f64 {
        self.sealed.statistics.iter().filter_map(|declared| declared.statistic.measure.automatic()).map(|automatic| automatic.share).sum()
    }

    /// The parts of all statistics, in the order of their answers.
    pub fn parts(&self) -> impl Iterator<Item = (&Placed, &Part)> {
        self.statistics.iter().flat_map(|placed| placed.parts.iter().map(move |part| (placed, part)))
    }

    /// The exact answers of each part, in the order of [`Layout::parts`]. Only the noise process may see them.
    pub fn answers(&self, sums: &Sums) -> Vec<Vec<i64>> {
        let mut before = 0;
        let of_statistic = |placed: &Placed| {
            let table = table_of(sums, before, placed);
            before += usize::from(placed.discovered.is_some());
            placed.answers(&sums.fixed, table)
        };
        self.statistics.iter().flat_map(of_statistic).collect()
    }

    /// What noised answers say, statistic by statistic: groups, and what all groups share. `noised` and `scales` are in
    /// the order of [`Layout::parts`]; `sums` lends the names of discovered keys, of which only those are said that
    /// reach their threshold.
    pub fn conclude(&self, sums: &Sums, noised: &[Vec<i128>], scales: &[f64], confidence: f64) -> Vec<(Vec<Group>, Option<Conclusion>)> {
        self.conclude_keys(&self.keys(sums), noised, scales, confidence)
    }

    /// The discovered keys of the totals, for each statistic that has some, in order. Only the gate may see them.
    pub fn keys(&self, sums: &Sums) -> Vec<Vec<String>> {
        let mut before = 0;
        let of_statistic = |placed: &Placed| {
            let table = table_of(sums, before, placed);
            before += 1;
            table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
        };
        self.discovered().map(of_statistic).collect()
    }

    /// Takes the keys away that do not reach their threshold, and their noised answers: what is left may be told.
    pub fn reached(&self, keys: &mut [Vec<String>], noised: &mut [Vec<i128>], scales: &[f64]) {
        let (mut before, mut first) = (0, 0);
        for placed in &self.statistics {
            let own = first..first + placed.parts.len();
            first = own.end;
            if placed.discovered.is_none() {
                continue;
            }
            let at = before;
            before += 1;
            let (Some(keys), Some(noised)) = (keys.get_mut(at), noised.get_mut(own.clone())) else { continue };
            let threshold = placed.threshold(scales.get(own).unwrap_or_default());
            let width = placed.parts.first().map_or(1, |part| part.width);
            let reaches = |key: usize| {
                let units = noised.first().and_then(|units| units.get(key * width));
                threshold.is_none_or(|threshold| units.is_some_and(|units| *units as f64 >= threshold))
            };
            let kept: Vec<bool> = (0..keys.len()).map(reaches).collect();
            let mut place = 0..;
            keys.retain(|_| place.next().is_some_and(|at: usize| kept[at]));
            for (part, cells) in placed.parts.iter().zip(noised).filter(|(part, _)| !part.shared) {
                let mut place = 0..;
                cells.retain(|_| place.next().is_some_and(|at: usize| kept.get(at / part.width).copied().unwrap_or(false)));
            }
        }
    }

    /// What noised answers say, where the discovered keys are named.
    pub fn conclude_keys(
        &self,
        keys: &[Vec<String>],
        noised: &[Vec<i128>],
        scales: &[f64],
        confidence: f64,
    ) -> Vec<(Vec<Group>, Option<Conclusion>)> {
        let (mut before, mut part) = (0, 0);
        let of_statistic = |placed: &Placed| {
            let keys = placed.discovered.map(|_| keys.get(before).cloned().unwrap_or_default());
            before += usize::from(placed.discovered.is_some());
            let own = part..part + placed.parts.len();
            part = own.end;
            let cells = noised.get(own.clone()).unwrap_or_default();
            let (groups, shared) = placed.conclude(cells, scales.get(own).unwrap_or_default(), keys, confidence);
            (crate::most_common::select(&placed.measure, groups), shared)
        };
        self.statistics.iter().map(of_statistic).collect()
    }

    /// Estimates of totals to which no noise was added: for made-up units, where there is nothing to protect.
    pub fn conclude_without_noise(&self, sums: &Sums) -> Vec<Vec<Group>> {
        let exact: Vec<Vec<i128>> = self.answers(sums).iter().map(|part| part.iter().map(|answer| i128::from(*answer)).collect()).collect();
        let scales = vec![f64::MIN_POSITIVE; exact.len()];
        self.conclude(sums, &exact, &scales, 0.95).into_iter().map(|(groups, _)| groups).collect()
    }
}

fn inside(chosen: Option<[f64; 2]>, measure: &Measure) -> bool {
    let (Measure::Sum { bounds, automatic, .. } | Measure::Mean { bounds, automatic, .. }) = measure else { return chosen.is_none() };
    match (chosen, automatic) {
        (Some([lower, upper]), Some(_)) => lower < upper && lower >= bounds[0] && upper <= bounds[1],
        (None, _) => true,
        (Some(_), None) => false,
    }
}

fn place(declared: &Declared, blocks: Option<u64>, round: &Round<'_>, index: usize, start: usize) -> Placed {
    let Declared { statistic, keys } = declared;
    let (measure, mechanism) = (&statistic.measure, statistic.mechanism);
    let key_rule = statistic.groups.as_ref().and_then(|groups| groups.discovered);
    let groups = if key_rule.is_some() { 0 } else { keys.as_ref().map_or(1, Vec::len) };
    let per_unit = statistic.groups.as_ref().map_or(1, |grouping| grouping.per_unit);
    let per_unit = if key_rule.is_some() { per_unit } else { per_unit.min(groups as u32) };
    let chosen = match round {
        Round::Main(chosen) => chosen.bounds.get(index).copied().flatten(),
        Round::Bounds => None,
    };
    let mut kind = kind_of(measure, mechanism, Shape { groups: groups as u32, per_unit, blocks: blocks.unwrap_or(0) }, chosen);
    if matches!(round, Round::Bounds) {
        kind = kind_of_bounds_round(measure, mechanism, per_unit, kind);
    }
    let own = kind.parts();
    let discovered = key_rule.filter(|_| own.iter().any(|part| !part.shared));
    let units_part = discovered.is_some() && !matches!(measure, Measure::Count { per_unit: 1 });
    let mut parts = Vec::new();
    if units_part {
        parts.push(units_of_keys(per_unit, mechanism));
    }
    parts.extend(own);
    let counts_clamped = matches!(measure, Measure::Sum { clamped_share: true, .. } | Measure::Mean { clamped_share: true, .. });
    if counts_clamped && matches!(round, Round::Main(_)) {
        let part = Part::counting("clamped", 1, Sensitivity::together(1), mechanism).shared();
        // To know roughly how many were clamped is enough: about a tenth of what the statistic itself gets.
        parts.push(Part { error_per_noise: part.error_per_noise / 27.0, ..part });
    }
    // Values that are shared out bound the slots that a unit touches by their number.
    let slots_per_unit = match measure {
        Measure::Histogram { values_per_unit } | Measure::Quantiles { values_per_unit, .. } => *values_per_unit as usize,
        Measure::MostCommon { values_per_unit, .. } if key_rule.is_none() => *values_per_unit as usize,
        _ if blocks.is_some() => groups,
        _ => per_unit as usize,
    };
    let slots = if key_rule.is_some() { 1 } else { groups * kind.slots_per_group() };
    let mut placed = Placed {
        name: statistic.name.clone(),
        measure: measure.clone(),
        mechanism,
        weight: statistic.weight,
        keys: keys.clone(),
        discovered,
        key_rule,
        reference: statistic.expected.into(),
        chosen_bounds: chosen,
        parts,
        totals: start..start,
        groups,
        slots,
        slots_per_unit,
        gives_to_all: blocks.is_some() || statistic.groups.is_none() && kind.slots_per_group() == 1,
        guest_width: kind.guest_width(),
        columns: Vec::new(),
        clamped: None,
        units_part,
        kind,
    };
    let ranges = placed.ranges();
    placed.totals.end = ranges.last().map_or(start, |range| range.end);
    let columns = |(part, range): (&Part, &std::ops::Range<usize>)| {
        let stride = if placed.kind.slots_per_group() > 1 { 1 } else { part.width };
        let columns = if placed.kind.slots_per_group() > 1 { 1 } else { part.width.min(3) };
        (0..columns).map(|column| Column { start: range.start + column, stride }).collect::<Vec<_>>()
    };
    let columns: Vec<_> = placed.parts.iter().zip(&ranges).filter(|(part, _)| !part.shared).flat_map(columns).collect();
    placed.clamped = placed.parts.iter().zip(&ranges).find(|(part, _)| part.name == "clamped").map(|(_, range)| range.start);
    placed.columns = columns;
    placed
}

/// How many units have a discovered key: 0 or 1 for each unit and key.
fn units_of_keys(per_unit: u32, mechanism: Mechanism) -> Part {
    Part::counting("units", 1, Sensitivity::of_each(1, u64::from(per_unit)), mechanism)
}
