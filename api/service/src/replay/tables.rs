//! The tables of a reviewed run, made again: they must come out the same, suppressed cells and refusals included.

use super::{Failed, Past, PastRun, damaged};
use crate::datasets::Mounted;
use crate::reviewed::{rules_digest, tables_slot_seconds};
use crate::view::TablesView;
use crate::{Domain, ServiceError};
use tidegate_authorisation::Approval;
use tidegate_engine::{Crew, Job, Processes, Round, Source, Workers};
use tidegate_gate::publish_tables;
use tidegate_log::{Event, ReplayCheck};
use tidegate_sandbox::instantiation_items;
use tidegate_statistics::Layout;
use tidegate_store::{ModuleRecord, ReviewedRecord};
use tidegate_terms::{Manifest, Visibility};

/// What a reviewed run computes with.
struct TablesWork {
    mounted: Mounted,
    module: ModuleRecord,
    manifest: Manifest,
    layout: Layout,
    workers: usize,
    instance_items: u64,
}

impl Domain {
    async fn tables_work(&self, record: &ReviewedRecord) -> Result<TablesWork, ServiceError> {
        let mounted = self.mounted(&record.dataset, Some(record.version)).await?;
        let module = self.books().module_of(record.module).await?.ok_or_else(|| damaged("the module of a run is missing"))?;
        let manifest = Manifest::parse(&module.manifest)?;
        let layout = Layout::seal(&manifest, &mounted.schema)?;
        let instance_items = instantiation_items(&module.component)?;
        let workers = crate::quotes::cores().min(crate::quotes::WORKERS_MAX);
        Ok(TablesWork { mounted, module, manifest, layout, workers, instance_items })
    }

    async fn tables_record(&self, run: &PastRun) -> Result<ReviewedRecord, ServiceError> {
        self.books().reviewed_run(&run.id).await?.ok_or_else(|| damaged("a run of the log is missing"))
    }

    /// How long a replay of tables takes at most, and whether its answer waits for that.
    pub(super) async fn tables_slot(&self, run: &PastRun) -> Result<(u64, bool), ServiceError> {
        let record = self.tables_record(run).await?;
        match self.tables_work(&record).await {
            Ok(work) => {
                let seconds = tables_slot_seconds(
                    &work.mounted,
                    &work.module,
                    work.instance_items,
                    &work.manifest,
                    &work.layout,
                    work.workers,
                    &self.rates().await?,
                );
                Ok((seconds, work.mounted.policy.visibility == Visibility::AtSlot))
            }
            Err(_) => Ok((record.slot_seconds, true)),
        }
    }

    /// Makes the tables again and says which checks fail.
    pub(super) async fn tables_again(&self, past: &Past, run: &PastRun, processes: &Processes) -> Result<Failed, ServiceError> {
        let Event::Reviewed { module, approvers, rules, .. } = &run.admitted.event else {
            return Err(damaged("an admission of another kind"));
        };
        let record = self.tables_record(run).await?;
        let known = self.books().module_of(*module).await?.filter(|_| record.module == *module);
        if !known.is_some_and(|known| Self::module_is_registered(past, *module, &known.component, &known.manifest)) {
            return Ok(Failed::from([ReplayCheck::Module]));
        }
        let work = self.tables_work(&record).await?;
        if !self.data_is_registered(past, &work.mounted.record).await? {
            return Ok(Failed::from([ReplayCheck::Data]));
        }
        let entry = run.released.last().ok_or_else(|| damaged("a run without tables"))?;
        let Event::Tables { tables_commitment, totals_commitment, .. } = &entry.event else {
            return Err(damaged("tables of another kind"));
        };
        let content = record.tables.as_ref().map(|tables| tables.content.clone()).unwrap_or_default();
        let stored = serde_json::from_str::<TablesView>(&content).ok();
        let committed = self.opens(entry, "tables_commitment", *tables_commitment, content.as_bytes()).await?;
        // The rules are those that the admission named, whatever the policy says today.
        let Some(stored) = stored.filter(|_| committed) else { return Ok(Failed::from([ReplayCheck::Tables])) };
        if rules_digest(&stored.rules)? != *rules {
            return Ok(Failed::from([ReplayCheck::Tables]));
        }
        let admitted = async |_: &str| Ok::<_, ServiceError>(Some((approvers.clone(), stored.rules.clone())));
        let approval = Approval::recorded(run.id.clone(), admitted).await?.ok_or_else(|| damaged("an admission without approvers"))?;
        let earlier = self.books().remembered_before(&record.lineage, entry.position).await?;
        let earlier = earlier.into_iter().map(|record| record.table).collect();
        let code = self.compiled(&work.module.component, &work.manifest)?;
        let job = Job {
            manifest: &work.manifest,
            schema: &work.mounted.schema,
            parameters: &[],
            side_tables: &[],
            module: &code,
            sources: vec![Source {
                schema: &work.mounted.schema,
                shards: &work.mounted.record.shards,
                directory: self.data_directory().join(&work.mounted.record.directory),
                digest_salt: work.mounted.record.salt,
            }],
        };
        let command = || self.programs.child("worker");
        let workers = Workers { count: work.workers, command: &command, processes };
        let salt = self.salt_of(entry.position, "totals_commitment").await?;
        let mut failed = Failed::new();
        tokio::task::block_in_place(|| {
            let totals = Crew::reviewed(&approval, &job, &workers).run_round(&Round::only())?;
            if salt.is_none_or(|salt| totals.commitment(&salt) != *totals_commitment) {
                failed.insert(ReplayCheck::Totals);
            }
            let tables = publish_tables(&totals, &approval, &work.layout, earlier)?;
            if tables.tables() != stored.tables {
                failed.insert(ReplayCheck::Tables);
            }
            Ok::<_, ServiceError>(())
        })?;
        Ok(failed)
    }
}
