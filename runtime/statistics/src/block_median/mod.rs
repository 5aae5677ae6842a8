//! Block median: each block of units votes for the candidate nearest to its value (sample and aggregate).

use crate::cumulative::{Cumulative, isotonic};
use crate::kind::{Kind, Noised};
use crate::placed::Reference;
use crate::quantiles::{binned, deviation, rank_interval, reach};
use crate::{Conclusion, Estimate, Part, Sensitivity};
use tidegate_terms::Mechanism;

#[derive(Debug)]
pub(crate) struct BlockMedian {
    candidates: Vec<f64>,
    blocks: u64,
    part: Part,
    cumulative: Cumulative,
}

impl BlockMedian {
    pub(crate) fn new(candidates: Vec<f64>, groups: u32, blocks: u64, mechanism: Mechanism) -> Self {
        let groups = u64::from(groups);
        // A vote that moves leaves one bin and enters another. Columns of the strategy have no negative entry, so the
        // squared length of the difference of two is at most the sum of their squared lengths.
        let moved = |one: Sensitivity| Sensitivity { l1: 2 * groups * one.l1, l2_squared: 2 * u128::from(groups) * one.l2_squared };
        let (part, cumulative) = binned("votes", candidates.len(), 1, Sensitivity::together(1), moved, mechanism);
        Self { candidates, blocks, part, cumulative }
    }

    fn nearest(&self, value: f64) -> usize {
        let above = self.candidates.partition_point(|candidate| *candidate < value);
        let last = self.candidates.len() - 1;
        match above {
            0 => 0,
            above if above > last => last,
            above if value - self.candidates[above - 1] <= self.candidates[above] - value => above - 1,
            above => above,
        }
    }
}

impl Kind for BlockMedian {
    fn parts(&self) -> Vec<Part> {
        vec![self.part.clone()]
    }

    fn vote(&self, cells: &[f64], _count: u32) -> Option<(usize, i64)> {
        Some((self.nearest(cells[0]), 1))
    }

    fn conclude(&self, parts: &[Noised<'_>], mechanism: Mechanism, confidence: f64) -> Conclusion {
        let (up_to, deviations) = self.cumulative.prefixes(parts[0].cells, parts[0].step, deviation(mechanism, parts[0].scale));
        let last = self.candidates.len() - 1;
        if up_to.len() != self.candidates.len() {
            return Conclusion::default();
        }
        let wanted = self.blocks as f64 / 2.0;
        let weights: Vec<f64> = deviations.iter().map(|deviation| 1.0 / (deviation * deviation).max(f64::MIN_POSITIVE)).collect();
        let rising = isotonic(&up_to, &weights);
        let value = self.candidates[rising.iter().position(|up_to| *up_to >= wanted).unwrap_or(last)];
        // The number of blocks is public: the wanted rank carries no noise.
        let [first, past] = rank_interval(&up_to, &deviations, wanted, 0.0, reach(mechanism, confidence));
        let (lower, upper) = (self.candidates[first.min(last)].min(value), self.candidates[past.min(last)].max(value));
        Conclusion::of(vec![Estimate { name: "median".into(), value, lower, upper }])
    }

    fn expected_errors(&self, scales: &[f64], _reference: Reference, mechanism: Mechanism, confidence: f64) -> Vec<(String, f64)> {
        let typical = self.cumulative.typical_deviation(self.part.width, self.part.step);
        vec![("rank".into(), reach(mechanism, confidence) * deviation(mechanism, scales[0]) * typical)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_votes_for_its_nearest_candidate() {
        let median = BlockMedian::new(vec![0.0, 1.0, 10.0], 1, 5, Mechanism::Gaussian);
        for (value, expected) in [(-1e300, 0), (0.4, 0), (0.5, 0), (0.6, 1), (1.0, 1), (9.0, 2), (1e300, 2)] {
            assert_eq!(median.vote(&[value], 0), Some((expected, 1)), "{value}");
        }
        assert_eq!(BlockMedian::new(vec![0.0, 1.0], 1, 5, Mechanism::Laplace).part.sensitivity, Sensitivity { l1: 2, l2_squared: 2 });
    }

    /// Every move of one vote, through the exact answers, stays inside the stated norms.
    #[test]
    fn a_vote_that_moves_stays_inside_the_sensitivity() {
        for bins in [2, 3, 40] {
            let median = BlockMedian::new((0..bins).map(f64::from).collect(), 1, 5, Mechanism::Gaussian);
            let answers = |bin: usize| {
                let (mut cells, mut answers) = (vec![0; bins as usize], Vec::new());
                cells[bin] = 1;
                median.part.answers(&cells, &mut answers);
                answers
            };
            for from in 0..bins as usize {
                for to in 0..bins as usize {
                    let squares: u128 = answers(from).iter().zip(answers(to)).map(|(a, b)| u128::from((a - b).unsigned_abs()).pow(2)).sum();
                    assert!(squares <= median.part.sensitivity.l2_squared);
                }
            }
        }
    }

    #[test]
    fn without_noise_the_median_is_the_middle_vote() {
        let median = BlockMedian::new((0..100).map(f64::from).collect(), 1, 7, Mechanism::Gaussian);
        let mut cells = vec![0; 100];
        for value in [3.2, 4.0, 50.0, 51.4, 52.0, 99.0, 1e9] {
            cells[median.vote(&[value], 0).expect("vote").0] += 1;
        }
        let mut answers = Vec::new();
        median.part.answers(&cells, &mut answers);
        let cells: Vec<i128> = answers.iter().map(|answer| i128::from(*answer)).collect();
        let noised = Noised { cells: &cells, scale: 1e-9, step: median.part.step };
        assert_eq!(median.conclude(&[noised], Mechanism::Gaussian, 0.95).estimates[0].value, 51.0);
    }
}
