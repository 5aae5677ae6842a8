//! What a manifest's statistics must be, before any schema is known.

use super::{Discovered, Grouping, Manifest, ManifestError, Measure, Statistic};
use crate::manifest::hierarchy::check_hierarchies;
use crate::{Name, is_plain, made_plain};
use std::collections::BTreeSet;

/// Most groups of one statistic.
const GROUPS_MAX: usize = 65_536;
/// Most entries of a vector.
const DIMENSION_MAX: u32 = 1_000_000;
/// Most of the run's budget that the choice of bounds may take.
const BOUNDS_SHARE_MAX: f64 = 0.9;

/// The longest title, version or description, in bytes.
const TEXT_BYTES_MAX: usize = 1_000;

/// Whether a text somewhere in a value has characters that are not seen.
fn has_hidden(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::String(text) => !is_plain(text),
        serde_json::Value::Array(items) => items.iter().any(has_hidden),
        serde_json::Value::Object(fields) => fields.iter().any(|(name, field)| !is_plain(name) || has_hidden(field)),
        _ => false,
    }
}

impl Manifest {
    /// Texts of a manifest are shown to other roles, who decide by them: authorities, approvers, regulators.
    pub(super) fn check_texts(&self) -> Result<(), ManifestError> {
        let defect = |what: &str| Err(ManifestError::Texts { what: what.to_owned() });
        if !self.title.is_sound() {
            return defect("title");
        }
        let sound = |text: &str| text.len() <= TEXT_BYTES_MAX && is_plain(text);
        if !sound(&self.version) {
            return defect("version");
        }
        if let Some(parameter) = self.parameters.iter().find(|parameter| !sound(&parameter.description)) {
            return defect(&format!("parameters.{}.description", parameter.name));
        }
        Ok(())
    }

    /// Whatever else is a text in it.
    pub(super) fn check_hidden(&self) -> Result<(), ManifestError> {
        let value = serde_json::to_value(self).map_err(|error| ManifestError::Syntax { detail: error.to_string() })?;
        if has_hidden(&value) { Err(ManifestError::HiddenCharacter) } else { Ok(()) }
    }

    /// Checks the statistics one by one, and what they are together.
    pub(super) fn check_statistics(&self) -> Result<(), ManifestError> {
        let mut names = BTreeSet::new();
        for statistic in &self.statistics {
            if !names.insert(&statistic.name) {
                return Err(ManifestError::DuplicateStatistic { name: statistic.name.to_string() });
            }
            self.check_statistic(statistic)?;
        }
        let share: f64 =
            self.statistics.iter().filter_map(|statistic| statistic.measure.automatic()).map(|automatic| automatic.share).sum();
        if share > BOUNDS_SHARE_MAX {
            return Err(ManifestError::BoundsShare { share });
        }
        let weights: Vec<f64> = self.statistics.iter().filter_map(|statistic| statistic.weight).collect();
        let sum: f64 = weights.iter().sum();
        let all_or_none = weights.is_empty() || weights.len() == self.statistics.len() && (sum - 1.0).abs() <= 1e-9;
        if !all_or_none {
            return Err(ManifestError::Weights { given: weights.len(), statistics: self.statistics.len(), sum });
        }
        check_hierarchies(&self.statistics)
    }

    fn check_statistic(&self, statistic: &Statistic) -> Result<(), ManifestError> {
        let name = || statistic.name.to_string();
        if statistic.weight.is_some_and(|weight| !(weight > 0.0 && weight <= 1.0)) {
            return Err(ManifestError::Weight { statistic: name() });
        }
        if statistic.measure.is_of_blocks() != self.blocks.is_some() {
            return Err(ManifestError::Blocks { statistic: name() });
        }
        let total = matches!(statistic.measure, Measure::Count { .. } | Measure::Sum { .. } | Measure::Histogram { .. });
        let whole = matches!(statistic.measure, Measure::Count { .. } | Measure::Histogram { .. });
        if statistic.nonnegative && !total || statistic.rounded && !whole {
            return Err(ManifestError::PostProcessing { statistic: name() });
        }
        let guess = |guess: &super::Expected| guess.count >= 1.0 && guess.count.is_finite() && guess.value.is_none_or(f64::is_finite);
        if !statistic.expected.as_ref().is_none_or(guess) {
            return Err(ManifestError::Expected { statistic: name() });
        }
        check_measure(statistic)?;
        statistic.groups.as_ref().map_or(Ok(()), |groups| self.check_groups(statistic, groups))
    }

