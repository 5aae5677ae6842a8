//! A small obvious model beside the accountant, and threads that race for the last of a budget.
//!
//! The model keeps a plain list of what was paid and adds it up anew for every question, in 128-bit integers, without
//! accounts, filters or rounding helpers. The generator is deterministic (seeds 1 to 40), so no run of these tests can
//! fail by chance: the false-alarm rate is zero.

use crate::*;
use std::future::Future;
use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};
use tidegate_terms::{DeltaCost, Mechanism, Name, Rho};

/// Runs a future that never waits for anything.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waited"),
    }
}

/// Knuth's 64-bit linear congruential generator; the upper bits are good enough here.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

const LINEAGE_CAP: (u64, u64) = (10_000, 3_000);
const GRANT_RHO: u64 = 7_000;
const PERIOD_RHO: u64 = 2_500;
const PERIOD_DAYS: u64 = 30;
const RUN_RHO: u64 = 900;

fn cost(rho: u64, delta: u64) -> Cost {
    Cost { rho: Rho::from_units(rho), delta: DeltaCost::from_units(delta) }
}

fn name(number: usize) -> Name {
    Name::parse(["people", "firms"][number]).expect("name")
}

fn price(charges: &[(u64, u64, u32, u32)]) -> Price {
    let charge = |&(rho, delta, first_round, rounds): &(u64, u64, u32, u32)| Charge {
        statistic: Name::parse("visits").expect("name"),
        part: "count".into(),
        mechanism: Mechanism::Gaussian,
        scale: 1.0,
        sensitivity: 1.0,
        cells: 1,
        rho: Rho::from_units(rho),
        delta: DeltaCost::from_units(delta),
        first_round,
        rounds,
    };
    Price { charges: charges.iter().map(charge).collect() }
}

/// What a keeper of accounts does with the accountant: two lineages, one grant on each, a day.
struct Ledger {
    day: u64,
    spent: [Cost; 2],
    by_grant: [Cost; 2],
    /// What each run paid, when, to whom.
    paid: Vec<(u64, [bool; 2], Price, Cost)>,
}

impl Ledger {
    fn new() -> Self {
        Self { day: 0, spent: [Cost::ZERO; 2], by_grant: [Cost::ZERO; 2], paid: Vec::new() }
    }

    fn caps(&self, lineage: usize) -> Caps {
        let lifetime = cost(LINEAGE_CAP.0, LINEAGE_CAP.1);
        let recent = self.paid.iter().filter(|(day, payers, ..)| payers[lineage] && self.day - day < PERIOD_DAYS);
        let recent = recent.fold(Cost::ZERO, |sum, (.., paid)| sum.plus(*paid));
        let share = |units| share_of(Rho::from_units(units), lifetime);
        Caps {
            name: name(lineage),
            lineage: Account { cap: lifetime, spent: self.spent[lineage] },
            grant: Account { cap: share(GRANT_RHO), spent: self.by_grant[lineage] },
            run: Rho::from_units(RUN_RHO),
            period: Some(Account { cap: share(PERIOD_RHO), spent: recent }),
        }
    }

    fn reserve(&mut self, payers: [bool; 2], price: &Price) -> Result<(), AdmissionError> {
        let caps: Vec<Caps> = (0..2).filter(|lineage| payers[*lineage]).map(|lineage| self.caps(lineage)).collect();
        let persist = async |price: &Price| {
            for lineage in (0..2).filter(|lineage| payers[*lineage]) {
                self.spent[lineage] = self.spent[lineage].plus(price.cost());
                self.by_grant[lineage] = self.by_grant[lineage].plus(price.cost());
            }
            self.paid.push((self.day, payers, price.clone(), price.cost()));
            Ok(())
        };
        finish(admit("r".into(), price.clone(), &caps, persist)).map(|_| ())
    }

    fn refund(&mut self, run: usize, opened: u32) {
        let (_, payers, price, paid) = &mut self.paid[run];
        let back = price.refund(opened);
        *paid = paid.minus(back);
        for lineage in (0..2).filter(|lineage| payers[*lineage]) {
            self.spent[lineage] = self.spent[lineage].minus(back);
            self.by_grant[lineage] = self.by_grant[lineage].minus(back);
        }
    }
}

/// One paid run of the model: its day, who pays, what each of its rounds costs, and how many of them were paid.
struct Paid {
    day: u64,
    payers: [bool; 2],
    rounds: Vec<(u128, u128)>,
}

#[derive(Default)]
struct Model {
    day: u64,
    paid: Vec<Paid>,
}

impl Model {
    fn total<'a>(paid: impl Iterator<Item = &'a Paid>) -> (u128, u128) {
        paid.flat_map(|paid| &paid.rounds).fold((0, 0), |sum, round| (sum.0 + round.0, sum.1 + round.1))
    }

    fn admits(&self, payers: [bool; 2], rounds: &[(u128, u128)]) -> bool {
        let price = rounds.iter().fold((0, 0), |sum, round| (sum.0 + round.0, sum.1 + round.1));
        let (cap, slack) = (u128::from(LINEAGE_CAP.0), u128::from(LINEAGE_CAP.1));
        price.0 > 0
            && payers != [false, false]
            && price.0 <= u128::from(RUN_RHO)
            && (0..2).filter(|lineage| payers[*lineage]).all(|lineage| {
                let ever = Self::total(self.paid.iter().filter(|paid| paid.payers[lineage]));
                let recent = self.paid.iter().filter(|paid| paid.payers[lineage] && paid.day + PERIOD_DAYS > self.day);
                let recent = Self::total(recent);
                // A share of the account of delta that is not whole is compared crosswise, never divided.
                let inside = |spent: (u128, u128), share: u128| spent.0 + price.0 <= share && (spent.1 + price.1) * cap <= slack * share;
                inside(ever, cap) && inside(ever, u128::from(GRANT_RHO)) && inside(recent, u128::from(PERIOD_RHO))
            })
    }
}

