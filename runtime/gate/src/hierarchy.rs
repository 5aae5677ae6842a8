//! Totals that agree over a hierarchy of groups: the parts of a group add up to it.
//!
//! Exact weighted least squares on a tree, in two passes (Hay, Rastogi, Miklau, Suciu 2010, with weights by inverse
//! variance as every node has noise of its own). Post-processing: no price, and no estimate gets worse.

use crate::Released;
use tidegate_statistics::Group;
use tidegate_terms::Statistic;

/// One group in the tree.
#[derive(Debug, Clone, Copy)]
struct Node {
    statistic: usize,
    group: usize,
    parent: Option<usize>,
    /// The noised total and the half width of its interval, which is in proportion to its standard deviation.
    value: f64,
    half: f64,
}

/// Makes all released totals agree that a manifest puts into a hierarchy.
pub(crate) fn agree(statistics: &[Statistic], released: &mut [Released]) {
    if statistics.iter().all(|statistic| statistic.hierarchy.is_none()) {
        return;
    }
    let nodes = nodes(statistics, released);
    for (node, (value, half)) in nodes.iter().zip(solve(&nodes)) {
        if let Some(estimate) = released[node.statistic].groups[node.group].estimates.first_mut() {
            (estimate.value, estimate.lower, estimate.upper) = (value, value - half, value + half);
        }
    }
}

/// All groups of all statistics that are in a hierarchy.
fn nodes(statistics: &[Statistic], released: &[Released]) -> Vec<Node> {
    let above = |statistic: &Statistic| {
        let hierarchy = statistic.hierarchy.as_ref()?;
        statistics.iter().position(|other| other.name == hierarchy.parent)
    };
    let is_parent = |index: usize| statistics.iter().any(|statistic| above(statistic) == Some(index));
    let mut first = Vec::new();
    let mut nodes = Vec::new();
    for (index, (statistic, released)) in statistics.iter().zip(released).enumerate() {
        first.push(nodes.len());
        if above(statistic).is_none() && !is_parent(index) {
            continue;
        }
        for (group, estimate) in released.groups.iter().enumerate().filter_map(|(at, group)| Some((at, group.estimates.first()?))) {
            let half = (estimate.upper - estimate.lower) / 2.0;
            nodes.push(Node { statistic: index, group, parent: None, value: estimate.value, half });
        }
    }
    for node in &mut nodes {
        let Node { statistic, group, .. } = *node;
        node.parent = above(&statistics[statistic]).and_then(|parent| {
            let key = statistics[statistic].hierarchy.as_ref()?.parents.get(group);
            let of_key = |other: &Group| key.is_none() || other.key.as_ref() == key;
            Some(first[parent] + released[parent].groups.iter().position(of_key)?)
        });
    }
    nodes
}

/// The least-squares estimate of each node and the half width of its interval.
fn solve(nodes: &[Node]) -> Vec<(f64, f64)> {
    let mut children = vec![Vec::new(); nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        if let Some(parent) = node.parent {
            children[parent].push(index);
        }
    }
    // Parents before their children.
    let mut order: Vec<usize> = (0..nodes.len()).filter(|index| nodes[*index].parent.is_none()).collect();
    let mut at = 0;
    while let Some(index) = order.get(at) {
        order.extend(&children[*index]);
        at += 1;
    }
    // Upwards: the best estimate from a node's own total and everything below it.
    let mut below: Vec<(f64, f64)> = nodes.iter().map(|node| (node.value, node.half * node.half)).collect();
    let mut sums = vec![(0.0, 0.0); nodes.len()];
    for index in order.iter().rev().filter(|index| !children[**index].is_empty()) {
        let sum: (f64, f64) = children[*index].iter().fold((0.0, 0.0), |sum, child| (sum.0 + below[*child].0, sum.1 + below[*child].1));
        sums[*index] = sum;
        let own = below[*index];
        let share = sum.1 / (own.1 + sum.1);
        below[*index] = (share * own.0 + (1.0 - share) * sum.0, own.1 * sum.1 / (own.1 + sum.1));
    }
    // Downwards: what a parent knows more is shared out in proportion to what its children know less.
    let mut solved = below.clone();
    for index in &order {
        for child in &children[*index] {
            let share = below[*child].1 / sums[*index].1;
            let value = below[*child].0 + share * (solved[*index].0 - sums[*index].0);
            // Var(child | all) = v - share^2 (V - Var(parent | all)), with V the variance of the children's sum.
            let variance = below[*child].1 - share * share * (sums[*index].1 - solved[*index].1);
            solved[*child] = (value, variance.max(0.0));
        }
    }
    solved.into_iter().map(|(value, squared)| (value, squared.sqrt())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(parent: Option<usize>, value: f64, half: f64) -> Node {
        Node { statistic: 0, group: 0, parent, value, half }
    }

    #[test]
    fn two_levels_as_by_hand() {
        // A total of 10 with variance 1, two parts of 3 and 5 with variance 1 each: each takes a third of the gap of 2.
        let solved = solve(&[node(None, 10.0, 1.0), node(Some(0), 3.0, 1.0), node(Some(0), 5.0, 1.0)]);
        let third = 2.0 / 3.0;
        for ((value, half), expected) in solved.iter().zip([
            (10.0 - third, (2.0f64 / 3.0).sqrt()),
            (3.0 + third, (2.0f64 / 3.0).sqrt()),
            (5.0 + third, (2.0f64 / 3.0).sqrt()),
        ]) {
            assert!((value - expected.0).abs() < 1e-12 && (half - expected.1).abs() < 1e-12, "{solved:?}");
        }
    }

    /// Against the normal equations: no small change of the leaves lowers the weighted squares.
    #[test]
    fn any_depth_agrees_and_is_the_least_squares() {
        let nodes = [
            node(None, 100.0, 3.0),
            node(Some(0), 30.0, 1.0),
            node(Some(0), 60.0, 2.0),
            node(Some(1), 8.0, 1.5),
            node(Some(1), 25.0, 0.5),
            node(Some(2), 20.0, 1.0),
            node(Some(2), 21.0, 1.0),
            node(Some(2), 22.0, 4.0),
        ];
        let solved: Vec<f64> = solve(&nodes).iter().map(|(value, _)| *value).collect();
        assert!((solved[0] - solved[1] - solved[2]).abs() < 1e-9 && (solved[1] - solved[3] - solved[4]).abs() < 1e-9);
        let squares = |leaves: [f64; 5]| {
            let (one, two) = (leaves[0] + leaves[1], leaves[2] + leaves[3] + leaves[4]);
            let all = [one + two, one, two, leaves[0], leaves[1], leaves[2], leaves[3], leaves[4]];
            all.iter().zip(&nodes).map(|(value, node)| ((value - node.value) / node.half).powi(2)).sum::<f64>()
        };
        let best: [f64; 5] = std::array::from_fn(|leaf| solved[3 + leaf]);
        for leaf in 0..5 {
            for change in [-1e-3, 1e-3] {
                let mut other = best;
                other[leaf] += change;
                assert!(squares(other) > squares(best));
            }
        }
        assert!(solve(&nodes).iter().zip(&nodes).all(|((_, half), node)| *half <= node.half + 1e-12), "no interval grows");
    }
}
