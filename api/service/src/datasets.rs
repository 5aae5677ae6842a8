//! Datasets: mounting a version, and showing what is public about it.

use crate::children::{Imported, Ingest};
use crate::domain::sync_directory;
use crate::reviewed::reviewed_terms;
use crate::view::{DatasetView, ImportView, Overlap, OverlapView};
use crate::{Domain, ServiceError, children, instant, keys};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use tidegate_accountant::{lifetime_caps, priced_rho};
use tidegate_log::{Entry, Event, PeriodCap, commit};
use tidegate_shards::{ImportProgress, ImportReport, ImportRequest, Population, ShardManifest};
use tidegate_store::{MountRecord, Opening, StoreError};
use tidegate_terms::{DeltaCost, Digest, Guard, Name, PublicSchema, ReleasePolicy, stands};

/// Beside the shards of a version: exact counts, for the provider and for the authority.
const IMPORT_REPORT: &str = "import-report.json";
const OVERLAP_REPORT: &str = "overlap-report.json";

/// A version to be mounted.
#[derive(Debug)]
pub struct NewVersion {
    /// The dataset.
    pub dataset: Name,
    /// The public schema, as TOML.
    pub schema: String,
    /// The release policy, as TOML.
    pub policy: String,
    /// A file for each table.
    pub files: Vec<(Name, PathBuf)>,
}

/// A mounted version, with its texts read.
pub(crate) struct Mounted {
    pub(crate) record: MountRecord,
    pub(crate) schema: PublicSchema,
    pub(crate) policy: ReleasePolicy,
}

impl Mounted {
    fn read(record: MountRecord) -> Result<Self, ServiceError> {
        let schema = PublicSchema::parse(&record.schema)?;
        let policy = ReleasePolicy::parse(&record.policy, schema.units_max)?;
        Ok(Self { record, schema, policy })
    }

    /// How many units there are; never shown.
    pub(crate) fn units(&self) -> u64 {
        self.record.shards.shards.iter().map(|shard| shard.units).sum()
    }

    fn view(mut self) -> DatasetView {
        if !stands(Guard::DeclaredNumbers) {
            self.schema.units_max = self.units();
        }
        DatasetView {
            dataset: self.record.dataset,
            version: self.record.version,
            at: self.record.at,
            schema: self.schema,
            schema_text: self.record.schema,
            policy: self.policy,
        }
    }
}

impl Domain {
    /// Imports files as the next version of a dataset.
    ///
    /// Order of durable writes: shards (renamed into place), then record and log entry in one transaction. A
    /// crash between leaves a directory that no record names; the next start removes it.
    pub async fn mount(&self, new: NewVersion, progress: &mut (dyn FnMut(ImportProgress) + Send)) -> Result<ImportView, ServiceError> {
        let schema = PublicSchema::parse(&new.schema)?;
        let mut accounted = schema.clone();
        if !stands(Guard::SharedAccount) {
            accounted.lineage = new.dataset.clone();
        }
        let policy = ReleasePolicy::parse(&new.policy, schema.units_max)?;
        let version = self.check_lineage(&new.dataset, &accounted, &policy).await?;
        let directory = format!("{}-{}", new.dataset, keys::identifier('v')?);
        let salt = keys::random()?;
        let import = ImportRequest {
            schema: schema.clone(),
            files: new.files,
            into: self.data_directory().join(&directory),
            unit_key: self.keys.unit,
            digest_salt: salt,
        };
        let (overlaps, others) = self.other_lineages(&accounted.lineage).await?;
        let request = Ingest { import, others };
        let Imported { shards, report, shared } = tokio::task::block_in_place(|| children::ingest(&self.programs, &request, progress))?;
        let overlaps: Vec<_> = overlaps.into_iter().zip(shared).map(|(overlap, units)| Overlap { units, ..overlap }).collect();
        self.write_reports(&directory, &report, &overlaps)?;
        let at = instant::text(self.next_instant().await?);
        let record = MountRecord {
            dataset: new.dataset.clone(),
            version,
            lineage: accounted.lineage,
            schema: new.schema,
            policy: new.policy,
            shards,
            salt,
            directory,
            at: at.clone(),
        };
        self.record_mount(record, &schema, &policy, at).await?;
        Ok(ImportView { dataset: new.dataset, version, report })
    }

