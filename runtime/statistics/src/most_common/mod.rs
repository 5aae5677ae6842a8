//! Most common: the groups with the largest noised counts.
//!
//! All counts are noised and paid for; the choice among noised numbers is post-processing.

use crate::Group;
use tidegate_terms::Measure;

/// The `k` groups with the largest counts, largest first; of other measures all groups as they are.
pub(crate) fn select(measure: &Measure, mut groups: Vec<Group>) -> Vec<Group> {
    let Measure::MostCommon { k, .. } = measure else { return groups };
    let count = |group: &Group| group.estimates.first().map_or(f64::NEG_INFINITY, |estimate| estimate.value);
    groups.sort_by(|a, b| count(b).total_cmp(&count(a)));
    groups.truncate(*k as usize);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Estimate;

    #[test]
    fn the_largest_come_first_and_no_more_than_asked() {
        let group =
            |key: &str, value| Group { key: Some(key.into()), estimates: vec![Estimate::around("count", value, 1.0)], vector: None };
        let all = || vec![group("a", 1.0), group("b", 9.0), group("c", -2.0), group("d", 4.0)];
        let keys = |groups: Vec<Group>| groups.into_iter().filter_map(|group| group.key).collect::<Vec<_>>();
        assert_eq!(keys(select(&Measure::MostCommon { k: 2, values_per_unit: 1 }, all())), ["b", "d"]);
        assert_eq!(keys(select(&Measure::MostCommon { k: 9, values_per_unit: 1 }, all())).len(), 4);
        assert_eq!(keys(select(&Measure::Histogram { values_per_unit: 1 }, all())), ["a", "b", "c", "d"]);
    }
}
