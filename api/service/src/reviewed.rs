//! The reviewed aggregate mode: approvals of modules, and runs that make exact tables under disclosure control.
//!
//! The order is that of every run: admitted, logged, executed, reviewed, logged, shown. It costs no budget and is not
//! differentially private. Modules of this mode have no parameters, so that the approvals cover all that a run does.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | the admission | an admitted run without tables | the same question continues it, if grant, policy and approvals still stand |
//! | the tables | tables without checkpoint | the next start publishes it |

use crate::calibration::InForce;
use crate::custody::check_readable;
use crate::datasets::Mounted;
use crate::halt::{Alarm, Held, Work};
use crate::incidents::check_thawed;
use crate::quotes::{Question, side_tables, unit_bytes_max};
use crate::runs::{Admitted, Slot};
use crate::stops::{Draws, Listed};
use crate::view::{ApprovalView, Notice, Shown, TablesShown, TablesView};
use crate::{Domain, ServiceError, SlotInputs, instant, keys, slot_seconds};
use jiff::Timestamp;
use tidegate_authorisation::{
    Approval, ApprovalRecord, Denial, GrantRecord, LiveGrant, ReviewedRun, Use, admit_reviewed, authorise, check_approver,
};
use tidegate_engine::{Crew, Job, Processes, Round, Source, Totals, Workers};
use tidegate_gate::{STATEMENT_EN, STATEMENT_ZH, Tables, publish_tables};
use tidegate_log::{Entry, Event, Payer, ReviewedTerms, commit};
use tidegate_sandbox::{CompiledModule, instantiation_items};
use tidegate_statistics::{Layout, ReviewedLayout};
use tidegate_store::{ModuleRecord, Opening, ReviewedRecord, RunMount, StoreError, TablesRecord};
use tidegate_terms::{
    Bilingual, Digest, DisclosureRules, Manifest, ManifestError, Name, ReleasePolicy, ReviewedAggregate, ReviewedMeasure, Visibility,
    check_approval,
};

/// How much longer the review of one cell takes than its noise would.
const REVIEW_TOTALS: u64 = 20;
/// How much longer it takes to add to a cell and its margins than to take a number.
const CELLS_PER_ENTRY: u64 = 20;

/// An approval as it comes in.
#[derive(Debug)]
pub struct NewApproval {
    /// The digest of its seal.
    pub module: Digest,
    /// The dataset.
    pub dataset: Name,
    /// The operator whose module it is.
    pub operator: Name,
    /// The approver's Ed25519 public key, base64.
    pub approver: String,
    /// The signature, base64.
    pub signature: String,
}

/// A question for exact tables, checked against everything that is public but policy and approvals.
struct CheckedTables {
    mounted: Mounted,
    /// What the newest version's policy says, whichever version is asked about: the authority's last word counts.
    policy: Option<ReviewedAggregate>,
    module: ModuleRecord,
    manifest: Manifest,
    grant: LiveGrant,
    layout: Layout,
    approvals: Vec<ApprovalRecord>,
    engine: Digest,
    workers: usize,
    instance_items: u64,
    rates: InForce,
}

impl CheckedTables {
    /// What makes two questions the same.
    fn question(&self) -> Result<Digest, ServiceError> {
        let key = serde_json::json!({
            "rules": self.policy.as_ref().map(|policy| &policy.rules),
            "dataset": self.mounted.record.dataset,
            "version": self.mounted.record.version,
            "module": self.module.digest,
            "engine": self.engine,
            "operator": self.module.operator,
        });
        Ok(Digest::of(key.to_string().as_bytes()))
    }

    /// Whether the policy lets exact tables leave at all; said before anything else about them.
    fn allowed(&self) -> Result<&ReviewedAggregate, Denial> {
        self.policy.as_ref().ok_or_else(|| Denial::Reviewed { dataset: self.mounted.record.dataset.to_string() })
    }

    fn waits(&self) -> bool {
        self.mounted.policy.visibility == Visibility::AtSlot
    }

    fn slot_seconds(&self) -> u64 {
        tables_slot_seconds(&self.mounted, &self.module, self.instance_items, &self.manifest, &self.layout, self.workers, &self.rates)
    }

    fn record(&self, id: String, question: Digest, at: Timestamp) -> ReviewedRecord {
        let slot_seconds = self.slot_seconds();
        ReviewedRecord {
            id,
            question,
            module: self.module.digest,
            dataset: self.mounted.record.dataset.clone(),
            version: self.mounted.record.version,
            lineage: self.mounted.record.lineage.clone(),
            grant: self.grant.record().id.clone(),
            slot: instant::text(instant::later(at, slot_seconds)),
            slot_seconds,
            at: instant::text(at),
            tables: None,
        }
    }

