//! The statistical audit: for each statistic a neighbouring pair that an adversary would choose, the real noise, and a
//! lower confidence bound on what it gives away, which must stay inside the price; the same test catches a noise
//! process that draws 0.8 of each scale.
//!
//! Each bound fails with a probability of at most 2e-6 (two Clopper-Pearson bounds at 1e-6 each) for the statistics of
//! [`PAIRS`], so the false-alarm rate of the whole file is below 1e-4. The power against 0.8 is far above 0.999 for each
//! pair: with 50,000 draws a bound lies 0.06 below mu and 0.12 below epsilon, and these
//! themselves 0.25 above the price.

mod bounds;
mod pairs;

use bounds::{at_least, at_most, normal_quantile};
use pairs::{PAIRS, Pair};
use std::process::Command;
use tidegate_accountant::{Charge, laplace_epsilon};
use tidegate_gate::{calibrate, noised, scales};
use tidegate_statistics::Sums;
use tidegate_terms::{Mechanism, Rho};
use tidegate_tests::program;

/// Draws on each side.
const DRAWS: usize = 50_000;
/// The chance that one Clopper-Pearson bound is wrong.
const WRONG: f64 = 1e-6;
/// The price of every pair: mu = 1 for Gaussian noise, epsilon = 1 for Laplace noise.
const RHO: f64 = 0.5;

fn honest() -> Command {
    let mut command = program::command();
    command.args(["internal", "noise"]);
    command
}

fn too_small() -> Command {
    Command::new(program::beside("noise-too-small"))
}

/// What an adversary who knows the pair can tell, with certainty `1 - 2 WRONG`: a lower bound on mu or epsilon; then
/// what the pair gives away in theory, and what was paid.
struct Told {
    at_least: f64,
    of_pair: f64,
    paid: f64,
}

fn tell(pair: &Pair, process: fn() -> Command) -> Told {
    let (layout, without, with) = pair.make();
    let charges = calibrate(&layout, Rho::cap(RHO)).expect("calibrate");
    let exact = |sums: &Sums| layout.answers(sums);
    let (before, after) = (exact(&without), exact(&with));
    let observe = |sums: &Sums| noised(&layout, &charges, sums, DRAWS, &mut process()).expect("noise");
    let scales = scales(&layout, &charges);
    let statistic = Statistic { charges: &charges, scales: &scales, before: &before, after: &after };
    let threshold = statistic.threshold();
    let passes = |drawn: Vec<Vec<i128>>| (0..DRAWS).filter(|copy| statistic.of(&drawn, *copy) > threshold).count();
    let (false_alarms, hits) = (passes(observe(&without)), passes(observe(&with)));
    let paid = match charges[0].mechanism {
        Mechanism::Gaussian => (2.0 * charges.iter().map(|charge| charge.rho.get()).sum::<f64>()).sqrt(),
        Mechanism::Laplace => charges.iter().map(|charge| laplace_epsilon(charge.rho)).sum(),
    };
    let at_least = match charges[0].mechanism {
        Mechanism::Gaussian => normal_quantile(at_least(hits, DRAWS, WRONG)) - normal_quantile(at_most(false_alarms, DRAWS, WRONG)),
        Mechanism::Laplace => (at_least(hits, DRAWS, WRONG) / at_most(false_alarms, DRAWS, WRONG)).ln(),
    };
    Told { at_least, of_pair: statistic.distance(), paid }
}

/// The likelihood ratio of the pair, at the scales that were paid.
struct Statistic<'a> {
    charges: &'a [Charge],
    /// The scales in steps of the statistics' own grids.
    scales: &'a [f64],
    before: &'a [Vec<i64>],
    after: &'a [Vec<i64>],
}

