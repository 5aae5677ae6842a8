use super::choice::{MainRound, choose};
use crate::Layout;
use crate::contribution::tests::layout_with;

const AUTOMATIC: tidegate_terms::Automatic = tidegate_terms::Automatic { share: 0.2, levels: 48 };

/// Made-up numbers for tests; the product's noise comes from the operating system.
struct Made(u64);

impl Made {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }
    fn normal(&mut self) -> f64 {
        crate::noise::normal_quantile(self.uniform())
    }
}

/// The root of the mean squared error of a sum over `values` at a clamp, under noise of this deviation for bound 1.
fn error(values: &[f64], upper: f64, noise: f64, made: &mut Made) -> f64 {
    let lost: f64 = values.iter().map(|value| (value - upper).max(0.0)).sum();
    (noise * upper * made.normal() - lost).abs()
}

fn median(mut errors: Vec<f64>) -> f64 {
    errors.sort_by(f64::total_cmp);
    errors[errors.len() / 2]
}

fn automatic(outer: f64) -> Layout {
    layout_with(&format!("[[statistics]]\nname = \"s\"\nmeasure = \"sum\"\nbounds = [0.0, {outer:?}]\nautomatic = {{ share = 0.2 }}"), "")
}

/// Skewed usage, a few units thousands of times the median: at epsilon 1 (mu about 0.27 at delta 1e-6) the chosen clamp
/// ends with at most half the error of a clamp at the 95th percentile, although that one has the whole budget.
///
/// 50 releases on fixed made-up data; the margin below one half is about a factor of two, so chance cannot fail it.
#[test]
fn automatic_bounds_halve_the_error_of_the_95th_percentile() {
    let mut made = Made(7);
    let mut values: Vec<f64> = (0..100_000).map(|_| 10.0 * made.normal().exp()).collect();
    (0..5).for_each(|unit| values[unit] = 20_000.0 + 5_000.0 * unit as f64);
    values.sort_by(f64::total_cmp);
    let percentile = values[95_000];
    let outer = 1e6;
    let layout = automatic(outer);
    let first = layout.bounds_round().expect("first round");
    let mut sums = first.empty_sums();
    let levels = super::Levels::new([0.0, outer], AUTOMATIC);
    values.iter().for_each(|value| sums.fixed[levels.cell(*value)] += 1);
    let answers = first.answers(&sums);
    let (mu, share) = (0.27_f64, 0.2_f64);
    let part = &first.statistics()[0].parts[0];
    let bounds_scale = (part.sensitivity.l2_squared as f64).sqrt() / (mu * share.sqrt());
    let main_scale = f64::from(1 << 20) / (mu * (1.0 - share).sqrt());
    let (mut chosen_errors, mut percentile_errors) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        let noised: Vec<i128> = answers[0].iter().map(|answer| i128::from(*answer) + (made.normal() * bounds_scale) as i128).collect();
        let (_, overall) = first.conclude(&sums, &[noised], &[bounds_scale], 0.95).remove(0);
        let beyond = overall.and_then(|overall| overall.vector).expect("counts").values;
        let chosen = choose(&layout, &[MainRound { scale: main_scale, beyond, bounds_scale }]);
        let [lower, upper] = chosen.bounds[0].expect("bounds");
        assert!(lower == 0.0 && upper > 0.0 && upper <= outer && layout.within(&chosen).is_ok());
        chosen_errors.push(error(&values, upper, main_scale / f64::from(1 << 20), &mut made));
        percentile_errors.push(error(&values, percentile, 1.0 / mu, &mut made));
    }
    let (chosen, percentile) = (median(chosen_errors), median(percentile_errors));
    assert!(chosen <= percentile / 2.0, "{chosen} against {percentile}");
}

#[test]
fn without_noise_little_is_lost_and_noise_makes_bounds_smaller() {
    let layout = automatic(1000.0);
    let levels = super::Levels::new([0.0, 1000.0], AUTOMATIC);
    let beyond: Vec<f64> = (0..levels.cells()).map(|cell| if cell < 6 { 0.0 } else { 500.0 }).collect();
    let choice = |scale| choose(&layout, &[MainRound { scale, beyond: beyond.clone(), bounds_scale: 1e-9 }]).bounds[0].expect("bounds")[1];
    // All values lie in (size(7), size(6)]: nothing is lost from size(6) on.
    assert!((choice(1.0) - levels.size(6)).abs() < 1e-9, "{}", choice(1.0));
    assert!(choice(1e12) < levels.size(20));
}
