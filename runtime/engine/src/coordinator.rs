//! The coordinator: hands tasks to worker processes and accepts each exactly once, round after round.

use crate::job::{Job, Round};
use crate::units::{SourceSetup, Task};
use crate::worker::{Answer, Order, Setup};
use crate::{FrameError, Processes, Running, Totals, read_frame, write_frame};
use std::collections::{BTreeSet, VecDeque};
use std::io::Read;
use std::process::Command;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tidegate_accountant::Reservation;
use tidegate_authorisation::Approval;
use tidegate_shards::ShardManifest;
use tidegate_statistics::{Layout, LayoutError, Scratch, Sums};
use tidegate_terms::{Guard, messages, stands};

messages! {
    /// Why a run cannot go on now. All are faults of the host: the run keeps its reservation and can continue.
    pub enum EngineError {
        Spawn { detail: String } = "engine.spawn" {
            en: "a worker process cannot be started: {detail}",
            zh: "无法启动工作进程：{detail}",
        },
        HostFault { detail: String } = "engine.host-fault" {
            en: "a worker reports a fault of its host: {detail}",
            zh: "工作进程报告宿主故障：{detail}",
        },
        OutOfRange = "engine.out-of-range" {
            en: "the totals of a task are larger than its units times the declared bounds allow; the run is stopped, because a worker may have been taken over",
            zh: "某任务的合计超过其单元数乘以申报界限；工作进程可能已被劫持，运行已停止",
        },
        Coverage = "engine.coverage" {
            en: "a shard or block was not covered exactly once; the run is stopped",
            zh: "某分片或分块未被恰好覆盖一次；运行已停止",
        },
        Stopped = "engine.stopped" {
            en: "the run was stopped",
            zh: "运行已被停止",
        };
        Layout(LayoutError),
        Frame(FrameError)
    }
}

impl EngineError {
    /// Whether a worker said what no worker says: then a module may speak in its place.
    pub fn is_taken_over(&self) -> bool {
        matches!(self, Self::OutOfRange | Self::Frame(FrameError::TooLong { .. } | FrameError::Head { .. }))
    }
}

/// How worker processes are made.
pub struct Workers<'a> {
    /// How many.
    pub count: usize,
    /// A command that serves tasks on its standard input and output.
    pub command: &'a (dyn Fn() -> Command + Sync),
    /// The processes of the run: whoever stops them stops it.
    pub processes: &'a Processes,
}

/// Deaths of a process over one task before it is halved, or its only unit gets the default.
const DEATHS_MAX: u32 = 2;
/// Faults of the host over one task before the run is held. They never become a default.
const FAULTS_MAX: u32 = 3;
/// Processes in a row that fail before they are ready; more is not chance.
const SETUP_FAILURES_MAX: u32 = 3;

/// The workers of a run. They live as long as it does, so that data is prepared once for all rounds.
pub struct Crew<'a> {
    run: String,
    job: &'a Job<'a>,
    workers: &'a Workers<'a>,
    /// One place for each worker; it keeps its shards from round to round.
    idle: Vec<Mutex<Option<Process>>>,
}

impl<'a> Crew<'a> {
    /// A crew for a paid run; processes start with the first round.
    pub fn new(reservation: &Reservation, job: &'a Job<'a>, workers: &'a Workers<'a>) -> Self {
        Self::of(reservation.run(), job, workers)
    }

    /// A crew for a run of the reviewed aggregate mode, which costs no budget but needs approval.
    pub fn reviewed(approval: &Approval, job: &'a Job<'a>, workers: &'a Workers<'a>) -> Self {
        Self::of(approval.run(), job, workers)
    }

    fn of(run: &str, job: &'a Job<'a>, workers: &'a Workers<'a>) -> Self {
        let idle = (0..workers.count.max(1)).map(|_| Mutex::new(None)).collect();
        Self { run: run.to_owned(), job, workers, idle }
    }

    /// Runs one round to its exact totals.
    pub fn run_round(&self, round: &Round) -> Result<Totals, EngineError> {
        let layout = round.stage.layout(self.job.manifest, self.job.schema)?;
        let tasks = tasks(self.job);
        let open = tasks.iter().map(|task| Open { task: *task, deaths: 0, faults: 0 });
        let board = Board { open: open.collect(), in_flight: 0, accepted: BTreeSet::new(), sums: layout.empty_sums(), failed: None };
        let turn = Turn { crew: self, round, layout, board: Mutex::new(board), changed: Condvar::new() };
        std::thread::scope(|scope| {
            for lane in 0..self.idle.len() {
                let turn = &turn;
                scope.spawn(move || turn.work(lane));
            }
        });
        let board = turn.board.into_inner().unwrap_or_else(PoisonError::into_inner);
        // A process that was stopped looks like one that died; nothing that follows from that may count.
        if self.workers.processes.is_stopped() {
            return Err(EngineError::Stopped);
        }
        if let Some(error) = board.failed {
            return Err(error);
        }
        check_coverage(&tasks, &board.accepted)?;
        Ok(Totals { run: self.run.clone(), round: round.number, sums: board.sums })
    }
}

