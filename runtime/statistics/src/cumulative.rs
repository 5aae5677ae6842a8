//! Sums of leading cells with little noise: the square-root factorisation of the prefix-sum matrix.
//!
//! Let M be the lower-triangular matrix of ones. With f_j = C(2j, j) / 4^j and L the lower-triangular Toeplitz matrix
//! of f, M = L L (Fichtenberger, Henzinger, Upadhyay 2022; Henzinger, Upadhyay, Upadhyay 2023). Noise goes on y = L x
//! instead of x; then M L^-1 y carries about (1 + ln(B) / pi) of the noise of one cell in each prefix, where summing
//! noised cells would carry the root of their number.
//!
//! Here the entries of L are whole numbers, round(2^20 f_j). So the answers are integers, their sensitivity is an
//! exact integer norm, and M L^-1 is taken of this very L: rounding makes the noise a hair larger, never a bias.

use crate::part::Sensitivity;

/// log2 of the grid on which the entries of L lie.
const SHIFT: u32 = 20;

/// An integer L with its norms.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Strategy {
    column: Vec<i64>,
}

impl Strategy {
    /// For so many cells.
    pub(crate) fn new(cells: usize) -> Self {
        let mut factor = 1.0;
        let scale = f64::from(1 << SHIFT);
        let column = (0..cells).map(|j| {
            let entry = (factor * scale).round() as i64;
            factor *= (2 * j + 1) as f64 / (2 * j + 2) as f64;
            entry
        });
        Self { column: column.collect() }
    }

    /// Whether it beats noise on the cells themselves, for Gaussian noise, by the mean variance over all prefixes.
    pub(crate) fn pays(cells: usize) -> bool {
        let strategy = Self::new(cells);
        let own = strategy.column.iter().map(|entry| (*entry as f64 / strategy.scale()).powi(2));
        let norm: f64 = own.sum();
        let variances = strategy.deviations(1.0).iter().map(|deviation| deviation * deviation).sum::<f64>() / cells as f64;
        norm * variances < (cells + 1) as f64 / 2.0
    }

    fn scale(&self) -> f64 {
        f64::from(1 << SHIFT)
    }

    /// What one step of an answer is worth in whole counts.
    pub(crate) fn step(&self) -> f64 {
        1.0 / self.scale()
    }

    /// The norms of the longest column: what one value more in one cell changes at most.
    pub(crate) fn sensitivity(&self) -> Sensitivity {
        let l1 = self.column.iter().map(|entry| entry.unsigned_abs()).sum();
        Sensitivity { l1, l2_squared: self.column.iter().map(|entry| u128::from(entry.unsigned_abs()).pow(2)).sum() }
    }

    fn cells(&self) -> usize {
        self.column.len()
    }

    pub(crate) fn gain(&self) -> u64 {
        self.column.first().map_or(1, |entry| entry.unsigned_abs())
    }

    /// y = L x, exactly. Totals that no units could have given end at the edge of what 64 bits hold.
    pub(crate) fn answer(&self, cells: &[i64], answers: &mut Vec<i64>) {
        let at = |row: usize| {
            let products = cells[..=row].iter().zip(self.column[..=row].iter().rev()).map(|(x, c)| i128::from(*x) * i128::from(*c));
            products.sum::<i128>()
        };
        answers.extend((0..cells.len()).map(|row| at(row).clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64));
    }

    /// M L^-1 y: the sums of leading cells.
    pub(crate) fn prefixes(&self, answers: &[i128]) -> Vec<f64> {
        let mut cells: Vec<f64> = Vec::with_capacity(answers.len());
        let (mut sum, mut prefixes) = (0.0, Vec::with_capacity(answers.len()));
        for (row, answer) in answers.iter().enumerate() {
            let known: f64 = cells.iter().zip(self.column[1..=row].iter().rev()).map(|(cell, c)| cell * *c as f64).sum();
            let cell = (*answer as f64 - known) / self.column[0] as f64;
            cells.push(cell);
            sum += cell;
            prefixes.push(sum);
        }
        prefixes
    }

    /// The standard deviation of each prefix for noise of this deviation, in whole counts, on the answers.
    pub(crate) fn deviations(&self, deviation: f64) -> Vec<f64> {
        let mut squared = 0.0;
        let row = self.column.iter().map(|entry| {
            squared += (*entry as f64 / self.scale()).powi(2);
            deviation * squared.sqrt()
        });
        row.collect()
    }
}

/// How the noised cells of a group give sums of leading cells.
#[derive(Debug, Clone)]
pub(crate) enum Cumulative {
    /// Through the factorisation.
    Factorised(std::sync::Arc<Strategy>),
    /// By adding up noised cells.
    Flat,
}

