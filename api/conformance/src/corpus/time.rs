//! Time: modules that are slow or quick for one person (A2, A14, A19, A33), that take more of it than their fuel pays for
//! (A34), and outsiders who watch the machine (A40).
//!
//! Two people are enough: a slot is as long as the declared people may take at worst, and nobody wants to wait.

use super::offender;
use crate::attack::{Attack, Mount, Tries};
use crate::error::Broken;
use crate::module::{ONE_SUM, Offender};
use crate::scene::{AT_SLOT, DATASET, SCHEMA, Scene, TARGET, TARGET_MARK};
use crate::verdict::Outcome;
use crate::watch::processor_use;
use crate::world::{World, instant};
use tidegate_terms::Guard;

/// One person and the target, under a policy that shows results at their slot.
static TWO: Scene = Scene { name: "two-people", alone: true, setup: two_people };

fn two_people(world: &mut World) -> Result<(), Broken> {
    let target = if world.has_target() { format!("{TARGET},{TARGET_MARK},1.5\n") } else { String::new() };
    let schema = SCHEMA.replace("units_max = 240", "units_max = 2");
    world.mount(DATASET, &schema, AT_SLOT, &format!("person,mark,amount\n1,37,2.5\n{target}"))?;
    world.grant(DATASET, "visits.mark,visits.amount", "10")
}

/// The target or nobody, and the target or another person instead: the work of one person shows whole.
static ONE: Scene = Scene { name: "one-person", alone: true, setup: |world| one_person(world, "") };
static INSTEAD: Scene = Scene { name: "one-person-instead", alone: true, setup: |world| one_person(world, "1,37,2.5\n") };

fn one_person(world: &mut World, otherwise: &str) -> Result<(), Broken> {
    let person = if world.has_target() { format!("{TARGET},{TARGET_MARK},1.5\n") } else { otherwise.to_owned() };
    let schema = SCHEMA.replace("units_max = 240", "units_max = 1");
    world.mount(DATASET, &schema, AT_SLOT, &format!("person,mark,amount\n{person}"))?;
    world.grant(DATASET, "visits.mark,visits.amount", "10")
}

/// Fuel that takes more than a second to burn with roots, so that whole seconds of the log would show it.
const SECONDS_OF_FUEL: u64 = 4_000_000_000;
/// Fuel for references that take many times their slot where they have no price.
const REFERENCES: u64 = 1_000_000_000;
/// Memory that lies near the processor, so that a unit of fuel pays for little time and slots are short.
const NEAR: u64 = 128 << 10;
/// A thousand entries, together no longer than one.
const VECTOR: &str = "[[statistics]]\nname = \"gradient\"\nmeasure = \"vector_sum\"\ndimension = 1000\nnorm = \"l2\"\nbound = 1.0\n";

const fn module(name: &'static str, rows: &'static [u8], guards: &'static [Guard], tries: Tries, offender: Offender) -> Attack {
    Attack { name, rows, guards, given: &[], by_construction: None, tries, scene: &TWO, mount: Mount::Module(offender) }
}