    fn grant_now(&self, record: Option<GrantRecord>) -> Result<LiveGrant, Denial> {
        let (operator, dataset) = (&self.module.operator, &self.mounted.record.dataset);
        let none = || Denial::NoGrant { operator: operator.to_string(), dataset: dataset.to_string() };
        let record = record.ok_or_else(none)?;
        authorise(&record, dataset, operator, &self.module.signed(), &Use::whole(&self.manifest), instant::today())
    }

    fn asked<'a>(&'a self, run: &str, grant: &'a LiveGrant) -> ReviewedRun<'a> {
        ReviewedRun {
            run: run.to_owned(),
            module: self.module.digest,
            dataset: &self.mounted.record.dataset,
            grant,
            policy: self.policy.as_ref(),
            approvals: &self.approvals,
        }
    }

    fn admitted_event(&self, run: &ReviewedRecord, approvers: &[String]) -> Result<Event, ServiceError> {
        let policy = self.allowed()?;
        Ok(Event::Reviewed {
            run: run.id.clone(),
            account: Payer { dataset: run.dataset.clone(), version: run.version, lineage: run.lineage.clone(), grant: run.grant.clone() },
            module: run.module,
            approvers: approvers.to_vec(),
            rules: rules_digest(&policy.rules)?,
            slot: run.slot.clone(),
            slot_seconds: run.slot_seconds,
            engine: self.engine,
        })
    }

    fn announce(&self, run: &ReviewedRecord, slot: Slot, continued: bool) -> Admitted {
        Admitted {
            run: run.id.clone(),
            at: run.at.clone(),
            slot: instant::text(slot.due),
            slot_seconds: u64::try_from(slot.due.as_second() - instant::now().as_second()).unwrap_or(0),
            rounds_left: 1,
            immediately: !self.waits(),
            paid: false,
            continued,
        }
    }

    fn view(&self, run: &ReviewedRecord, approval: &Approval, tables: &Tables, visible_at: &str) -> TablesView {
        TablesView {
            run: run.id.clone(),
            dataset: run.dataset.clone(),
            version: run.version,
            module: run.module,
            module_name: self.module.name.clone(),
            operator: self.module.operator.clone(),
            purpose: self.manifest.purpose.clone(),
            approvers: approval.approvers().to_vec(),
            visible_at: visible_at.to_owned(),
            visibility: if self.waits() { "at_slot".into() } else { "immediately: the running time of this run was visible".into() },
            differentially_private: false,
            statement: Bilingual { zh: STATEMENT_ZH.into(), en: STATEMENT_EN.into() },
            rules: approval.rules().clone(),
            tables: tables.tables().to_vec(),
            notice: vec![Notice { source: self.mounted.schema.source.clone(), acquired: self.mounted.schema.acquired.clone() }],
        }
    }
}

/// How long until tables become visible.
pub(crate) fn tables_slot_seconds(
    mounted: &Mounted,
    module: &ModuleRecord,
    instance_items: u64,
    manifest: &Manifest,
    layout: &Layout,
    workers: usize,
    rates: &InForce,
) -> u64 {
    let cells: usize = layout.reviewed().iter().map(ReviewedLayout::cells).sum();
    let entries: u64 = layout.reviewed().iter().map(|layout| u64::from(layout.table().per_unit)).sum();
    let inputs = SlotInputs {
        units_max: mounted.schema.units_max,
        unit_bytes_max: unit_bytes_max(manifest, &mounted.schema),
        blocks: None,
        fuel_per_call: manifest.resources.fuel_per_unit,
        memory_bytes: manifest.resources.memory_bytes,
        module_bytes: module.component.len() as u64,
        instance_items,
        answer_bytes: layout.answer_bytes(),
        guest_cells: layout.guest_cells() as u64 + entries * CELLS_PER_ENTRY,
        totals: cells as u64 * REVIEW_TOTALS,
        conclude_fuel: 0,
        conclude_memory_bytes: 0,
        workers: workers.min(crate::quotes::cores()) as u64,
        shards: u64::from(mounted.record.shards.shard_count),
    };
    slot_seconds(inputs, &rates.rates)
}

/// What the log says of the rules.
pub(crate) fn rules_digest(rules: &DisclosureRules) -> Result<Digest, ServiceError> {
    Ok(Digest::of(&serde_json::to_vec(rules).map_err(StoreError::from)?))
}

