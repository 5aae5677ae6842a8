//! What the processes of `conclude` and of noise answer the keeper, and what is kept beside a release.

use crate::choose;
use crate::fixtures::Sample;
use std::sync::OnceLock;
use tidegate_engine::Concluded;
use tidegate_gate::Noised;

/// A byte for the pipe, and what is on it.
pub fn run(bytes: &[u8]) {
    static ROUNDS: OnceLock<Sample> = OnceLock::new();
    let Some((pipe, rest)) = choose(bytes, 4) else { return };
    match pipe {
        0 => {
            let manifest = &ROUNDS.get_or_init(|| Sample::numbered(1)).manifest;
            let most = manifest.rounds.as_ref().map_or(0, |rounds| rounds.state_max as usize);
            match tidegate_engine::fuzzing::concluded_from_process(rest, manifest) {
                Some(Concluded::Again(state)) => {
                    assert!(state.len() <= most && state.iter().all(|number| number.is_finite()), "a state out of bounds");
                }
                Some(Concluded::Done(report)) => assert!(report.iter().all(|finding| finding.value.is_finite()), "no number"),
                Some(Concluded::Failed(_)) | None => {}
            }
        }
        1 => assert_ne!(tidegate_engine::fuzzing::question_to_conclude(rest), Some(false), "it reads as another question"),
        2 => {
            let Some((totals, rest)) = choose(rest, 16) else { return };
            if let Some(noised) = tidegate_gate::fuzzing::noised_from_process(rest, usize::from(totals)) {
                assert_eq!(noised.len(), usize::from(totals), "as many as were asked");
            }
        }
        _ => {
            if let Ok(noised) = Noised::parse(rest) {
                assert_eq!(noised.to_bytes(), rest, "noised answers have one encoding");
            }
        }
    }
}
