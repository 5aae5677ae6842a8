//! What a script is told: 0 verified, 2 bad input, 3 contradiction, 4 cannot be verified, 5 not found.

use tidegate_log::{AuditError, AuthenticError, CheckpointError, GrowthError, MirrorError, NoteError, Verdict};

const BAD_INPUT: u8 = 2;
const CONTRADICTION: u8 = 3;
const CANNOT_VERIFY: u8 = 4;

/// The exit code of a verdict.
pub(crate) fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Verified => 0,
        Verdict::Contradiction => CONTRADICTION,
        Verdict::CannotVerify => CANNOT_VERIFY,
    }
}

/// The exit code where two heads could not be compared.
pub(crate) fn code_of_growth(error: &GrowthError) -> u8 {
    match error {
        GrowthError::EvidenceMalformed => BAD_INPUT,
        GrowthError::NoCheckpoint | GrowthError::Shorter { .. } | GrowthError::NoTiles | GrowthError::EvidenceFails => CANNOT_VERIFY,
        GrowthError::Checkpoint(error) => code_of_checkpoint(error),
        GrowthError::Authentic(error) => code_of_published(error),
    }
}

/// The exit code where a mirror was not brought up.
pub(crate) fn code_of_mirror(error: &MirrorError) -> u8 {
    match error {
        MirrorError::Fork { .. } => CONTRADICTION,
        MirrorError::OtherKey { .. } | MirrorError::Key(AuditError::Key) => BAD_INPUT,
        MirrorError::Key(error) => code(error.verdict()),
        MirrorError::Checkpoint(error) => code_of_checkpoint(error),
        MirrorError::Authentic(error) => code_of_published(error),
        MirrorError::NoCheckpoint | MirrorError::Older { .. } | MirrorError::Source(_) | MirrorError::File(_) => CANNOT_VERIFY,
    }
}

fn code_of_checkpoint(error: &CheckpointError) -> u8 {
    match error {
        CheckpointError::Note(NoteError::Unsigned { .. }) => CANNOT_VERIFY,
        _ => CONTRADICTION,
    }
}

fn code_of_published(error: &AuthenticError) -> u8 {
    match error {
        AuthenticError::Differs { .. } => CONTRADICTION,
        AuthenticError::Missing { .. } | AuthenticError::Source(_) => CANNOT_VERIFY,
    }
}
