//! Backups and copies of a domain: what was spent is spent, and noise is not drawn twice alike (A6, A15, A38).

use super::kit::{LITTLE, ask, ask_of, copy, first_estimate, held, refused_by, remove, run_arguments, stage};
use crate::attack::Attack;
use crate::error::Broken;
use crate::scene::{EMPTY, IMMEDIATELY};
use crate::verdict::Outcome;
use crate::world::World;
use std::path::PathBuf;
use tidegate_terms::Guard;

pub(super) const ATTACKS: &[Attack] = &[
    held(
        "restored-backup",
        &[6],
        &[Guard::HighWaterMark],
        ("restores the database from before a run, to have its budget back", "恢复运行之前的数据库，企图找回预算"),
        &EMPTY,
        restored_backup,
    ),
    held(
        "noise-of-a-copy",
        &[6, 15, 38],
        &[Guard::FreshNoise],
        (
            "copies the whole machine before a run and lets both copies draw noise, to have it twice alike",
            "在运行前复制整台机器，让两份副本各自抽取噪声，企图得到相同噪声",
        ),
        &EMPTY,
        noise_of_a_copy,
    ),
];

/// The files of the database, as they are.
fn database(domain: &std::path::Path) -> [PathBuf; 3] {
    ["state.sqlite", "state.sqlite-wal", "state.sqlite-shm"].map(|name| domain.join(name))
}

fn restored_backup(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "restored", LITTLE)?;
    // On a copy, so that the world stays whole.
    let (spent, backup) = (world.beside("spent-domain"), world.beside("backup-of-database"));
    copy(&world.domain(), &spent)?;
    copy(&world.domain(), &backup)?;
    ask_of(world, &spent, &run_arguments("restored", "1"))?.json()?;
    for (there, here) in database(&spent).iter().zip(database(&backup)) {
        remove(there);
        if here.exists() {
            std::fs::copy(&here, there).map_err(|error| Broken::Place { detail: error.to_string() })?;
        }
    }
    let said = ask_of(world, &spent, &run_arguments("restored", "1.1"))?;
    refused_by(&said, &["publish.database-behind"], "what was spent before the restore was forgotten")
}

fn noise_of_a_copy(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "copied", IMMEDIATELY)?;
    let copies = ["copy-one", "copy-two"].map(|name| world.beside(name));
    let mut said = vec![first_estimate(&ask(world, "copied", "0.01")?.json()?)?];
    for copied in &copies {
        // Of the domain as it was before the first run, but for that run's record, which answers another question.
        copy(&world.domain(), copied)?;
        said.push(first_estimate(&ask_of(world, copied, &run_arguments("copied", "0.011"))?.json()?)?);
    }
    // Two draws at a scale of hundreds, on a grid of 2^-20: alike by chance less than once in a hundred million.
    let alike = said[1] == said[2];
    Ok(Outcome::through_if(alike, "both copies drew the same noise", "each copy drew its own"))
}
