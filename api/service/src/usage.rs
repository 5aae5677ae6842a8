//! The usage log of a dataset (Shuangyashan Art. 20): 应用场景, 应用成效, 使用过程, 存储情况, 销毁情况.
//!
//! All of it follows from the log, but for what opens commitments there: statements of effect and certificates. The
//! operator states afterwards what came of a release.

use crate::replay::Logged;
use crate::{Domain, ServiceError, instant, keys};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_log::{Entry, Event, ReplayOutcome, commit};
use tidegate_store::{CustodyState, Opening};
use tidegate_terms::{Digest, Name};

/// The usage of a dataset, in five parts.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UsageView {
    /// The dataset.
    pub dataset: Name,
    /// When this was made.
    pub made_at: String,
    /// 应用场景: what it was granted for.
    pub scenarios: Vec<Scenario>,
    /// 应用成效: what operators say came of it.
    pub effects: Vec<EffectLine>,
    /// 使用过程: what was run, released and replayed.
    pub process: Vec<ProcessLine>,
    /// 存储情况: what is kept.
    pub storage: Vec<StorageLine>,
    /// 销毁情况: what was destroyed.
    pub destruction: Vec<DestructionLine>,
}

/// A grant.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Scenario {
    /// The entry.
    pub entry: u64,
    /// When.
    pub at: String,
    /// The grant.
    pub grant: String,
    /// The operator.
    pub operator: Name,
    /// What for.
    pub purpose: Name,
    /// The columns.
    pub columns: Vec<String>,
    /// The first day.
    pub valid_from: String,
    /// The last day.
    pub valid_until: String,
    /// When it was taken back, if it was.
    pub revoked_at: Option<String>,
}

/// What came of a release.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EffectLine {
    /// The entry.
    pub entry: u64,
    /// When.
    pub at: String,
    /// The run.
    pub run: String,
    /// The statement; absent where it was forgotten under retention.
    pub text: Option<String>,
}

/// A step of a run.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProcessLine {
    /// The entry.
    pub entry: u64,
    /// When.
    pub at: String,
    /// The run.
    pub run: String,
    /// The version that it read.
    pub version: u32,
    /// The module.
    #[schemars(with = "String")]
    pub module: Digest,
    /// The grant.
    pub grant: String,
    /// `admitted`, `admitted for exact tables`, `released round N`, `released exact tables`, `replay: ...`.
    pub step: String,
}

/// A version that was mounted, sealed or unsealed.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StorageLine {
    /// The entry.
    pub entry: u64,
    /// When.
    pub at: String,
    /// The version.
    pub version: u32,
    /// `mounted`, `sealed`, `unsealed`.
    pub step: String,
}

/// A version that was destroyed.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DestructionLine {
    /// The entry.
    pub entry: u64,
    /// When.
    pub at: String,
    /// The version.
    pub version: u32,
    /// Why.
    pub reason: String,
    /// Who witnessed it.
    pub witness: String,
    /// How many files.
    pub files: usize,
}

/// A statement of effect that was taken in.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EffectView {
    /// The run.
    pub run: String,
    /// The position of its entry.
    pub log_position: u64,
}

/// Longest statement of effect, in bytes.
const EFFECT_BYTES_MAX: usize = 16 << 10;

/// A run of the dataset.
struct Known {
    version: u32,
    module: Digest,
    grant: String,
}

impl Domain {
    /// Takes in what an operator says came of a release.
    pub async fn state_effect(&self, run: &str, text: &str) -> Result<EffectView, ServiceError> {
        if text.trim().is_empty() || text.len() > EFFECT_BYTES_MAX {
            return Err(ServiceError::EffectText { maximum: EFFECT_BYTES_MAX });
        }
        let past = self.past(|known, _| known == run).await?;
        if past.runs.get(run).is_none_or(|run| run.released.is_empty()) {
            return Err(ServiceError::UnknownRun { run: run.to_owned() });
        }
        let at = instant::text(self.next_instant().await?);
        let opening = Opening { field: "text_commitment", salt: keys::random()?, content: Some(text.as_bytes().to_vec()) };
        let event = Event::Effect { run: run.to_owned(), text_commitment: commit(&opening.salt, text.as_bytes()) };
        let act = self.store.begin().await?;
        let log_position = self.conclude(act, &Entry { at, event }, &[opening]).await?;
        Ok(EffectView { run: run.to_owned(), log_position })
    }

