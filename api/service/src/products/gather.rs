//! What a package states and proves, gathered from records and log.

use super::ProductError;
use super::record::ProductRecord;
use super::register::Source;
use crate::{Domain, ServiceError, instant};
use serde::Serialize;
use tidegate_accountant::guaranteed_epsilon;
use tidegate_log::{Entry, Event, ProductStepKind, prove};
use tidegate_product::{
    DatasetFacts, DeliveryFacts, Facts, LineageFacts, LogFacts, Opened, PackageError, ProductFacts, Proven, ReleaseContent, ReleaseFacts,
    described_statistics, software,
};
use tidegate_store::StoreError;
use tidegate_terms::{Digest, Name, PublicSchema};

/// The form of packages.
const FORMAT: u32 = 1;

impl Domain {
    pub(super) fn prove(&self, position: u64) -> Result<tidegate_log::TlogProof, ServiceError> {
        let proof = tokio::task::block_in_place(|| prove(&self.log_directory(), self.keys.present(instant::now()), position));
        Ok(proof.map_err(|error| ProductError::from(PackageError::from(error)))?)
    }

    pub(super) async fn entry_at(&self, position: u64) -> Result<Vec<u8>, ServiceError> {
        let entries = self.books().log_entries(position, position + 1).await?;
        let missing = || StoreError::Record { detail: format!("the log has no entry {position}") };
        Ok(entries.into_iter().next().ok_or_else(missing)?)
    }

    async fn proven(&self, name: String, position: u64, field: Option<&str>, content: Option<&str>) -> Result<Proven, ServiceError> {
        let mut opening = None;
        if let Some(field) = field {
            let missing = || StoreError::Record { detail: format!("the opening of {field} at {position} is missing") };
            let (salt, kept) = self.books().opening(position, field).await?.ok_or_else(missing)?;
            let content = content.map(|content| content.as_bytes().to_vec()).or(kept).ok_or_else(missing)?;
            opening = Some(Opened { salt: salt.try_into().map_err(|_| missing())?, content });
        }
        Ok(Proven { name, entry: self.entry_at(position).await?, proof: self.prove(position)?, opening })
    }

    /// What the log says about the product, with proofs.
    pub(super) async fn entries(&self, record: &ProductRecord, sources: &[Source], facts: &Facts) -> Result<Vec<Proven>, ServiceError> {
        let mut entries = vec![
            self.proven("keys".into(), facts.log.keys, None, None).await?,
            self.proven("application".into(), record.log_position, Some("application_commitment"), None).await?,
        ];
        if let Some(position) = facts.log.coded {
            entries.push(self.proven("coded".into(), position, Some("details_commitment"), None).await?);
        }
        for source in sources {
            let name = format!("{}-{}", source.run, source.round);
            entries.push(self.proven(name, source.position, Some(source.field), Some(&source.content)).await?);
        }
        Ok(entries)
    }

    pub(super) async fn facts(
        &self,
        record: &ProductRecord,
        sources: &[Source],
        delivery: DeliveryFacts,
        keys: u64,
    ) -> Result<Facts, ServiceError> {
        let (mut releases, mut lineages) = (Vec::new(), Vec::<LineageFacts>::new());
        for source in sources {
            releases.push(self.release_facts(source).await?);
            for (_, _, lineage, _) in &source.mounts {
                if lineages.iter().all(|known| known.lineage != *lineage) {
                    lineages.push(self.lineage_facts(lineage).await?);
                }
            }
        }
        Ok(Facts {
            format: FORMAT,
            software: software(),
            product: ProductFacts {
                id: record.product.clone(),
                application: record.application.clone(),
                code: record.code.clone(),
                registered_until: record.registered_until.clone(),
            },
            delivery,
            log: LogFacts {
                origin: self.keys.signer.verifier().name().to_owned(),
                keys,
                application: record.log_position,
                coded: record.step(ProductStepKind::Coded).map(|step| step.log_position),
            },
            releases,
            lineages,
        })
    }

    async fn lineage_facts(&self, lineage: &Name) -> Result<LineageFacts, ServiceError> {
        let missing = || ServiceError::UnknownDataset { dataset: lineage.to_string() };
        let (account, delta) = self.books().account(lineage).await?.ok_or_else(missing)?;
        Ok(LineageFacts {
            lineage: lineage.clone(),
            rho_spent: account.spent.rho.units(),
            epsilon_spent: guaranteed_epsilon(account.spent.rho, delta),
            epsilon_cap: guaranteed_epsilon(account.cap.rho, delta),
            delta: delta.get(),
            exact_tables_released: self.books().has_exact_tables(lineage).await?,
        })
    }

    async fn release_facts(&self, source: &Source) -> Result<ReleaseFacts, ServiceError> {
        let mut datasets = Vec::new();
        for (dataset, version, lineage, grant) in &source.mounts {
            let mounted = self.mounted(dataset, Some(*version)).await?;
            datasets.push(DatasetFacts {
                dataset: dataset.clone(),
                version: *version,
                title: mounted.schema.title.clone(),
                source: mounted.schema.source.clone(),
                acquired: mounted.schema.acquired.clone(),
                lineage: lineage.clone(),
                privacy_unit: word(&mounted.schema.privacy_unit.kind),
                units_max: mounted.schema.units_max,
                columns: columns(&mounted.schema),
                policy_sha256: Digest::of(mounted.record.policy.as_bytes()),
                grant: grant.clone(),
            });
        }
        let content = ReleaseContent::parse(source.content.as_bytes()).map_err(ProductError::from)?;
        let (module, engine) = self.admitted(&source.run).await?;
        let name = self.books().module_of(module).await?;
        let name = name.ok_or_else(|| ServiceError::UnknownModule { module: module.short(), operator: String::new() })?.name;
        Ok(ReleaseFacts {
            run: source.run.clone(),
            round: source.round,
            position: source.position,
            module,
            module_name: name,
            engine,
            purpose: source.purpose.clone(),
            datasets,
            price: content.price(),
            statistics: described_statistics(&content),
        })
    }

    /// Module and engine of a run, as the log has them since its admission.
    async fn admitted(&self, run: &str) -> Result<(Digest, Digest), ServiceError> {
        for bytes in self.books().log_entries_with(&format!("\"run\":\"{run}\"")).await? {
            match Entry::decode(&bytes).map_err(StoreError::from)?.event {
                Event::Reserve { run: found, module, engine, .. } | Event::Reviewed { run: found, module, engine, .. } if found == run => {
                    return Ok((module, engine));
                }
                _ => {}
            }
        }
        Err(ServiceError::UnknownRun { run: run.to_owned() })
    }
}

/// The text of a unit variant, as it is written.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn columns(schema: &PublicSchema) -> Vec<(String, String)> {
    let column = |table: &Name, column: &tidegate_terms::Column| {
        let kind = serde_json::to_value(column).unwrap_or_default()["type"].as_str().unwrap_or_default().to_owned();
        (format!("{table}.{}", column.name), kind)
    };
    schema.tables.iter().flat_map(|table| table.columns.iter().map(|one| column(&table.name, one))).collect()
}
