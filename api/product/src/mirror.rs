//! A copy of the log beside a package: whether it is the same history, and what it says happened since.

use crate::error::PackageError;
use crate::facts::Facts;
use std::path::Path;
use tidegate_log::{AuditReport, Entry, Event, ProductStepKind, Verdict, read_history, verify};

/// What a copy of the log says about a package.
pub(crate) fn check(directory: &Path, vkey: &str, facts: &Facts, entries: &[(u64, Vec<u8>)]) -> Result<AuditReport, PackageError> {
    let report = verify(directory, Some(vkey))?;
    if report.verdict() != Verdict::Verified {
        return Err(PackageError::LogRules { findings: report.findings_total });
    }
    let mut log: Vec<Vec<u8>> = Vec::new();
    read_history(directory, Some(vkey), |_, bytes, _| log.push(bytes.to_vec()))?;
    for (position, bytes) in entries {
        let held = usize::try_from(*position).ok().and_then(|position| log.get(position));
        let held = held.ok_or(PackageError::LogBehind { size: report.entries, position: *position })?;
        if held != bytes {
            return Err(PackageError::LogDiffers { position: *position });
        }
    }
    let delivered = entries.last().map_or(0, |(position, _)| *position);
    for (position, bytes) in (0_u64..).zip(&log) {
        let Ok(Entry { at, event }) = Entry::decode(bytes) else { continue };
        match event {
            Event::ProductKeys(_) if position > facts.log.keys && position < delivered => return Err(PackageError::OldKeys),
            Event::ProductKeys(keys) if position > facts.log.keys && keys.earlier_revoked => return Err(PackageError::KeysRevoked { at }),
            Event::ProductStep(step) if step.product == facts.product.id => match step.step {
                ProductStepKind::Revoked => return Err(PackageError::Revoked { product: step.product, at }),
                ProductStepKind::Withdrawn => return Err(PackageError::Withdrawn { product: step.product, at }),
                _ => {}
            },
            _ => {}
        }
    }
    Ok(report)
}
