//! Primary suppression: cells that disclose somebody by themselves, and how closely nobody may bound them.
//!
//! The masks agree with PyPI's `acro` 1.0.2 (`MinimumThresholdCheck`, `NKCheck`, `PPercentCheck`). The protection
//! levels are those of Hundepool et al., Statistical Disclosure Control (2012), section 4.2: the value to which a
//! cell's upper bound must at least extend so that the rule that failed would not fail for an attacker's best estimate.

use crate::review::Requirement;
use crate::{Cell, DisclosureRules, Measure, Table};

/// Why a cell is suppressed. For the domain alone: the published table says only that a cell is suppressed, because
/// the reason narrows its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Fewer contributors than the threshold; empty cells too.
    Threshold,
    /// The n largest contributors have k percent or more.
    Dominance,
    /// The second largest contributor could bound the largest to within p percent.
    PPercent,
    /// Its difference to an earlier table isolates fewer units than the threshold.
    Overlap,
    /// An earlier table suppressed it, and hardly anything changed since.
    SuppressedBefore,
    /// To protect others.
    Secondary,
}

/// The primary reasons of one cell, in the order of the enum.
pub(crate) fn reasons_of(rules: &DisclosureRules, measure: &Measure, cell: &Cell) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if cell.contributors < rules.min_contributors {
        reasons.push(Reason::Threshold);
    }
    if matches!(measure, Measure::Sum { .. }) && cell.contributors > 0 {
        let (value, top) = (cell.others(), top_sum(cell, rules.dominance.n as usize));
        if value > 0 && 100 * top >= i128::from(rules.dominance.k_percent) * value {
            reasons.push(Reason::Dominance);
        }
        // All contributions zero: everybody's value would be known. `acro` marks such cells under this rule too.
        let largest = top_sum(cell, 1);
        let rest = value - top_sum(cell, 2);
        if rules.p_percent > 0 && (largest == 0 || 100 * rest < i128::from(rules.p_percent) * largest) {
            reasons.push(Reason::PPercent);
        }
    }
    reasons
}

/// The sum of the n largest contributions.
fn top_sum(cell: &Cell, n: usize) -> i128 {
    cell.largest.iter().take(n).map(|one| i128::from(*one)).sum()
}

/// The value of as many average contributors as the threshold asks for; for counts simply the threshold.
pub(crate) fn window(rules: &DisclosureRules, table: &Table) -> i128 {
    let threshold = i128::from(rules.min_contributors);
    let Some(total) = table.cells().last() else { return threshold };
    match table.measure() {
        Measure::Count => threshold,
        Measure::Sum { .. } if total.contributors == 0 => 1,
        Measure::Sum { .. } => divide_up(threshold * total.others(), i128::from(total.contributors)).max(1),
    }
}

/// What everybody knows about a cell before any table: its bounds without the part that the operator supplied.
pub(crate) fn public_bounds(rules: &DisclosureRules, table: &Table, index: usize) -> Requirement {
    let cell = &table.cells()[index];
    match table.measure() {
        Measure::Sum { lower, upper, .. } if !table.is_margin(index) && cell.contributors >= rules.min_contributors => {
            // A count table over the same keys may show the contributors of such a cell.
            let contributors = i128::from(cell.contributors);
            Requirement { lower: contributors * i128::from(*lower), upper: contributors * i128::from(*upper) }
        }
        _ => Requirement { lower: 0, upper: UNBOUNDED },
    }
}

/// More than any table holds.
pub(crate) const UNBOUNDED: i128 = 1 << 80;

/// The interval that an attacker's knowledge of the cell must contain, or `None` where nothing is asked.
pub(crate) fn requirement(rules: &DisclosureRules, table: &Table, index: usize, reasons: &[Reason], window: i128) -> Option<Requirement> {
    let cell = &table.cells()[index];
    let value = cell.others();
    let percent = |share: u32, of: i128| divide_up(i128::from(share) * of, 100);
    let mut demanded: Option<Requirement> = None;
    for reason in reasons {
        let (lower, upper) = match reason {
            Reason::Threshold => {
                let own = match table.measure() {
                    Measure::Count => 0,
                    Measure::Sum { .. } => percent(rules.p_percent, value),
                };
                (value - window.max(own), window.max(value + own))
            }
            Reason::Dominance => {
                let top = top_sum(cell, rules.dominance.n as usize);
                let level = (divide_up(100 * top, i128::from(rules.dominance.k_percent)) - value).max(1);
                (value - level, value + level)
            }
            Reason::PPercent => {
                let rest = value - top_sum(cell, 2);
                let level = (percent(rules.p_percent, top_sum(cell, 1)) - rest).max(1);
                (value - level, value + level)
            }
            Reason::Overlap => (value - window, value + window),
            Reason::SuppressedBefore | Reason::Secondary => continue,
        };
        let wider = demanded
            .map_or(Requirement { lower, upper }, |so_far| Requirement { lower: so_far.lower.min(lower), upper: so_far.upper.max(upper) });
        demanded = Some(wider);
    }
    // What follows from public bounds alone is no disclosure by this table.
    let public = public_bounds(rules, table, index);
    demanded.map(|demanded| Requirement { lower: demanded.lower.max(public.lower), upper: demanded.upper.min(public.upper) })
}

/// Division of a non-negative number, rounded up.
fn divide_up(dividend: i128, divisor: i128) -> i128 {
    (dividend + divisor - 1) / divisor
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums() -> Measure {
        Measure::Sum { name: "cost".into(), lower: 0, upper: 1_000 }
    }

    fn cell(values: &[i64]) -> Cell {
        let mut largest = values.to_vec();
        largest.sort_unstable_by(|one, other| other.cmp(one));
        Cell { contributors: values.len() as u64, value: values.iter().sum(), supplied: 0, largest }
    }

    #[test]
    fn the_threshold_counts_contributors_and_empty_cells_fail_it() {
        let rules = DisclosureRules::default();
        for (contributors, fails) in [(0, true), (1, true), (9, true), (10, false)] {
            let cell = Cell { contributors, value: contributors as i64 + 7, supplied: 7, largest: vec![] };
            let reasons = reasons_of(&rules, &Measure::Count, &cell);
            assert_eq!(!reasons.is_empty(), fails, "{contributors} contributors beside 7 units of the operator");
        }
    }

    #[test]
    fn dominance_begins_at_k_percent_exactly() {
        let rules = DisclosureRules { min_contributors: 3, p_percent: 0, ..DisclosureRules::default() };
        // 90 of 100 is 90 %.
        assert_eq!(reasons_of(&rules, &sums(), &cell(&[60, 30, 5, 5])), [Reason::Dominance]);
        assert_eq!(reasons_of(&rules, &sums(), &cell(&[60, 29, 6, 5])), []);
    }

    #[test]
    fn p_percent_is_about_the_second_largest_and_the_rest() {
        let mut rules = DisclosureRules { min_contributors: 3, ..DisclosureRules::default() };
        rules.dominance.k_percent = 100;
        // The rest must be 10 % of the largest or more.
        assert_eq!(reasons_of(&rules, &sums(), &cell(&[100, 50, 9])), [Reason::PPercent]);
        assert_eq!(reasons_of(&rules, &sums(), &cell(&[100, 50, 10])), []);
        // Everybody zero: everybody known.
        assert_eq!(reasons_of(&rules, &sums(), &cell(&[0; 12])), [Reason::PPercent]);
        assert_eq!(reasons_of(&rules, &sums(), &cell(&[])), [Reason::Threshold]);
    }
}
