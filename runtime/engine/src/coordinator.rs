//! The coordinator: hands ranges of units to worker processes and accepts each exactly once.

use crate::worker::{Answer, RangeTask, Setup};
use crate::{FrameError, Totals, read_frame, write_frame};
use std::collections::{BTreeMap, VecDeque};
use std::io::BufReader;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use tidegate_accountant::Reservation;
use tidegate_sandbox::CompiledModule;
use tidegate_shards::ShardManifest;
use tidegate_statistics::{Layout, LayoutError, Scratch, Sums};
use tidegate_terms::{Manifest, ParameterValue, PublicSchema, messages};

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
        OutOfRange { shard: u32 } = "engine.out-of-range" {
            en: "the totals of shard {shard} are larger than its units times the declared bounds allow; the run is stopped, because a worker may have been taken over",
            zh: "分片 {shard} 的合计超过其单元数乘以申报界限；工作进程可能已被劫持，运行已停止",
        },
        Coverage { shard: u32 } = "engine.coverage" {
            en: "shard {shard} was not covered exactly once; the run is stopped",
            zh: "分片 {shard} 未被恰好覆盖一次；运行已停止",
        },
        Stopped = "engine.stopped" {
            en: "the run was stopped",
            zh: "运行已被停止",
        };
        Layout(LayoutError),
        Frame(FrameError)
    }
}

/// Everything that a run computes with; all of it sealed before the first shard is opened.
pub struct Job<'a> {
    /// The sealed manifest.
    pub manifest: &'a Manifest,
    /// The public schema of the dataset version.
    pub schema: &'a PublicSchema,
    /// The public parameters, in the order of the manifest.
    pub parameters: &'a [ParameterValue],
    /// The compiled module.
    pub module: &'a CompiledModule,
    /// The shards of the dataset version.
    pub shards: &'a ShardManifest,
    /// The directory that they lie in.
    pub directory: PathBuf,
    /// The salt of their digests.
    pub digest_salt: [u8; 32],
}

/// How worker processes are made.
pub struct Workers<'a> {
    /// How many.
    pub count: usize,
    /// A command that serves tasks on its standard input and output.
    pub command: &'a (dyn Fn() -> Command + Sync),
    /// Set to stop the run.
    pub stop: &'a AtomicBool,
}

/// Deaths of a process over one range before the range is halved, or its only unit gets the default.
const DEATHS_MAX: u32 = 2;
/// Faults of the host over one range before the run is held. They never become a default.
const FAULTS_MAX: u32 = 3;
/// Processes in a row that fail before they are ready; more is not chance.
const SETUP_FAILURES_MAX: u32 = 3;

struct Open {
    task: RangeTask,
    /// Processes that died over it.
    deaths: u32,
    /// Faults of the host that workers reported over it.
    faults: u32,
}

struct Board {
    open: VecDeque<Open>,
    in_flight: usize,
    accepted: BTreeMap<u32, BTreeMap<u64, u64>>,
    sums: Sums,
    failed: Option<EngineError>,
}

struct Run<'a> {
    job: &'a Job<'a>,
    workers: &'a Workers<'a>,
    layout: Layout,
    board: Mutex<Board>,
    changed: Condvar,
}

/// Runs a paid job to its exact totals.
pub fn execute(reservation: &Reservation, job: &Job<'_>, workers: &Workers<'_>) -> Result<Totals, EngineError> {
    let layout = Layout::seal(job.manifest, job.schema)?;
    let sums = layout.empty_sums();
    let open = job.shards.shards.iter().filter(|shard| shard.units > 0).map(|shard| Open {
        task: RangeTask { shard: shard.index, digest: shard.digest, from: 0, count: shard.units },
        deaths: 0,
        faults: 0,
    });
    let board = Board { open: open.collect(), in_flight: 0, accepted: BTreeMap::new(), sums, failed: None };
    let run = Run { job, workers, layout, board: Mutex::new(board), changed: Condvar::new() };
    std::thread::scope(|scope| {
        for _ in 0..workers.count.max(1) {
            scope.spawn(|| run.work());
        }
    });
    let board = run.board.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = board.failed {
        return Err(error);
    }
    check_coverage(job.shards, &board.accepted)?;
    Ok(Totals { run: reservation.run().to_owned(), sums: board.sums })
}

/// Every unit of every shard, once.
fn check_coverage(shards: &ShardManifest, accepted: &BTreeMap<u32, BTreeMap<u64, u64>>) -> Result<(), EngineError> {
    for shard in &shards.shards {
        let mut next = 0;
        for (from, count) in accepted.get(&shard.index).into_iter().flatten() {
            if *from != next {
                return Err(EngineError::Coverage { shard: shard.index });
            }
            next += count;
        }
        if next != shard.units {
            return Err(EngineError::Coverage { shard: shard.index });
        }
    }
    Ok(())
}

