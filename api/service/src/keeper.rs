//! The keeper's side of the conversation: one request after the other on a private pipe.
//!
//! The front (today the CLI, later the HTTP server) holds no data and no keys; it asks the keeper. A frame's
//! body carries bytes that are not text, such as a component.

use crate::children::Programs;
use crate::datasets::NewVersion;
use crate::grants::NewGrant;
use crate::products::ProductRequest;
use crate::quotes::{Question, Wish};
use crate::replay::{ReplayBegun, ReplayWish};
use crate::reviewed::NewApproval;
use crate::runs::Admitted;
use crate::{Domain, ServiceError};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::path::PathBuf;
use tidegate_engine::{FrameError, read_frame, write_frame};
use tidegate_log::Reader;
use tidegate_sandbox::COMPONENT_BYTES_MAX;
use tidegate_shards::ImportProgress;
use tidegate_store::StoreError;
use tidegate_terms::{Digest, Epsilon, Name, Spoken};

/// What a front asks.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Request {
    /// Make a domain.
    Init {
        /// The origin of its log.
        origin: String,
    },
    /// Mount the next version of a dataset.
    DatasetAdd {
        /// The dataset.
        dataset: Name,
        /// The public schema, as TOML.
        schema: String,
        /// The release policy, as TOML.
        policy: String,
        /// A file for each table.
        files: Vec<(Name, PathBuf)>,
    },
    /// List datasets.
    DatasetList,
    /// Show a dataset's declared bounds.
    DatasetShow {
        /// The dataset.
        dataset: Name,
    },
    /// Show the import report; for the provider.
    DatasetReport {
        /// The dataset.
        dataset: Name,
    },
    /// Show how a dataset overlaps with other lineages; for the authority.
    DatasetOverlap {
        /// The dataset.
        dataset: Name,
    },
    /// Make a grant.
    GrantAdd {
        /// The dataset.
        dataset: Name,
        /// The operator.
        operator: Name,
        /// The operator's Ed25519 public key, base64.
        operator_key: String,
        /// The columns, as `table.column`.
        columns: Vec<String>,
        /// The purpose.
        purpose: Name,
        /// The share of the budget.
        epsilon: Epsilon,
        /// First day; today, where none is named.
        valid_from: Option<String>,
        /// Last day.
        valid_until: String,
    },
    /// List grants.
    GrantList,
    /// Revoke a grant.
    GrantRevoke {
        /// The grant.
        grant: String,
        /// Why.
        reason: String,
    },
    /// Upload a sealed module; the component is the frame's body.
    ModelUpload {
        /// The operator.
        operator: Name,
        /// The manifest, as TOML.
        manifest: String,
        /// The seal, as JSON.
        seal: String,
    },
    /// Approve a module for exact tables of a dataset.
    ModelApprove {
        /// The digest of its seal.
        module: Digest,
        /// The dataset.
        dataset: Name,
        /// The operator whose module it is.
        operator: Name,
        /// The approver's Ed25519 public key, base64.
        approver: String,
        /// The signature, base64.
        signature: String,
    },
    /// List modules.
    ModelList,
    /// Quote a run, and what a wished error would cost.
    Quote(Question, Option<Wish>),
    /// Run.
    Run(Question),
    /// Show a release.
    ReleaseShow {
        /// The run.
        run: String,
        /// One of its rounds; the last, where none is named.
        round: Option<u32>,
    },
    /// Open a commitment of the log.
    Open {
        /// The index of the entry.
        entry: u64,
        /// The name of the commitment in it.
        field: String,
        /// To whom.
        reader: Reader,
    },
    /// Add a witness.
    WitnessAdd {
        /// The prefix of its address.
        url: String,
        /// Its verifier key.
        key: String,
    },
    /// List the witnesses.
    WitnessList,
    /// Remove a witness.
    WitnessRemove {
        /// Its name or key.
        witness: String,
    },
    /// Show the account on which a dataset draws.
    BudgetShow {
        /// The dataset.
        dataset: Name,
    },
    /// Change the key of the log.
    LogRotateKey {
        /// For how many days both keys sign.
        overlap_days: u32,
    },
    /// About products.
    Product(ProductRequest),
    /// Run runs of the past again and hold them against the log.
    Replay {
        /// Which.
        wish: ReplayWish,
        /// Who asks.
        asker: String,
    },
    /// Seal a version, or take its seal off.
    VersionSeal {
        /// The dataset.
        dataset: Name,
        /// Its version.
        version: u32,
        /// Why.
        reason: String,
        /// Whether it is to be sealed from now on.
        sealed: bool,
    },
    /// Destroy the data of a version.
    VersionDestroy {
        /// The dataset.
        dataset: Name,
        /// Its version.
        version: u32,
        /// Why.
        reason: String,
        /// Before whom.
        witness: String,
    },
    /// Show the certificate of a destruction.
    VersionCertificate {
        /// The dataset.
        dataset: Name,
        /// Its version.
        version: u32,
    },
    /// Show the usage of a dataset in its five parts.
    Usage {
        /// The dataset.
        dataset: Name,
    },
    /// Take in what came of a release.
    Effect {
        /// The run.
        run: String,
        /// The operator's statement.
        text: String,
    },
    /// List incidents.
    IncidentList,
    /// Show an incident with its cause; for the authority.
    IncidentShow {
        /// The incident.
        incident: String,
    },
    /// Close an incident.
    IncidentClose {
        /// The incident.
        incident: String,
        /// Why.
        reason: String,
        /// By whom.
        by: String,
    },
    /// Say or set how long records are kept.
    Retention {
        /// Years, where they are to be set.
        years: Option<u32>,
    },
    /// Show the numbers from which slots are computed, or measure this machine anew and log them.
    Calibration {
        /// Whether to measure.
        measure: bool,
    },
    /// Forget records from before a day.
    Purge {
        /// The first day that is kept.
        before: String,
    },
}

