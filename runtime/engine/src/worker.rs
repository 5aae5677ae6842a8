//! The worker process: one module, one range of units after the other, totals out.

use crate::mock::{Generator, mock_unit};
use crate::{FrameError, read_frame, write_frame};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::path::PathBuf;
use tidegate_sandbox::contract::Unit;
use tidegate_sandbox::{CompiledModule, Limits, Sandbox, SandboxError};
use tidegate_shards::{Projection, ShardError, ShardReader};
use tidegate_statistics::{Layout, LayoutError, Scratch};
use tidegate_terms::{Digest, Manifest, ParameterValue, PublicSchema, messages};

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
        Layout(LayoutError)
    }
}

/// What a worker is told once. The compiled module follows as the body of the frame.
#[derive(Serialize, Deserialize)]
pub(crate) struct Setup {
    pub(crate) manifest: Manifest,
    pub(crate) schema: PublicSchema,
    pub(crate) parameters: Vec<ParameterValue>,
    pub(crate) shards: PathBuf,
    pub(crate) digest_salt: [u8; 32],
}

/// A range of units of one shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeTask {
    /// The shard.
    pub shard: u32,
    /// Its file inside the dataset's directory.
    pub file: String,
    /// Its salted digest.
    pub digest: Digest,
    /// The first unit.
    pub from: u64,
    /// How many units.
    pub count: u64,
}

/// What a worker answers; totals follow as the body of the frame.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    Ready,
    Totals { task: RangeTask },
    HostFault { detail: String },
}

/// A worker's state: the module, ready to be called, and the sealed layout.
pub struct Worker {
    sandbox: Sandbox,
    layout: Layout,
    schema: PublicSchema,
    projection: Projection,
    shards: PathBuf,
    digest_salt: [u8; 32],
    unit: Unit,
    scratch: Scratch,
}

/// Serves tasks until the parent closes the pipe.
///
/// `before_task` is called before each task; a test's worker uses it to die at will, `tidegate` passes nothing.
pub fn serve(mut from: impl Read, mut to: impl Write, before_task: impl Fn(&RangeTask)) -> Result<(), FrameError> {
    crate::confine::die_with_parent();
    let (setup, module) = match read_frame::<Setup>(&mut from, u64::MAX) {
        Err(FrameError::Closed) => return Ok(()),
        other => other?,
    };
    let mut worker = match Worker::new(setup, module) {
        Ok(worker) => worker,
        Err(error) => return write_frame(&mut to, &Answer::HostFault { detail: error.to_string() }, &[]),
    };
    crate::confine::confine();
    write_frame(&mut to, &Answer::Ready, &[])?;
    loop {
        let task = match read_frame::<RangeTask>(&mut from, 0) {
            Err(FrameError::Closed) => return Ok(()),
            other => other?.0,
        };
        before_task(&task);
        match worker.run(&task) {
            Ok(totals) => {
                let body: Vec<u8> = totals.iter().flat_map(|total| total.to_le_bytes()).collect();
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
        let sandbox = Sandbox::new(&module, &setup.parameters, limits, false)?;
        warm_up(&sandbox, &setup)?;
        let inputs = setup.manifest.inputs.iter().map(|input| (&input.table, input.columns.as_slice()));
        let projection = Projection::new(&setup.schema, inputs)?;
        Ok(Self {
            sandbox,
            layout,
            schema: setup.schema,
            projection,
            shards: setup.shards,
            digest_salt: setup.digest_salt,
            unit: Unit { tables: Vec::new() },
            scratch: Scratch::default(),
        })
    }

    /// `run_shard`, pure: the totals of one range of units.
    fn run(&mut self, task: &RangeTask) -> Result<Vec<i64>, WorkerError> {
        let path = self.shards.join(&task.file);
        let mut reader = ShardReader::open(&path, &self.schema, &self.projection, Some((&self.digest_salt, task.digest)))?;
        reader.skip_units(task.from)?;
        let mut totals = vec![0; self.layout.totals_len()];
        for _ in 0..task.count {
            if reader.next_unit(&mut self.unit)?.is_none() {
                return Err(WorkerError::MissingUnits { shard: task.shard });
            }
            let returned = match self.sandbox.contribute(&self.unit) {
                Ok(contributions) => Some(contributions),
                Err(trap) if trap.is_host_fault() => return Err(WorkerError::HostFault { detail: trap.explain() }),
                Err(_) => None,
            };
            self.layout.add(returned.as_deref(), &mut totals, &mut self.scratch);
        }
        Ok(totals)
    }
}

/// Calls the module for one made-up unit, whatever it answers: what is broken for every unit shows here, as
/// a fault of the host and before any real unit is read, and the engine makes its memory image now, while
/// it still may.
fn warm_up(sandbox: &Sandbox, setup: &Setup) -> Result<(), WorkerError> {
    let made_up = mock_unit(&setup.manifest, &setup.schema, &mut Generator::new(1));
    match sandbox.contribute(&made_up) {
        Err(trap) if trap.is_host_fault() => Err(WorkerError::HostFault { detail: trap.explain() }),
        _ => Ok(()),
    }
}

/// The limits of one call, from the sealed manifest.
pub(crate) fn limits(manifest: &Manifest, layout: &Layout) -> Limits {
    let cells = layout.statistics().iter().map(|placed| placed.guest_cells() as u64).sum();
    Limits { fuel: manifest.resources.fuel_per_unit, memory_bytes: manifest.resources.memory_bytes, cells_max: cells }
}
