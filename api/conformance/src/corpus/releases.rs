//! What leaves: noise and its grid, exact sums, totals that no honest worker makes (A12, A13, A15, A39).

use super::offender;
use crate::attack::{Attack, Mount, Tries};
use crate::error::Broken;
use crate::module::{ONE_SUM, Offender, component, manifest};
use crate::program::Said;
use crate::scene::{DATASET, EMPTY, IMMEDIATELY, PEOPLE, SCHEMA};
use crate::verdict::Outcome;
use crate::world::World;
use serde_json::Value;
use tidegate_terms::Guard;

const fn tries(
    name: &'static str,
    rows: &'static [u8],
    guards: &'static [Guard],
    tries: Tries,
    attempt: fn(&mut World) -> Result<Outcome, Broken>,
) -> Attack {
    Attack { name, rows, guards, given: &[], by_construction: None, tries, scene: &PEOPLE, mount: Mount::Attempt(attempt) }
}

pub(super) const ATTACKS: &[Attack] = &[
    tries(
        "compares-two-prices",
        &[12, 15],
        &[Guard::Noise],
        Tries {
            en: "asks the same at two prices: where both answers agree there is no noise, or always the same",
            zh: "以两种价格提同一问题：若两个结果一致，则没有噪声或噪声重复",
        },
        compares_two_prices,
    ),
    Attack {
        by_construction: Some("noise and totals are integers, so there are no other bits to take away"),
        ..tries(
            "reads-lowest-bits",
            &[12],
            &[],
            Tries { en: "looks for the truth in the lowest bits of a released number", zh: "在发布数值的最低位中寻找真值" },
            reads_lowest_bits,
        )
    },
    Attack {
        scene: &EMPTY,
        ..tries(
            "overflows-a-total",
            &[13],
            &[Guard::Overflow],
            Tries {
                en: "declares bounds so wide that the total of all people overflows", zh: "申报过宽的界限，使所有人的合计溢出"
            },
            overflows_a_total,
        )
    },
    Attack {
        by_construction: Some("integers add up the same in any order, so there is no order to take away"),
        ..tries(
            "changes-the-order",
            &[13],
            &[],
            Tries {
                en: "has fractions added by one process and by four: does the sum show the order?",
                zh: "分别由一个和四个进程累加小数：合计会显示顺序吗？",
            },
            changes_the_order,
        )
    },
    Attack {
        given: &[Guard::Clamp, Guard::ExactCheck],
        ..tries(
            "writes-totals-at-will",
            &[39],
            &[Guard::RangeCheck],
            Tries {
                en: "smuggles a total that all people together could not have, as an escaped worker would",
                zh: "夹带所有人加在一起也不可能达到的合计，如同被劫持的工作进程",
            },
            writes_totals_at_will,
        )
    },
];

/// The first estimate of a release.
fn estimate(said: &Said) -> Result<f64, Broken> {
    let release = said.json()?;
    let found = release["statistics"][0]["groups"][0]["estimates"][0]["value"].as_f64();
    found.ok_or_else(|| Broken::Answer { call: said.call() })
}

/// The same question at so many epsilons.
fn ask(world: &mut World, name: &str, offender: &Offender, epsilons: &[(&str, &[&str])]) -> Result<Vec<f64>, Broken> {
    world.upload_offender(name, offender)?;
    let mut estimates = Vec::new();
    for (epsilon, more) in epsilons {
        estimates.push(estimate(&world.run(DATASET, name, epsilon, more)?)?);
    }
    Ok(estimates)
}

fn compares_two_prices(world: &mut World) -> Result<Outcome, Broken> {
    // Three answers with noise are all three alike about once in 10^8 times: the noise has hundreds of thousands of steps.
    let asked: [(&str, &[&str]); 3] = [("0.5", &[]), ("0.6", &[]), ("0.7", &[])];
    let answers = ask(world, "compares-two-prices", &Offender::of(offender!("sums-tenths")), &asked)?;
    let alike = answers.iter().all(|answer| (answer - answers[0]).abs() < 1e-9);
    Ok(Outcome::through_if(alike, format!("three answers are {:?}", answers[0]), "every answer has noise of its own"))
}

/// Through if a released number has bits below the step of its grid.
fn reads_lowest_bits(world: &mut World) -> Result<Outcome, Broken> {
    let name = "reads-lowest-bits";
    world.upload_offender(name, &Offender::of(offender!("sums-tenths")))?;
    let said = world.run(DATASET, name, "0.5", &[])?;
    let (value, release) = (estimate(&said)?, said.json()?);
    let step = release["statistics"][0]["noise"][0]["step"].as_f64();
    let steps = step.filter(|step| *step > 0.0).map(|step| value / step);
    let off = steps.is_none_or(|steps| (steps - steps.round()).abs() > 1e-6 * (1.0 + steps.abs() * 1e-9));
    Ok(Outcome::through_if(off, format!("{value} lies between two steps of {step:?}"), "every released number is a whole number of steps"))
}

fn overflows_a_total(world: &mut World) -> Result<Outcome, Broken> {
    let name = "overflows-a-total";
    let schema = SCHEMA.replace("units_max = 240", "units_max = 10000000");
    let policy = IMMEDIATELY.replace("delta = 4e-4", "delta = 1e-9");
    world.mount(DATASET, &schema, &policy, "person,mark,amount\n1,2,3.5\n")?;
    world.grant(DATASET, "visits.mark,visits.amount", "10")?;
    let statistics = "[[statistics]]\nname = \"total\"\nmeasure = \"sum\"\nbounds = [0.0, 1.0e15]\ngrid = 1000.0\n";
    let manifest = manifest(name, statistics, 100_000, 1 << 20);
    world.upload(name, &component(name, offender!("answers-at-once"))?, &manifest)?;
    let said = world.question("quote", DATASET, name, "1", &[])?;
    Ok(Outcome::through_if(said.is_done(), "a run that could overflow has a price", said.refusal().unwrap_or_default()))
}

/// Where noise is off, the same to the last bit; where it is on, both must only have an answer.
fn changes_the_order(world: &mut World) -> Result<Outcome, Broken> {
    let asked: [(&str, &[&str]); 2] = [("0.5", &["--workers", "1"]), ("0.6", &["--workers", "4"])];
    let answers = ask(world, "changes-the-order", &Offender::of(offender!("sums-tenths")), &asked)?;
    let exact = tidegate_terms::WEAKENED;
    let differ = exact && answers.iter().any(|answer| answer.to_bits() != answers[0].to_bits());
    Ok(Outcome::through_if(
        differ,
        format!("{answers:?}"),
        if exact { "the same to the last bit" } else { "each an answer within its noise" },
    ))
}

/// Where the clamp is down, the target's worker answers what it likes. All people together may come to 240.
fn writes_totals_at_will(world: &mut World) -> Result<Outcome, Broken> {
    let name = "writes-totals-at-will";
    world.upload_offender(name, &Offender::of(offender!("huge-value")).with(ONE_SUM, 1.0))?;
    let said = world.run(DATASET, name, "0.5", &[])?;
    let Some(released) = said.json().ok().filter(Value::is_object) else {
        return Ok(Outcome::Refused(said.refusal().unwrap_or_default()));
    };
    let value = released["statistics"][0]["groups"][0]["estimates"][0]["value"].as_f64().unwrap_or(f64::NAN);
    // Noise at epsilon 0.5 is some ten units; a thousand is a hundred times as much.
    let within = (-1_000.0..=1_240.0).contains(&value);
    Ok(Outcome::through_if(!within, format!("{value} was released"), "clamped before it was added"))
}
