//! Every durable call of the keeper fails, in every way, in the real program on real files.
//!
//! A shim in front of the C library (`shim.c`) counts what writes, syncs, truncates, renames or removes, and lets one
//! of these calls fail: with an error, with an error after it took effect, on a full disk, with half of a write; or it
//! kills the process before or after the call; or the disk stays dead. Then the domain is opened again without the
//! shim. Every act that was acknowledged must be there once, none twice, the log must verify, what was published at
//! any time must be the beginning of what is published now, and no release may be shown without its entry.
//!
//! Normally a share of all cases runs, spread over them by a stride; all of them with `TIDEGATE_LONG=1`
//! (`tests/run --long`).

mod story;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use story::{Story, Told, copy};
use tidegate_tests::keeper::{Answer, Fault, KINDS, Keeper};
use tidegate_tests::unchanged::listing;

fn is_long() -> bool {
    std::env::var_os("TIDEGATE_LONG").is_some()
}

/// Runs so many of all faults of a story; 0 runs all of them. Returns how many.
fn inject(story: &Story, most: usize) -> usize {
    let calls = story.calls();
    let all: Vec<Fault> = (1..=calls).flat_map(|at| KINDS.map(|kind| Fault { at, kind })).collect();
    // A stride that has no divisor in common with the number of kinds meets all of them.
    let stride = if most == 0 { 1 } else { all.len().div_ceil(most) };
    let stride = if stride > 1 && stride.is_multiple_of(KINDS.len()) { stride + 1 } else { stride };
    let chosen: Vec<Fault> = all.into_iter().step_by(stride).collect();
    let (next, told) = (AtomicUsize::new(0), Mutex::new(BTreeMap::<&str, (usize, usize)>::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(fault) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| story.with_fault(*fault)));
                    let Told { gone, refused, .. } = outcome.unwrap_or_else(|_| panic!("{fault:?} of {calls} calls"));
                    let mut told = told.lock().expect("lock");
                    let (cases, seen) = told.entry(fault.kind).or_default();
                    *cases += 1;
                    *seen += usize::from(gone || refused > 0);
                }
            });
        }
    });
    let told = told.into_inner().expect("lock");
    println!("{} faults in {calls} durable calls; of each kind, and how many of them the caller saw: {told:?}", chosen.len());
    // The last calls come after the last answer, when the keeper closes: nobody sees those die. In a small share of all
    // calls they can be a third.
    let kills = ["kill-before", "kill-after", "torn"].map(|kind| told.get(kind).copied().unwrap_or_default());
    let (cases, seen) = kills.into_iter().fold((0, 0), |sum, kind| (sum.0 + kind.0, sum.1 + kind.1));
    let least = if cases < 30 { 5 } else { 8 };
    assert!(cases > 0 && seen * 10 >= cases * least, "the shim kills nothing: {seen} of {cases} seen");
    chosen.len()
}

// clause: H5 both
#[test]
fn acts_survive_every_fault_of_the_disk() {
    let faults = inject(&Story::appends(), if is_long() { 0 } else { 160 });
    assert!(faults >= if is_long() { 1_000 } else { 120 }, "{faults} faults");
}

// clause: H5 both
#[test]
fn a_run_survives_every_fault_of_the_disk() {
    inject(&Story::run(), if is_long() { 500 } else { 14 });
}

#[test]
fn the_whole_way_survives_every_fault_of_the_disk() {
    inject(&Story::whole(), if is_long() { 500 } else { 7 });
}

/// An act that is said to have been acknowledged, and is not there, must be noticed.
#[test]
fn the_check_can_fail() {
    let story = Story::appends();
    let (_place, domain) = story.copy();
    let honest = Told::default();
    story.check(&domain, &honest);
    let (request, _) = story.steps[0].clone();
    let lie = Told { done: vec![(request, serde_json::json!({ "id": "g-never" }))], ..Told::default() };
    let noticed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| story.check(&domain, &lie)));
    assert!(noticed.is_err());
}

/// What a power failure leaves: the tail of the database's journal that was not synced yet is missing or torn, and
/// files of the log whose names were not synced yet are gone.
#[test]
fn a_torn_tail_loses_nothing_that_was_acknowledged() {
    let story = Story::appends();
    let calls = story.calls();
    let (mut journals, mut files) = (0, 0);
    let stride = if is_long() { 1 } else { 5 };
    for at in (1..=calls).step_by(stride) {
        let (_place, domain) = story.copy();
        let mut keeper = Keeper::with_fault(&domain, Fault { at, kind: "kill-before" }, 0);
        let mut told = Told::default();
        // The acts before the kill are acknowledged; the next one is under way.
        let (mut journal, mut published) = (0, listing(&domain.join("log")));
        for (request, body) in &story.steps {
            match keeper.ask(request, body) {
                Answer::Done(value) => told.done.push((request.clone(), value)),
                _ => break,
            }
            (journal, published) = (length(&journal_of(&domain)), listing(&domain.join("log")));
        }
        drop(keeper);
        if told.done.is_empty() || told.done.len() == story.steps.len() {
            continue;
        }
        let now = listing(&domain.join("log"));
        let new: Vec<PathBuf> =
            now.keys().filter(|name| !published.contains_key(*name)).map(|name| domain.join("log").join(name)).collect();
        let unchanged = now == published;
        let end = length(&journal_of(&domain));
        if unchanged && end > journal {
            for cut in [journal, journal + 1, (journal + end) / 2, end - 1] {
                let (_place, torn) = copy_beside(&domain);
                let file = fs::File::options().write(true).open(journal_of(&torn)).expect("journal");
                file.set_len(cut).expect("cut");
                let _ = fs::remove_file(torn.join("state.sqlite-shm"));
                story.check(&torn, &told);
                journals += 1;
            }
        } else if !unchanged && now.get("checkpoint") == published.get("checkpoint") {
            for lost in new.iter().filter(|path| path.is_file()) {
                let (_place, torn) = copy_beside(&domain);
                fs::remove_file(torn.join(lost.strip_prefix(&domain).expect("below"))).expect("remove");
                story.check(&torn, &told);
                files += 1;
            }
        }
    }
    println!("{journals} torn journals, {files} lost files");
    assert!(journals >= 8 && files >= 4, "{journals} torn journals, {files} lost files");
}

/// A copy that goes away with its first value.
fn copy_beside(domain: &Path) -> (tempfile::TempDir, PathBuf) {
    let place = tidegate_tests::domain::place();
    let directory = place.path().join("domain");
    copy(domain, &directory);
    (place, directory)
}

fn journal_of(domain: &Path) -> PathBuf {
    domain.join("state.sqlite-wal")
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}
