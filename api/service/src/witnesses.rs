//! The witnesses of a domain: who they are, asking them, and the quorum that a policy demands.
//!
//! The checkpoint is published with the log's signature alone; witnesses are asked afterwards, each through a courier of
//! its own, all at once, with short patience. So a dead witness delays a command by seconds and stops nothing but
//! the showing of releases whose policy demands it. They are asked after a slot, never before: what they see and when
//! follows from the slot, not from data.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | a witness's answer | its own state at this checkpoint, ours without its line | it is asked again and cosigns the same again |
//! | the line under the checkpoint | everything but the remembered size | the witness names it when it is asked next |

use crate::courier;
use crate::view::WitnessView;
use crate::{Domain, ServiceError, instant};
use std::collections::BTreeSet;
use tidegate_log::{Entry, Event, Submission, SubmissionError, Witness, attach_cosignature, cosignature_line, published_head};
use tidegate_store::WitnessRecord;
use tidegate_terms::Name;

/// A witness that answers with yet another size this often is not asked again now.
const QUESTIONS_MAX: usize = 3;
const URL_BYTES_MAX: usize = 500;

/// What came of asking one witness.
struct Asked {
    witness: Witness,
    /// The size that it cosigned last, where that was learnt.
    known: Option<u64>,
    /// The checkpoint that was sent, and the verified line.
    cosigned: Result<(String, String), ServiceError>,
}

