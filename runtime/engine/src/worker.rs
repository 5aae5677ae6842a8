//! The worker process: one module, one range of units after the other, totals out.

use crate::mock::{Generator, mock_unit};
use crate::{FrameError, read_frame, write_frame};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use tidegate_sandbox::contract::Unit;
use tidegate_sandbox::{CompiledModule, Limits, Sandbox, SandboxError};
use tidegate_shards::{Projection, SHARD_BYTES_MAX, ShardError, ShardReader};
use tidegate_statistics::{Layout, LayoutError, Scratch, Sums};
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
    pub(crate) files: Vec<(u32, String)>,
    pub(crate) digest_salt: [u8; 32],
}

/// A range of units of one shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeTask {
    /// The shard.
    pub shard: u32,
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
    memory_bytes: u64,
    layout: Layout,
    schema: PublicSchema,
    projection: Projection,
    /// Opened before the walls were raised; behind them nothing can be opened.
    shards: BTreeMap<u32, File>,
    digest_salt: [u8; 32],
    made_up: Unit,
    unit: Unit,
    scratch: Scratch,
}

/// Serves tasks until the parent closes the pipe.
///
/// `before_task` is called before each task; a test's worker uses it to die at will, `tidegate` passes nothing.
pub fn serve(mut from: impl Read, mut to: impl Write, before_task: impl Fn(&RangeTask)) -> Result<(), FrameError> {
    tidegate_walls::die_with_parent();
    let (setup, module) = match read_frame::<Setup>(&mut from, u64::MAX) {
        Err(FrameError::Closed) => return Ok(()),
        other => other?,
    };
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
        let task = match read_frame::<RangeTask>(&mut from, 0) {
            Err(FrameError::Closed) => return Ok(()),
            other => other?.0,
        };
        before_task(&task);
        match worker.run(&task) {
            Ok(totals) => {
                let body = worker.layout.encode_sums(&totals, task.count);
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
        let inputs = setup.manifest.inputs.iter().map(|input| (&input.table, input.columns.as_slice()));
        let projection = Projection::new(&setup.schema, inputs)?;
        let made_up = mock_unit(&setup.manifest, &setup.schema, &mut Generator::new(1));
        sandbox.prepare_memory_images()?;
        Ok(Self {
            sandbox,
            memory_bytes: setup.manifest.resources.memory_bytes,
            layout,
            schema: setup.schema,
            projection,
            shards: open_shards(&setup.shards, &setup.files)?,
            digest_salt: setup.digest_salt,
            made_up,
            unit: Unit { tables: Vec::new() },
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

    /// Writable memory that an honest worker can need: one shard, totals, a module's memory, and room.
    fn data_bytes(&self) -> u64 {
        const ROOM: u64 = 512 << 20;
        let totals = self.layout.totals_len() as u64 * 64;
        ROOM + 2 * SHARD_BYTES_MAX + totals + 2 * self.memory_bytes
    }

    fn read_shard(&self, shard: u32) -> Result<Vec<u8>, WorkerError> {
        let failed = |detail: String| WorkerError::HostFault { detail: format!("shard {shard}: {detail}") };
        let mut file = self.shards.get(&shard).ok_or_else(|| failed("it is not among the files of this run".into()))?;
        let length = file.seek(SeekFrom::End(0)).map_err(|error| failed(error.to_string()))?;
        if length > SHARD_BYTES_MAX {
            return Err(failed("the file is larger than any shard".into()));
        }
        let mut bytes = vec![0; length as usize];
        file.read_exact_at(&mut bytes, 0).map_err(|error| failed(error.to_string()))?;
        Ok(bytes)
    }

    /// `run_shard`, pure: the totals of one range of units.
    fn run(&mut self, task: &RangeTask) -> Result<Sums, WorkerError> {
        let bytes = self.read_shard(task.shard)?;
        let mut reader = ShardReader::from_bytes(bytes, &self.schema, &self.projection, Some((&self.digest_salt, task.digest)))?;
        reader.skip_units(task.from)?;
        let mut totals = self.layout.empty_sums();
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

/// Opens the shards of a run, while files can be opened.
fn open_shards(directory: &Path, files: &[(u32, String)]) -> Result<BTreeMap<u32, File>, WorkerError> {
    let limit = rustix::process::getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let open = |(shard, file): &(u32, String)| {
        let failed = |error: std::io::Error| WorkerError::HostFault { detail: format!("shard {shard}: {error}") };
        File::open(directory.join(file)).map(|file| (*shard, file)).map_err(failed)
    };
    files.iter().map(open).collect()
}

/// The limits of one call, from the sealed manifest.
pub(crate) fn limits(manifest: &Manifest, layout: &Layout) -> Limits {
    let resources = &manifest.resources;
    Limits { fuel: resources.fuel_per_unit, memory_bytes: resources.memory_bytes, cells_max: layout.guest_cells() as u64 }
}
