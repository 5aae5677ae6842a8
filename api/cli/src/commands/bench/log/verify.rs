//! `tidegate audit verify` of a long log: seconds and memory of the real program.

use super::super::report::{Goal, Measure, Samples};
use super::super::{failed, load, memory};
use super::story::Story;
use crate::front::CliError;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tidegate_log::{Signer, publish};

/// For how many entries the goal is meant.
const GOAL_ENTRIES: u64 = 1_000_000;
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A published log.
pub(super) struct Log {
    directory: PathBuf,
    key: String,
    entries: u64,
}

impl Log {
    /// Makes and publishes a log.
    pub(super) fn make(directory: &Path, entries: u64) -> Result<Self, CliError> {
        std::fs::create_dir(directory).map_err(failed)?;
        let (signer, _) = Signer::generate(super::story::ORIGIN).map_err(failed)?;
        publish(directory, &signer, &mut Story::new(entries)?).map_err(failed)?;
        Ok(Self { directory: directory.to_owned(), key: signer.verifier().to_string(), entries })
    }

    pub(super) fn measure(&self, samples: &mut Samples) -> Result<(), CliError> {
        let program = std::env::current_exe().map_err(failed)?;
        let mut command = Command::new(program);
        command.args(["--json", "audit", "verify"]).arg(&self.directory).args(["--key", &self.key]);
        let (began, ticks) = (Instant::now(), load::own_ticks());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().map_err(failed)?;
        let (mut peak, id) = (0.0_f64, child.id());
        // What it prints fits into a pipe: one line for each lineage.
        while child.try_wait().map_err(failed)?.is_none() {
            peak = memory::peak(id).unwrap_or_default().max(peak);
            std::thread::sleep(LOOK_EVERY);
        }
        let seconds = began.elapsed().as_secs_f64();
        let said = child.wait_with_output().map_err(failed)?;
        // Ticks are hundredths of a second on every Linux.
        let processors = load::own_ticks().zip(ticks).map_or(0.0, |(after, before)| (after - before) / 100.0);
        let report: serde_json::Value = serde_json::from_slice(&said.stdout).map_err(failed)?;
        if !said.status.success() || report["entries"] != self.entries || report["findings_total"] != 0 {
            return Err(failed(format!("the log was not verified: {report}")));
        }
        let goal = (self.entries == GOAL_ENTRIES).then_some(Goal::AtMost(10.0));
        let (en, zh) = ("verify the log, all rules", "核验日志（全部规则）");
        samples.add(Measure { id: "log.verify", en, zh, unit: "s", goal }, seconds);
        let (en, zh) = ("processor time of that", "其处理器时间");
        samples.add(Measure { id: "log.verify.processors", en, zh, unit: "s", goal: None }, processors);
        let (en, zh) = ("entries verified", "核验的条数");
        samples.add(Measure { id: "log.verify.entries", en, zh, unit: "", goal: None }, self.entries as f64);
        let (en, zh) = ("its peak memory", "其内存峰值");
        samples.add(Measure { id: "log.verify.memory", en, zh, unit: "MB", goal: None }, peak);
        Ok(())
    }
}
