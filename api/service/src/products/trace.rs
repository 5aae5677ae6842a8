//! From any delivered file back to its origin: delivery, product, runs, modules, data versions, grants, approvers
//! (Shuangyashan Art. 60).

use super::{DeliveryRecord, ProductError, ProductRecord, StepRecord};
use crate::{Domain, ServiceError};
use serde::{Deserialize, Serialize};
use tidegate_terms::{Digest, Name};

/// Where a file comes from.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Trace {
    /// The file's digest.
    #[schemars(with = "String")]
    pub sha256: Digest,
    /// The deliveries that carried it.
    pub deliveries: Vec<TracedDelivery>,
}

/// A delivery of the file, and what the product was made of.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TracedDelivery {
    /// The path of the file in the package.
    pub path: String,
    /// The delivery.
    pub delivery: DeliveryRecord,
    /// The operator of the product.
    pub operator: Name,
    /// Who registered it, step by step.
    pub steps: Vec<StepRecord>,
    /// The runs.
    pub runs: Vec<TracedRun>,
}

/// A run behind a product.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TracedRun {
    /// The run.
    pub run: String,
    /// The position of its release in the log.
    pub log_position: u64,
    /// The digest of its module's seal.
    #[schemars(with = "String")]
    pub module: Digest,
    /// The module's name.
    pub module_name: Name,
    /// Who sealed it.
    pub module_operator: Name,
    /// Who approved it for exact tables; nobody needs to for noised ones.
    pub approvers: Vec<String>,
    /// Dataset, version and grant of each dataset.
    #[schemars(with = "Vec<Vec<serde_json::Value>>")]
    pub datasets: Vec<(Name, u32, String)>,
}

impl Domain {
    /// Where a file comes from, by its digest.
    pub(super) async fn trace_file(&self, sha256: Digest) -> Result<Trace, ServiceError> {
        let mut deliveries = Vec::new();
        for file in self.books().delivered_file(sha256).await? {
            let unknown = || ProductError::UnknownDelivery { delivery: file.delivery.clone() };
            let delivery: DeliveryRecord = self.books().delivery(&file.delivery).await?.ok_or_else(unknown)?;
            let record: ProductRecord = self.product_record(&delivery.product).await?;
            let mut runs = Vec::new();
            for source in &record.sources {
                runs.push(self.traced_run(&source.run).await?);
            }
            let (operator, steps) = (record.application.operator, record.steps);
            deliveries.push(TracedDelivery { path: file.path, delivery, operator, steps, runs });
        }
        if deliveries.is_empty() {
            return Err(ProductError::UnknownFile { digest: sha256.to_string() }.into());
        }
        Ok(Trace { sha256, deliveries })
    }

    pub(super) async fn traced_run(&self, run: &str) -> Result<TracedRun, ServiceError> {
        let source = self.product_source(run).await?;
        let reviewed = self.books().reviewed_run(run).await?;
        let module = match (&reviewed, self.books().run(run).await?) {
            (Some(run), _) => run.module,
            (None, Some(run)) => run.module,
            (None, None) => return Err(ServiceError::UnknownRun { run: run.to_owned() }),
        };
        let record = self.books().module_of(module).await?;
        let record = record.ok_or_else(|| ServiceError::UnknownModule { module: module.short(), operator: String::new() })?;
        let approvers = match &reviewed {
            Some(run) => self.books().approvals(module, &run.dataset).await?.into_iter().map(|approval| approval.approver).collect(),
            None => Vec::new(),
        };
        Ok(TracedRun {
            run: source.run,
            log_position: source.position,
            module,
            module_name: record.name,
            module_operator: record.operator,
            approvers,
            datasets: source.mounts.into_iter().map(|(dataset, version, _, grant)| (dataset, version, grant)).collect(),
        })
    }
}
