//! Attacks on the log (A28): by whoever holds its files, and by whoever holds its key as well.

use super::kit::{ask, ask_of, closed, copy, held, honest, people, read, refused_by, remove, stage, write};
use crate::attack::Attack;
use crate::error::Broken;
use crate::program::Said;
use crate::scene::{EMPTY, IMMEDIATELY, Scene};
use crate::verdict::Outcome;
use crate::world::{World, text};
use std::fs;
use std::path::{Path, PathBuf};
use tidegate_log::{Entry, Event, Signer, publish, read_history};
use tidegate_terms::{Digest, Guard, Rho, Visibility};

/// People of whom a run has told, so that there is something to lie about.
static TOLD: Scene = Scene {
    name: "told",
    alone: false,
    setup: |world| {
        people(world, "told", IMMEDIATELY)?;
        honest(world, "told")?;
        ask(world, "told", "1")?.json().map(|_| ())
    },
};

/// A lie by the holder of the log's key: a history that was signed from its beginning.
const fn lie(name: &'static str, en: &'static str, zh: &'static str, attempt: super::kit::Attempt) -> Attack {
    held(name, &[28], &[Guard::AuditRules], (en, zh), &TOLD, attempt)
}

/// A change of files by whoever has no key.
const fn change(name: &'static str, en: &'static str, zh: &'static str, attempt: super::kit::Attempt) -> Attack {
    closed(name, &[28], "the root over all entries is signed, and there is no rule to take away from a hash", (en, zh), &TOLD, attempt)
}