    /// A new version keeps its dataset's lineage, and a lineage keeps its cap: neither new data nor new
    /// names refill a budget (attack A35). Returns the number of the new version.
    async fn check_lineage(&self, dataset: &Name, schema: &PublicSchema, policy: &ReleasePolicy) -> Result<u32, ServiceError> {
        let cap = lifetime_caps(policy.lifetime_epsilon, policy.delta);
        if cap.delta == DeltaCost::ZERO {
            return Err(ServiceError::LifetimeTooLarge { epsilon: policy.lifetime_epsilon.get(), delta: policy.delta.get() });
        }
        let before = self.books().mount(dataset, None).await?;
        if let Some(before) = &before
            && before.lineage != schema.lineage
        {
            return Err(ServiceError::LineageOfDataset { dataset: dataset.to_string(), lineage: before.lineage.to_string() });
        }
        if let Some((account, delta)) = self.books().account(&schema.lineage).await?
            && (account.cap != cap || delta != policy.delta)
        {
            return Err(ServiceError::LineageCap { lineage: schema.lineage.to_string() });
        }
        if let Some(other) = self.books().mount_of_lineage(&schema.lineage).await? {
            let unit = PublicSchema::parse(&other.schema)?.privacy_unit;
            if (unit.kind, unit.identifier) != (schema.privacy_unit.kind, schema.privacy_unit.identifier) {
                return Err(ServiceError::LineageUnit { lineage: schema.lineage.to_string() });
            }
        }
        Ok(before.map_or(1, |before| before.version + 1))
    }

    async fn record_mount(
        &self,
        record: MountRecord,
        schema: &PublicSchema,
        policy: &ReleasePolicy,
        at: String,
    ) -> Result<(), ServiceError> {
        let cap = lifetime_caps(policy.lifetime_epsilon, policy.delta);
        let content = manifest_bytes(&record.shards)?;
        let commitment_salt = keys::random()?;
        let event = Event::Mount {
            dataset: record.dataset.clone(),
            version: record.version,
            lineage: record.lineage.clone(),
            units_max: schema.units_max,
            delta: policy.delta.get(),
            lifetime_epsilon: policy.lifetime_epsilon.get(),
            lifetime_rho: cap.rho,
            lifetime_delta: cap.delta,
            run_rho_max: priced_rho(policy.run_epsilon_max, policy.delta),
            period: policy.period.map(|period| PeriodCap { days: period.days, rho: priced_rho(period.epsilon, policy.delta) }),
            reviewed: reviewed_terms(policy)?,
            witnesses: policy.witnesses.clone(),
            visibility: policy.visibility,
            schema: Digest::of(record.schema.as_bytes()),
            policy: Digest::of(record.policy.as_bytes()),
            shards_commitment: commit(&commitment_salt, &content),
        };
        let mut act = self.store.begin().await?;
        if act.account(&record.lineage).await?.is_none() {
            act.insert_lineage(&record.lineage, cap, policy.delta).await?;
        }
        act.insert_mount(&record).await?;
        // The manifest itself is in the record; the opening need not repeat it.
        let opening = Opening { field: "shards_commitment", salt: commitment_salt, content: None };
        self.conclude(act, &Entry { at, event }, &[opening]).await?;
        Ok(())
    }

    /// The newest version of each dataset of other lineages that is still there.
    async fn other_lineages(&self, lineage: &Name) -> Result<(Vec<Overlap>, Vec<Population>), ServiceError> {
        let (mut overlaps, mut others) = (Vec::new(), Vec::new());
        for record in self.books().mounts().await? {
            let mounted = Mounted::read(record)?;
            if mounted.record.lineage == *lineage || self.is_destroyed(&mounted).await? {
                continue;
            }
            let MountRecord { dataset, version, lineage, shards, directory, .. } = mounted.record;
            overlaps.push(Overlap { lineage, dataset, version, units: 0 });
            others.push(Population { directory: self.data_directory().join(directory), schema: mounted.schema, shards });
        }
        Ok((overlaps, others))
    }

