//! Mounting attacks: worlds are made for several attacks of one scene, and several worlds run at a time.
//!
//! Attacks about time come last and by themselves. What they compare is a moment that a busy machine can miss by no
//! fault of the program, so a difference there counts only if it shows three times running; and an attack that must
//! succeed may try three times, since a few depend on where a random key puts the target.

use crate::attack::{Attack, Mount};
use crate::corpus::attacks;
use crate::error::Broken;
use crate::program::Program;
use crate::report::Report;
use crate::scene::Scene;
use crate::verdict::{Judged, Outcome, Verdict};
use crate::view::View;
use crate::world::World;
use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tidegate_terms::Guard;

/// Attacks that share a world at most.
const ATTACKS_PER_WORLD: usize = 8;
/// How often an attack is mounted before a difference in time is believed, or before it is said to fail without its guard.
const TRIES: usize = 3;

/// Which attacks to mount, and how.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Names and rows; all, where it is empty.
    pub only: Vec<String>,
    /// In a weakened build: a guard that is taken away, and the attacks that it holds are mounted; or `all`: every attack is
    /// mounted without the guards that hold it.
    pub without: Option<String>,
}

impl Selection {
    /// The attacks that are meant.
    pub fn attacks(&self) -> Result<Vec<&'static Attack>, Broken> {
        let guards = self.guards()?;
        if let Some(word) = self.only.iter().find(|word| !attacks().any(|attack| attack.is_meant(word))) {
            return Err(Broken::UnknownAttack { word: word.clone() });
        }
        let meant = |attack: &&Attack| self.only.is_empty() || self.only.iter().any(|word| attack.is_meant(word));
        let held = |attack: &&Attack| self.without.is_none() || attack.guards.iter().any(|guard| guards.contains(guard));
        Ok(attacks().filter(meant).filter(held).collect())
    }

    /// The guards that are taken away.
    fn guards(&self) -> Result<Vec<Guard>, Broken> {
        let holds = |guard: &Guard| attacks().any(|attack| attack.guards.contains(guard));
        match self.without.as_deref() {
            None => Ok(Vec::new()),
            Some("all") => Ok(Guard::ALL.iter().copied().filter(holds).collect()),
            Some(word) => match Guard::of_name(word).filter(holds) {
                Some(guard) => Ok(vec![guard]),
                None => Err(Broken::UnknownGuard { word: word.to_owned() }),
            },
        }
    }
}

/// Which of an attack's worlds a job makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    With,
    Without,
    Attempts,
}

