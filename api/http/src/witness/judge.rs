//! The decision about one request: cosign, or say why not.

use super::state::{Cosigned, Memory, Witness, write_state};
use std::sync::PoisonError;
use tidegate_log::{Checkpoint, CheckpointError, ForkEvidence, Note, NoteError, Submission, Verifier, empty_root, verify_consistency};
use tidegate_terms::{Digest, messages};

/// How far the clock may lie before the last cosignature without being wrong: what setting a clock does.
const CLOCK_SLACK_SECONDS: u64 = 5;

messages! {
    /// Why a checkpoint is not cosigned.
    #[derive(Clone, PartialEq, Eq)]
    pub enum WitnessError {
        Malformed = "add-checkpoint.malformed" {
            en: "this is no add-checkpoint request with a checkpoint: see C2SP tlog-witness",
            zh: "这不是带检查点的 add-checkpoint 请求：见 C2SP tlog-witness",
        },
        OldTooLarge { old: u64, size: u64 } = "add-checkpoint.old-too-large" {
            en: "the old size {old} is larger than the checkpoint's {size}: send the size that this witness cosigned last",
            zh: "旧大小 {old} 大于检查点的 {size}：请发送本见证方最近联署的大小",
        },
        NotSigned = "add-checkpoint.not-signed" {
            en: "no key of this log that the witness knows signed the checkpoint: ask its operator to add the key",
            zh: "见证方已知的该日志密钥均未签署此检查点：请让其运营者添加密钥",
        },
        UnknownLog { origin: String } = "add-checkpoint.unknown-log" {
            en: "this witness does not know the log `{origin}`: ask its operator to add it",
            zh: "本见证方不认识日志“{origin}”：请让其运营者添加",
        },
        Conflict { size: u64 } = "add-checkpoint.conflict" {
            en: "this witness cosigned {size} entries last: send a proof from there",
            zh: "本见证方最近联署了 {size} 条：请从该大小给出证明",
        },
        Inconsistent { size: u64 } = "add-checkpoint.inconsistent" {
            en: "the proof does not lead from the {size} entries that this witness cosigned to the checkpoint; both were kept",
            zh: "该证明无法从本见证方已联署的 {size} 条推导到此检查点；双方均已留存",
        },
        ClockBack { now: u64, last: u64 } = "add-checkpoint.clock-back" {
            en: "the clock of this witness says {now}, but it cosigned at {last}: its operator must set the clock right; try again later",
            zh: "本见证方时钟为 {now}，而最近联署于 {last}：其运营者须校正时钟；请稍后重试",
        },
        Storage = "add-checkpoint.storage" {
            en: "this witness cannot write its state, so it cosigns nothing: try again later",
            zh: "本见证方无法写入状态，因此不作联署：请稍后重试",
        },
    }
}

impl Witness {
    /// Takes the body of an `add-checkpoint` request; gives the line of the cosignature.
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<String, WitnessError> {
        let request = Submission::parse(body).map_err(|_| WitnessError::Malformed)?;
        let note = Note::parse(request.checkpoint.as_bytes()).map_err(|_| WitnessError::Malformed)?;
        let text = note.unverified_text();
        let claimed = Checkpoint::parse(text).map_err(|_| WitnessError::Malformed)?;
        let memory = self.logs.get(&claimed.origin).ok_or_else(|| WitnessError::UnknownLog { origin: claimed.origin.clone() })?;
        // One request about a log at a time: what is checked is still so when it is written.
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        let signed = signed_by_log(&request.checkpoint, text, &memory.verifiers)?;
        let contradicts = keep_fork(&memory, &claimed, &signed)?;
        if request.old > claimed.size {
            return Err(WitnessError::OldTooLarge { old: request.old, size: claimed.size });
        }
        let last = memory.last.clone();
        if request.old != last.size || contradicts && claimed.size == last.size {
            return Err(WitnessError::Conflict { size: last.size });
        }
        let grew = verify_consistency(last.size, last.root, claimed.size, claimed.root, &request.proof);
        if !grew || (claimed.size == 0 && claimed.root != empty_root()) {
            // Signed, so the log may have lied; but the proof is nobody's word, so this alone convicts nobody.
            let name = Digest::of(text.as_bytes()).short();
            memory.keep("suspicious", &name, &signed).map_err(|_| WitnessError::Storage)?;
            return Err(WitnessError::Inconsistent { size: last.size });
        }
        let time = self.time_after(last.time)?;
        let line = self.signer.cosign(text, time);
        let next = Cosigned { size: claimed.size, root: claimed.root, time, note: format!("{signed}{line}") };
        // Durable before it leaves. A crash just after leaves a state whose cosignature nobody has: the log asks again.
        write_state(&memory.directory, &next).map_err(|_| WitnessError::Storage)?;
        memory.last = next;
        memory.keep("seen", &claimed.size.to_string(), &memory.last.note).map_err(|_| WitnessError::Storage)?;
        Ok(line)
    }

    /// The clock, never before the last cosignature of the log.
    fn time_after(&self, last: u64) -> Result<u64, WitnessError> {
        let now = (self.clock)();
        if now.saturating_add(CLOCK_SLACK_SECONDS) < last {
            return Err(WitnessError::ClockBack { now, last });
        }
        Ok(now.max(last))
    }
}

/// The note with the signatures of the log's known keys alone; at least one.
fn signed_by_log(note: &str, text: &str, verifiers: &[Verifier]) -> Result<String, WitnessError> {
    let mut signed = format!("{text}\n");
    let head = signed.len();
    for line in note.get(head..).unwrap_or_default().split_inclusive('\n') {
        let one = format!("{text}\n{line}");
        for verifier in verifiers {
            match Checkpoint::verify(one.as_bytes(), verifier) {
                Ok(_) => signed.push_str(line),
                Err(CheckpointError::Note(NoteError::Signature { .. })) => return Err(WitnessError::NotSigned),
                Err(_) => {}
            }
        }
    }
    if signed.len() > head { Ok(signed) } else { Err(WitnessError::NotSigned) }
}

/// Keeps both notes where the log signed another root for a size that was cosigned.
fn keep_fork(memory: &Memory, claimed: &Checkpoint, signed: &str) -> Result<bool, WitnessError> {
    let Some(known) = memory.seen(claimed.size) else { return Ok(false) };
    for verifier in &memory.verifiers {
        if let Ok(Some(evidence)) = ForkEvidence::of_one_size(&known, signed, verifier) {
            let name = format!("{}.json", evidence.name());
            memory.keep("evidence", &name, &evidence.text()).map_err(|_| WitnessError::Storage)?;
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