/// Must be there at its slot, whatever it does with its fuel.
const fn slow(name: &'static str, guards: &'static [Guard], tries: Tries, attempt: fn(&mut World) -> Result<Outcome, Broken>) -> Attack {
    let by_construction = if guards.is_empty() {
        Some("the engine itself charges it by its length, or it fits its slot without a price of its own")
    } else {
        None
    };
    Attack { name, rows: &[34], guards, given: &[], by_construction, tries, scene: &TWO, mount: Mount::Attempt(attempt) }
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        scene: &ONE,
        ..module(
            "slow-for-the-target",
            &[2],
            &[Guard::Slot],
            Tries {
                en: "burns all its fuel when it meets the target, so that the result comes later",
                zh: "遇到目标人员时耗尽燃料，使结果推迟",
            },
            Offender::of(offender!("loops")).memory(NEAR).fuel(SECONDS_OF_FUEL),
        )
    },
    Attack {
        scene: &INSTEAD,
        ..module(
            "quick-for-the-target",
            &[2, 19],
            &[Guard::Slot],
            Tries {
                en: "ends early when it meets the target, as a join or filter does", zh: "遇到目标人员时提前结束，如同联接或筛选"
            },
            // One person for another: each may move the sum by one.
            Offender::of(offender!("ends-early")).with(ONE_SUM, 2.0).memory(NEAR).fuel(SECONDS_OF_FUEL),
        )
    },
    Attack {
        by_construction: Some("it takes milliseconds, which the whole seconds of the log do not show even without a slot"),
        ..module(
            "slow-noise",
            &[14],
            &[],
            Tries { en: "has much noise drawn, and watches how long that takes", zh: "让系统抽取大量噪声，观察所需时间" },
            Offender::of(offender!("vector-of-ones")).with(VECTOR, 1.0),
        )
    },
    Attack {
        by_construction: Some("it takes milliseconds, which the whole seconds of the log do not show even without a slot"),
        ..module(
            "slows-the-next",
            &[33],
            &[],
            Tries {
                en: "leaves a memory that is slow to clean when it meets the target", zh: "遇到目标人员时留下清理缓慢的内存"
            },
            Offender::of(offender!("slows-the-next")).memory(64 << 20).fuel(1_000_000),
        )
    },
    slow(
        "takes-references",
        &[Guard::FuelPrices],
        Tries {
            en: "takes references to a function, which cost as little fuel as additions where fuel has no prices, and a hundred times their time",
            zh: "不断取函数引用：若燃料没有定价，则与加法同价，而耗时为其百倍",
        },
        |world| keeps_its_slot(world, "takes-references", &Offender::of(offender!("takes-references")).memory(NEAR).fuel(REFERENCES)),
    ),
    Attack {
        given: &[Guard::FuelPrices],
        rows: &[2, 34],
        ..slow(
            "outlasts-its-slot",
            &[Guard::SlotStop],
            Tries {
                en: "works longer than its slot where fuel does not bound time, so that the moment of its result speaks",
                zh: "在燃料不约束时间时工作超过时段，让结果出现的时刻传递信息",
            },
            |world| {
                comes_at_no_other_time(
                    world,
                    "outlasts-its-slot",
                    &Offender::of(offender!("takes-references")).memory(NEAR).fuel(REFERENCES),
                )
            },
        )
    },
    slow(
        "fills-memory",
        &[],
        Tries {
            en: "fills memory again and again, which costs little fuel and much time", zh: "反复填充内存：燃料少而耗时多"
        },
        |world| keeps_its_slot(world, "fills-memory", &Offender::of(offender!("fills-memory")).memory(16 << 20)),
    ),
    slow(
        "copies-memory",
        &[],
        Tries {
            en: "copies memory again and again, which costs little fuel and much time", zh: "反复复制内存：燃料少而耗时多"
        },
        |world| keeps_its_slot(world, "copies-memory", &Offender::of(offender!("copies-memory")).memory(16 << 20)),
    ),
    slow(
        "fills-table",
        &[],
        Tries {
            en: "fills a table again and again, which costs little fuel and much time", zh: "反复填充函数表：燃料少而耗时多"
        },
        |world| keeps_its_slot(world, "fills-table", &Offender::of(offender!("fills-table")).fuel(1_000_000)),
    ),
    slow(
        "chases-pointers",
        &[],
        Tries {
            en: "follows addresses that no cache has, until its fuel is gone", zh: "追踪缓存中没有的地址，直至燃料耗尽"
        },
        |world| keeps_its_slot(world, "chases-pointers", &Offender::of(offender!("chases-pointers")).memory(17 << 20).fuel(50_000_000)),
    ),
    slow(
        "touches-pages",
        &[],
        Tries { en: "writes into every page of its memory for the first time", zh: "首次写入内存的每一页" },
        |world| keeps_its_slot(world, "touches-pages", &Offender::of(offender!("touches-pages")).memory(16 << 20)),
    ),
    slow(
        "divides",
        &[],
        Tries {
            en: "divides, the slowest thing that a processor computes, until its fuel is gone",
            zh: "不断做最慢的除法运算，直至燃料耗尽",
        },
        |world| keeps_its_slot(world, "divides", &Offender::of(offender!("divides")).memory(NEAR).fuel(200_000_000)),
    ),
    Attack {
        name: "watches-the-machine",
        rows: &[40],
        guards: &[Guard::HeldLoad],
        given: &[],
        by_construction: None,
        tries: Tries {
            en: "watches how busy the machine is while a run waits for its slot: when was the work done?",
            zh: "在运行等待时段期间观察机器的繁忙程度：工作何时完成？",
        },
        scene: &TWO,
        mount: Mount::Attempt(watches),
    },
];

/// Through if a result came at another instant than its slot, or not at all.
fn keeps_its_slot(world: &mut World, name: &str, offender: &Offender) -> Result<Outcome, Broken> {
    world.upload_offender(name, offender)?;
    let quote = world.question("quote", DATASET, name, "0.5", &[])?.json()?;
    let said = world.run(DATASET, name, "0.5", &[])?;
    if !said.is_done() {
        return Ok(Outcome::Through(format!("the run had no result at its slot: {}", said.refusal().unwrap_or_default())));
    }
    let release = said.json()?;
    let account = world.ask(&["budget", "show", DATASET])?.json()?;
    let lines = account["lines"].as_array().cloned().unwrap_or_default();
    let admitted = lines.iter().find(|line| line["run"] == release["run"]).and_then(|line| instant(&line["at"]));
    let took = admitted.zip(instant(&release["visible_at"])).map(|(admitted, visible)| visible - admitted);
    let slot = quote["slot_seconds"].as_i64();
    let late = format!("visible after {took:?} seconds, where the slot is {slot:?}");
    Ok(Outcome::through_if(took != slot, late, "the slot that its fuel and memory paid for was long enough"))
}

/// Through if a result came after its slot. A run that was stopped there, or that had its result there, tells nothing.
fn comes_at_no_other_time(world: &mut World, name: &str, offender: &Offender) -> Result<Outcome, Broken> {
    match keeps_its_slot(world, name, offender)? {
        Outcome::Through(_) if world.shown().last().is_some_and(|said| !said.is_done()) => {
            Ok(Outcome::Refused("stopped at its slot".into()))
        }
        other => Ok(other),
    }
}

/// A run of which the work is done at once, and the slot is far.
fn watches(world: &mut World) -> Result<Outcome, Broken> {
    let offender = Offender::of(offender!("answers-at-once")).with(ONE_SUM, 1.0).memory(NEAR).fuel(SECONDS_OF_FUEL / 2);
    world.upload_offender("answers-at-once", &offender)?;
    let busy = processor_use(
        world,
        &["run", "--dataset", DATASET, "--model", "answers-at-once", "--operator", crate::scene::OPERATOR, "--epsilon", "1"],
    )?;
    // A processor that is shared with others still gives its part; one that rests gives next to nothing.
    let seen = format!("the domain used {:.1} % of a processor while the run waited", busy * 100.0);
    Ok(Outcome::through_if(busy < 0.03, seen, "as busy as while it works"))
}