pub(super) const ATTACKS: &[Attack] = &[
    lie(
        "run-that-is-not-logged",
        "signs a log in which a release has no reservation",
        "签署一份发布结果没有预留记录的日志",
        |world| forged(world, "unlogged", |entries| entries.retain(|entry| !matches!(entry.event, Event::Reserve { .. }))),
    ),
    lie("release-told-twice", "signs a log in which one round is released twice", "签署一份同一轮发布两次的日志", |world| {
        forged(world, "twice", |entries| {
            let again: Vec<Entry> = entries.iter().filter(|entry| matches!(entry.event, Event::Release { .. })).cloned().collect();
            entries.extend(again);
        })
    }),
    lie(
        "noise-below-its-price",
        "signs a log in which noise is ten times smaller than was paid for",
        "签署一份噪声比所付价格小十倍的日志",
        |world| {
            forged(world, "cheap", |entries| {
                for entry in entries {
                    if let Event::Reserve { charges, .. } = &mut entry.event {
                        charges.iter_mut().for_each(|charge| charge.scale /= 10.0);
                    }
                }
            })
        },
    ),
    lie(
        "spending-beyond-the-cap",
        "signs a log in which one lineage spends more than its lifetime cap",
        "签署一份谱系支出超过终身上限的日志",
        |world| {
            forged(world, "overspent", |entries| {
                for entry in entries {
                    if let Event::Mount { lifetime_rho, .. } = &mut entry.event {
                        *lifetime_rho = Rho::from_units(lifetime_rho.units() / 1_000_000);
                    }
                }
            })
        },
    ),
    lie(
        "run-after-revocation",
        "signs a log in which a run begins after its grant was revoked",
        "签署一份授权撤销之后仍开始运行的日志",
        |world| {
            forged(world, "revoked", |entries| {
                let place = entries.iter().position(|entry| matches!(entry.event, Event::Reserve { .. })).unwrap_or(0);
                let grant =
                    entries.iter().find_map(|entry| if let Event::Grant { grant, .. } = &entry.event { Some(grant.clone()) } else { None });
                let event = Event::Revoke { grant: grant.unwrap_or_default(), reason_commitment: Digest::of(b"reason") };
                let at = entries.get(place).map(|entry| entry.at.clone()).unwrap_or_default();
                entries.insert(place, Entry { at, event });
            })
        },
    ),
    lie(
        "released-before-its-slot",
        "signs a log in which a result became visible before its slot",
        "签署一份结果早于时隙可见的日志",
        |world| {
            forged(world, "early", |entries| {
                let reserved = entries.iter().find(|entry| matches!(entry.event, Event::Reserve { .. })).map(|entry| entry.at.clone());
                for entry in entries {
                    if let Event::Mount { visibility, .. } = &mut entry.event {
                        *visibility = Visibility::AtSlot;
                    }
                    if matches!(entry.event, Event::Release { .. }) {
                        entry.at = reserved.clone().unwrap_or_default();
                    }
                }
            })
        },
    ),
    lie(
        "account-of-another-population",
        "signs a log in which another lineage pays for the run",
        "签署一份由其他谱系支付运行的日志",
        |world| {
            forged(world, "other-account", |entries| {
                for entry in entries {
                    if let (Event::Reserve { accounts, .. }, Ok(other)) = (&mut entry.event, tidegate_terms::Name::parse("elsewhere")) {
                        accounts.iter_mut().for_each(|payer| payer.lineage = other.clone());
                    }
                }
            })
        },
    ),
    change("one-bit-of-an-entry", "changes one bit of a published entry", "改动已公布条目的一个比特", |world| {
        let log = copied_log(world, "bit")?;
        let bundle = newest_bundle(&log)?;
        let mut bytes = read(&bundle)?;
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        write(&bundle, &bytes)?;
        contradicted(&verify(world, &log)?, "a changed entry verified")
    }),
    change("entries-cut-off", "cuts the newest entries off, and leaves the head", "截去最新条目而保留日志头", |world| {
        let log = copied_log(world, "cut")?;
        remove(&newest_bundle(&log)?);
        contradicted(&verify(world, &log)?, "a log without its newest entries verified")
    }),
    change(
        "head-of-another-key",
        "signs the same entries with another key of the same name",
        "用同名的另一密钥签署相同条目",
        |world| {
            let key = String::from_utf8_lossy(&read(&world.log().join("vkey"))?).trim().to_owned();
            let forged = publish_forged(world, "other-key", &mut |_| {})?;
            let said = world.ask(&["audit", "verify", &text(&forged), "--key", &key])?;
            contradicted(&said, "a log under another key verified")
        },
    ),
    closed(
        "history-rolled-back",
        &[28, 6],
        "who kept a head demands a log that extends it; that needs the signature and the tree alone",
        ("shows an old copy of the log to somebody who has seen a newer one", "向见过新日志的人出示旧副本"),
        &EMPTY,
        history_rolled_back,
    ),
    closed(
        "two-histories",
        &[28, 6],
        "two signed heads of which none extends the other convict the key that signed them",
        (
            "restores the whole domain from a backup and goes on, so that there are two histories",
            "从备份恢复整个数据域并继续，形成两段历史",
        ),
        &EMPTY,
        two_histories,
    ),
    closed(
        "log-that-cannot-be-written",
        &[28],
        "no reservation without a signed checkpoint that covers it; the order is that of the types",
        ("damages the published log, so that a run could go on without being logged", "损坏已公布的日志，企图让运行不被记录"),
        &EMPTY,
        log_that_cannot_be_written,
    ),
];

/// Verifies a copy of the log, with the key that lies beside it.
fn verify(world: &World, log: &Path) -> Result<Said, Broken> {
    world.ask(&["audit", "verify", &text(log)])
}

/// Held if a verification found a contradiction or could not be made, through if it found nothing.
fn contradicted(said: &Said, what: &str) -> Result<Outcome, Broken> {
    match said.code {
        Some(0) => Ok(Outcome::Through(what.to_owned())),
        Some(code @ (3 | 4)) => Ok(Outcome::Refused(format!("the audit ends with {code}"))),
        code => Err(Broken::Refused { call: said.call(), answer: format!("exit code {code:?}, {}", said.err.trim()) }),
    }
}

/// Has the holder of a key sign the world's entries, changed; then an outsider verifies them.
fn forged(world: &mut World, name: &str, change: impl Fn(&mut Vec<Entry>)) -> Result<Outcome, Broken> {
    let log = publish_forged(world, name, &mut |entries| change(entries))?;
    contradicted(&verify(world, &log)?, "the lie verified")
}