/// Runs a paid job of one round to its exact totals.
pub fn execute(reservation: &Reservation, job: &Job<'_>, workers: &Workers<'_>) -> Result<Totals, EngineError> {
    Crew::new(reservation, job, workers).run_round(&Round::only())
}

/// Everything that is to be done in a round: each shard of the leading dataset, or each block.
fn tasks(job: &Job<'_>) -> Vec<Task> {
    if let Some(blocks) = &job.manifest.blocks {
        return (0..blocks.count).map(|block| Task::Block { block }).collect();
    }
    // Of two datasets the one with more shards leads; the first, where both have as many (as in `Sources::open`).
    let lead = job.sources.iter().map(|source| source.shards).reduce(|lead, other| match lead.shard_count >= other.shard_count {
        true => lead,
        false => other,
    });
    let of = |shards: &ShardManifest| {
        let full = shards.shards.iter().filter(|shard| shard.units > 0);
        full.map(|shard| Task::Units { shard: shard.index, from: 0, count: shard.units }).collect()
    };
    lead.map(of).unwrap_or_default()
}

/// Every task, whole or in adjoining pieces, once.
fn check_coverage(tasks: &[Task], accepted: &BTreeSet<Task>) -> Result<(), EngineError> {
    let mut rest = accepted.iter();
    for task in tasks {
        let covered = match *task {
            Task::Block { .. } => rest.next() == Some(task),
            Task::Units { shard, count, .. } => {
                let mut next = 0;
                while next < count {
                    match rest.next() {
                        Some(Task::Units { shard: of, from, count }) if *of == shard && *from == next => next += count,
                        _ => return Err(EngineError::Coverage),
                    }
                }
                next == count
            }
        };
        if !covered {
            return Err(EngineError::Coverage);
        }
    }
    if rest.next().is_none() { Ok(()) } else { Err(EngineError::Coverage) }
}

struct Open {
    task: Task,
    /// Processes that died over it.
    deaths: u32,
    /// Faults of the host that workers reported over it.
    faults: u32,
}

struct Board {
    open: VecDeque<Open>,
    in_flight: usize,
    accepted: BTreeSet<Task>,
    sums: Sums,
    failed: Option<EngineError>,
}

/// One round of a crew.
struct Turn<'a> {
    crew: &'a Crew<'a>,
    round: &'a Round,
    layout: Layout,
    board: Mutex<Board>,
    changed: Condvar,
}

/// What became of one task in one process.
enum Outcome {
    Accepted,
    ProcessDied,
    HostFault(EngineError),
    Failed(EngineError),
}

impl Turn<'_> {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One thread, one worker process at a time, until nothing is left to do.
    fn work(&self, lane: usize) {
        let mut place = self.crew.idle[lane].lock().unwrap_or_else(PoisonError::into_inner);
        // From here on the worker keeps the processor busy; its stand-in takes over when there is nothing to do.
        let _resting = self.crew.workers.processes.rest(lane);
        let mut setup_failures = 0;
        while let Some(open) = self.take(lane) {
            let ready = match place.take() {
                Some(ready) => Ok(ready),
                None => Process::start(self.crew.job, self.crew.workers),
            };
            let outcome = match ready.and_then(|process| process.in_round(self.round)) {
                Err(error) => {
                    setup_failures += 1;
                    if setup_failures >= SETUP_FAILURES_MAX {
                        self.finish(open, Outcome::Failed(error));
                    } else {
                        self.put_back(open);
                    }
                    continue;
                }
                Ok(mut ready) => {
                    setup_failures = 0;
                    let outcome = self.run_task(&mut ready, &open.task);
                    if matches!(outcome, Outcome::Accepted) {
                        *place = Some(ready);
                    }
                    outcome
                }
            };
            self.finish(open, outcome);
        }
    }

    /// The next open task, of the worker's own lane if there is one; waits while others may still give one back.
    fn take(&self, lane: usize) -> Option<Open> {
        let mut board = self.board();
        loop {
            if self.crew.workers.processes.is_stopped() && board.failed.is_none() {
                board.failed = Some(EngineError::Stopped);
            }
            if board.failed.is_some() {
                return None;
            }
            let own = board.open.iter().position(|open| open.task.lane() as usize % self.crew.idle.len() == lane);
            if let Some(open) = board.open.remove(own.unwrap_or(0)) {
                board.in_flight += 1;
                return Some(open);
            }
            if board.in_flight == 0 {
                return None;
            }
            self.crew.workers.processes.resume(lane);
            board = self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
            self.crew.workers.processes.pause(lane);
        }
    }

    fn put_back(&self, open: Open) {
        let mut board = self.board();
        board.in_flight -= 1;
        board.open.push_front(open);
        self.changed.notify_all();
    }

    fn run_task(&self, process: &mut Process, task: &Task) -> Outcome {
        match process.run(task, &self.layout) {
            Ok(sums) if self.layout.in_range(&sums, task.calls()) => {
                self.accept(task, &sums);
                Outcome::Accepted
            }
            Ok(_) => Outcome::Failed(EngineError::OutOfRange),
            Err(EngineError::Frame(FrameError::Closed)) if stands(Guard::Halving) => Outcome::ProcessDied,
            Err(error @ EngineError::HostFault { .. }) => Outcome::HostFault(error),
            Err(error) => Outcome::Failed(error),
        }
    }

    fn accept(&self, task: &Task, sums: &Sums) {
        let mut board = self.board();
        if board.accepted.insert(*task) {
            // Admission has bounded declared units x bound below 2^62, and import has bounded the units.
            board.sums.merge(sums);
        } else {
            board.failed.get_or_insert(EngineError::Coverage);
        }
    }

    fn finish(&self, open: Open, outcome: Outcome) {
        match outcome {
            Outcome::Accepted => {}
            Outcome::ProcessDied => {
                for again in self.after_death(open) {
                    self.board().open.push_front(again);
                }
            }
            Outcome::HostFault(_) if open.faults + 1 < FAULTS_MAX => {
                self.board().open.push_back(Open { faults: open.faults + 1, ..open });
            }
            Outcome::HostFault(error) | Outcome::Failed(error) => {
                self.board().failed.get_or_insert(error);
            }
        }
        self.board().in_flight -= 1;
        self.changed.notify_all();
    }

    /// Run it again; after two deaths halve it; a single unit, or a block, gets the default.
    fn after_death(&self, open: Open) -> Vec<Open> {
        let Open { task, deaths, faults } = open;
        if deaths + 1 < DEATHS_MAX {
            return vec![Open { task, deaths: deaths + 1, faults }];
        }
        let Some([left, right]) = task.halves() else {
            let mut sums = self.layout.empty_sums();
            self.layout.add::<tidegate_sandbox::contract::Contribution>(None, &mut sums, &mut Scratch::default());
            self.accept(&task, &sums);
            return vec![];
        };
        vec![Open { task: right, deaths: 0, faults }, Open { task: left, deaths: 0, faults }]
    }
}

