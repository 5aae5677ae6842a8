//! The child processes of a keeper: each does one dangerous thing and nothing else.
//!
//! | child | sees | gives |
//! |---|---|---|
//! | ingest | the provider's files, the key of units | shards, a report |
//! | compile | one hostile component | native code (`compiler.rs`) |
//! | worker | shards, one module | exact totals |
//! | conclude | one module, what was released | what comes next |
//! | noise | exact totals, scales | noised totals |
//! | load | nothing | nothing: it keeps a processor busy ([`tidegate_engine::serve_load`]) |
//! | courier | one checkpoint, one address | a witness's answer ([`courier`](crate::serve_courier)) |
//! | walls | nothing | which walls stand |
//! | calibrate | guests of its own | how long they took ([`measure_machine`](crate::measure_machine)) |

pub use crate::compiler::{compile, serve_compile};

use crate::ServiceError;
use serde::{Deserialize, Serialize};
use std::io::{BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tidegate_engine::{FrameError, read_frame, write_frame};
use tidegate_shards::{ImportProgress, ImportReport, ImportRequest, Population, ShardManifest};
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

/// What the ingest child is asked.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ingest {
    /// What to import.
    pub(crate) import: ImportRequest,
    /// Other populations, against which the new one is counted.
    pub(crate) others: Vec<Population>,
}

/// What the ingest child gives.
#[derive(Serialize, Deserialize)]
pub(crate) struct Imported {
    pub(crate) shards: ShardManifest,
    pub(crate) report: ImportReport,
    /// Units that the new population shares with each of the others.
    pub(crate) shared: Vec<u64>,
}

/// What the ingest child says.
#[derive(Serialize, Deserialize)]
enum Ingested {
    Progress(ImportProgress),
    Done(Box<Imported>),
    Refused(Spoken),
}

/// Imports a provider's files in a child, so that the keeper never holds a row.
pub(crate) fn ingest(programs: &Programs, request: &Ingest, progress: &mut dyn FnMut(ImportProgress)) -> Result<Imported, ServiceError> {
    let (mut child, mut to, mut from) = start(&mut programs.child("ingest"))?;
    write_frame(&mut to, request, &[])?;
    loop {
        match read_frame::<Ingested>(&mut from, 0) {
            Ok((Ingested::Progress(step), _)) => progress(step),
            Ok((Ingested::Done(imported), _)) => {
                let _ = child.wait();
                return Ok(*imported);
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
    let (Ingest { import, others }, _) = read_frame::<Ingest>(&mut from, 0)?;
    let mut shown = std::time::Instant::now();
    let mut show = |step: ImportProgress| {
        // Ten steps a second are enough for a person; a lost one does no harm.
        if shown.elapsed().as_millis() >= 100 {
            shown = std::time::Instant::now();
            let _ = write_frame(&mut to, &Ingested::Progress(step), &[]);
        }
    };
    let outcome = match tidegate_shards::import(&import, &mut show) {
        Ok((shards, report)) => {
            let new = Population { directory: import.into, schema: import.schema, shards };
            match others.iter().map(|other| tidegate_shards::overlap(&new, other)).collect() {
                Ok(shared) => Ingested::Done(Box::new(Imported { shards: new.shards, report, shared })),
                Err(error) => Ingested::Refused(Spoken::of(&error)),
            }
        }
        Err(error) => Ingested::Refused(Spoken::of(&error)),
    };
    write_frame(&mut to, &outcome, &[])
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