/// What became of one task in one process.
enum Outcome {
    Accepted,
    ProcessDied,
    HostFault(EngineError),
    Failed(EngineError),
}

impl Run<'_> {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One thread, one worker process at a time, until nothing is left to do.
    fn work(&self) {
        let mut process = None;
        let mut setup_failures = 0;
        while let Some(open) = self.take() {
            let ready = match process.take() {
                Some(ready) => Ok(ready),
                None => Process::start(self.job, self.workers),
            };
            let outcome = match ready {
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
                        process = Some(ready);
                    }
                    outcome
                }
            };
            self.finish(open, outcome);
        }
    }

    /// The next open task; waits while others may still give one back.
    fn take(&self) -> Option<Open> {
        let mut board = self.board();
        loop {
            if self.workers.stop.load(Ordering::Relaxed) && board.failed.is_none() {
                board.failed = Some(EngineError::Stopped);
            }
            if board.failed.is_some() {
                return None;
            }
            if let Some(open) = board.open.pop_front() {
                board.in_flight += 1;
                return Some(open);
            }
            if board.in_flight == 0 {
                return None;
            }
            board = self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn put_back(&self, open: Open) {
        let mut board = self.board();
        board.in_flight -= 1;
        board.open.push_front(open);
        self.changed.notify_all();
    }

    fn run_task(&self, process: &mut Process, task: &RangeTask) -> Outcome {
        match process.run(task, self.layout.sums_bytes(task.count)) {
            Ok(bytes) => match self.layout.decode_sums(&bytes, task.count) {
                Ok(sums) => {
                    self.accept(task, &sums);
                    Outcome::Accepted
                }
                Err(_) => Outcome::Failed(EngineError::OutOfRange { shard: task.shard }),
            },
            Err(EngineError::Frame(FrameError::Closed)) => Outcome::ProcessDied,
            Err(error @ EngineError::HostFault { .. }) => Outcome::HostFault(error),
            Err(error) => Outcome::Failed(error),
        }
    }

    fn accept(&self, task: &RangeTask, sums: &Sums) {
        let mut board = self.board();
        if board.accepted.entry(task.shard).or_default().insert(task.from, task.count).is_some() {
            board.failed.get_or_insert(EngineError::Coverage { shard: task.shard });
            return;
        }
        board.sums.merge(sums);
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

    /// Run it again; after two deaths halve it; a single unit gets the default.
    fn after_death(&self, open: Open) -> Vec<Open> {
        let Open { task, deaths, faults } = open;
        if deaths + 1 < DEATHS_MAX {
            return vec![Open { task, deaths: deaths + 1, faults }];
        }
        if task.count == 1 {
            let mut sums = self.layout.empty_sums();
            self.layout.add::<tidegate_sandbox::contract::Contribution>(None, &mut sums, &mut Scratch::default());
            self.accept(&task, &sums);
            return vec![];
        }
        let half = task.count / 2;
        let left = RangeTask { count: half, ..task.clone() };
        let right = RangeTask { from: task.from + half, count: task.count - half, ..task };
        vec![Open { task: right, deaths: 0, faults }, Open { task: left, deaths: 0, faults }]
    }
}

/// One worker process with its pipes; killed when dropped.
struct Process {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Process {
    fn start(job: &Job<'_>, workers: &Workers<'_>) -> Result<Self, EngineError> {
        let spawn = |detail: String| EngineError::Spawn { detail };
        let mut command = (workers.command)();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| spawn(error.to_string()))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(spawn("it has no pipes".into()));
        };
        let mut process = Self { child, to, from: BufReader::new(from) };
        let setup = Setup {
            manifest: job.manifest.clone(),
            schema: job.schema.clone(),
            parameters: job.parameters.to_vec(),
            shards: job.directory.clone(),
            files: job.shards.shards.iter().map(|shard| (shard.index, shard.file.clone())).collect(),
            digest_salt: job.digest_salt,
        };
        write_frame(&mut process.to, &setup, job.module.bytes())?;
        match read_frame(&mut process.from, 0)? {
            (Answer::Ready, _) => Ok(process),
            (Answer::HostFault { detail }, _) => Err(EngineError::HostFault { detail }),
            (Answer::Totals { .. }, _) => Err(spawn("it answered before it was asked".into())),
        }
    }

    fn run(&mut self, task: &RangeTask, bytes: u64) -> Result<Vec<u8>, EngineError> {
        write_frame(&mut self.to, task, &[])?;
        let (answer, body) = read_frame(&mut self.from, bytes)?;
        match answer {
            Answer::Totals { task: answered } if answered == *task => Ok(body),
            Answer::HostFault { detail } => Err(EngineError::HostFault { detail }),
            _ => Err(EngineError::HostFault { detail: "it answered another question".into() }),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A worker never outlives its run, and no zombie stays.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
