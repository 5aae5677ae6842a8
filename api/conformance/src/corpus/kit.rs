//! What several themes need: people under a name of their own, an honest module, what a run says and costs.

use super::offender;
use crate::attack::{Attack, Mount, Tries};
use crate::error::Broken;
use crate::module::{ONE_SUM, Offender, component, manifest};
use crate::program::Said;
use crate::scene::{SCHEMA, Scene, rows};
use crate::verdict::Outcome;
use crate::world::World;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tidegate_terms::Guard;

/// What an attempt does.
pub(super) type Attempt = fn(&mut World) -> Result<Outcome, Broken>;

/// An attempt that guards hold.
pub(super) const fn held(
    name: &'static str,
    rows: &'static [u8],
    guards: &'static [Guard],
    tries: (&'static str, &'static str),
    scene: &'static Scene,
    attempt: Attempt,
) -> Attack {
    let tries = Tries { en: tries.0, zh: tries.1 };
    Attack { name, rows, guards, given: &[], by_construction: None, tries, scene, mount: Mount::Attempt(attempt) }
}

/// An attempt that nothing which can be taken away holds.
pub(super) const fn closed(
    name: &'static str,
    rows: &'static [u8],
    why: &'static str,
    tries: (&'static str, &'static str),
    scene: &'static Scene,
    attempt: Attempt,
) -> Attack {
    let tries = Tries { en: tries.0, zh: tries.1 };
    Attack { name, rows, guards: &[], given: &[], by_construction: Some(why), tries, scene, mount: Mount::Attempt(attempt) }
}

/// The same acts in two worlds that differ by one person, whose difference guards hold.
pub(super) const fn neighbours(
    name: &'static str,
    rows: &'static [u8],
    guards: &'static [Guard],
    tries: (&'static str, &'static str),
    scene: &'static Scene,
    acts: fn(&mut World) -> Result<(), Broken>,
) -> Attack {
    let tries = Tries { en: tries.0, zh: tries.1 };
    Attack { name, rows, guards, given: &[], by_construction: None, tries, scene, mount: Mount::Neighbours { acts, moves: 1.0 } }
}

/// The same, whose difference nothing that can be taken away holds.
pub(super) const fn alike(
    name: &'static str,
    rows: &'static [u8],
    why: &'static str,
    tries: (&'static str, &'static str),
    scene: &'static Scene,
    acts: fn(&mut World) -> Result<(), Broken>,
) -> Attack {
    Attack { by_construction: Some(why), ..neighbours(name, rows, &[], tries, scene, acts) }
}

/// Results at once, and little budget: two runs at epsilon 1 are more than there is.
pub(super) const LITTLE: &str = "lifetime_epsilon = 1.2\ndelta = 1e-6\nrun_epsilon_max = 1.2\nvisibility = \"immediately\"\n";

/// The schema of people in a lineage of their own.
pub(super) fn schema_in(lineage: &str) -> String {
    SCHEMA.replacen("lineage = \"people\"", &format!("lineage = \"{lineage}\""), 1)
}

/// Mounts the people under a name, in a lineage of that name, and grants the operator all of it.
pub(super) fn people(world: &World, name: &str, policy: &str) -> Result<(), Broken> {
    world.mount(name, &schema_in(name), policy, &rows(world.has_target()))?;
    let epsilon = if policy == LITTLE { "1.2" } else { "10" };
    world.grant(name, "visits.mark,visits.amount", epsilon)
}

/// Everybody contributes one: the total is the number of people.
pub(super) const COUNTS: Offender = Offender::of(offender!("says-one"));

/// Uploads a module that counts, under a name.
pub(super) fn honest(world: &mut World, name: &str) -> Result<(), Broken> {
    world.upload_offender(name, &COUNTS)
}

/// The manifest of a module with one sum.
pub(super) fn plain_manifest(name: &str) -> String {
    manifest(name, ONE_SUM, 100_000, 1 << 20)
}

/// The component of a module that counts.
pub(super) fn plain_component(name: &str) -> Result<Vec<u8>, Broken> {
    component(name, COUNTS.core)
}

/// Mounts people, uploads a counting module, both under the attack's name.
pub(super) fn stage(world: &mut World, name: &str, policy: &str) -> Result<(), Broken> {
    people(world, name, policy)?;
    honest(world, name)
}

/// Asks the question of [`stage`].
pub(super) fn ask(world: &mut World, name: &str, epsilon: &str) -> Result<Said, Broken> {
    world.question("run", name, name, epsilon, &[])
}

/// The first estimate of the first statistic.
pub(super) fn first_estimate(release: &Value) -> Result<f64, Broken> {
    let value = &release["statistics"][0]["groups"][0]["estimates"][0]["value"];
    value.as_f64().ok_or_else(|| Broken::Answer { call: "run".into() })
}

/// What a lineage has spent, in rho.
pub(super) fn spent(world: &World, dataset: &str) -> Result<f64, Broken> {
    let account = world.ask(&["budget", "show", dataset])?.json()?;
    account["spent"].as_f64().ok_or_else(|| Broken::Answer { call: "budget show".into() })
}

/// Held if the program refused with one of these codes, through if it did what was asked. Another refusal means that
/// something else stood in the way, and says nothing.
pub(super) fn refused_by(said: &Said, codes: &[&str], what: &str) -> Result<Outcome, Broken> {
    if said.is_done() {
        return Ok(Outcome::Through(what.to_owned()));
    }
    match said.refusal() {
        Some(code) if codes.contains(&code.as_str()) => Ok(Outcome::Refused(code)),
        other => {
            let answer =
                other.unwrap_or_else(|| format!("exit code {:?}: {}", said.code, said.err.trim().chars().take(200).collect::<String>()));
            Err(Broken::Refused { call: said.call(), answer })
        }
    }
}

/// Calls the program on another domain, with `--json`.
pub(super) fn ask_of(world: &World, domain: &Path, arguments: &[&str]) -> Result<Said, Broken> {
    let domain = domain.display().to_string();
    let all = arguments.iter().copied().chain(["--domain", &domain, "--json"]).map(str::to_owned);
    world.program().call(&all.collect::<Vec<_>>())
}

/// The arguments of a run on the people of [`stage`].
pub(super) fn run_arguments<'a>(name: &'a str, epsilon: &'a str) -> [&'a str; 9] {
    ["run", "--dataset", name, "--model", name, "--operator", crate::scene::OPERATOR, "--epsilon", epsilon]
}

/// Copies a directory with all that is in it.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Broken> {
    let failed = |error: std::io::Error| Broken::Place { detail: error.to_string() };
    fs::create_dir_all(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            fs::copy(&from, &to).map_err(failed)?;
        }
    }
    Ok(())
}

/// Removes what may be there.
pub(super) fn remove(path: &Path) {
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

/// Reads a file of the world.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Broken> {
    fs::read(path).map_err(|error| Broken::Place { detail: format!("{}: {error}", path.display()) })
}

/// Writes a file of the world.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Broken> {
    fs::write(path, bytes).map_err(|error| Broken::Place { detail: format!("{}: {error}", path.display()) })
}