/// One worker process; killed when dropped.
struct Process {
    running: Running,
    /// The round that it has begun.
    round: u32,
}

impl Process {
    fn start(job: &Job<'_>, workers: &Workers<'_>) -> Result<Self, EngineError> {
        let spawn = |detail: String| EngineError::Spawn { detail };
        let running = workers.processes.start((workers.command)()).map_err(|error| spawn(error.to_string()))?;
        let mut process = Self { running, round: 0 };
        let source = |source: &crate::job::Source<'_>| SourceSetup {
            schema: source.schema.clone(),
            directory: source.directory.clone(),
            shard_count: source.shards.shard_count,
            files: source.shards.shards.iter().map(|shard| (shard.index, shard.file.clone(), shard.digest)).collect(),
            digest_salt: source.digest_salt,
        };
        let setup = Setup {
            manifest: job.manifest.clone(),
            schema: job.schema.clone(),
            parameters: job.parameters.to_vec(),
            side_tables: job.side_tables.to_vec(),
            sources: job.sources.iter().map(source).collect(),
        };
        write_frame(&mut process.running.to, &setup, job.module.bytes())?;
        match read_frame(&mut process.running.from, 0)? {
            (Answer::Ready, _) => Ok(process),
            (Answer::HostFault { detail }, _) => Err(EngineError::HostFault { detail }),
            (Answer::Totals { .. }, _) => Err(spawn("it answered before it was asked".into())),
        }
    }

    fn in_round(mut self, round: &Round) -> Result<Self, EngineError> {
        if self.round != round.number {
            let state: Vec<u8> = round.state.iter().flat_map(|number| number.to_le_bytes()).collect();
            write_frame(&mut self.running.to, &Order::Begin { of_module: round.of_module, stage: round.stage.clone() }, &state)?;
            self.round = round.number;
        }
        Ok(self)
    }

    fn run(&mut self, task: &Task, layout: &Layout) -> Result<Sums, EngineError> {
        write_frame(&mut self.running.to, &Order::Do(*task), &[])?;
        read_totals(&mut self.running.from, task, layout)
    }
}

/// Reads what a worker answers to a task. Whoever writes it may have been taken over by the module.
pub(crate) fn read_totals(from: &mut impl Read, task: &Task, layout: &Layout) -> Result<Sums, EngineError> {
    let (answer, body) = read_frame(from, layout.sums_bytes(task.calls()))?;
    match answer {
        Answer::Totals { task: answered } if answered == *task => {
            layout.decode_sums(&body, task.calls()).map_err(|_| EngineError::OutOfRange)
        }
        Answer::HostFault { detail } => Err(EngineError::HostFault { detail }),
        _ => Err(EngineError::HostFault { detail: "it answered another question".into() }),
    }
}
