//! `tidegate audit consistency`: whether a log still says what it said.

use crate::front::{CliError, read_bytes};
use crate::output::Output;
use std::path::Path;
use std::process::ExitCode;
use tidegate_log::{DirectorySource, Growth, GrowthError, SignedHead, compare_heads, log_keys};

const CHECKPOINT_BYTES_MAX: u64 = 1_000_000;

/// Compares the present head with an older one.
pub(super) fn run(directory: &Path, since: &Path, key: Option<&str>, output: Output) -> Result<ExitCode, CliError> {
    let keys = log_keys(directory, key)?;
    let mut source = DirectorySource::new(directory);
    let newer = SignedHead::of_source(&mut source, &keys)?;
    let older = read_bytes(since, CHECKPOINT_BYTES_MAX)?;
    let older = SignedHead::parse(&older, &keys).map_err(GrowthError::from)?;
    let growth = compare_heads(&older, &newer, Some(&mut source), &keys)?;
    output.show(&growth, |growth| show(growth, output));
    Ok(if growth.consistent { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

pub(super) fn show(growth: &Growth, output: Output) {
    let Growth { origin, older, newer, .. } = growth;
    println!("{} {origin}", output.pick("Log", "日志"));
    println!("  {} {} {}", older.size, output.pick("entries, root", "个条目，根"), older.root);
    println!("  {} {} {}", newer.size, output.pick("entries, root", "个条目，根"), newer.root);
    let verdict = if growth.consistent {
        output.pick("The larger head extends the smaller one.", "较大的检查点延续了较小的检查点。")
    } else {
        output.pick(
            "CONTRADICTION: one key signed both, and they cannot both be true. Give the evidence to the regulator.",
            "存在矛盾：同一密钥签署了两者，而两者不能同时成立。请将证据交给监管方。",
        )
    };
    println!("{verdict}");
}