impl Domain {
    /// Adds a witness, and asks it at once.
    pub async fn add_witness(&self, url: String, key: &str) -> Result<Vec<WitnessView>, ServiceError> {
        let witness = Witness::parse(key).map_err(|_| ServiceError::WitnessKey)?;
        let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '@' | '"' | '\\');
        let rest = url.strip_prefix("https://").or(url.strip_prefix("http://")).unwrap_or_default();
        if rest.is_empty() || rest.starts_with('/') || url.len() > URL_BYTES_MAX || !url.chars().all(plain) {
            return Err(ServiceError::WitnessUrl { url: url.chars().take(80).collect() });
        }
        let known = self.books().witnesses().await?;
        let same = |other: &&WitnessRecord| {
            other.name == witness.name() || Witness::parse(&other.vkey).is_ok_and(|key| key.public_key() == witness.public_key())
        };
        if let Some(other) = known.iter().find(same) {
            return Err(ServiceError::WitnessExists { witness: other.name.clone() });
        }
        let at = instant::text(self.next_instant().await?);
        let (vkey, name) = (witness.to_string(), witness.name().to_owned());
        let url = url.trim_end_matches('/').trim_end_matches("/add-checkpoint").to_owned();
        let record = WitnessRecord { vkey: vkey.clone(), name, url, known: 0, at: at.clone() };
        let mut act = self.store.begin().await?;
        act.insert_witness(&record).await?;
        self.conclude(act, &Entry { at, event: Event::WitnessAdded { witness: vkey } }, &[]).await?;
        self.witness_views().await
    }

    /// Removes a witness, by its name or key.
    pub async fn remove_witness(&self, reference: &str) -> Result<Vec<WitnessView>, ServiceError> {
        let known = self.books().witnesses().await?;
        let found = known.into_iter().find(|witness| witness.name == reference || witness.vkey == reference);
        let found = found.ok_or_else(|| ServiceError::UnknownWitness { witness: reference.chars().take(80).collect() })?;
        let at = instant::text(self.next_instant().await?);
        let mut act = self.store.begin().await?;
        act.remove_witness(&found.vkey).await?;
        self.conclude(act, &Entry { at, event: Event::WitnessRemoved { witness: found.vkey } }, &[]).await?;
        self.witness_views().await
    }

    /// All witnesses, and when each cosigned the published checkpoint.
    pub async fn witness_views(&self) -> Result<Vec<WitnessView>, ServiceError> {
        let records = self.books().witnesses().await?;
        let keys: Vec<Witness> = records.iter().filter_map(|record| Witness::parse(&record.vkey).ok()).collect();
        let (head, cosigned) = published_head(&self.log_directory(), &self.keys.present(instant::now()).into(), &keys)?;
        let view = |record: WitnessRecord| WitnessView {
            cosigned: cosigned.iter().find(|line| line.witness == record.name).map(|line| line.time),
            checkpoint_size: head.size,
            name: record.name,
            vkey: record.vkey,
            url: record.url,
            known: record.known,
            at: record.at,
        };
        Ok(records.into_iter().map(view).collect())
    }

    /// Asks all witnesses that have not cosigned the published checkpoint yet, and puts their lines under it. What fails
    /// goes to the journal: nothing of the log waits for a witness.
    pub(crate) async fn ask_witnesses(&self) {
        if let Err(error) = self.ask_all().await {
            self.journal(&format!("witnesses: {error}"));
        }
    }

    async fn ask_all(&self) -> Result<(), ServiceError> {
        let records = self.books().witnesses().await?;
        if records.is_empty() {
            return Ok(());
        }
        let keys: Vec<Witness> = records.iter().filter_map(|record| Witness::parse(&record.vkey).ok()).collect();
        let (directory, verifier) = (self.log_directory(), self.keys.present(instant::now()).clone());
        let (_, cosigned) = published_head(&directory, &(&verifier).into(), &keys)?;
        let left = records.iter().filter(|record| cosigned.iter().all(|line| line.witness != record.name));
        let asked: Vec<Asked> = tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                let threads: Vec<_> = left.map(|record| scope.spawn(|| self.ask(record))).collect();
                threads.into_iter().filter_map(|thread| thread.join().ok().flatten()).collect()
            })
        });
        let mut learnt = Vec::new();
        for Asked { witness, known, cosigned } in asked {
            let put = cosigned
                .and_then(|(checkpoint, line)| Ok(attach_cosignature(&directory, &verifier, &checkpoint, &line, &witness).map(|_| ())?));
            if let Err(error) = put {
                self.journal(&format!("witness {}: {error}", witness.name()));
                tracing::warn!(witness = witness.name(), %error, "no cosignature");
            }
            learnt.extend(known.map(|known| (witness.to_string(), known)));
        }
        if learnt.is_empty() {
            return Ok(());
        }
        let mut act = self.store.begin().await?;
        for (witness, known) in learnt {
            act.witness_knows(&witness, known).await?;
        }
        Ok(act.commit().await?)
    }

    /// Asks one witness; it teaches the size that it knows.
    fn ask(&self, record: &WitnessRecord) -> Option<Asked> {
        let witness = Witness::parse(&record.vkey).ok()?;
        let mut asked = Asked { witness, known: None, cosigned: Err(ServiceError::WitnessAnswer { status: 0 }) };
        let (mut old, mut told) = (record.known, false);
        for _ in 0..QUESTIONS_MAX {
            let (cosigned, learnt) = self.ask_once(&asked.witness, &record.url, old);
            asked.cosigned = cosigned;
            match (&asked.cosigned, learnt) {
                // What is remembered is a hint: ask from nothing, and the witness says what it has.
                (Err(ServiceError::Submission(SubmissionError::WitnessAhead { .. })), None) if !told && old > 0 => old = 0,
                (Err(_), Some(size)) if size != old => (old, told, asked.known) = (size, true, Some(size)),
                (_, learnt) => {
                    asked.known = learnt.or(asked.known);
                    break;
                }
            }
        }
        Some(asked)
    }

    fn ask_once(&self, witness: &Witness, url: &str, old: u64) -> (Result<(String, String), ServiceError>, Option<u64>) {
        let (directory, verifier) = (self.log_directory(), self.keys.present(instant::now()));
        let request = match Submission::of_published(&directory, verifier, witness, old) {
            Ok(request) => request,
            Err(error) => return (Err(error.into()), None),
        };
        let posted = match courier::send(&self.programs, &format!("{url}/add-checkpoint"), request.to_string().as_bytes()) {
            Ok(posted) => posted,
            Err(error) => return (Err(error), None),
        };
        let body = String::from_utf8_lossy(&posted.body);
        match posted.status {
            200 => {
                let line = cosignature_line(&request.checkpoint, &body, witness).map_err(ServiceError::from);
                let size =
                    tidegate_log::SignedHead::parse(request.checkpoint.as_bytes(), &verifier.into()).map(|head| head.checkpoint.size).ok();
                let known = size.filter(|_| line.is_ok());
                (line.map(|line| (request.checkpoint, line)), known)
            }
            409 if posted.content_type.starts_with("text/x.tlog.size") => {
                let size = body.strip_suffix('\n').and_then(|size| size.parse().ok()).filter(|size| i64::try_from(*size).is_ok());
                (Err(ServiceError::WitnessAnswer { status: 409 }), size)
            }
            status => (Err(ServiceError::WitnessAnswer { status }), None),
        }
    }

    /// Whether as many witnesses as the newest policies of these datasets demand have cosigned the published
    /// checkpoint. If not and `ask` is set, they are asked once more.
    ///
    /// The newest policy decides, not that of the run: a witness that is gone for good must not hold releases for ever.
    pub(crate) async fn require_witnesses(&self, run: &str, datasets: &[&Name], ask: bool) -> Result<(), ServiceError> {
        let mut missing = self.missing_witnesses(run, datasets).await?;
        if missing.is_some() && ask {
            self.ask_witnesses().await;
            missing = self.missing_witnesses(run, datasets).await?;
        }
        missing.map_or(Ok(()), Err)
    }

    async fn missing_witnesses(&self, run: &str, datasets: &[&Name]) -> Result<Option<ServiceError>, ServiceError> {
        for dataset in datasets.iter().collect::<BTreeSet<_>>() {
            let Some(demanded) = self.mounted(dataset, None).await?.policy.witnesses else { continue };
            let keys: Vec<Witness> = demanded.keys.iter().filter_map(|key| Witness::parse(key).ok()).collect();
            let (_, cosigned) = published_head(&self.log_directory(), &self.keys.present(instant::now()).into(), &keys)?;
            if cosigned.len() < demanded.quorum as usize {
                let (found, quorum) = (cosigned.len(), demanded.quorum);
                return Ok(Some(ServiceError::NotWitnessed { run: run.to_owned(), found, quorum }));
            }
        }
        Ok(None)
    }
}