    /// The usage of a dataset, from the log.
    pub async fn usage(&self, dataset: &Name) -> Result<UsageView, ServiceError> {
        self.mounted(dataset, None).await?;
        let mut usage = UsageView {
            dataset: dataset.clone(),
            made_at: instant::text(instant::now()),
            scenarios: Vec::new(),
            effects: Vec::new(),
            process: Vec::new(),
            storage: Vec::new(),
            destruction: Vec::new(),
        };
        let mut runs = BTreeMap::new();
        let (mut position, size) = (0, self.books().log_size().await?);
        while position < size {
            for bytes in self.books().log_entries(position, (position + 1_024).min(size)).await? {
                let Entry { at, event } = Entry::decode(&bytes).map_err(tidegate_store::StoreError::from)?;
                usage.take(&mut runs, Logged { position, at, event });
                position += 1;
            }
        }
        for effect in &mut usage.effects {
            let opening = self.books().opening(effect.entry, "text_commitment").await?;
            effect.text = opening.and_then(|(_, content)| content).map(|text| String::from_utf8_lossy(&text).into_owned());
        }
        for custody in self.books().custodies().await? {
            if custody.dataset != *dataset || custody.state != CustodyState::Destroyed {
                continue;
            }
            let certificate = self.certificate(dataset, custody.version).await?.read()?;
            usage.destruction.push(DestructionLine {
                entry: certificate.log_position,
                at: certificate.destroyed_at,
                version: custody.version,
                reason: certificate.reason,
                witness: certificate.witness,
                files: certificate.files.len(),
            });
        }
        Ok(usage)
    }
}

impl UsageView {
    fn take(&mut self, runs: &mut BTreeMap<String, Known>, Logged { position: entry, at, event }: Logged) {
        let own = |dataset: &Name| *dataset == self.dataset;
        match event {
            Event::Grant { grant, dataset, operator, columns, purpose, valid_from, valid_until, .. } if own(&dataset) => {
                self.scenarios.push(Scenario { entry, at, grant, operator, purpose, columns, valid_from, valid_until, revoked_at: None });
            }
            Event::Revoke { grant, .. } => {
                if let Some(known) = self.scenarios.iter_mut().find(|known| known.grant == grant) {
                    known.revoked_at = Some(at);
                }
            }
            Event::Reserve { run, accounts, module, .. } => {
                if let Some(payer) = accounts.into_iter().find(|payer| own(&payer.dataset)) {
                    runs.insert(run.clone(), Known { version: payer.version, module, grant: payer.grant });
                    self.step(runs, &run, entry, at, "admitted".into());
                }
            }
            Event::Reviewed { run, account, module, .. } if own(&account.dataset) => {
                runs.insert(run.clone(), Known { version: account.version, module, grant: account.grant });
                self.step(runs, &run, entry, at, "admitted for exact tables".into());
            }
            Event::Release { run, round, .. } => self.step(runs, &run, entry, at, format!("released round {round}")),
            Event::Tables { run, .. } => self.step(runs, &run, entry, at, "released exact tables".into()),
            Event::Replayed { run, outcome, .. } => {
                let found = match outcome {
                    ReplayOutcome::Match {} => "match",
                    ReplayOutcome::Mismatch { .. } => "mismatch",
                    ReplayOutcome::NotReplayable { .. } => "not replayable",
                };
                self.step(runs, &run, entry, at, format!("replay: {found}"));
            }
            Event::Effect { run, .. } if runs.contains_key(&run) => self.effects.push(EffectLine { entry, at, run, text: None }),
            Event::Mount { dataset, version, .. } if own(&dataset) => self.stored(entry, at, version, "mounted"),
            Event::SealVersion { dataset, version, .. } if own(&dataset) => self.stored(entry, at, version, "sealed"),
            Event::UnsealVersion { dataset, version, .. } if own(&dataset) => self.stored(entry, at, version, "unsealed"),
            _ => {}
        }
    }

    fn step(&mut self, runs: &BTreeMap<String, Known>, run: &str, entry: u64, at: String, step: String) {
        let Some(Known { version, module, grant }) = runs.get(run) else { return };
        let (version, module, grant) = (*version, *module, grant.clone());
        self.process.push(ProcessLine { entry, at, run: run.to_owned(), version, module, grant, step });
    }

    fn stored(&mut self, entry: u64, at: String, version: u32, step: &str) {
        self.storage.push(StorageLine { entry, at, version, step: step.to_owned() });
    }
}