impl Request {
    /// Whether it stays a command of the domain's own machine when the domain is governed; everything else is decided by
    /// the office.
    fn is_of_the_machine(&self) -> bool {
        matches!(
            self,
            Self::Init { .. }
                | Self::LogRotateKey { .. }
                | Self::Calibration { .. }
                | Self::WitnessList
                | Self::Product(ProductRequest::Keys { .. })
        )
    }
}

/// What the keeper says.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// Progress of an import, for the provider.
    Importing(ImportProgress),
    /// A run was admitted.
    Admitted(Admitted),
    /// A replay has begun.
    Replaying(ReplayBegun),
    /// The answer: one of the types of [`view`](crate::view).
    Done(serde_json::Value),
    /// A refusal.
    Refused(Spoken),
}

/// Serves requests on a pipe until the front closes it.
pub async fn serve_keeper(
    directory: PathBuf,
    programs: Programs,
    mut from: impl Read + Send,
    mut to: impl Write + Send,
) -> Result<(), FrameError> {
    let mut domain = None;
    loop {
        let (request, body) = match tokio::task::block_in_place(|| read_frame::<Request>(&mut from, COMPONENT_BYTES_MAX as u64 + 1)) {
            Err(FrameError::Closed) => return Ok(()),
            other => other?,
        };
        let answer = answer(&directory, &programs, &mut domain, request, body, &mut to).await;
        let reply = match answer {
            Ok(value) => Reply::Done(value),
            Err(error) => Reply::Refused(Spoken::of(&error)),
        };
        write_frame(&mut to, &reply, &[])?;
    }
}

