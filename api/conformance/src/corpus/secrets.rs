//! Attacks on what nobody is told: exact numbers, rare keys, seeds, what stands behind commitments (A15 to A17, A22 to
//! A24, A36, A37).

use super::kit::{alike, ask, closed, first_estimate, held, honest, neighbours, people, read, refused_by, schema_in, stage};
use super::offender;
use crate::attack::Attack;
use crate::error::Broken;
use crate::module::{ONE_SUM, assemble_component, manifest};
use crate::scene::{EMPTY, IMMEDIATELY, TARGET, TARGET_MARK, rows};
use crate::verdict::Outcome;
use crate::world::{World, text};
use tidegate_log::{Event, read_history};
use tidegate_terms::{Digest, Guard};

pub(super) const ATTACKS: &[Attack] = &[
    neighbours(
        "exact-rows-shown",
        &[17],
        &[Guard::DeclaredNumbers],
        (
            "looks for exact counts of people or rows in what a dataset shows, as systems show them",
            "在数据集的展示信息中寻找确切的人数或行数",
        ),
        &EMPTY,
        exact_rows_shown,
    ),
    alike(
        "nobody-but-the-target",
        &[17],
        "noise is added to whatever the total is, and nobody asks how many units there were",
        ("asks about a dataset that holds the target alone, or nobody at all", "查询只含目标人员或空无一人的数据集"),
        &EMPTY,
        nobody_but_the_target,
    ),
    neighbours(
        "the-only-missing-value",
        &[17, 3],
        &[Guard::TrapDefault],
        ("breaks where a value is missing, which only the target's is", "仅在目标人员缺失数值时出错"),
        &EMPTY,
        the_only_missing_value,
    ),
    held(
        "rare-key",
        &[16],
        &[Guard::KeyThreshold],
        (
            "puts the target under a key that nobody else has, and waits for that key to be released",
            "把目标人员放在独有的键下，等待该键被发布",
        ),
        &EMPTY,
        rare_key,
    ),
    held(
        "dictionary-over-commitments",
        &[22],
        &[Guard::SaltedCommitments],
        (
            "tries every small total and every likely parameter against the digests in the log",
            "用所有小合计值与可能的参数逐一比对日志中的摘要",
        ),
        &EMPTY,
        dictionary_over_commitments,
    ),
    held(
        "all-but-one",
        &[24],
        &[Guard::Noise],
        (
            "asks how many there are, and how many without the target, and takes the difference",
            "先问总数，再问去掉目标人员后的数目，取两者之差",
        ),
        &EMPTY,
        all_but_one,
    ),
    held(
        "reconstruction",
        &[24],
        &[Guard::Noise],
        ("asks for many overlapping sums in one vector and solves for single people", "以一个向量索取大量重叠的合计，再求解个人数值"),
        &EMPTY,
        reconstruction,
    ),
    held(
        "raw-table-as-side-table",
        &[36],
        &[Guard::SideTables],
        ("brings a table of named people as a public side table", "把写有个人标识的表当作公共附表带入"),
        &EMPTY,
        raw_table_as_side_table,
    ),
    closed(
        "side-table-changed",
        &[36],
        "side tables are part of the question and stand in its reservation by digest",
        (
            "asks the same question with another side table, to have it answered under the first one's price",
            "换用另一附表提出同一问题，企图沿用首次的价格",
        ),
        &EMPTY,
        side_table_changed,
    ),
    alike(
        "stored-answer-tells",
        &[37],
        "stored answers are found by registered events, never by content",
        (
            "asks twice in both worlds, to see whether an answer is stored depending on the data",
            "在两个世界中各问两次，看答案是否存储取决于数据",
        ),
        &EMPTY,
        stored_answer_tells,
    ),
    closed(
        "same-content-recognised",
        &[37, 22],
        "a question names the version that was mounted; what is in it is no part of the key",
        (
            "mounts a guess of the data as a new version: a stored answer would say that the guess is right",
            "把猜测的数据作为新版本挂载：若得到已存答案，即说明猜对",
        ),
        &EMPTY,
        same_content_recognised,
    ),
    closed(
        "seed-for-the-noise",
        &[15],
        "no command, file or message has a place for one",
        (
            "gives a seed for the noise, and looks for one in every file that leaves the domain",
            "为噪声指定种子，并在离域的每个文件中寻找种子",
        ),
        &EMPTY,
        seed_for_the_noise,
    ),
];

fn exact_rows_shown(world: &mut World) -> Result<(), Broken> {
    people(world, "exact-rows", IMMEDIATELY)?;
    world.show(&["dataset", "show", "exact-rows"])?;
    world.show_words(&["dataset", "show", "exact-rows"])?;
    world.show(&["dataset", "list"]).map(|_| ())
}

