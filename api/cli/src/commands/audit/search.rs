//! `tidegate audit search`: the entries about an organisation, dataset, module, run or time, each with its proof.

use crate::args::{LogArguments, SearchArguments};
use crate::front::CliError;
use crate::output::Output;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;
use tidegate_log::{Entry, Relations, Subjects, Wanted, log_verifier, prove, read_history};

/// An entry that fits.
#[derive(Serialize)]
struct Match {
    entry: u64,
    at: String,
    kind: &'static str,
    #[serde(flatten)]
    subjects: Subjects,
    /// The entry as it is hashed.
    content: serde_json::Value,
    /// Its proof (C2SP tlog-proof).
    proof: String,
    #[serde(skip)]
    bytes: Vec<u8>,
}

#[derive(Serialize)]
struct Answer {
    origin: String,
    checkpoint_size: u64,
    matches: Vec<Match>,
}

/// Searches. Every entry was read and rooted, so the answer is complete for the checkpoint that it names. Exit code 5:
/// nothing fits.
pub(crate) fn run(log: &LogArguments, search: SearchArguments, proofs: Option<&Path>, output: Output) -> Result<ExitCode, CliError> {
    let wanted = wanted(search)?;
    let (mut relations, mut matches) = (Relations::default(), Vec::new());
    let head = read_history(&log.directory, log.key.as_deref(), |entry, bytes, decoded| {
        let Ok(decoded) = decoded else { return };
        let subjects = relations.take(&decoded.event);
        if wanted.fits(&decoded, &subjects) {
            matches.push(found(entry, bytes, decoded, subjects));
        }
    })?;
    let verifier = log_verifier(&log.directory, log.key.as_deref())?;
    for found in &mut matches {
        let proof = prove(&log.directory, &verifier, found.entry)?;
        proof.verify(&found.bytes, &verifier)?;
        found.proof = proof.to_string();
    }
    if let Some(directory) = proofs {
        write_proofs(directory, &matches)?;
    }
    let answer = Answer { origin: head.origin, checkpoint_size: head.size, matches };
    output.show(&answer, |answer| show(answer, output));
    Ok(if answer.matches.is_empty() { ExitCode::from(5) } else { ExitCode::SUCCESS })
}

fn wanted(search: SearchArguments) -> Result<Wanted, CliError> {
    for day in [&search.since, &search.until].into_iter().flatten() {
        if tidegate_log::parse_instant(&format!("{day}T00:00:00Z")).is_none() {
            return Err(CliError::NotADay { text: day.clone() });
        }
    }
    let SearchArguments { organisation, dataset, module, run, grant, kind, since, until } = search;
    Ok(Wanted { organisation, dataset, module, run, grant, kind, since, until })
}

fn found(entry: u64, bytes: &[u8], decoded: Entry, subjects: Subjects) -> Match {
    let content = serde_json::from_slice(bytes).unwrap_or_default();
    let kind = decoded.event.kind();
    Match { entry, at: decoded.at, kind, subjects, content, proof: String::new(), bytes: bytes.to_owned() }
}

fn write_proofs(directory: &Path, matches: &[Match]) -> Result<(), CliError> {
    std::fs::create_dir_all(directory).map_err(|error| CliError::file(directory, &error))?;
    for found in matches {
        let write = |name: String, bytes: &[u8]| {
            let path = directory.join(name);
            std::fs::write(&path, bytes).map_err(|error| CliError::file(&path, &error))
        };
        write(format!("{}.json", found.entry), &found.bytes)?;
        write(format!("{}.tlog-proof", found.entry), found.proof.as_bytes())?;
    }
    Ok(())
}

fn show(answer: &Answer, output: Output) {
    let mut table = output.table(&[("entry", "条目"), ("at", "时间"), ("kind", "类别"), ("about", "相关")]);
    for found in &answer.matches {
        let subjects = &found.subjects;
        let about: Vec<String> = subjects
            .organisations
            .iter()
            .cloned()
            .chain(subjects.datasets.iter().map(ToString::to_string))
            .chain(subjects.module_names.iter().map(ToString::to_string))
            .chain(subjects.runs.iter().cloned())
            .collect();
        table.add_row([found.entry.to_string(), found.at.clone(), found.kind.to_owned(), about.join(", ")]);
    }
    println!("{table}");
    println!(
        "{} {} {} {} {}",
        answer.matches.len(),
        output.pick("of", "／"),
        answer.checkpoint_size,
        output.pick("entries of the log", "条；日志"),
        answer.origin
    );
    println!(
        "{}",
        output.pick(
            "Each was proven against the signed checkpoint; --json and --proofs give the proofs.",
            "每条均已对照签名检查点得到证明；--json 与 --proofs 可取得证明。"
        )
    );
}