/// A random price, and what the model makes of it: the cost of each round.
fn random_price(random: &mut Random) -> (Price, Vec<(u128, u128)>) {
    let charges: Vec<(u64, u64, u32, u32)> = (0..1 + random.below(3))
        .map(|_| (random.below(120), random.below(40), 1 + random.below(3) as u32, 1 + random.below(4) as u32))
        .collect();
    let round = |round: u32| {
        let drawn = charges.iter().filter(|(_, _, first, rounds)| (*first..first + rounds).contains(&round));
        drawn.fold((0, 0), |sum, (rho, delta, ..)| (sum.0 + u128::from(*rho), sum.1 + u128::from(*delta)))
    };
    (price(&charges), (1..=6).map(round).collect())
}

#[test]
fn accountant_and_model_agree_on_every_random_operation() {
    let (mut admitted, mut refused, mut refunds) = (0, 0, 0);
    for seed in 1..=40 {
        let (mut random, mut ledger, mut model) = (Random(seed), Ledger::new(), Model::default());
        for _ in 0..250 {
            match random.below(10) {
                0..=5 => {
                    let payers = [[true, false], [false, true], [true, true], [false, false]][random.below(15).div_ceil(5) as usize % 4];
                    let (price, rounds) = random_price(&mut random);
                    let expected = model.admits(payers, &rounds);
                    let got = ledger.reserve(payers, &price);
                    assert_eq!(got.is_ok(), expected, "seed {seed}: {got:?}");
                    if expected {
                        model.paid.push(Paid { day: model.day, payers, rounds });
                        admitted += 1;
                    } else {
                        refused += 1;
                    }
                }
                6 | 7 if !model.paid.is_empty() => {
                    // A run stops early; each run once, which the length of its list of rounds says.
                    let run = random.below(model.paid.len() as u64) as usize;
                    let opened = random.below(7) as u32;
                    if model.paid[run].rounds.len() == 6 {
                        if opened > 0 {
                            model.paid[run].rounds.truncate(opened as usize);
                        }
                        if model.paid[run].rounds.len() < 6 {
                            ledger.refund(run, opened);
                            refunds += 1;
                        }
                    }
                }
                _ => {
                    let days = random.below(9);
                    ledger.day += days;
                    model.day += days;
                }
            }
            for lineage in 0..2 {
                let (rho, delta) = Model::total(model.paid.iter().filter(|paid| paid.payers[lineage]));
                let spent = ledger.spent[lineage];
                assert_eq!((u128::from(spent.rho.units()), u128::from(spent.delta.units())), (rho, delta), "seed {seed}");
                assert!(rho <= u128::from(LINEAGE_CAP.0) && delta <= u128::from(LINEAGE_CAP.1), "seed {seed}");
            }
        }
    }
    // The mixture tries all of it, often.
    assert!(admitted > 500 && refused > 500 && refunds > 200, "{admitted} {refused} {refunds}");
}

/// Each thread wants more than its part of two lineages; some runs join both. Whoever wins, both caps hold, the winners'
/// prices are what is spent, and what was refused would not have fitted at that moment.
// clause: G21 refused
#[test]
fn threads_that_race_for_the_last_of_a_budget_never_exceed_it() {
    for seed in 1..=20 {
        let ledger = Mutex::new(Ledger::new());
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let ledger = &ledger;
                scope.spawn(move || {
                    let mut random = Random(seed * 100 + thread);
                    for _ in 0..100 {
                        let payers = [[true, false], [false, true], [true, true]][random.below(3) as usize];
                        let (price, _) = random_price(&mut random);
                        // The lock stands for the transaction that reads the caps and writes the charge.
                        let mut ledger = ledger.lock().expect("lock");
                        let before = ledger.spent;
                        let refused = ledger.reserve(payers, &price).is_err();
                        let grew = (0..2).all(|lineage| {
                            let more = if refused || !payers[lineage] { Cost::ZERO } else { price.cost() };
                            ledger.spent[lineage] == before[lineage].plus(more)
                        });
                        assert!(grew, "both or none");
                        ledger.day += 2;
                    }
                });
            }
        });
        let ledger = ledger.into_inner().expect("lock");
        for lineage in 0..2 {
            let paid = ledger.paid.iter().filter(|(_, payers, ..)| payers[lineage]);
            let sum = paid.fold(Cost::ZERO, |sum, (.., paid)| sum.plus(*paid));
            assert_eq!(sum, ledger.spent[lineage]);
            let share = share_of(Rho::from_units(GRANT_RHO), cost(LINEAGE_CAP.0, LINEAGE_CAP.1));
            assert!(sum.rho <= share.rho && sum.delta <= share.delta, "{sum:?}");
            // One of the two accounts is used up, but for less than the dearest run.
            assert!(sum.rho.units() + RUN_RHO > GRANT_RHO || sum.delta.units() + 3 * 40 * 4 > share.delta.units(), "{sum:?}");
        }
    }
}
