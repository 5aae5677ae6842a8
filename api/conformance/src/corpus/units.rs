//! One person in many rows, and persons who move others (A10, A11).

use super::offender;
use crate::attack::{Attack, Mount, Tries, by_offender};
use crate::error::Broken;
use crate::module::{ONE_SUM, Offender};
use crate::scene::{DATASET, IMMEDIATELY, SCHEMA, Scene, TARGET_MARK};
use crate::verdict::Outcome;
use crate::world::World;
use tidegate_terms::Guard;

/// The target's rows carry its identifier in four spellings.
static SPELLED: Scene = Scene { name: "spellings", alone: false, setup: |world| mount(world, SCHEMA, &["777", "0777", " 777", "+777"]) };
/// The target's rows carry no identifier, and the schema says that such rows are dropped.
static NAMELESS: Scene = Scene { name: "nameless", alone: false, setup: |world| mount(world, &dropping(), &["", "x", "-", ""]) };

fn dropping() -> String {
    SCHEMA.replace("identifier = \"integer\"", "identifier = \"integer\", missing = \"drop_row\"")
}

/// Ten people, and the target under these identifiers.
fn rows(identifiers: &[&str]) -> String {
    let others = (1..=10).map(|person| format!("{person},{person},1.5\n"));
    let target = identifiers.iter().map(|identifier| format!("{identifier},{TARGET_MARK},0.5\n"));
    std::iter::once("person,mark,amount\n".to_owned()).chain(others).chain(target).collect()
}

fn mount(world: &mut World, schema: &str, identifiers: &[&str]) -> Result<(), Broken> {
    let own = if world.has_target() { identifiers } else { &[] };
    world.mount(DATASET, schema, IMMEDIATELY, &rows(own))?;
    world.grant(DATASET, "visits.mark,visits.amount", "10")
}

/// The mean of the answers of twenty blocks.
const BLOCKS: &str = "[[statistics]]\nname = \"answers\"\nmeasure = \"block_mean\"\nbounds = [0.0, 1.0]\n\n[blocks]\ncount = 20\n";

pub(super) const ATTACKS: &[Attack] = &[
    by_offender(
        "each-row-counts",
        &[10],
        &[Guard::UnitRows],
        Tries { en: "counts the target once for each row", zh: "将目标人员按行重复计数" },
        Offender::of(offender!("each-row-counts")).with(ONE_SUM, 1.0),
    ),
    by_offender(
        "shifts-blocks",
        &[11],
        &[Guard::KeyedAssignment],
        Tries {
            en: "lets one person more move all others to other blocks", zh: "让新增的一个人使其他人全部换到别的分块"
        },
        // One block of twenty may change its answer by one.
        Offender::of(offender!("shifts-blocks")).with(BLOCKS, 0.05),
    ),
    Attack {
        scene: &SPELLED,
        by_construction: Some("an identifier has one canonical form before it is hashed, so there is no other to fall back to"),
        ..by_offender(
            "spells-itself-anew",
            &[10],
            &[],
            Tries {
                en: "is one person under four spellings of an identifier, to count four times",
                zh: "同一人以四种写法的标识出现，企图计四次",
            },
            Offender::of(offender!("each-row-counts")),
        )
    },
    Attack {
        scene: &NAMELESS,
        by_construction: Some("a row without an identifier belongs to no unit that could be called"),
        ..by_offender(
            "has-no-identifier",
            &[10],
            &[],
            Tries {
                en: "has rows without a usable identifier, which no bound would hold",
                zh: "含有没有可用标识的行，企图不受任何界限约束",
            },
            // Rows of nobody: they may move nothing at all.
            Offender::of(offender!("each-row-counts")).with(ONE_SUM, 0.0),
        )
    },
    Attack {
        name: "poisons-identifiers",
        rows: &[10],
        guards: &[],
        given: &[],
        by_construction: Some("a row without an identifier belongs to no unit that could be called"),
        tries: Tries {
            en: "mounts rows without an identifier where the schema does not say that they are dropped",
            zh: "在模式未声明丢弃的情况下挂载没有标识的行",
        },
        scene: &crate::scene::EMPTY,
        mount: Mount::Attempt(|world| {
            let said = world.mount_said(DATASET, SCHEMA, IMMEDIATELY, &rows(&["", "x"]))?;
            Ok(Outcome::through_if(said.is_done(), "rows of nobody were mounted", said.refusal().unwrap_or_default()))
        }),
    },
];
