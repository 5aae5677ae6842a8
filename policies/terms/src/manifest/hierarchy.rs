//! Hierarchies of groups: each statistic names the one above it, and no chain comes back to itself.

use super::{Grouping, ManifestError, Measure, Mechanism, Statistic};

/// Checks what is known without a schema; parents that are keys of a category column are checked against it later.
pub(super) fn check_hierarchies(statistics: &[Statistic]) -> Result<(), ManifestError> {
    for statistic in statistics {
        let Some(hierarchy) = &statistic.hierarchy else { continue };
        let name = || statistic.name.to_string();
        let find = |name: &crate::Name| statistics.iter().find(|other| other.name == *name);
        let Some(parent) = find(&hierarchy.parent) else {
            return Err(ManifestError::HierarchyParent { statistic: name(), parent: hierarchy.parent.to_string() });
        };
        if !same_measure(statistic, parent) {
            return Err(ManifestError::HierarchyMeasure { statistic: name(), parent: parent.name.to_string() });
        }
        let public = |groups: &Grouping| groups.discovered.is_none();
        if !statistic.groups.as_ref().is_some_and(public) || !parent.groups.as_ref().is_none_or(public) {
            return Err(ManifestError::HierarchyKeys { statistic: name() });
        }
        let mut above = Some(parent);
        for _ in 0..statistics.len() {
            above = above.and_then(|statistic| statistic.hierarchy.as_ref()).and_then(|hierarchy| find(&hierarchy.parent));
        }
        if above.is_some() {
            return Err(ManifestError::HierarchyCycle { statistic: name() });
        }
    }
    Ok(())
}

/// Whether totals of both mean the same: the same measure with the same bounds, and Gaussian noise, under which the
/// weighted least squares are exact.
fn same_measure(one: &Statistic, other: &Statistic) -> bool {
    let gaussian = one.mechanism == Mechanism::Gaussian && other.mechanism == Mechanism::Gaussian;
    let total = |statistic: &Statistic| {
        matches!(statistic.measure, Measure::Count { .. } | Measure::Sum { automatic: None, .. } | Measure::Histogram { .. })
    };
    gaussian && total(one) && total(other) && std::mem::discriminant(&one.measure) == std::mem::discriminant(&other.measure)
}

/// Checks the parents of each group against the keys of the statistic above.
pub(super) fn check_parents(statistic: &Statistic, groups: usize, above: Option<&[String]>) -> Result<(), ManifestError> {
    let Some(hierarchy) = &statistic.hierarchy else { return Ok(()) };
    let fits = match above {
        None => hierarchy.parents.is_empty(),
        Some(keys) => hierarchy.parents.len() == groups && hierarchy.parents.iter().all(|parent| keys.contains(parent)),
    };
    if fits { Ok(()) } else { Err(ManifestError::HierarchyKeys { statistic: statistic.name.to_string() }) }
}