fn nobody_but_the_target(world: &mut World) -> Result<(), Broken> {
    let alone = if world.has_target() { format!("{TARGET},{TARGET_MARK},9.5\n") } else { String::new() };
    world.mount("lonely", &schema_in("lonely"), IMMEDIATELY, &format!("person,mark,amount\n{alone}"))?;
    world.grant("lonely", "visits.mark,visits.amount", "10")?;
    honest(world, "lonely")?;
    let said = world.ask_with("lonely", "lonely", &[])?;
    world.look_around("lonely", &said)
}

/// A module that traps where the first table's second column says that values are missing.
fn the_only_missing_value(world: &mut World) -> Result<(), Broken> {
    let schema = schema_in("nulls").replace("maximum = 100.0\n", "maximum = 100.0\nnullable = true\n");
    let mut data = rows(false);
    if world.has_target() {
        data += &format!("{TARGET},{TARGET_MARK},\n");
    }
    world.mount("nulls", &schema, IMMEDIATELY, &data)?;
    world.grant("nulls", "visits.mark,visits.amount", "10")?;
    let component = crate::module::component("nulls", offender!("breaks-where-missing"))?;
    world.upload("nulls", &component, &manifest("nulls", ONE_SUM, 100_000, 1 << 20))?.json()?;
    let said = world.ask_with("nulls", "nulls", &[])?;
    world.look_around("nulls", &said)
}

fn rare_key(world: &mut World) -> Result<Outcome, Broken> {
    people(world, "rare-key", IMMEDIATELY)?;
    let statistics = "[[statistics]]\nname = \"people\"\nmeasure = \"count\"\n\
        groups = { discovered = { bytes_max = 32, delta = 1e-12 }, per_unit = 2 }\n";
    let component = crate::module::component("rare-key", offender!("rare-key"))?;
    world.upload("rare-key", &component, &manifest("rare-key", statistics, 100_000, 1 << 20))?.json()?;
    let release = world.question("run", "rare-key", "rare-key", "4", &[])?.json()?.to_string();
    if !release.contains("everybody") {
        return Err(Broken::Answer { call: "run".into() });
    }
    Ok(Outcome::through_if(release.contains("target-424242"), "one person's key was released", "only the common key was released"))
}

/// The module counts how many people have a mark below a hundred, which nobody is told; whoever knows that parameters and
/// totals are small tries them all, as if there were no salt.
fn dictionary_over_commitments(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "dictionary", IMMEDIATELY)?;
    let before = world.tree_size();
    ask(world, "dictionary", "1")?.json()?;
    let mut commitments = Vec::new();
    let read = read_history(&world.log(), None, |position, _, entry| match entry.map(|entry| entry.event) {
        Ok(Event::Reserve { parameters_commitment, .. }) if position >= before => commitments.push(parameters_commitment),
        Ok(Event::Release { totals_commitment, .. }) if position >= before => commitments.push(totals_commitment),
        _ => {}
    });
    read.map_err(|_| Broken::Answer { call: "reading the log".into() })?;
    let guesses = ["[]", "{}", "null", "[1]", "[true]"].map(|guess| guess.as_bytes().to_vec());
    let none = [0; 32];
    let opened = guesses.iter().any(|guess| {
        let tried = [Digest::of(guess), Digest::commitment(&none, guess)];
        tried.iter().any(|digest| commitments.contains(digest))
    });
    if commitments.len() < 2 {
        return Err(Broken::Answer { call: "reading the log".into() });
    }
    Ok(Outcome::through_if(opened, "a guess fits a digest in the log", "no guess fits: each digest has a salt of 256 bits"))
}

fn upload(world: &mut World, name: &str, core: &str) -> Result<(), Broken> {
    let component = assemble_component(name, core, "")?;
    world.upload(name, &component, &manifest(name, ONE_SUM, 100_000, 1 << 20))?.json().map(|_| ())
}

/// With noise the difference is the target's part by chance: less than once in a million.
fn all_but_one(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "all", IMMEDIATELY)?;
    upload(world, "all-but-one", offender!("all-but-the-target"))?;
    let all = first_estimate(&world.question("run", "all", "all", "0.05", &[])?.json()?)?;
    let but_one = first_estimate(&world.question("run", "all", "all-but-one", "0.05", &[])?.json()?)?;
    let difference = all - but_one;
    Ok(Outcome::through_if((difference - 1.0).abs() < 1e-4, "the difference is the target", format!("the difference is {difference:.1}")))
}

