//! The worker process: one module, round after round, one task after the other, totals out.

use crate::job::{Stage, limits};
use crate::mock::{Generator, mock_unit};
use crate::units::{KEPT_BYTES_MAX, SourceSetup, Sources, Task};
use crate::{FrameError, inputs, read_frame, write_frame};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use tidegate_sandbox::contract::Unit;
use tidegate_sandbox::{CompiledModule, Sandbox, SandboxError};
use tidegate_shards::{SHARD_BYTES_MAX, ShardError, SideTableError};
use tidegate_statistics::{Layout, LayoutError, Scratch, Sums};
use tidegate_terms::{Guard, Manifest, ParameterValue, PublicSchema, messages, stands};

messages! {
    /// Why a worker gives up: a fault of the host, never of a unit.
    pub(crate) enum WorkerError {
        HostFault { detail: String } = "worker.host-fault" {
            en: "the worker's host failed: {detail}",
            zh: "工作进程的宿主出错：{detail}",
        },
        MissingUnits { shard: u32 } = "worker.missing-units" {
            en: "shard {shard} has fewer units than its manifest says",
            zh: "分片 {shard} 的单元数少于清单所载",
        };
        Frame(FrameError),
        Sandbox(SandboxError),
        Shard(ShardError),
        SideTable(SideTableError),
        Layout(LayoutError)
    }
}

/// What a worker is told once. The compiled module follows as the body of the frame.
#[derive(Serialize, Deserialize)]
pub(crate) struct Setup {
    pub(crate) manifest: Manifest,
    pub(crate) schema: PublicSchema,
    pub(crate) parameters: Vec<ParameterValue>,
    pub(crate) side_tables: Vec<Vec<u8>>,
    pub(crate) sources: Vec<SourceSetup>,
}

/// What a worker is told then.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Order {
    /// Begin a round; its public state follows as the body of the frame.
    Begin { of_module: u32, stage: Stage },
    /// Do a task of the round.
    Do(Task),
}

/// What a worker answers; totals follow as the body of the frame.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Ready,
    Totals { task: Task },
    HostFault { detail: String },
}

/// A worker's state: the module, ready to be called, and the layout of the round.
pub struct Worker {
    manifest: Manifest,
    schema: PublicSchema,
    sandbox: Sandbox,
    layout: Layout,
    sources: Sources,
    made_up: Unit,
    scratch: Scratch,
}

/// Serves tasks until the parent closes the pipe.
///
/// `before_task` is called before each task; a test's worker uses it to die at will, `tidegate` passes nothing.
pub fn serve(mut from: impl Read, mut to: impl Write, before_task: impl Fn(&Task)) -> Result<(), FrameError> {
    tidegate_walls::die_with_parent();
    tidegate_walls::yield_to_servers();
    let (setup, module) = match read_frame::<Setup>(&mut from, u64::MAX) {
        Err(FrameError::Closed) => return Ok(()),
        other => other?,
    };
    let state_bytes = setup.manifest.rounds.as_ref().map_or(0, |rounds| u64::from(rounds.state_max) * 8);
    let mut worker = match Worker::new(setup, module) {
        Ok(worker) => worker,
        Err(error) => return write_frame(&mut to, &Answer::HostFault { detail: error.to_string() }, &[]),
    };
    tidegate_walls::raise(worker.data_bytes());
    // The guest runs for the first time here, behind the walls; what they break, they break now, and not for a unit.
    if let Err(error) = worker.warm_up() {
        return write_frame(&mut to, &Answer::HostFault { detail: error.to_string() }, &[]);
    }
    write_frame(&mut to, &Answer::Ready, &[])?;
    loop {
        let (order, body) = match read_frame::<Order>(&mut from, state_bytes) {
            Err(FrameError::Closed) => return Ok(()),
            other => other?,
        };
        let done = match order {
            Order::Begin { of_module, stage } => worker.begin(of_module, &stage, &body).map(|()| None),
            Order::Do(task) => {
                before_task(&task);
                worker.run(&task).map(|sums| Some((task, sums)))
            }
        };
        match done {
            Ok(None) => {}
            Ok(Some((task, sums))) => {
                let body = worker.layout.encode_sums(&sums, task.calls());
                write_frame(&mut to, &Answer::Totals { task }, &body)?;
            }
            Err(error) => return write_frame(&mut to, &Answer::HostFault { detail: error.to_string() }, &[]),
        }
    }
}

impl Worker {
    fn new(setup: Setup, module: Vec<u8>) -> Result<Self, WorkerError> {
        let layout = Layout::seal(&setup.manifest, &setup.schema)?;
        let limits = limits(&setup.manifest, &layout);
        // SAFETY: the body comes from the coordinator, through a pipe that only it can write.
        let module = unsafe { CompiledModule::from_trusted_pipe(module) };
        let inputs = inputs(&setup.manifest, &setup.parameters, &setup.side_tables)?;
        let sandbox = Sandbox::new(&module, inputs, limits, false)?;
        let made_up = mock_unit(&setup.manifest, &setup.schema, &mut Generator::new(1));
        sandbox.prepare_memory_images()?;
        raise_descriptor_limit();
        Ok(Self {
            sandbox,
            layout,
            sources: Sources::open(&setup.manifest, setup.sources)?,
            schema: setup.schema,
            manifest: setup.manifest,
            made_up,
            scratch: Scratch::default(),
        })
    }

    /// Calls the module for one made-up unit, whatever it answers: what is broken for every unit shows here,
    /// as a fault of the host and before any real unit is read.
    fn warm_up(&self) -> Result<(), WorkerError> {
        match self.sandbox.contribute(&self.made_up) {
            Err(trap) if trap.is_host_fault() => Err(WorkerError::HostFault { detail: trap.explain() }),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, of_module: u32, stage: &Stage, state: &[u8]) -> Result<(), WorkerError> {
        self.layout = stage.layout(&self.manifest, &self.schema)?;
        let (numbers, _) = state.as_chunks();
        self.sandbox.begin_round(of_module, numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect());
        Ok(())
    }

    /// Writable memory that an honest worker can need: shards, totals, a module's memory, and room.
    fn data_bytes(&self) -> u64 {
        const ROOM: u64 = 512 << 20;
        // A shard has about 4,096 units (more where a dataset has over 16 million); tables of discovered keys follow them.
        let units = (self.schema.units_max / 2_048).max(8_192).min(self.schema.units_max);
        let totals = self.layout.sums_bytes(units).saturating_mul(8);
        ROOM + 4 * SHARD_BYTES_MAX + KEPT_BYTES_MAX + totals + 2 * self.manifest.resources.memory_bytes
    }

    /// `run_shard`, pure: the totals of one task.
    fn run(&mut self, task: &Task) -> Result<Sums, WorkerError> {
        let Self { sandbox, layout, sources, scratch, .. } = self;
        let mut sums = layout.empty_sums();
        sources.visit(task, &mut |unit| {
            let returned = match sandbox.contribute(unit) {
                Ok(contributions) => Some(contributions),
                Err(trap) if trap.is_host_fault() || !stands(Guard::TrapDefault) => {
                    return Err(WorkerError::HostFault { detail: trap.explain() });
                }
                Err(_) => None,
            };
            let taken = layout.add(returned.as_deref(), &mut sums, scratch);
            if !taken && returned.is_some() && !stands(Guard::Shape) {
                return Err(WorkerError::HostFault { detail: "an answer of another shape".into() });
            }
            Ok(())
        })?;
        Ok(sums)
    }
}

/// Every shard of a run is open at once.
fn raise_descriptor_limit() {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
