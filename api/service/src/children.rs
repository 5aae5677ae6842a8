//! The child processes of a keeper: each does one dangerous thing and nothing else.
//!
//! | child | sees | gives |
//! |---|---|---|
//! | ingest | the provider's files, the key of units | shards, a report |
//! | compile | one hostile component | native code |
//! | worker | shards, one module | exact totals |
//! | conclude | one module, what was released | what comes next |
//! | noise | exact totals, scales | noised totals |
//! | load | nothing | nothing: it keeps a processor busy ([`tidegate_engine::serve_load`]) |
//! | courier | one checkpoint, one address | a witness's answer ([`courier`](crate::serve_courier)) |
//! | walls | nothing | which walls stand |

use crate::ServiceError;
use serde::{Deserialize, Serialize};
use std::io::{BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tidegate_engine::{FrameError, read_frame, write_frame};
use tidegate_sandbox::contract::Inputs;
use tidegate_sandbox::{CompiledModule, Limits, Sandbox, UploadError};
use tidegate_shards::{ImportProgress, ImportReport, ImportRequest, ShardManifest};
use tidegate_terms::Spoken;
use tidegate_walls::Standing;

/// How the children of a keeper are started.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The program; its first argument is the hidden command `internal`, its second the child's name.
    pub program: PathBuf,
}

impl Programs {
    /// The program that runs now.
    pub fn own() -> std::io::Result<Self> {
        Ok(Self { program: std::env::current_exe()? })
    }

    /// A child with an empty environment; the standard library lets it inherit no descriptor but its pipes.
    pub fn child(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["internal", name]).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some((variable, guards)) = tidegate_terms::environment_of_children() {
            command.env(variable, guards);
        }
        command
    }
}

pub(crate) fn start(command: &mut Command) -> Result<(Child, impl Write + use<>, impl Read + use<>), ServiceError> {
    let failed = |detail: String| ServiceError::Child { detail };
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    match (child.stdin.take(), child.stdout.take()) {
        (Some(to), Some(from)) => Ok((child, to, BufReader::new(from))),
        _ => Err(failed("it has no pipes".into())),
    }
}

/// What the ingest child says.
#[derive(Serialize, Deserialize)]
enum Ingested {
    Progress(ImportProgress),
    Done { shards: ShardManifest, report: Box<ImportReport> },
    Refused(Spoken),
}

/// Imports a provider's files in a child, so that the keeper never holds a row.
pub(crate) fn ingest(
    programs: &Programs,
    request: &ImportRequest,
    progress: &mut dyn FnMut(ImportProgress),
) -> Result<(ShardManifest, ImportReport), ServiceError> {
    let (mut child, mut to, mut from) = start(&mut programs.child("ingest"))?;
    write_frame(&mut to, request, &[])?;
    loop {
        match read_frame::<Ingested>(&mut from, 0) {
            Ok((Ingested::Progress(step), _)) => progress(step),
            Ok((Ingested::Done { shards, report }, _)) => {
                let _ = child.wait();
                return Ok((shards, *report));
            }
            Ok((Ingested::Refused(refusal), _)) => {
                let _ = child.wait();
                return Err(refusal.into());
            }
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(ServiceError::Child { detail: format!("import ended early: {error}") });
            }
        }
    }
}

/// The ingest child.
pub fn serve_ingest(mut from: impl Read, mut to: impl Write) -> Result<(), FrameError> {
    tidegate_walls::die_with_parent();
    let (request, _) = read_frame::<ImportRequest>(&mut from, 0)?;
    let mut shown = std::time::Instant::now();
    let mut show = |step: ImportProgress| {
        // Ten steps a second are enough for a person; a lost one does no harm.
        if shown.elapsed().as_millis() >= 100 {
            shown = std::time::Instant::now();
            let _ = write_frame(&mut to, &Ingested::Progress(step), &[]);
        }
    };
    let outcome = match tidegate_shards::import(&request, &mut show) {
        Ok((shards, report)) => Ingested::Done { shards, report: Box::new(report) },
        Err(error) => Ingested::Refused(Spoken::of(&error)),
    };
    write_frame(&mut to, &outcome, &[])
}