impl Statistic<'_> {
    fn cells(&self) -> impl Iterator<Item = (usize, usize, f64, f64, f64)> {
        let parts = self.scales.iter().zip(self.before.iter().zip(self.after)).enumerate();
        parts.flat_map(|(part, (scale, (before, after)))| {
            assert_eq!(before.len(), after.len(), "a pair differs in no cell's presence");
            before.iter().zip(after).enumerate().map(move |(cell, (before, after))| (part, cell, *scale, *before as f64, *after as f64))
        })
    }

    /// mu of Gaussian noise, epsilon of Laplace noise, between the two sides of the pair.
    fn distance(&self) -> f64 {
        match self.charges[0].mechanism {
            Mechanism::Gaussian => self.cells().map(|(.., scale, a, b)| ((b - a) / scale).powi(2)).sum::<f64>().sqrt(),
            Mechanism::Laplace => self.cells().map(|(.., scale, a, b)| (b - a).abs() / scale).sum(),
        }
    }

    /// Half way between the sides for Gaussian noise; just below the largest ratio for Laplace noise.
    fn threshold(&self) -> f64 {
        match self.charges[0].mechanism {
            Mechanism::Gaussian => self.distance().powi(2) / 2.0,
            Mechanism::Laplace => self.distance() * (1.0 - 1e-6),
        }
    }

    fn of(&self, drawn: &[Vec<i128>], copy: usize) -> f64 {
        let ratio = |(part, cell, scale, before, after): (usize, usize, f64, f64, f64)| {
            let noised = drawn[part][copy * self.before[part].len() + cell] as f64;
            match self.charges[part].mechanism {
                Mechanism::Gaussian => (after - before) * (noised - before) / scale.powi(2),
                Mechanism::Laplace => ((noised - before).abs() - (noised - after).abs()) / scale,
            }
        };
        self.cells().map(ratio).sum()
    }
}

/// Runs a check of each pair on two threads.
fn each_pair(check: impl Fn(&Pair) + Sync) {
    let (one, two) = PAIRS.split_at(PAIRS.len() / 2);
    std::thread::scope(|scope| {
        [one, two].map(|half| scope.spawn(|| half.iter().for_each(&check))).map(|thread| thread.join().expect("audit"))
    });
}

#[test]
fn no_adversary_learns_more_than_was_paid() {
    each_pair(|pair| {
        let told = tell(pair, honest);
        assert!(told.of_pair <= told.paid * (1.0 + 1e-9), "{}: {} above {}", pair.name, told.of_pair, told.paid);
        assert!(told.at_least <= told.of_pair, "{}: at least {} of {}", pair.name, told.at_least, told.of_pair);
        // How tight a bound on so many draws comes out is chance too: once in a dozen runs of all pairs one fell to 0.83.
        assert!(told.at_least > 0.75 * told.of_pair, "{}: the audit sees too little: {} of {}", pair.name, told.at_least, told.of_pair);
    });
}

#[test]
fn noise_of_four_fifths_is_caught() {
    each_pair(|pair| {
        let told = tell(pair, too_small);
        assert!(told.at_least > told.of_pair, "{}: at least {} of {}", pair.name, told.at_least, told.of_pair);
        // Where the pair is the worst that the price allows for, the price itself is broken.
        assert!(!pair.worst || told.at_least > told.paid, "{}: at least {} for {}", pair.name, told.at_least, told.paid);
    });
}

/// A key that one unit alone has passes its threshold no more often than delta says. One Clopper-Pearson bound.
#[test]
fn a_lonely_key_stays_hidden_as_often_as_was_paid() {
    for mechanism in ["gaussian", "laplace"] {
        let delta = 9e-4;
        let (layout, sums) = pairs::lonely_keys(mechanism, delta);
        let charges = calibrate(&layout, Rho::cap(RHO)).expect("calibrate");
        assert!(charges[0].delta.get() >= delta);
        let scales = scales(&layout, &charges);
        let drawn = noised(&layout, &charges, &sums, DRAWS, &mut honest()).expect("noise");
        let lengths: Vec<usize> = layout.answers(&sums).iter().map(Vec::len).collect();
        let said = |copy: usize| {
            let of_part = |(drawn, length): (&Vec<i128>, &usize)| drawn[copy * length..(copy + 1) * length].to_vec();
            let one: Vec<_> = drawn.iter().zip(&lengths).map(of_part).collect();
            !layout.conclude(&sums, &one, &scales, 0.95)[0].0.is_empty()
        };
        let seen = (0..DRAWS).filter(|copy| said(*copy)).count();
        assert!(at_least(seen, DRAWS, WRONG) <= delta, "{mechanism}: {seen} of {DRAWS}");
        assert!(seen > 0, "{mechanism}: the threshold is not so high that nothing ever passes");
    }
}