/// A world and the attacks that are mounted in it, one after the other.
struct Job {
    scene: &'static Scene,
    side: Side,
    down: Vec<Guard>,
    attacks: Vec<(usize, &'static Attack)>,
}

enum Seen {
    View(Result<View, Broken>),
    Outcome(Result<Outcome, Broken>),
}

type Found = BTreeMap<(usize, Side), Seen>;

/// Mounts the attacks of a selection on a program. `progress` hears each verdict as it is reached.
pub fn run(program: &Path, selection: &Selection, progress: &mut (dyn FnMut(&Judged) + Send)) -> Result<Report, Broken> {
    let attacks = selection.attacks()?;
    let weakened = tidegate_terms::WEAKENED;
    let must_succeed = selection.without.is_some();
    let mut judged: BTreeMap<usize, Judged> = BTreeMap::new();
    for alone in [false, true] {
        let mut open: Vec<(usize, &'static Attack)> =
            attacks.iter().copied().enumerate().filter(|(_, attack)| attack.scene.alone == alone).collect();
        for turn in 1..=TRIES {
            let mut found = mount(program, jobs(&open, must_succeed, alone), alone);
            let mut again = Vec::new();
            for (index, attack) in open {
                let verdict = judge(attack, index, &mut found, weakened && !attack.needs_noise());
                let doubtful = match verdict.verdict {
                    // It says nothing, so to try again hides nothing.
                    Verdict::Broken => true,
                    Verdict::Held => must_succeed,
                    Verdict::Leaked | Verdict::Through => alone && !must_succeed,
                };
                if doubtful && turn < TRIES {
                    again.push((index, attack));
                } else {
                    progress(&verdict);
                    judged.insert(index, verdict);
                }
            }
            open = again;
            if open.is_empty() {
                break;
            }
        }
    }
    let without = selection.guards()?.into_iter().map(Guard::name).collect();
    Ok(Report::new(weakened, without, judged.into_values().collect()))
}

/// What is down while an attack is mounted. Noise always is in a weakened build, so that totals can be compared, unless
/// noise is what holds the attack.
fn down(attack: &Attack, must_succeed: bool) -> Vec<Guard> {
    let mut down = attack.given.to_vec();
    if must_succeed {
        down.extend(attack.guards);
    }
    if !attack.needs_noise() {
        down.push(Guard::Noise);
    }
    down
}

fn jobs(attacks: &[(usize, &'static Attack)], must_succeed: bool, alone: bool) -> VecDeque<Job> {
    // A slot that is missed freezes the data of its world, and so does a total that no worker may have.
    let per_world = if alone || must_succeed { 1 } else { ATTACKS_PER_WORLD };
    type Key = (&'static str, Vec<Guard>, bool);
    let mut groups: BTreeMap<Key, Vec<(usize, &'static Attack)>> = BTreeMap::new();
    for (index, attack) in attacks {
        let compares = attack.mount.moves().is_some();
        groups.entry((attack.scene.name, down(attack, must_succeed), compares)).or_default().push((*index, attack));
    }
    let mut jobs = VecDeque::new();
    for ((_, down, compares), group) in groups {
        for attacks in group.chunks(per_world) {
            let sides: &[Side] = if compares { &[Side::With, Side::Without] } else { &[Side::Attempts] };
            let job = |side: &Side| Job { scene: attacks[0].1.scene, side: *side, down: down.clone(), attacks: attacks.to_vec() };
            jobs.extend(sides.iter().map(job));
        }
    }
    jobs
}

/// Carries out jobs, several at a time; those about time in pairs.
fn mount(program: &Path, jobs: VecDeque<Job>, alone: bool) -> Found {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let lanes = if alone { 2 } else { cores.clamp(2, 8) };
    let (jobs, found) = (Mutex::new(jobs), Mutex::new(Found::new()));
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                loop {
                    let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(job) = job else { return };
                    let seen = carry_out(program, &job);
                    found.lock().unwrap_or_else(PoisonError::into_inner).extend(seen);
                }
            });
        }
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn carry_out(program: &Path, job: &Job) -> Vec<((usize, Side), Seen)> {
    let program = Program { path: program.to_owned(), down: job.down.clone() };
    let mut world = match World::new(&program, job.scene, job.side != Side::Without) {
        Ok(world) => world,
        // The reader of what was found says that nothing was.
        Err(error) => {
            let detail = error.to_string();
            let broken = |_| Seen::View(Err(Broken::Place { detail: detail.clone() }));
            return job.attacks.iter().map(|(index, _)| ((*index, job.side), broken(index))).collect();
        }
    };
    let one = |(index, attack): &(usize, &'static Attack)| {
        world.begin();
        let seen = match attack.mount {
            Mount::Module(offender) => {
                let dataset = crate::scene::DATASET;
                let acted = world.attack_with(attack.name, dataset, &offender);
                Seen::View(acted.and_then(|_| View::of(&world)))
            }
            Mount::Neighbours { acts, .. } => Seen::View(acts(&mut world).and_then(|()| View::of(&world))),
            Mount::Attempt(attempt) => Seen::Outcome(attempt(&mut world)),
        };
        ((*index, job.side), seen)
    };
    job.attacks.iter().map(one).collect()
}

fn judge(attack: &Attack, index: usize, found: &mut Found, exact: bool) -> Judged {
    let mut take = |side: Side| match found.remove(&(index, side)) {
        Some(Seen::View(view)) => view,
        _ => Err(Broken::Answer { call: attack.name.to_owned() }),
    };
    if attack.mount.moves().is_some() {
        let (with, without) = (take(Side::With), take(Side::Without));
        return Judged::neighbours(attack, with, without, exact);
    }
    match found.remove(&(index, Side::Attempts)) {
        Some(Seen::Outcome(outcome)) => Judged::attempt(attack, outcome),
        Some(Seen::View(Err(error))) => Judged::broken(attack, &error),
        _ => Judged::broken(attack, &Broken::Answer { call: attack.name.to_owned() }),
    }
}