/// Processor seconds and memory that compiling one upload may take.
const COMPILE_SECONDS: u64 = 20;
const COMPILE_MEBIBYTES: u64 = 4_096;

#[derive(Serialize, Deserialize)]
enum Compiled {
    Done,
    Refused(Spoken),
}

/// Checks and compiles a hostile component in a child with limits.
///
/// The child also loads the result under the manifest's limits, so that a module which can never run is
/// refused at upload and not after it was paid for.
pub fn compile(programs: &Programs, component: &[u8], memory_bytes: u64) -> Result<CompiledModule, ServiceError> {
    // What the gate can refuse without compiling, it refuses here, before a process is started.
    tidegate_sandbox::check_component(component)?;
    let (mut child, mut to, mut from) = start(&mut programs.child("compile"))?;
    let answer = write_frame(&mut to, &memory_bytes, component).and_then(|()| read_frame::<Compiled>(&mut from, u64::from(u32::MAX)));
    let _ = child.kill();
    let _ = child.wait();
    match answer {
        // SAFETY: the body comes from our own compile child, through a pipe that only it can write; it ran
        // no code of the guest.
        Ok((Compiled::Done, code)) => Ok(unsafe { CompiledModule::from_trusted_pipe(code) }),
        Ok((Compiled::Refused(refusal), _)) => Err(refusal.into()),
        Err(_) => Err(UploadError::CompileLimits { seconds: COMPILE_SECONDS, mebibytes: COMPILE_MEBIBYTES }.into()),
    }
}

/// The compile child.
pub fn serve_compile(mut from: impl Read, mut to: impl Write) -> Result<(), FrameError> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    tidegate_walls::die_with_parent();
    let limit = |maximum: u64| Rlimit { current: Some(maximum), maximum: Some(maximum) };
    let _ = setrlimit(Resource::Cpu, limit(COMPILE_SECONDS));
    tidegate_walls::raise(COMPILE_MEBIBYTES << 20);
    let (memory_bytes, component) = read_frame(&mut from, tidegate_sandbox::COMPONENT_BYTES_MAX as u64)?;
    let loaded = tidegate_sandbox::compile(&component).map_err(|error| Spoken::of(&error)).and_then(|module| {
        let limits = Limits { fuel: 0, memory_bytes, answer_bytes: 0 };
        Sandbox::new(&module, Inputs::new(&[], Vec::new()), limits, false).map(|_| module).map_err(|error| Spoken::of(&error))
    });
    match loaded {
        Ok(module) => write_frame(&mut to, &Compiled::Done, module.bytes()),
        Err(refusal) => write_frame(&mut to, &Compiled::Refused(refusal), &[]),
    }
}

/// Which walls stand around a child on this machine.
pub fn standing_walls(programs: &Programs) -> Result<Vec<Standing>, ServiceError> {
    walls_of(programs, "walls")
}

/// Which walls stand around a process that serves others.
pub fn standing_server_walls(programs: &Programs) -> Result<Vec<Standing>, ServiceError> {
    walls_of(programs, "server-walls")
}

fn walls_of(programs: &Programs, child: &str) -> Result<Vec<Standing>, ServiceError> {
    let (mut child, _to, mut from) = start(&mut programs.child(child))?;
    let answer = read_frame::<Vec<Standing>>(&mut from, 0);
    let _ = child.kill();
    let _ = child.wait();
    Ok(answer?.0)
}

/// The child that raises the walls and says which stand.
pub fn serve_walls(mut to: impl Write) -> Result<(), FrameError> {
    write_frame(&mut to, &tidegate_walls::raise(1 << 30), &[])
}
