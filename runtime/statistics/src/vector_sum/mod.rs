//! Vector sum: one bounded vector per unit, such as a gradient or sufficient statistics.
//!
//! Up to a million entries for each of many units: the work is done in passes over plain slices that the compiler
//! vectorises. The vector is projected in floating point and put on the grid toward zero; then its norm is checked on
//! the integers, exactly, and a vector that does not hold it is the default.

use crate::contribution::{NotAContribution, Sparse};
use crate::kind::{Kind, Noised};
use crate::part::default_step;
use crate::placed::Reference;
use crate::{Conclusion, Part, Sensitivity, Vector, interval_half_width};
use tidegate_terms::{Guard, Mechanism, Norm, stands};

/// Every entry stays below this in steps: squares of a million of them then stay below 2^62.
const ENTRY_LIMIT: u32 = 1 << 21;
/// Projection leaves this much room for the rounding of floating point.
const ROOM: f64 = 1.0 - 1e-12;

#[derive(Debug)]
pub(crate) struct VectorSum {
    dimension: usize,
    norm: Norm,
    /// The bound on the grid: a vector scaled to the declared one could end up above its whole steps.
    bound: f64,
    step: f64,
    /// The bound in steps, rounded down.
    steps: u64,
}

impl VectorSum {
    pub(crate) fn new(dimension: u32, norm: Norm, bound: f64) -> Self {
        let step = default_step(bound);
        let steps = ((bound / step).floor() as u64).min(u64::from(ENTRY_LIMIT) - 1);
        Self { dimension: dimension as usize, norm, bound: steps as f64 * step, step, steps }
    }

    /// Appends one unit's vector in steps, or nothing.
    pub(crate) fn encode<C: Sparse>(&self, contribution: &C, vectors: &mut Vec<i32>) -> Result<(), NotAContribution> {
        let start = vectors.len();
        let taken = match contribution.dense() {
            Some(values) if values.len() == self.dimension => self.encode_dense(values, vectors),
            Some(_) => Err(NotAContribution),
            None => self.encode_sparse(contribution, vectors),
        };
        if taken.is_err() {
            vectors.truncate(start);
        }
        taken
    }

    fn encode_sparse<C: Sparse>(&self, contribution: &C, vectors: &mut Vec<i32>) -> Result<(), NotAContribution> {
        let (mut values, mut last) = (vec![0.0; self.dimension], None);
        contribution.visit(self.dimension, &mut |index, value| {
            if index >= self.dimension || last.is_some_and(|last| index <= last) {
                return Err(NotAContribution);
            }
            last = Some(index);
            values[index] = value;
            Ok(())
        })?;
        self.encode_dense(&values, vectors)
    }

    fn encode_dense(&self, values: &[f64], vectors: &mut Vec<i32>) -> Result<(), NotAContribution> {
        let (bound, per_step) = (self.bound, 1.0 / self.step);
        match self.norm {
            Norm::Linf if !lanes(values, |value| value * 0.0).is_finite() => Err(NotAContribution),
            Norm::Linf => self.append(values, vectors, |value| {
                (if value > bound {
                    bound
                } else if value < -bound {
                    -bound
                } else {
                    value
                }) * per_step
            }),
            norm => {
                let length = length(values, norm)?;
                let factor = if length > bound && stands(Guard::Clamp) { bound / length * ROOM } else { 1.0 };
                let factor = factor * per_step;
                self.append(values, vectors, |value| value * factor)
            }
        }
    }

    /// Appends numbers rounded toward zero, and checks their norm; chunk by chunk, while they are in the cache.
    fn append(&self, values: &[f64], vectors: &mut Vec<i32>, in_steps: impl Fn(f64) -> f64) -> Result<(), NotAContribution> {
        let mut seen = Seen::default();
        for chunk in values.chunks(CHUNK) {
            let start = vectors.len();
            vectors.extend(chunk.iter().map(|value| toward_zero(in_steps(*value))));
            seen.take(&vectors[start..], self.norm);
        }
        if self.allows(&seen) { Ok(()) } else { Err(NotAContribution) }
    }

    /// Whether integers keep the norm, exactly.
    fn allows(&self, seen: &Seen) -> bool {
        let within = match self.norm {
            Norm::Linf => u64::from(seen.largest) <= self.steps,
            Norm::L1 => seen.sum <= self.steps,
            Norm::L2 => seen.sum <= self.steps * self.steps,
        };
        // Below the limit no sum can have wrapped: 10^6 entries of less than 2^21, squared 2^42.
        (seen.every < ENTRY_LIMIT && within) || !stands(Guard::ExactCheck)
    }
}

/// Entries for which one pass after the other stays in the fastest cache.
const CHUNK: usize = 1024;

/// What the integers of a vector add up to.
#[derive(Debug, Default)]
struct Seen {
    /// All bits of all sizes.
    every: u32,
    largest: u32,
    /// Of sizes, or of their squares.
    sum: u64,
}