/// What a mount's log entry says of exact tables.
pub(crate) fn reviewed_terms(policy: &ReleasePolicy) -> Result<Option<ReviewedTerms>, ServiceError> {
    let terms =
        |reviewed: &ReviewedAggregate| Ok(ReviewedTerms { approvers: reviewed.approvers.clone(), rules: rules_digest(&reviewed.rules)? });
    policy.reviewed_aggregate.as_ref().map(terms).transpose()
}

impl Domain {
    /// Takes an approval of a module for a dataset, signed by one of the approvers that its newest policy names.
    pub async fn approve(&self, new: NewApproval) -> Result<ApprovalView, ServiceError> {
        let mounted = self.mounted(&new.dataset, None).await?;
        let (module, manifest) = self.module(&new.module.to_string(), &new.operator).await?;
        if manifest.reviewed.is_none() {
            return Err(ServiceError::NotReviewed { module: module.digest.short() });
        }
        check_approver(mounted.policy.reviewed_aggregate.as_ref(), &new.dataset, &new.approver)?;
        check_approval(&new.approver, &new.signature, module.digest, &new.dataset)?;
        let known = self.books().approvals(module.digest, &new.dataset).await?;
        if known.iter().any(|approval| approval.approver == new.approver) {
            return Err(ServiceError::ApprovedAlready { module: module.digest.short(), dataset: new.dataset.to_string() });
        }
        let at = instant::text(self.next_instant().await?);
        let record = ApprovalRecord {
            module: module.digest,
            dataset: new.dataset,
            approver: new.approver,
            signature: new.signature,
            at: at.clone(),
        };
        let event = Event::Approve { module: record.module, dataset: record.dataset.clone(), approver: record.approver.clone() };
        let mut act = self.store.begin().await?;
        act.insert_approval(&record).await?;
        self.conclude(act, &Entry { at, event }, &[]).await?;
        let approvers = known.into_iter().map(|approval| approval.approver).chain([record.approver]).collect();
        Ok(ApprovalView { module: record.module, name: module.name, dataset: record.dataset, approvers })
    }

    /// Whether a question is for exact tables.
    pub async fn is_reviewed(&self, question: &Question) -> bool {
        self.module_head(&question.module_reference(), &question.operator).await.is_ok_and(|(_, manifest)| manifest.reviewed.is_some())
    }

    async fn check_tables(&self, question: &Question) -> Result<CheckedTables, ServiceError> {
        if question.epsilon.is_some() {
            return Err(ServiceError::EpsilonGiven);
        }
        let mounted = self.mounted(&question.dataset, question.version_of(0)).await?;
        let policy = self.mounted(&question.dataset, None).await?.policy.reviewed_aggregate;
        if question.join.is_some() {
            return Err(ServiceError::JoinUndeclared);
        }
        let (module, manifest) = self.module(&question.module_reference(), &question.operator).await?;
        let grant = self.live_grant(question, &mounted.record.dataset, &module, &Use::whole(&manifest)).await?;
        // There are none, and whoever gives some is told so.
        manifest.parse_parameters(&question.parameters)?;
        side_tables(&manifest, &question.side_tables)?;
        let layout = Layout::seal(&manifest, &mounted.schema)?;
        let approvals = self.books().approvals(module.digest, &question.dataset).await?;
        let engine = self.engine()?;
        let workers = question.workers.unwrap_or_else(crate::quotes::cores).clamp(1, crate::quotes::WORKERS_MAX);
        let (instance_items, rates) = (instantiation_items(&module.component)?, self.rates().await?);
        Ok(CheckedTables { mounted, policy, module, manifest, grant, layout, approvals, engine, workers, instance_items, rates })
    }

    /// Sums of one quantity can be compared only on one grid. Grids stand in manifests, so this says nothing about data.
    async fn check_grids(&self, checked: &CheckedTables) -> Result<(), ServiceError> {
        let earlier = self.books().remembered_tables(&checked.mounted.record.lineage).await?;
        for layout in checked.layout.reviewed() {
            let table = layout.table();
            if !earlier.iter().all(|record| table.measure.is_comparable(&record.measure)) {
                return Err(ManifestError::ReviewedGrid { table: table.name.to_string() }.into());
            }
        }
        Ok(())
    }

    /// Answers a question for exact tables: from the store, by continuing an interrupted run, or by a new run.
    pub async fn run_tables(&self, question: &Question, admitted: &mut (dyn FnMut(Admitted) + Send)) -> Result<TablesShown, ServiceError> {
        // From here on a stop finds it.
        self.run_tables_listed(question, &self.under_way.list(Draws::of(question)), admitted).await
    }

