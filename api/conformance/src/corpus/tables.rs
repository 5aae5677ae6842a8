//! Attacks on exact tables under disclosure control (A24, A25): what their suppression is there for.

use super::kit::{held, schema_in};
use super::offender;
use crate::attack::Attack;
use crate::error::Broken;
use crate::module::{component, manifest};
use crate::scene::{IMMEDIATELY, OPERATOR, Scene};
use crate::verdict::Outcome;
use crate::world::{World, text};
use serde_json::Value;
use tidegate_terms::Guard;

/// A domain with two approvers.
static TABLES: Scene = Scene { name: "tables", alone: false, setup: approvers };

const APPROVERS: [&str; 2] = ["approver-one", "approver-two"];

const fn table(name: &'static str, rows: &'static [u8], en: &'static str, zh: &'static str, attempt: super::kit::Attempt) -> Attack {
    held(name, rows, &[Guard::TableReview], (en, zh), &TABLES, attempt)
}

pub(super) const ATTACKS: &[Attack] = &[
    table(
        "cell-of-two",
        &[25],
        "asks for a table in which two people have a cell to themselves",
        "索取一张其中两人独占一个单元格的表",
        cell_of_two,
    ),
    table("dominated-cell", &[25], "asks for a sum of which one person has nearly all", "索取几乎全部来自一人的合计", dominated_cell),
    table(
        "complement-of-a-cell",
        &[25],
        "computes the one cell that is held back from the total and the others",
        "由总计与其他单元格推算被抑制的唯一单元格",
        complement_of_a_cell,
    ),
    table(
        "table-with-one-person-less",
        &[24],
        "has the same table made of a version without the target, and takes the difference",
        "对去掉目标人员的版本制作同一张表，取两者之差",
        table_with_one_person_less,
    ),
];

fn approvers(world: &mut World) -> Result<(), Broken> {
    APPROVERS.iter().try_for_each(|name| world.ask(&["key", "new", &text(&world.beside(name))])?.json().map(|_| ()))
}

fn policy(world: &World) -> Result<String, Broken> {
    let key = |name: &str| -> Result<String, Broken> {
        Ok(String::from_utf8_lossy(&super::kit::read(&world.beside(&format!("{name}.pub")))?).trim().to_owned())
    };
    let (one, two) = (key(APPROVERS[0])?, key(APPROVERS[1])?);
    Ok(format!("{IMMEDIATELY}\n[reviewed_aggregate]\napprovers = [\"{one}\", \"{two}\"]\n[reviewed_aggregate.rules]\ncount_base = 0\n"))
}

/// People by cell: how many, and what each of them adds.
fn rows_of(cells: [&[u32]; 3]) -> String {
    let mut text = String::from("person,mark,amount\n");
    let mut person = 0;
    for (mark, amounts) in cells.iter().enumerate() {
        for amount in *amounts {
            person += 1;
            text.push_str(&format!("{person},{mark},{amount}.0\n"));
        }
    }
    text
}

/// Mounts people and has two approvers let the tables of three cells leave; returns what was published.
fn published(world: &mut World, name: &str, rows: &str) -> Result<[Vec<Option<i64>>; 2], Broken> {
    let policy = policy(world)?;
    world.mount(name, &schema_in(name), &policy, rows)?;
    let statistics = "[[reviewed.tables]]\nname = \"people\"\nmeasure = \"count\"\n\
        rows = { table = \"visits\", column = \"mark\", keys = [\"0\", \"1\", \"2\"] }\nper_unit = 1\n\n\
        [[reviewed.tables]]\nname = \"amounts\"\nmeasure = \"sum\"\nquantity = \"amount\"\nupper = 100.0\ngrid = 1.0\n\
        rows = { table = \"visits\", column = \"mark\", keys = [\"0\", \"1\", \"2\"] }\nper_unit = 1\n";
    if !world.beside(name).exists() {
        world.grant(name, "visits.mark,visits.amount", "10")?;
        let component = component(name, offender!("cells-by-mark"))?;
        world.upload(name, &component, &manifest(name, statistics, 100_000, 1 << 20))?.json()?;
        for approver in APPROVERS {
            let key = text(&world.beside(approver));
            world.ask(&["model", "approve", name, "--dataset", name, "--operator", OPERATOR, "--key", &key])?.json()?;
        }
    }
    let shown = world.show(&["run", "--dataset", name, "--model", name, "--operator", OPERATOR])?.json()?;
    let cells = |place: usize| -> Vec<Option<i64>> {
        let rows = shown["tables"][place]["published"]["cells"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row[0]["value"].as_i64()).collect()
    };
    let tables = [cells(0), cells(1)];
    if shown["tables"].as_array().map(Vec::len) != Some(2) || shown["differentially_private"] != Value::Bool(false) {
        return Err(Broken::Answer { call: "run".into() });
    }
    Ok(tables)
}

/// Twenty people who add the same.
const MANY: &[u32] = &[5; 20];

fn cell_of_two(world: &mut World) -> Result<Outcome, Broken> {
    let [people, _] = published(world, "cell-of-two", &rows_of([MANY, MANY, &[40, 60]]))?;
    let shown = people.get(2).copied().flatten();
    Ok(Outcome::through_if(shown.is_some(), format!("a cell of {shown:?} people was shown"), "the cell is held back"))
}

fn dominated_cell(world: &mut World) -> Result<Outcome, Broken> {
    let mut rich = vec![1; 20];
    rich[0] = 100;
    rich[1] = 95;
    let [_, amounts] = published(world, "dominated", &rows_of([MANY, MANY, &rich]))?;
    let shown = amounts.get(2).copied().flatten();
    Ok(Outcome::through_if(shown.is_some(), format!("a sum of {shown:?}, most of it two persons', was shown"), "the cell is held back"))
}

/// Two people in one cell; whoever knows the total and the other cells knows theirs.
fn complement_of_a_cell(world: &mut World) -> Result<Outcome, Broken> {
    let [people, _] = published(world, "complement", &rows_of([MANY, MANY, &[40, 60]]))?;
    if people.is_empty() {
        return Ok(Outcome::Refused("the table is held back as a whole".into()));
    }
    let (inner, total) = (&people[..people.len() - 1], people.last().copied().flatten());
    let known: Vec<i64> = inner.iter().flatten().copied().collect();
    let small = match total {
        Some(total) if known.len() + 1 == inner.len() => Some(total - known.iter().sum::<i64>()),
        _ => inner.get(2).copied().flatten(),
    };
    Ok(Outcome::through_if(small == Some(2), "the cell of two follows from the others", "at least two cells are open"))
}

fn table_with_one_person_less(world: &mut World) -> Result<Outcome, Broken> {
    let [first, _] = published(world, "one-less", &rows_of([MANY, MANY, MANY]))?;
    let [second, _] = published(world, "one-less", &rows_of([MANY, MANY, &MANY[1..]]))?;
    if first.is_empty() {
        return Err(Broken::Answer { call: "run".into() });
    }
    let isolated = first.iter().zip(&second).any(|(one, other)| one.zip(*other).is_some_and(|(one, other)| one - other == 1));
    Ok(Outcome::through_if(isolated, "the two tables differ by one person", "no cell is shown in both"))
}