/// Sixteen sums over overlapping sets of people, chosen so that the equations are easy: each pair gives the size of one
/// group.
fn reconstruction(world: &mut World) -> Result<Outcome, Broken> {
    people(world, "reconstruct", IMMEDIATELY)?;
    let statistics = "[[statistics]]\nname = \"halves\"\nmeasure = \"vector_sum\"\ndimension = 16\nnorm = \"l2\"\nbound = 4.0\n";
    let component = crate::module::component("reconstruct", offender!("overlapping-halves"))?;
    world.upload("reconstruct", &component, &manifest("reconstruct", statistics, 100_000, 1 << 20))?.json()?;
    let release = world.question("run", "reconstruct", "reconstruct", "0.1", &[])?.json()?;
    let values = release["statistics"][0]["groups"][0]["vector"]["values"].as_array().cloned().unwrap_or_default();
    let values: Vec<f64> = values.iter().filter_map(serde_json::Value::as_f64).collect();
    if values.len() != 16 {
        return Err(Broken::Answer { call: "run".into() });
    }
    // Each pair of halves differs by those whose mark has one remainder: a whole number of people, at least one.
    let sizes: Vec<f64> = values.chunks(2).map(|pair| pair[0] - pair[1]).collect();
    let whole = sizes.iter().all(|size| (size - size.round()).abs() < 1e-3 && size.round() >= 1.0);
    Ok(Outcome::through_if(whole, format!("groups of {sizes:?} people"), "no sum of people is a whole number"))
}

const SIDE: &str =
    "[[side_tables]]\nname = \"known\"\nrows_max = 10\n\n[[side_tables.columns]]\nname = \"who\"\ntype = \"text\"\nbytes_max = 40\n";

fn with_side_table(world: &mut World, name: &str) -> Result<(), Broken> {
    people(world, name, IMMEDIATELY)?;
    let component = super::kit::plain_component(name)?;
    world.upload(name, &component, &manifest(name, &[ONE_SUM, "\n", SIDE].concat(), 100_000, 1 << 20))?.json().map(|_| ())
}

fn raw_table_as_side_table(world: &mut World) -> Result<Outcome, Broken> {
    with_side_table(world, "raw-side")?;
    let table = world.write("raw.csv", "who\n11010519491231002X\n")?;
    let said = world.question("run", "raw-side", "raw-side", "1", &["--side", &format!("known={}", text(&table))])?;
    refused_by(&said, &["side-table.identifier"], "a table of people was taken as public")
}

fn side_table_changed(world: &mut World) -> Result<Outcome, Broken> {
    with_side_table(world, "other-side")?;
    let mut runs = Vec::new();
    for word in ["one", "other"] {
        let table = world.write("side.csv", format!("who\n{word}\n"))?;
        let side = format!("known={}", text(&table));
        runs.push(world.question("run", "other-side", "other-side", "1", &["--side", &side])?.json()?["run"].clone());
    }
    Ok(Outcome::through_if(runs[0] == runs[1], "another table was answered from the store", "it is another question"))
}

fn stored_answer_tells(world: &mut World) -> Result<(), Broken> {
    stage(world, "stored", IMMEDIATELY)?;
    for _ in 0..2 {
        let said = world.ask_with("stored", "stored", &[])?;
        let stored = said.json()?["stored"].clone();
        world.state("stored", stored);
    }
    Ok(())
}

fn same_content_recognised(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "guessed", IMMEDIATELY)?;
    ask(world, "guessed", "1")?.json()?;
    world.mount("guessed", &schema_in("guessed"), IMMEDIATELY, &rows(world.has_target()))?;
    let quote = world.question("quote", "guessed", "guessed", "1", &[])?.json()?;
    let release = ask(world, "guessed", "1")?.json()?;
    let stored = quote["stored"] == true || release["stored"] == true;
    Ok(Outcome::through_if(stored, "the stored answer says that the content is the same", "the new version is another question"))
}

fn seed_for_the_noise(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "unsown", IMMEDIATELY)?;
    let said = world.question("run", "unsown", "unsown", "1", &["--seed", "7"])?;
    if said.is_done() {
        return Ok(Outcome::Through("a seed was taken".into()));
    }
    let release = ask(world, "unsown", "1")?.out;
    let (mut told, mut open) = (vec![release], vec![world.log()]);
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { told.push(String::from_utf8_lossy(&read(&path)?).into_owned()) }
        }
    }
    let found = told.iter().any(|text| text.to_ascii_lowercase().contains("seed"));
    Ok(Outcome::through_if(found, "a seed is told", "no seed is taken or told"))
}