    fn write_reports(&self, directory: &str, report: &ImportReport, overlaps: &[Overlap]) -> Result<(), ServiceError> {
        let directory = self.data_directory().join(directory);
        let report = serde_json::to_vec_pretty(report).map_err(StoreError::from)?;
        keys::write_secret(&directory.join(IMPORT_REPORT), &report)?;
        let overlaps = serde_json::to_vec_pretty(overlaps).map_err(StoreError::from)?;
        keys::write_secret(&directory.join(OVERLAP_REPORT), &overlaps)?;
        sync_directory(&directory)
    }

    fn read_report<T: DeserializeOwned>(&self, mounted: &Mounted, file: &str) -> Result<T, ServiceError> {
        let path = self.data_directory().join(&mounted.record.directory).join(file);
        let bytes = fs::read(&path).map_err(|error| ServiceError::files(&path, &error))?;
        Ok(serde_json::from_slice(&bytes).map_err(StoreError::from)?)
    }

    /// The newest version of a dataset, or the one named.
    pub(crate) async fn mounted(&self, dataset: &Name, version: Option<u32>) -> Result<Mounted, ServiceError> {
        let record = self.books().mount(dataset, version).await?;
        Mounted::read(record.ok_or_else(|| ServiceError::UnknownDataset { dataset: dataset.to_string() })?)
    }

    /// What everybody may see of a dataset: declared bounds only.
    pub async fn dataset_view(&self, dataset: &Name) -> Result<DatasetView, ServiceError> {
        Ok(self.mounted(dataset, None).await?.view())
    }

    /// What everybody may see of all datasets.
    pub async fn dataset_views(&self) -> Result<Vec<DatasetView>, ServiceError> {
        let records = self.books().mounts().await?;
        records.into_iter().map(|record| Ok(Mounted::read(record)?.view())).collect()
    }

    /// The import report of the newest version, for the provider.
    pub async fn import_report(&self, dataset: &Name) -> Result<ImportView, ServiceError> {
        let mounted = self.mounted(dataset, None).await?;
        self.check_not_destroyed(&mounted).await?;
        let report = self.read_report(&mounted, IMPORT_REPORT)?;
        Ok(ImportView { dataset: dataset.clone(), version: mounted.record.version, report })
    }

    /// How many units the newest version shares with other lineages, as its import found, for the authority: it decides
    /// whether they are one population, which must have one budget (attack A35).
    pub async fn overlaps(&self, dataset: &Name) -> Result<OverlapView, ServiceError> {
        let mounted = self.mounted(dataset, None).await?;
        self.check_not_destroyed(&mounted).await?;
        let overlaps = self.read_report(&mounted, OVERLAP_REPORT)?;
        let Mounted { record, .. } = &mounted;
        let (dataset, lineage) = (record.dataset.clone(), record.lineage.clone());
        Ok(OverlapView { dataset, version: record.version, lineage, units: mounted.units(), overlaps })
    }

    /// Removes what an interrupted import left: staging directories, and shards that no record names.
    pub(crate) async fn discard_abandoned_imports(&self) -> Result<(), ServiceError> {
        let data = self.data_directory();
        let failed = |error: std::io::Error| ServiceError::files(&data, &error);
        tidegate_shards::discard_abandoned(&data).map_err(failed)?;
        let known: BTreeSet<String> = self.books().mount_directories().await?.into_iter().collect();
        for entry in fs::read_dir(&data).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && !known.contains(&name) {
                let remove = if entry.file_type().map_err(failed)?.is_dir() { fs::remove_dir_all } else { fs::remove_file };
                remove(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }
}

pub(crate) fn manifest_bytes(shards: &ShardManifest) -> Result<Vec<u8>, ServiceError> {
    Ok(serde_json::to_vec(shards).map_err(StoreError::from)?)
}
