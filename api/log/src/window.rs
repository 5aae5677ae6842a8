//! What runs paid within the last so many seconds, for lineages whose policy paces spending.
//!
//! Guarantee: the sum is that of all lines younger than the period, refunds taken off, however many lines there
//! are: a tree of partial sums (Fenwick 1994) answers in logarithmic time, so that an audit of n runs does not
//! take n squared. It is made when a period is first asked for; most lineages have none.
//!
//! Rejected: dropping lines once they are too old. A later version of the dataset may have a longer period.

use crate::spending::Paid;
use tidegate_terms::{DeltaCost, Rho};

/// The lines of an account, in the order of the log.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Window {
    lines: Vec<(i64, Paid)>,
    /// Sums of rho and delta over the lines that end here, as many as the lowest bit of the place (from 1).
    sums: Option<Vec<(u128, u128)>>,
    /// Whether some line is older than the one before it; the log then contradicts itself, and is summed line by line.
    backward: bool,
}

fn units(paid: Paid) -> (u128, u128) {
    (paid.rho.units().into(), paid.delta.units().into())
}

fn lowest_bit(place: usize) -> usize {
    place & place.wrapping_neg()
}

impl Window {
    /// Adds a line and returns its place.
    pub(crate) fn push(&mut self, at: i64, paid: Paid) -> usize {
        self.backward |= self.lines.last().is_some_and(|(last, _)| *last > at);
        self.lines.push((at, paid));
        if let Some(sums) = &mut self.sums {
            extend(sums, paid);
        }
        self.lines.len() - 1
    }

    /// Takes something off a line.
    pub(crate) fn give_back(&mut self, line: usize, back: Paid) {
        let Some((_, paid)) = self.lines.get_mut(line) else { return };
        let before = units(*paid);
        *paid = paid.minus(back);
        let after = units(*paid);
        let Some(sums) = &mut self.sums else { return };
        let mut place = line + 1;
        while let Some(sum) = sums.get_mut(place - 1) {
            *sum = (sum.0 + after.0 - before.0, sum.1 + after.1 - before.1);
            place += lowest_bit(place);
        }
    }

    /// The sum of the lines less than so many seconds older than an instant.
    pub(crate) fn within(&mut self, seconds: i64, until: i64) -> Paid {
        let recent = |at: i64| until.saturating_sub(at) < seconds;
        if self.backward {
            let lines = self.lines.iter().filter(|(at, _)| recent(*at));
            return lines.fold(Paid::default(), |sum, (_, paid)| sum.plus(*paid));
        }
        let first = self.lines.partition_point(|(at, _)| !recent(*at));
        let sums = self.sums.get_or_insert_with(|| {
            let mut sums = Vec::with_capacity(self.lines.len());
            self.lines.iter().for_each(|(_, paid)| extend(&mut sums, *paid));
            sums
        });
        let (all, old) = (sum_of(sums, self.lines.len()), sum_of(sums, first));
        let held = |units: u128| u64::try_from(units).unwrap_or(u64::MAX);
        Paid { rho: Rho::from_units(held(all.0 - old.0)), delta: DeltaCost::from_units(held(all.1 - old.1)) }
    }
}

/// The sum of the first so many lines.
fn sum_of(sums: &[(u128, u128)], lines: usize) -> (u128, u128) {
    let (mut place, mut total) = (lines, (0, 0));
    while place > 0 {
        let sum = sums.get(place - 1).copied().unwrap_or_default();
        total = (total.0 + sum.0, total.1 + sum.1);
        place -= lowest_bit(place);
    }
    total
}

fn extend(sums: &mut Vec<(u128, u128)>, paid: Paid) {
    let place = sums.len() + 1;
    let (mut total, mut below) = (units(paid), 1);
    while below < lowest_bit(place) {
        let sum = sums.get(place - below - 1).copied().unwrap_or_default();
        total = (total.0 + sum.0, total.1 + sum.1);
        below <<= 1;
    }
    sums.push(total);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(rho: u64) -> Paid {
        Paid { rho: Rho::from_units(rho), delta: DeltaCost::from_units(rho / 3) }
    }

    /// Random charges, refunds and periods, beside the plain sum; clocks that run backwards too.
    #[test]
    fn it_is_the_plain_sum() {
        for jump in [0, 1] {
            let (mut window, mut plain, mut state, mut now) = (Window::default(), Vec::<(i64, Paid)>::new(), 7_u64, 0_i64);
            let mut next = |limit: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % limit
            };
            for step in 0..3_000 {
                now += next(50) as i64 - jump * i64::from(step == 1_500) * 9_000;
                let amount = paid(next(1_000));
                assert_eq!(window.push(now, amount), plain.len());
                plain.push((now, amount));
                if next(3) == 0 {
                    let line = next(plain.len() as u64) as usize;
                    let back = paid(next(400));
                    window.give_back(line, back);
                    plain[line].1 = plain[line].1.minus(back);
                }
                let seconds = next(4_000) as i64;
                let lines = plain.iter().filter(|(at, _)| now - at < seconds);
                let expected = lines.fold(Paid::default(), |sum, (_, paid)| sum.plus(*paid));
                assert_eq!(window.within(seconds, now), expected, "step {step}");
            }
            assert_eq!(window.backward, jump == 1);
        }
    }
}