    fn check_groups(&self, statistic: &Statistic, groups: &Grouping) -> Result<(), ManifestError> {
        let name = || statistic.name.to_string();
        check_per_unit(&statistic.name, "groups.per_unit", groups.per_unit)?;
        if matches!(statistic.measure, Measure::VectorSum { .. }) {
            return Err(ManifestError::VectorGroups { statistic: name() });
        }
        if let Some(discovered) = &groups.discovered {
            let alone = groups.keys.is_empty() && groups.table.is_none() && groups.column.is_none();
            return if alone { check_discovered(statistic, discovered) } else { Err(ManifestError::Groups { statistic: name() }) };
        }
        match (&groups.table, &groups.column) {
            (None, None) => check_keys(&statistic.name, &groups.keys, GROUPS_MAX),
            (Some(table), Some(column)) if groups.keys.is_empty() && self.reads(table, column) => Ok(()),
            _ => Err(ManifestError::Groups { statistic: name() }),
        }
    }
}

fn check_measure(statistic: &Statistic) -> Result<(), ManifestError> {
    let name = || statistic.name.to_string();
    let per_unit = |what: &str, value: u32| check_per_unit(&statistic.name, what, value);
    match &statistic.measure {
        Measure::Count { per_unit: most } => per_unit("per_unit", *most),
        Measure::Sum { bounds, grid, automatic, .. } => {
            check_automatic(&statistic.name, automatic, *grid)?;
            check_bounds(&statistic.name, *bounds, *grid)
        }
        Measure::Mean { bounds, values_per_unit, grid, automatic, .. } => {
            per_unit("values_per_unit", *values_per_unit)?;
            check_automatic(&statistic.name, automatic, *grid)?;
            check_bounds(&statistic.name, *bounds, *grid)
        }
        Measure::Variance { bounds, values_per_unit, grid } => {
            per_unit("values_per_unit", *values_per_unit)?;
            check_bounds(&statistic.name, *bounds, *grid)
        }
        Measure::Histogram { values_per_unit } => {
            per_unit("values_per_unit", *values_per_unit)?;
            if statistic.groups.is_some() { Ok(()) } else { Err(ManifestError::HistogramNeedsGroups { statistic: name() }) }
        }
        Measure::MostCommon { k, values_per_unit } => {
            per_unit("k", *k)?;
            per_unit("values_per_unit", *values_per_unit)?;
            if statistic.groups.is_some() { Ok(()) } else { Err(ManifestError::HistogramNeedsGroups { statistic: name() }) }
        }
        Measure::Quantiles { candidates, probabilities, values_per_unit } => {
            per_unit("values_per_unit", *values_per_unit)?;
            let inside = probabilities.iter().all(|probability| *probability > 0.0 && *probability < 1.0);
            if !inside || !(1..=1000).contains(&probabilities.len()) || !probabilities.is_sorted_by(|a, b| a < b) {
                return Err(ManifestError::Probabilities { statistic: name() });
            }
            candidates.values().map(|_| ()).ok_or_else(|| ManifestError::Candidates { statistic: name() })
        }
        Measure::BlockMedian { candidates } => {
            candidates.values().map(|_| ()).ok_or_else(|| ManifestError::Candidates { statistic: name() })
        }
        Measure::BlockMean { bounds } => check_bounds(&statistic.name, *bounds, None),
        Measure::VectorSum { dimension, bound, keys, .. } => {
            if !(1..=DIMENSION_MAX).contains(dimension) {
                return Err(ManifestError::Dimension { statistic: name(), maximum: DIMENSION_MAX });
            }
            if !(1e-15..=1e15).contains(bound) {
                return Err(ManifestError::NormBound { statistic: name() });
            }
            if keys.is_empty() {
                return Ok(());
            }
            check_keys(&statistic.name, keys, DIMENSION_MAX as usize)?;
            if keys.len() == *dimension as usize { Ok(()) } else { Err(ManifestError::VectorKeys { statistic: name() }) }
        }
    }
}