    /// Answers a question for exact tables that was [taken up](Self::take_up).
    pub async fn run_tables_listed(
        &self,
        question: &Question,
        listed: &Listed,
        admitted: &mut (dyn FnMut(Admitted) + Send),
    ) -> Result<TablesShown, ServiceError> {
        // Nothing goes on while the log lags behind the database.
        self.publish().await?;
        let checked = self.check_tables(question).await?;
        let digest = checked.question()?;
        if let Some(run) = self.books().reviewed_run_of_question(digest).await? {
            if run.tables.is_some() {
                self.check_kept(&run.id).await?;
                return self.tables_shown(&run, true).await;
            }
            self.check_not_stopped(&run.id).await?;
            self.check_all_readable(std::slice::from_ref(&checked.mounted)).await?;
            self.check_all_thawed([&run.lineage]).await?;
            let module = self.compiled(&checked.module.component, &checked.manifest)?;
            // It was admitted and logged; that must still hold today.
            let grant = checked.grant_now(self.books().grant(&run.grant).await?)?;
            let approval = admit_reviewed(checked.asked(&run.id, &grant), async |_| Ok::<_, ServiceError>(())).await?;
            let slot = Slot::of(&run.id, &run.slot, run.slot_seconds)?.again(instant::now());
            self.note_asked(listed, &run.id).await?;
            admitted(checked.announce(&run, slot, true));
            return self.carry_out_tables(&checked, &run, &approval, &module, (slot, listed)).await;
        }
        checked.allowed()?;
        self.check_walls(&checked.mounted.policy.walls)?;
        self.check_grids(&checked).await?;
        // Whatever takes time and needs no data is done before the slot begins.
        let module = self.compiled(&checked.module.component, &checked.manifest)?;
        self.next_instant().await?;
        let mut act = self.store.begin().await?;
        listed.check_may_begin()?;
        let run = checked.record(keys::identifier('r')?, digest, Self::instant_in(&act));
        check_readable(act.custody(&run.dataset, run.version).await?)?;
        check_thawed(&mut act, &run.lineage).await?;
        // It may have been revoked since the question was checked.
        let grant = checked.grant_now(act.grant(&run.grant).await?)?;
        let mut position = 0;
        let approval = admit_reviewed(checked.asked(&run.id, &grant), async |approvers: &[String]| {
            act.insert_reviewed_run(&grant, &run).await?;
            listed.note_run(&mut act, &run.id).await?;
            position = act.append(&Entry { at: run.at.clone(), event: checked.admitted_event(&run, approvers)? }, &[]).await?;
            act.commit().await?;
            Ok::<_, ServiceError>(())
        });
        let approval = approval.await?;
        // The admission stands in a signed log before any shard is opened.
        self.make_visible(position).await?;
        let slot = Slot::of(&run.id, &run.slot, run.slot_seconds)?;
        admitted(checked.announce(&run, slot, false));
        self.carry_out_tables(&checked, &run, &approval, &module, (slot, listed)).await
    }

    /// From an admitted run to its visible tables. Whatever fails here has one outcome outside.
    async fn carry_out_tables(
        &self,
        checked: &CheckedTables,
        run: &ReviewedRecord,
        approval: &Approval,
        module: &CompiledModule,
        (slot, listed): (Slot, &Listed),
    ) -> Result<TablesShown, ServiceError> {
        let mut held = None;
        listed.draws_on(&run.id, [run.grant.clone()]);
        let (processes, made) = match self.processes(checked.workers, checked.waits()) {
            Ok(processes) => {
                listed.stops_with(processes.stopper());
                let alarm = Alarm::set(&processes, slot, checked.waits());
                let made = tokio::task::block_in_place(|| self.total(checked, approval, module, &processes));
                drop(alarm);
                let made = match made {
                    Ok(totals) => self.make_tables(checked, run, approval, (slot, listed), totals, &mut held).await,
                    Err(error) => Err(error),
                };
                (Some(processes), made)
            }
            Err(error) => (None, Err(error)),
        };
        match made {
            // The tables are logged and published; they wait for witnesses, not for their slot.
            Err(waiting @ ServiceError::NotWitnessed { .. }) => Err(waiting),
            Err(cause) => {
                let lineages = vec![run.lineage.clone()];
                let work = Work { run: &run.id, replay: None, lineages, slot, waits: checked.waits(), held };
                let halted = self.halt(work, cause, ServiceError::TablesHeld { run: run.id.clone() }).await;
                // Until here, load was held for the failure as for a result.
                drop(processes);
                Err(halted)
            }
            shown => shown,
        }
    }

