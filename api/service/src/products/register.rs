//! Applications: what a product is made of must be the operator's own, released and under a living grant.

use super::{PolicyRecord, ProductError, ProductRecord, Stage};
use crate::{Domain, ServiceError, instant, keys};
use serde::Deserialize;
use tidegate_log::{Entry, Event, ProductApplication, ProductPolicy, ProductSource, commit};
use tidegate_product::{Application, terms_digest, terms_text};
use tidegate_store::{Opening, StoreError};
use tidegate_terms::Name;

/// A finished run that a product is made of.
pub(super) struct Source {
    pub(super) run: String,
    pub(super) round: u32,
    pub(super) position: u64,
    /// The release as it left, byte for byte.
    pub(super) content: String,
    pub(super) field: &'static str,
    /// Dataset, version, lineage and grant of each dataset.
    pub(super) mounts: Vec<(Name, u32, Name, String)>,
    pub(super) purpose: Name,
}

#[derive(Deserialize)]
struct Purpose {
    purpose: Name,
}

impl Domain {
    /// What the authority demands of products.
    pub(super) async fn product_policy(&self) -> Result<PolicyRecord, ServiceError> {
        Ok(self.books().product_policy().await?.unwrap_or_default())
    }

    /// Decides what is demanded of products from here on.
    pub(super) async fn decide_product_policy(&self, policy: PolicyRecord) -> Result<PolicyRecord, ServiceError> {
        if policy.notice_days > 365 {
            return Err(ProductError::NoticeDays { days: policy.notice_days }.into());
        }
        let by = policy.by.clone().ok_or(ServiceError::NoReason)?;
        let at = instant::text(self.next_instant().await?);
        let event = ProductPolicy { coded_needed: policy.coded_needed, notice_days: policy.notice_days, by };
        let mut act = self.store.begin().await?;
        let position = act.append(&Entry { at, event: Event::ProductPolicy(event) }, &[]).await?;
        act.insert_product_policy(position, &policy).await?;
        act.commit().await?;
        self.publish().await?;
        Ok(policy)
    }

    /// A finished run whose release may be shown: a signed checkpoint covers it, the witnesses that its policy demands have
    /// cosigned, and it is still kept. A product shows it too.
    pub(super) async fn product_source(&self, id: &str) -> Result<Source, ServiceError> {
        let unfinished = || ProductError::Run { run: id.to_owned() };
        let covered = self.covered_size()?;
        let purpose = |content: &str| Ok::<_, ServiceError>(serde_json::from_str::<Purpose>(content).map_err(StoreError::from)?.purpose);
        if let Some(run) = self.books().reviewed_run(id).await? {
            let tables = run.tables.filter(|tables| tables.position < covered).ok_or_else(unfinished)?;
            self.shown_of(id, None).await?;
            return Ok(Source {
                run: run.id,
                round: 1,
                position: tables.position,
                purpose: purpose(&tables.content)?,
                content: tables.content,
                field: "tables_commitment",
                mounts: vec![(run.dataset, run.version, run.lineage, run.grant)],
            });
        }
        let run = self.books().run(id).await?.filter(|run| run.finished.is_some()).ok_or_else(unfinished)?;
        self.shown_of(id, None).await?;
        let round = run.last_round().filter(|round| round.position < covered).ok_or_else(unfinished)?;
        let mounts = run.mounts.iter().map(|mount| (mount.dataset.clone(), mount.version, mount.lineage.clone(), mount.grant.clone()));
        Ok(Source {
            round: round.number,
            position: round.position,
            purpose: purpose(&round.release)?,
            content: round.release.clone(),
            field: "release_commitment",
            mounts: mounts.collect(),
            run: run.id,
        })
    }

    /// Whether all grants of a run are the operator's and alive today; their last common day.
    pub(super) async fn check_source_grants(&self, source: &Source, operator: &Name) -> Result<String, ServiceError> {
        let today = instant::today().to_string();
        let mut until = "9999-12-31".to_owned();
        for (_, _, _, id) in &source.mounts {
            let run = || source.run.clone();
            let grant = self.books().grant(id).await?.filter(|grant| grant.operator == *operator);
            let grant = grant.ok_or_else(|| ProductError::OtherOperator { run: run(), operator: operator.to_string() })?;
            if grant.revoked.is_some() || today < grant.valid_from || today > grant.valid_until {
                return Err(ProductError::Grant { run: run(), grant: id.clone() }.into());
            }
            until = until.min(grant.valid_until);
        }
        Ok(until)
    }

    /// Takes an application.
    pub(super) async fn register_product(&self, text: &str) -> Result<ProductRecord, ServiceError> {
        let application = Application::parse(text).map_err(ProductError::from)?;
        let until = &application.risk_assessment.valid_until;
        if *until < instant::today().to_string() {
            return Err(ProductError::RiskAssessment { until: until.clone() }.into());
        }
        let (mut sources, mut purposes) = (Vec::new(), Vec::new());
        for run in &application.runs {
            let source = self.product_source(run).await?;
            self.check_source_grants(&source, &application.operator).await?;
            sources.push(ProductSource { run: source.run, position: source.position });
            purposes.push(source.purpose);
        }
        self.check_redevelopment(&application).await?;
        let product = keys::identifier('p')?;
        let terms = terms_text(&product, &application, &purposes);
        let content = serde_json::to_vec(&application).map_err(StoreError::from)?;
        let opening = Opening { field: "application_commitment", salt: keys::random()?, content: Some(content.clone()) };
        let event = ProductApplication {
            product: product.clone(),
            operator: application.operator.clone(),
            affiliates: application.affiliates.clone(),
            sources: sources.clone(),
            inputs: application.inputs.clone(),
            application_commitment: commit(&opening.salt, &content),
        };
        let at = instant::text(self.next_instant().await?);
        let mut act = self.store.begin().await?;
        let entry = Entry { at: at.clone(), event: Event::ProductApplication(event) };
        let log_position = act.append(&entry, &[opening]).await?;
        let record = ProductRecord {
            product,
            stage: Stage::Applied,
            at,
            log_position,
            application,
            sources,
            steps: Vec::new(),
            code: None,
            registered_until: None,
            objection_open: false,
            terms_sha256: terms_digest(&terms),
            terms,
            acknowledgements: Vec::new(),
            deliveries: 0,
        };
        act.put_product(&record.product, record.application.operator.as_str(), &record).await?;
        act.commit().await?;
        self.publish().await?;
        Ok(record)
    }
}