impl Seen {
    fn take(&mut self, steps: &[i32], norm: Norm) {
        let size = |step: &i32| step.unsigned_abs();
        self.every = steps.iter().fold(self.every, |bits, step| bits | size(step));
        match norm {
            Norm::Linf => self.largest = steps.iter().fold(self.largest, |most, step| most.max(size(step))),
            Norm::L1 => self.sum = steps.iter().fold(self.sum, |sum, step| sum.wrapping_add(u64::from(size(step)))),
            Norm::L2 => {
                let square = |step: &i32| u64::from(size(step)).wrapping_mul(u64::from(size(step)));
                self.sum = steps.iter().fold(self.sum, |sum, step| sum.wrapping_add(square(step)));
            }
        }
    }
}

/// A whole number between zero and `x`, less than one from it: half a step toward zero, then the nearest, which the
/// addition of a large number leaves in the lowest bits. For sizes below 2^31; of others it makes some number, which
/// the check on integers does not let pass as more than it is. A conversion would say the same four times as slowly.
fn toward_zero(x: f64) -> i32 {
    const LOWEST_BITS: f64 = 6_755_399_441_055_744.0;
    (x - 0.5_f64.copysign(x) + LOWEST_BITS).to_bits() as i32
}

/// A sum over entries in eight lanes, which the compiler turns into vector instructions.
fn lanes(values: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let chunks = values.chunks_exact(8);
    let rest: f64 = chunks.remainder().iter().map(|value| of(*value)).sum();
    for chunk in chunks {
        for lane in 0..8 {
            sums[lane] += of(chunk[lane]);
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// The length of a vector of finite entries.
fn length(values: &[f64], norm: Norm) -> Result<f64, NotAContribution> {
    let of = |scale: f64| match norm {
        Norm::L1 => lanes(values, |value| (value * scale).abs()) / scale,
        Norm::L2 => lanes(values, |value| (value * scale) * (value * scale)).sqrt() / scale,
        Norm::Linf => values.iter().fold(0.0, |most: f64, value| most.max(value.abs())),
    };
    let length = of(1.0);
    if length.is_finite() {
        return Ok(length);
    }
    // Either some entry is not a number, or all are and their squares are too large: then measure them smaller.
    if values.iter().any(|value| !value.is_finite()) {
        return Err(NotAContribution);
    }
    let smaller = of(1e-160);
    if smaller.is_finite() { Ok(smaller) } else { Ok(f64::MAX) }
}

impl Kind for VectorSum {
    fn guest_width(&self) -> usize {
        self.dimension
    }

    fn parts(&self) -> Vec<Part> {
        let entries = self.dimension as u64;
        let sensitivity = match self.norm {
            Norm::L1 => Sensitivity::together(self.steps),
            Norm::L2 => {
                // By Cauchy and Schwarz, L1 <= sqrt(d) L2.
                let squared = u128::from(entries) * u128::from(self.steps).pow(2);
                let root = squared.isqrt();
                let l1 = u64::try_from(root + u128::from(root * root < squared)).unwrap_or(u64::MAX);
                Sensitivity { l1, ..Sensitivity::together(self.steps) }
            }
            Norm::Linf => Sensitivity::of_each(self.steps, entries),
        };
        vec![Part::on_grid("vector", self.steps, sensitivity, self.step).of_width(self.dimension)]
    }

    fn vector(&self) -> Option<&VectorSum> {
        Some(self)
    }

    fn conclude(&self, parts: &[Noised<'_>], mechanism: Mechanism, confidence: f64) -> Conclusion {
        let values = parts[0].cells.iter().map(|total| *total as f64 * parts[0].step).collect();
        let half_width = interval_half_width(mechanism, parts[0].scale, confidence) * parts[0].step;
        Conclusion { estimates: Vec::new(), vector: Some(Vector { values, half_width }) }
    }

    fn expected_errors(&self, scales: &[f64], _reference: Reference, mechanism: Mechanism, confidence: f64) -> Vec<(String, f64)> {
        vec![("entry".into(), interval_half_width(mechanism, scales[0], confidence) * self.step)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Dense(Vec<f64>);
    struct Cells(Vec<(usize, f64)>);

    impl Sparse for Dense {
        fn visit(&self, _: usize, _: &mut dyn FnMut(usize, f64) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
            Err(NotAContribution)
        }
        fn visit_keyed(&self, _: &mut dyn FnMut(&str, &[f64]) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
            Err(NotAContribution)
        }
        fn dense(&self) -> Option<&[f64]> {
            Some(&self.0)
        }
    }

    impl Sparse for Cells {
        fn visit(&self, _: usize, visit: &mut dyn FnMut(usize, f64) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
            self.0.iter().try_for_each(|(index, value)| visit(*index, *value))
        }
        fn visit_keyed(&self, _: &mut dyn FnMut(&str, &[f64]) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
            Err(NotAContribution)
        }
        fn dense(&self) -> Option<&[f64]> {
            None
        }
    }

    fn norm(steps: &[i32], norm: Norm) -> f64 {
        let sizes = steps.iter().map(|step| f64::from(step.unsigned_abs()));
        match norm {
            Norm::L1 => sizes.sum(),
            Norm::L2 => sizes.map(|size| size * size).sum::<f64>().sqrt(),
            Norm::Linf => sizes.fold(0.0, f64::max),
        }
    }

    #[test]
    fn whatever_comes_the_norm_holds_and_little_is_lost() {
        for kept in [Norm::L1, Norm::L2, Norm::Linf] {
            for scale in [1e-3, 0.1, 1.0, 1e6, 1e200, 1e305] {
                let sum = VectorSum::new(37, kept, 0.7);
                let values: Vec<f64> = (0..37).map(|at| (f64::from(at) - 18.0) * scale).collect();
                let mut steps = Vec::new();
                assert_eq!(sum.encode(&Dense(values), &mut steps), Ok(()), "{kept:?} {scale}");
                let norm = norm(&steps, kept);
                assert!(norm <= sum.steps as f64, "{kept:?} {scale} {norm}");
                if scale >= 1.0 {
                    assert!(norm * sum.step > 0.7 * 0.9999, "{kept:?} {scale} {norm}");
                }
            }
        }
    }

    #[test]
    fn few_large_entries_are_scaled_not_refused() {
        for kept in [Norm::L1, Norm::L2, Norm::Linf] {
            for bound in (1..200).map(|at| 0.007 * f64::from(at)) {
                for values in [vec![1e300, -1e300], vec![9.0], vec![3.0, 4.0, -1e9]] {
                    let sum = VectorSum::new(values.len() as u32, kept, bound);
                    assert_eq!(sum.encode(&Dense(values), &mut Vec::new()), Ok(()), "{kept:?} {bound}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_vector_leaves_nothing() {
        for kept in [Norm::L1, Norm::L2, Norm::Linf] {
            let sum = VectorSum::new(9, kept, 1.0);
            let mut steps = Vec::new();
            for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let mut values = vec![0.5; 9];
                values[8] = wrong;
                assert!(sum.encode(&Dense(values), &mut steps).is_err(), "{kept:?} {wrong}");
            }
            assert!(sum.encode(&Dense(vec![0.1; 8]), &mut steps).is_err());
            assert!(sum.encode(&Cells(vec![(1, 0.1), (1, 0.1)]), &mut steps).is_err());
            assert!(sum.encode(&Cells(vec![(9, 0.1)]), &mut steps).is_err());
            assert!(steps.is_empty());
        }
    }

    #[test]
    fn sparse_and_dense_agree() {
        let sum = VectorSum::new(100, Norm::L2, 2.0);
        let mut values = vec![0.0; 100];
        (values[3], values[97]) = (1.5, -4.0);
        let (mut dense, mut sparse) = (Vec::new(), Vec::new());
        sum.encode(&Dense(values), &mut dense).expect("dense");
        sum.encode(&Cells(vec![(3, 1.5), (97, -4.0)]), &mut sparse).expect("sparse");
        assert_eq!(dense, sparse);
    }

    #[test]
    fn integers_that_overshoot_are_noticed() {
        let sum = VectorSum::new(2, Norm::L2, 1.0);
        let most = sum.steps as i32;
        let holds = |sum: &VectorSum, steps: &[i32]| {
            let mut seen = Seen::default();
            steps.iter().for_each(|step| seen.take(&[*step], sum.norm));
            sum.allows(&seen)
        };
        assert!(holds(&sum, &[most, 0]) && !holds(&sum, &[most, 1]) && !holds(&sum, &[i32::MIN, i32::MAX]));
        let sum = VectorSum::new(2, Norm::L1, 1.0);
        assert!(holds(&sum, &[-most, 0]) && !holds(&sum, &[-most, 1]));
        let sum = VectorSum::new(2, Norm::Linf, 1.0);
        assert!(holds(&sum, &[-most, most]) && !holds(&sum, &[0, most + 1]));
    }

    #[test]
    fn rounding_never_leaves_zero_behind() {
        for x in [0.0, -0.0, 0.4999, 0.5, 0.99, 1.0, 1.5, 2.0, 1_048_575.999, -0.3, -1.0, -7.2, 1e-300] {
            let rounded = f64::from(toward_zero(x));
            assert!(rounded * x >= 0.0 && rounded.abs() <= x.abs() && (rounded - x).abs() <= 1.0, "{x} {rounded}");
        }
    }

    #[test]
    fn norms_are_priced_as_they_bound() {
        let sensitivity = |norm| VectorSum::new(100, norm, 1.0).parts()[0].sensitivity;
        let steps = VectorSum::new(100, Norm::L1, 1.0).steps;
        assert_eq!(sensitivity(Norm::L1), Sensitivity { l1: steps, l2_squared: u128::from(steps).pow(2) });
        assert_eq!(sensitivity(Norm::L2), Sensitivity { l1: 10 * steps, l2_squared: u128::from(steps).pow(2) });
        assert_eq!(sensitivity(Norm::Linf), Sensitivity { l1: 100 * steps, l2_squared: 100 * u128::from(steps).pow(2) });
    }
}