    async fn make_tables(
        &self,
        checked: &CheckedTables,
        run: &ReviewedRecord,
        approval: &Approval,
        (slot, listed): (Slot, &Listed),
        totals: Totals,
        held: &mut Option<Held>,
    ) -> Result<TablesShown, ServiceError> {
        let earlier = self.books().remembered_tables(&run.lineage).await?;
        let many = earlier.len();
        let tables = tokio::task::block_in_place(|| {
            let earlier = earlier.into_iter().map(|record| record.table).collect();
            publish_tables(&totals, approval, &checked.layout, earlier)
        })?;
        let visible_at = match held.insert(self.hold(&run.id, slot, checked.waits()).await?) {
            Held::InTime(at) => at.clone(),
            Held::Late(slot) => return Err(ServiceError::SlotMissed { slot: slot.clone() }),
        };
        let view = checked.view(run, approval, &tables, &visible_at);
        let content = serde_json::to_string(&view).map_err(StoreError::from)?;
        let (tables_salt, totals_salt) = (keys::random()?, keys::random()?);
        let event = Event::Tables {
            run: run.id.clone(),
            tables_commitment: commit(&tables_salt, content.as_bytes()),
            totals_commitment: totals.commitment(&totals_salt),
            pad: String::new(),
        };
        let openings = [
            Opening { field: "tables_commitment", salt: tables_salt, content: None },
            Opening { field: "totals_commitment", salt: totals_salt, content: None },
        ];
        let declared = checked.manifest.reviewed.iter().flat_map(|reviewed| &reviewed.tables);
        let measures: Vec<(Name, ReviewedMeasure)> = declared.map(|table| (table.name.clone(), table.measure.clone())).collect();
        let mut act = self.store.begin().await?;
        listed.check_may_publish(&mut act, &run.id, &[&run.grant]).await?;
        let position = act.append(&Entry { at: visible_at, event }, &openings).await?;
        act.put_tables(approval, &tables, &TablesRecord { position, content }, &measures, &run.lineage, many).await?;
        act.commit().await?;
        self.make_visible(position).await?;
        self.ask_witnesses().await;
        let run = self.books().reviewed_run(&run.id).await?.ok_or_else(|| ServiceError::UnknownRun { run: run.id.clone() })?;
        self.tables_shown(&run, false).await
    }

    /// The exact totals of an approved run.
    fn total(
        &self,
        checked: &CheckedTables,
        approval: &Approval,
        module: &CompiledModule,
        processes: &Processes,
    ) -> Result<Totals, ServiceError> {
        let record = &checked.mounted.record;
        let job = Job {
            manifest: &checked.manifest,
            schema: &checked.mounted.schema,
            parameters: &[],
            side_tables: &[],
            module,
            sources: vec![Source {
                schema: &checked.mounted.schema,
                shards: &record.shards,
                directory: self.data_directory().join(&record.directory),
                digest_salt: record.salt,
            }],
        };
        let command = || self.programs.child("worker");
        let workers = Workers { count: checked.workers, command: &command, processes };
        Ok(Crew::reviewed(approval, &job, &workers).run_round(&Round::only())?)
    }

    /// What a run of either mode gave.
    pub async fn shown_of(&self, id: &str, round: Option<u32>) -> Result<Shown, ServiceError> {
        self.publish().await?;
        match self.books().reviewed_run(id).await? {
            Some(run) => {
                if run.tables.is_some() {
                    self.check_kept(id).await?;
                }
                Ok(Shown::Tables(Box::new(self.tables_shown(&run, true).await?)))
            }
            None => Ok(Shown::Release(Box::new(self.release_shown(id, round).await?))),
        }
    }

    /// Whether exact tables of one of these lineages were published.
    pub(crate) async fn has_exact_tables(&self, mounts: &[RunMount]) -> Result<bool, ServiceError> {
        for mount in mounts {
            if self.books().has_exact_tables(&mount.lineage).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The tables of a run, if a signed checkpoint covers them and the demanded witnesses have cosigned that.
    pub(crate) async fn tables_shown(&self, run: &ReviewedRecord, stored: bool) -> Result<TablesShown, ServiceError> {
        let not_yet = || ServiceError::NotReleased { run: run.id.clone(), slot: run.slot.clone() };
        let record = run.tables.as_ref().ok_or_else(not_yet)?;
        let size = self.covered_size()?;
        if size <= record.position {
            return Err(ServiceError::NotCovered { run: run.id.clone() });
        }
        self.require_witnesses(&run.id, &[&run.dataset], stored).await?;
        let tables: TablesView = serde_json::from_str(&record.content).map_err(StoreError::from)?;
        Ok(TablesShown { tables, stored, log_position: record.position, checkpoint_size: size })
    }
}