fn publish_forged(world: &World, name: &str, change: &mut dyn FnMut(&mut Vec<Entry>)) -> Result<PathBuf, Broken> {
    let unreadable = || Broken::Answer { call: "reading the log".into() };
    let (mut entries, mut origin) = (Vec::new(), String::new());
    read_history(&world.log(), None, |_, _, entry| {
        if let Ok(entry) = entry {
            if let Event::Domain { origin: own, .. } = &entry.event {
                origin.clone_from(own);
            }
            entries.push(entry);
        }
    })
    .map_err(|_| unreadable())?;
    let before = entries.clone();
    change(&mut entries);
    let same = before.len() == entries.len() && before.iter().zip(&entries).all(|(one, other)| one.encode().ok() == other.encode().ok());
    if same && name != "other-key" {
        return Err(unreadable());
    }
    let mut bytes = entries.iter().map(Entry::encode).collect::<Result<Vec<_>, _>>().map_err(|_| unreadable())?;
    let directory = world.beside(&format!("log-{name}"));
    fs::create_dir_all(&directory).map_err(|error| Broken::Place { detail: error.to_string() })?;
    let signer = Signer::from_seed(&origin, &[7; 32]).map_err(|_| unreadable())?;
    publish(&directory, &signer, &mut bytes).map_err(|error| Broken::Place { detail: error.to_string() })?;
    Ok(directory)
}

fn copied_log(world: &World, name: &str) -> Result<PathBuf, Broken> {
    let to = world.beside(&format!("log-{name}"));
    copy(&world.log(), &to)?;
    Ok(to)
}

/// The file with the newest entries.
fn newest_bundle(log: &Path) -> Result<PathBuf, Broken> {
    let (mut found, mut open) = (Vec::new(), vec![log.join("tile/entries")]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    let width = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u64>().ok());
    found.into_iter().max_by_key(width).ok_or_else(|| Broken::Answer { call: "the log's files".into() })
}

fn history_rolled_back(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "rolled-back", IMMEDIATELY)?;
    let old = copied_log(world, "old")?;
    ask(world, "rolled-back", "1")?.json()?;
    let kept = world.write("kept-head", read(&world.log().join("checkpoint"))?)?;
    let key = String::from_utf8_lossy(&read(&world.log().join("vkey"))?).trim().to_owned();
    let said = world.ask(&["audit", "consistency", &text(&old), "--since", &text(&kept), "--key", &key])?;
    contradicted(&said, "the old copy passed for the newest")
}

fn two_histories(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "two-histories", IMMEDIATELY)?;
    let backup = world.beside("restored");
    copy(&world.domain(), &backup)?;
    ask(world, "two-histories", "1")?.json()?;
    // The restored domain does not know of that run, and makes another.
    ask_of(world, &backup, &super::kit::run_arguments("two-histories", "2"))?.json()?;
    let key = String::from_utf8_lossy(&read(&world.log().join("vkey"))?).trim().to_owned();
    let (one, other) = (text(&world.log()), text(&backup.join("log")));
    let said = world.ask(&["audit", "fork-evidence", &one, &other, "--key", &key])?;
    contradicted(&said, "two histories passed for one")
}

fn log_that_cannot_be_written(world: &mut World) -> Result<Outcome, Broken> {
    stage(world, "damaged", IMMEDIATELY)?;
    let checkpoint = world.log().join("checkpoint");
    let good = read(&checkpoint)?;
    write(&checkpoint, b"nobody signed this\n")?;
    let said = ask(world, "damaged", "1")?;
    write(&checkpoint, &good)?;
    if super::kit::spent(world, "damaged")? > 0.0 && !said.is_done() {
        return Ok(Outcome::Through("it was charged and not answered".into()));
    }
    refused_by(&said, &["publish.checkpoint-changed", "publish.other-key"], "a run without a log")
}