fn check_per_unit(statistic: &Name, what: &str, value: u32) -> Result<(), ManifestError> {
    let fits = (1..=1_000_000).contains(&value);
    if fits { Ok(()) } else { Err(ManifestError::PerUnit { statistic: statistic.to_string(), what: what.into() }) }
}

/// Automatic bounds bring a grid of their own, relative to the bounds that are chosen.
fn check_automatic(statistic: &Name, automatic: &Option<super::Automatic>, grid: Option<f64>) -> Result<(), ManifestError> {
    let sound = automatic.is_none_or(|automatic| {
        automatic.share > 0.0 && automatic.share <= BOUNDS_SHARE_MAX && (4..=400).contains(&automatic.levels) && grid.is_none()
    });
    if sound { Ok(()) } else { Err(ManifestError::Automatic { statistic: statistic.to_string() }) }
}

fn check_discovered(statistic: &Statistic, discovered: &Discovered) -> Result<(), ManifestError> {
    let name = || statistic.name.to_string();
    let may = matches!(statistic.measure, Measure::Count { .. } | Measure::Sum { .. } | Measure::Mean { .. } | Measure::MostCommon { .. });
    if !may {
        return Err(ManifestError::DiscoveredMeasure { statistic: name() });
    }
    let sound = (1..=256).contains(&discovered.bytes_max) && discovered.delta >= 1e-15 && discovered.delta < 1e-3;
    if sound { Ok(()) } else { Err(ManifestError::Discovered { statistic: name() }) }
}

/// Public keys must be different also after normalisation: two keys that look the same are one (A16).
pub(super) fn check_keys(statistic: &Name, keys: &[String], maximum: usize) -> Result<(), ManifestError> {
    let statistic = || statistic.to_string();
    if keys.len() > maximum {
        return Err(ManifestError::TooManyKeys { statistic: statistic(), keys: keys.len(), maximum });
    }
    if keys.is_empty() {
        return Err(ManifestError::Groups { statistic: statistic() });
    }
    let mut seen = BTreeSet::new();
    for key in keys {
        if !(1..=256).contains(&key.len()) || key.trim() != key || !unicode_normalization::is_nfc(key) || !is_plain(key) {
            return Err(ManifestError::KeyForm { statistic: statistic(), key: made_plain(key, 64) });
        }
        if !seen.insert(key) {
            return Err(ManifestError::KeyTwice { statistic: statistic(), key: key.clone() });
        }
    }
    Ok(())
}

fn check_bounds(statistic: &Name, bounds: [f64; 2], grid: Option<f64>) -> Result<(), ManifestError> {
    let [lower, upper] = bounds;
    let largest = lower.abs().max(upper.abs());
    let in_scale = (1e-15..=1e15).contains(&largest) && upper - lower >= 1e-15;
    if !(lower.is_finite() && upper.is_finite() && lower < upper && in_scale) {
        return Err(ManifestError::Bounds { statistic: statistic.to_string() });
    }
    let finest = largest / 2f64.powi(40);
    match grid {
        Some(grid) if !(grid > 0.0 && grid <= largest && grid >= finest) => Err(ManifestError::Grid { statistic: statistic.to_string() }),
        _ => Ok(()),
    }
}