async fn answer(
    directory: &std::path::Path,
    programs: &Programs,
    domain: &mut Option<Domain>,
    request: Request,
    body: Vec<u8>,
    to: &mut (impl Write + Send),
) -> Result<serde_json::Value, ServiceError> {
    if let Request::Init { origin } = &request {
        Domain::create(directory, origin).await?;
        let opened = domain.insert(Domain::open(directory, programs.clone()).await?);
        return value(&opened.view());
    }
    let domain = match domain {
        Some(domain) => domain,
        None => domain.insert(Domain::open(directory, programs.clone()).await?),
    };
    if !request.is_of_the_machine() && domain.is_governed().await? {
        return Err(ServiceError::Governed);
    }
    // A front that has gone away does not stop what it began.
    let mut say = |reply: Reply| drop(write_frame(to, &reply, &[]));
    match request {
        Request::Init { .. } => value(&()),
        Request::DatasetAdd { dataset, schema, policy, files } => {
            let new = NewVersion { dataset, schema, policy, files };
            value(&domain.mount(new, &mut |step| say(Reply::Importing(step))).await?)
        }
        Request::DatasetList => value(&domain.dataset_views().await?),
        Request::DatasetShow { dataset } => value(&domain.dataset_view(&dataset).await?),
        Request::DatasetReport { dataset } => value(&domain.import_report(&dataset).await?),
        Request::DatasetOverlap { dataset } => value(&domain.overlaps(&dataset).await?),
        Request::GrantAdd { dataset, operator, operator_key, columns, purpose, epsilon, valid_from, valid_until } => {
            let new = NewGrant { id: None, dataset, operator, operator_key, columns, purpose, epsilon, valid_from, valid_until };
            value(&domain.grant(new).await?)
        }
        Request::GrantList => value(&domain.grant_views().await?),
        Request::GrantRevoke { grant, reason } => value(&domain.revoke(&grant, &reason).await?),
        Request::ModelUpload { operator, manifest, seal } => value(&domain.upload(operator, body, manifest, &seal).await?),
        Request::ModelList => value(&domain.module_views().await?),
        Request::Quote(question, wish) => value(&domain.quote(&question, wish.as_ref()).await?),
        Request::ModelApprove { module, dataset, operator, approver, signature } => {
            value(&domain.approve(NewApproval { module, dataset, operator, approver, signature }).await?)
        }
        Request::Run(question) if domain.is_reviewed(&question).await => {
            value(&domain.run_tables(&question, &mut |admitted| say(Reply::Admitted(admitted))).await?)
        }
        Request::Run(question) => value(&domain.run(&question, &mut |admitted| say(Reply::Admitted(admitted))).await?),
        Request::ReleaseShow { run, round } => value(&domain.shown_of(&run, round).await?),
        Request::Open { entry, field, reader } => value(&domain.open_commitment(entry, &field, reader).await?),
        Request::WitnessAdd { url, key } => value(&domain.add_witness(url, &key).await?),
        Request::WitnessList => value(&domain.witness_views().await?),
        Request::WitnessRemove { witness } => value(&domain.remove_witness(&witness).await?),
        Request::BudgetShow { dataset } => value(&domain.budget(&dataset).await?),
        Request::LogRotateKey { overlap_days } => value(&domain.rotate_key(overlap_days).await?),
        Request::Product(request) => domain.product(request).await,
        Request::Replay { wish, asker } => value(&domain.replay(&wish, &asker, &mut |begun| say(Reply::Replaying(begun))).await?),
        Request::VersionSeal { dataset, version, reason, sealed } => value(&domain.seal_version(&dataset, version, &reason, sealed).await?),
        Request::VersionDestroy { dataset, version, reason, witness } => {
            value(&domain.destroy_version(&dataset, version, &reason, &witness).await?)
        }
        Request::VersionCertificate { dataset, version } => value(&domain.certificate(&dataset, version).await?),
        Request::Usage { dataset } => value(&domain.usage(&dataset).await?),
        Request::Effect { run, text } => value(&domain.state_effect(&run, &text).await?),
        Request::IncidentList => value(&domain.incident_views().await?),
        Request::IncidentShow { incident } => value(&domain.incident_view(&incident).await?),
        Request::IncidentClose { incident, reason, by } => value(&domain.close_incident(&incident, &reason, &by).await?),
        Request::Retention { years } => value(&domain.retention(years).await?),
        Request::Calibration { measure: false } => value(&domain.calibration_view().await?),
        Request::Calibration { measure: true } => value(&domain.calibrate().await?),
        Request::Purge { before } => value(&domain.purge(&before).await?),
    }
}

fn value(view: &impl Serialize) -> Result<serde_json::Value, ServiceError> {
    Ok(serde_json::to_value(view).map_err(StoreError::from)?)
}
