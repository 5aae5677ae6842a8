//! The worlds in which attacks are mounted: made-up people, a schema, a policy, a grant.

use crate::error::Broken;
use crate::world::World;

/// A kind of world. Attacks of one scene share worlds, so that a domain is not made for each.
pub struct Scene {
    /// A name, to tell scenes apart.
    pub name: &'static str,
    /// Whether its attacks are about time, so that nothing else may run beside them.
    pub alone: bool,
    /// What is done in a new, empty domain before the attacks.
    pub setup: fn(&mut World) -> Result<(), Broken>,
}

/// An empty domain, with the operator's key beside it.
pub static EMPTY: Scene = Scene { name: "empty", alone: false, setup: |_| Ok(()) };

/// People under a policy that shows results at once; most attacks need no more.
pub static PEOPLE: Scene = Scene { name: "people", alone: false, setup: |world| people(world, IMMEDIATELY) };

/// The name of the dataset.
pub const DATASET: &str = "people";
/// The operator.
pub const OPERATOR: &str = "outsider";
/// The purpose of all grants and modules.
pub const PURPOSE: &str = "conformance";
/// The target's mark. Nobody else has it.
pub const TARGET_MARK: u32 = 424_242;
/// The target's identifier.
pub const TARGET: u32 = 777;
/// How many people there are beside the target.
pub const OTHERS: u32 = 199;

/// Results at once, and much budget: many runs share a world.
pub const IMMEDIATELY: &str = "lifetime_epsilon = 10.0\ndelta = 4e-4\nrun_epsilon_max = 10.0\nvisibility = \"immediately\"\n";
/// Results at their slot.
pub const AT_SLOT: &str = "lifetime_epsilon = 10.0\ndelta = 4e-4\nrun_epsilon_max = 10.0\nvisibility = \"at_slot\"\n";

/// The public schema of the people: at most four rows each, of which a module sees `mark` and `amount`.
pub const SCHEMA: &str = r#"title = { zh = "虚构人员", en = "Made-up people" }
source = "made up by the conformance corpus"
acquired = "2026-11-22"
lineage = "people"
units_max = 240
privacy_unit = { kind = "person", column = "person", identifier = "integer" }

[[tables]]
name = "visits"
rows_per_unit_max = 4

[[tables.columns]]
name = "mark"
type = "integer"
minimum = 0
maximum = 1000000
description = "A number by which a module can know somebody"

[[tables.columns]]
name = "amount"
type = "float"
minimum = 0.0
maximum = 100.0
description = "An amount"
"#;

fn people(world: &mut World, policy: &str) -> Result<(), Broken> {
    let rows = rows(world.has_target());
    world.mount(DATASET, SCHEMA, policy, &rows)?;
    world.grant(DATASET, "visits.mark,visits.amount", "10")
}

/// The rows of all people: one to three each, the same in every world, and two of the target where it is there.
pub fn rows(with_target: bool) -> String {
    let mut text = String::from("person,mark,amount\n");
    for person in 1..=OTHERS {
        for row in 0..=person % 3 {
            text.push_str(&format!("{person},{},{}.5\n", (person * 37 + row * 11) % 1000, (person * 7 + row) % 100));
        }
        if with_target && person == OTHERS / 2 {
            text.push_str(&format!("{TARGET},{TARGET_MARK},99.5\n{TARGET},{TARGET_MARK},0.5\n"));
        }
    }
    text
}