impl Cumulative {
    /// The sums of leading cells in whole counts, and the standard deviation of the noise of each; `deviation` is
    /// that of one answer, in steps.
    pub(crate) fn prefixes(&self, answers: &[i128], step: f64, deviation: f64) -> (Vec<f64>, Vec<f64>) {
        let prefixes = match self {
            Self::Factorised(strategy) if answers.len() == strategy.cells() => strategy.prefixes(answers),
            Self::Factorised(_) => Vec::new(),
            Self::Flat => {
                let mut sum = 0.0;
                let sums = answers.iter().map(|answer| {
                    sum += *answer as f64 * step;
                    sum
                });
                sums.collect()
            }
        };
        (prefixes, self.deviations(answers.len(), step, deviation))
    }

    /// The standard deviation of each sum of leading cells, in whole counts.
    pub(crate) fn deviations(&self, cells: usize, step: f64, deviation: f64) -> Vec<f64> {
        match self {
            Self::Factorised(strategy) => strategy.deviations(deviation * step),
            Self::Flat => (1..=cells).map(|cells| (cells as f64).sqrt() * deviation * step).collect(),
        }
    }

    /// The root of the mean squared deviation of a prefix, for deviation 1 on the answers (in steps) and so many cells.
    pub(crate) fn typical_deviation(&self, cells: usize, step: f64) -> f64 {
        let squares: f64 = self.deviations(cells, step, 1.0).iter().map(|deviation| deviation * deviation).sum();
        (squares / cells.max(1) as f64).sqrt()
    }
}

/// The nearest rising sequence in the sense of weighted least squares (pool adjacent violators).
pub(crate) fn isotonic(values: &[f64], weights: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, f64, usize)> = Vec::with_capacity(values.len());
    for (value, weight) in values.iter().zip(weights) {
        let mut pool = (*value, *weight, 1);
        while let Some(before) = pools.last().filter(|before| before.0 > pool.0).copied() {
            pools.pop();
            let weight = before.1 + pool.1;
            pool = ((before.0 * before.1 + pool.0 * pool.1) / weight, weight, before.2 + pool.2);
        }
        pools.push(pool);
    }
    pools.iter().flat_map(|(value, _, length)| std::iter::repeat_n(*value, *length)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_noise_prefixes_are_exact() {
        for cells in [1, 2, 7, 300] {
            let strategy = Strategy::new(cells);
            let totals: Vec<i64> = (0..cells).map(|at| (at * at % 17) as i64).collect();
            let mut answers = Vec::new();
            strategy.answer(&totals, &mut answers);
            let answers: Vec<i128> = answers.iter().map(|answer| i128::from(*answer)).collect();
            let mut sum = 0;
            for (prefix, total) in strategy.prefixes(&answers).iter().zip(&totals) {
                sum += total;
                assert!((prefix - sum as f64).abs() < 1e-6 * (1.0 + sum as f64), "{cells}: {prefix} {sum}");
            }
        }
    }

    /// The published bound: column and row norm are at most the root of 1 + ln(B) / pi each, up to a constant.
    #[test]
    fn the_error_grows_like_the_logarithm() {
        for cells in [64, 1024, 8192] {
            let strategy = Strategy::new(cells);
            let norm = (strategy.sensitivity().l2_squared as f64).sqrt() / strategy.scale();
            let most = strategy.deviations(1.0).last().copied().expect("a row");
            let bound = 1.0 + (cells as f64).ln() / std::f64::consts::PI;
            assert!(norm * most <= bound + 0.1, "{cells}: {} {bound}", norm * most);
        }
        assert!(!Strategy::pays(1) && Strategy::pays(2) && Strategy::pays(64));
    }

    /// No unit's values, wherever they fall, change the answers by more than the stated norms.
    #[test]
    fn no_column_is_longer_than_the_first() {
        let strategy = Strategy::new(40);
        let sensitivity = strategy.sensitivity();
        for one in 0..40 {
            for other in 0..40 {
                let mut cells = vec![0; 40];
                cells[one] += 1;
                cells[other] += 1;
                let mut answers = Vec::new();
                strategy.answer(&cells, &mut answers);
                let l1: u64 = answers.iter().map(|answer| answer.unsigned_abs()).sum();
                let squares: u128 = answers.iter().map(|answer| u128::from(answer.unsigned_abs()).pow(2)).sum();
                assert!(l1 <= 2 * sensitivity.l1 && squares <= 4 * sensitivity.l2_squared);
            }
        }
    }

    #[test]
    fn pools_are_means_of_what_falls() {
        assert_eq!(isotonic(&[1.0, 3.0, 2.0, 4.0], &[1.0; 4]), [1.0, 2.5, 2.5, 4.0]);
        assert_eq!(isotonic(&[3.0, 2.0, 1.0], &[1.0, 1.0, 2.0]), [1.75; 3]);
    }
}
