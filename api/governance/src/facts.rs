//! What the access rules ask about a use of data, computed from records in one place.
//!
//! Guarantee: a fact is true only where a record says so today. What has no record (no entry, no agreement, no assessed
//! scenario) is not met, and the decision then names the rule. Where a use concerns several datasets, each fact holds for
//! all of them or not at all. Rejected: each operation asking for itself, where one of them forgets.

use crate::operations::domain::StorageRecord;
use crate::operations::reads::Reads;
use crate::records::{AgreementRecord, ApplicationRecord, DatasetLink, EntryRecord, GrantLink, GrantStanding, PlanRecord, ScenarioRecord};
use crate::{Desk, Refused};
use jiff::civil::Date;
use std::collections::BTreeSet;
use tidegate_access::Facts;
use tidegate_authorisation::GrantRecord;
use tidegate_catalogue::State;
use tidegate_operation::{Progress, Question, Redevelopment, check_inputs};
use tidegate_rules::{Excess, Limits};
use tidegate_store::Subject;
use tidegate_terms::{Epsilon, Mechanism, Name, ReleasePolicy, messages};

messages! {
    /// Why a policy or a grant does not fit its papers.
    pub enum FactRefusal {
        NoLink { dataset: Name } = "dataset.no-entry" {
            en: "dataset `{dataset}` belongs to no catalogue entry (rule B7, Shuangyashan Art. 12): mount it under one",
            zh: "数据集“{dataset}”没有对应的目录条目（规则 B7，双鸭山第十二条）：请在目录条目下挂载",
        },
        Limits { first: String, first_zh: String, more: usize } = "dataset.level-limits" {
            en: "the policy is looser than the level of the data allows, in {more} more places too: {first}",
            zh: "策略超出该数据级别的限制（另有 {more} 处）：{first_zh}",
        },
        Encryption = "dataset.level-encryption" {
            en: "the level of the data demands that they lie encrypted (rule C2, Shuangyashan Art. 11), and the custodian has not declared it: encrypt the disk and declare it with `domain.declare-storage`",
            zh: "该数据级别要求加密存储（规则 C2，双鸭山第十一条），但托管方未作声明：请加密磁盘并以 `domain.declare-storage` 声明",
        },
        Approvals { found: usize, needed: usize } = "grant.level-approvals" {
            en: "{found} people approved this use and the level of the data demands {needed} (rule C2, Shuangyashan Art. 11): have it reviewed or granted by another person",
            zh: "已有 {found} 人同意该用途，而该数据级别要求 {needed} 人（规则 C2，双鸭山第十一条）：请由其他人员审核或授予",
        },
        NotApproved { application: String } = "grant.not-approved" {
            en: "application `{application}` is not approved (rule F1, Shuangyashan Art. 27): have it reviewed first",
            zh: "申请“{application}”尚未同意（规则 F1，双鸭山第二十七条）：请先完成审核",
        },
        Beyond { what: String, what_zh: String } = "grant.beyond-application" {
            en: "the grant goes beyond its application in {what} (rule F2, Zibo Art. 22: least and enough): give what was applied for, or less",
            zh: "授权超出申请的{what_zh}（规则 F2，淄博第二十二条：最少够用）：请在申请范围内授予",
        },
    }
}

/// A dataset with its entry.
#[derive(Debug, Clone)]
pub struct Known {
    /// The tie.
    pub link: DatasetLink,
    /// The entry, as it is today.
    pub entry: EntryRecord,
    /// Whether a stop holds the dataset.
    pub suspended: bool,
    /// Whether what the domain keeps lies encrypted, as its custodian declares.
    pub encrypted: bool,
}

/// A dataset with its entry; `None` where it belongs to none.
pub async fn known(reads: &mut impl Reads, dataset: &Name) -> Result<Option<Known>, Refused> {
    let Some(link) = reads.one::<DatasetLink>(dataset.as_str()).await? else { return Ok(None) };
    let Some(entry) = reads.one::<EntryRecord>(link.record.entry.as_str()).await? else { return Ok(None) };
    let suspended = reads.held(&Subject::Dataset(dataset.to_string())).await?.is_some();
    let encrypted = is_encrypted(reads).await?;
    Ok(Some(Known { link: link.record, entry: entry.record, suspended, encrypted }))
}

/// Whether the custodian declares that files lie encrypted.
pub async fn is_encrypted(reads: &mut impl Reads) -> Result<bool, Refused> {
    Ok(reads.one::<StorageRecord>(StorageRecord::ID).await?.is_some_and(|row| row.record.encrypted))
}

impl Known {
    /// The limits of its level today; `None` where it has no level of the matrix.
    pub fn limits<'a>(&self, desk: &'a Desk) -> Option<&'a Limits> {
        let level = self.entry.life.entry().security_level.as_ref()?;
        desk.rules().levels().limits_of(level.as_str()).ok()
    }

    /// Whether a policy and the storage keep to the limits of the level.
    fn keeps(&self, limits: &Limits, policy: &ReleasePolicy) -> bool {
        limits.exceeded_by(policy).is_empty() && (self.encrypted || !limits.encryption)
    }

    fn add_to(&self, desk: &Desk, facts: &mut Facts) {
        let entry = self.entry.life.entry();
        facts.no_secret &= entry.secret.is_none();
        // What is suspended was published; the fact below says that it rests, and why.
        facts.entry_published &= matches!(self.entry.life.state(), State::Published | State::Suspended);
        facts.graded &= entry.check_graded(desk.rules().pack()).is_ok();
        facts.provider_consents &= entry.check_operable(desk.rules().pack()).is_ok() || !is_shared(&self.entry);
        facts.secrecy_reviewed &= self.entry.secrecy_reviewed();
        facts.not_suspended &= !self.suspended && self.entry.life.state() != State::Suspended;
    }
}

fn is_shared(entry: &EntryRecord) -> bool {
    matches!(entry.life.entry().origin, tidegate_catalogue::Origin::Shared { .. })
}

/// Every limit of a level that a policy exceeds.
pub fn excesses(desk: &Desk, known: &Known, policy: &ReleasePolicy) -> Vec<Excess> {
    known.limits(desk).map(|limits| limits.exceeded_by(policy)).unwrap_or_default()
}

/// Refuses a policy that is looser than the level of the data allows (rule C2); asked where a version is mounted.
pub fn check_level(desk: &Desk, known: &Known, policy: &ReleasePolicy) -> Result<(), Refused> {
    use tidegate_terms::{Language, Message as _};
    let found = excesses(desk, known, policy);
    match found.first() {
        None if !known.encrypted && known.limits(desk).is_some_and(|limits| limits.encryption) => Err(FactRefusal::Encryption.into()),
        None => Ok(()),
        Some(excess) => {
            let (first, first_zh) = (excess.say(Language::English), excess.say(Language::Chinese));
            Err(FactRefusal::Limits { first, first_zh, more: found.len() - 1 }.into())
        }
    }
}

/// The agreement in force today under which an organisation operates. What it develops under another's is not its own.
pub async fn agreement_of(desk: &Desk, reads: &mut impl Reads, organisation: &Name) -> Result<Option<(String, AgreementRecord)>, Refused> {
    let today = desk.today();
    let found = reads
        .every::<AgreementRecord>()
        .await?
        .into_iter()
        .find(|row| row.record.agreement.operator == *organisation && row.record.is_active_for(organisation, today));
    Ok(found.map(|row| (row.id, row.record)))
}

/// Facts that hold until something says otherwise: the start of a conjunction.
fn so_far(basics: Facts) -> Facts {
    Facts {
        no_secret: true,
        entry_published: true,
        graded: true,
        provider_consents: true,
        secrecy_reviewed: true,
        not_suspended: true,
        level_limits_met: true,
        mode_covers: true,
        scenario_assessed: true,
        risk_assessed: true,
        purpose_matches: true,
        columns_in_scope: true,
        grant_live: true,
        ..basics
    }
}

/// Nothing about data is met. A secret is not told apart from what nobody knows: there is no entry that says so.
fn nothing_known(facts: &mut Facts) {
    *facts = Facts {
        no_secret: true,
        entry_published: false,
        graded: false,
        provider_consents: false,
        secrecy_reviewed: false,
        not_suspended: false,
        level_limits_met: false,
        mode_covers: false,
        scenario_assessed: false,
        risk_assessed: false,
        ..*facts
    };
}

/// What an operator's papers say: agreement in force, plan approved, evidence valid.
pub async fn of_operator(desk: &Desk, reads: &mut impl Reads, operator: &Name) -> Result<Facts, Refused> {
    let mut facts = reads.basics(desk).await?;
    papers(desk, reads, operator, &mut facts).await?;
    Ok(facts)
}

async fn papers(desk: &Desk, reads: &mut impl Reads, operator: &Name, facts: &mut Facts) -> Result<Option<AgreementRecord>, Refused> {
    let Some((_, agreement)) = agreement_of(desk, reads, operator).await? else { return Ok(None) };
    facts.agreement_active = true;
    facts.qualified = agreement.check_qualified(desk.today()).is_ok();
    facts.selection_complete = agreement.agreement.selection.check(desk.today()).is_ok();
    facts.plan_approved = plan_in_force(reads, &agreement.plan).await?;
    Ok(Some(agreement))
}

/// Whether a plan is approved without an open change (rule G5).
pub async fn plan_in_force(reads: &mut impl Reads, plan: &str) -> Result<bool, Refused> {
    let plan = reads.one::<PlanRecord>(plan).await?;
    Ok(plan.is_some_and(|row| row.record.plan.check_in_force().is_ok() && crate::Kept::state(&row.record) == "approved"))
}

/// What is asked of a dataset in a scenario, under an agreement.
async fn of_use(
    desk: &Desk,
    reads: &mut impl Reads,
    agreement: Option<&AgreementRecord>,
    dataset: &Name,
    scenario: &Name,
    facts: &mut Facts,
) -> Result<Option<Known>, Refused> {
    let Some(known) = known(reads, dataset).await? else {
        nothing_known(facts);
        return Ok(None);
    };
    known.add_to(desk, facts);
    let entry = known.entry.life.entry();
    let question = Question { dataset, domain: &entry.industry, scenario };
    facts.mode_covers &= agreement.is_some_and(|of| of.agreement.scope.check(question).is_ok());
    let assessed = reads.one::<ScenarioRecord>(scenario.as_str()).await?.filter(|row| !row.record.proposed);
    let checked = |risk: bool| assessed.as_ref().is_some_and(|row| row.record.scenario.check(risk, desk.today()).is_ok());
    facts.scenario_assessed &= checked(false);
    facts.risk_assessed &= !entry.specific_scope || checked(true);
    Ok(Some(known))
}

/// What is asked before a grant is given.
#[derive(Debug, Clone)]
pub struct GrantAsked<'a> {
    /// Who shall hold it.
    pub operator: &'a Name,
    /// On which dataset.
    pub dataset: &'a Name,
    /// In which scenario.
    pub scenario: &'a Name,
    /// The policy of the dataset's newest version.
    pub policy: &'a ReleasePolicy,
    /// The share that it gives, where it is stated as epsilon.
    pub epsilon: Option<Epsilon>,
}

/// The facts of giving a grant.
pub async fn facts_of_grant(desk: &Desk, reads: &mut impl Reads, asked: &GrantAsked<'_>) -> Result<Facts, Refused> {
    let mut facts = so_far(reads.basics(desk).await?);
    let agreement = papers(desk, reads, asked.operator, &mut facts).await?;
    if let Some(known) = of_use(desk, reads, agreement.as_ref(), asked.dataset, asked.scenario, &mut facts).await? {
        let limits = known.limits(desk);
        facts.level_limits_met = limits.is_some_and(|limits| {
            known.keeps(limits, asked.policy) && asked.epsilon.is_none_or(|epsilon| epsilon <= limits.epsilon_total_max)
        });
    }
    Ok(facts)
}

/// Checks that a grant stays inside the application that it rests on (rules E9 and F2).
pub fn check_inside(
    application: &str,
    record: &ApplicationRecord,
    operator: &Name,
    dataset: &Name,
    purpose: &Name,
    columns: &[String],
    last_day: Date,
) -> Result<(), FactRefusal> {
    let of = &record.applied.application;
    if record.applied.progress != Progress::Granted {
        return Err(FactRefusal::NotApproved { application: application.chars().take(64).collect() });
    }
    let beyond = |what: &str, what_zh: &str| FactRefusal::Beyond { what: what.to_owned(), what_zh: what_zh.to_owned() };
    if of.dataset != *dataset {
        return Err(beyond("dataset", "数据集"));
    }
    if of.applicant != *operator {
        return Err(beyond("operator", "运营机构"));
    }
    if record.purpose != *purpose {
        return Err(beyond("purpose", "用途"));
    }
    if columns.iter().any(|column| !of.columns.contains(column)) {
        return Err(beyond("columns", "数据列"));
    }
    if of.last_day.is_none_or(|last| last_day > last) {
        return Err(beyond("period", "期限"));
    }
    Ok(())
}

/// One dataset of a run.
#[derive(Debug, Clone)]
pub struct RunPart<'a> {
    /// The grant under which it is read.
    pub grant: &'a GrantRecord,
    /// The columns that the module reads, as `table.column`.
    pub columns: Vec<String>,
    /// The policy of the version that is read.
    pub policy: &'a ReleasePolicy,
}

/// What is asked before a run, or a quote of one.
#[derive(Debug, Clone)]
pub struct RunAsked<'a> {
    /// Who runs.
    pub operator: &'a Name,
    /// Who wrote the module.
    pub author: &'a Name,
    /// The purpose that the module states.
    pub purpose: &'a Name,
    /// What is read.
    pub parts: Vec<RunPart<'a>>,
    /// The mechanisms of noise that the module uses.
    pub mechanisms: &'a [Mechanism],
    /// What the run asks for.
    pub epsilon: Option<Epsilon>,
    /// Products that go in, and which of them were delivered.
    pub inputs: &'a [String],
    /// Those of the inputs that were delivered already.
    pub delivered: &'a BTreeSet<String>,
}

/// The facts of a quote or a run.
pub async fn facts_of_run(desk: &Desk, reads: &mut impl Reads, asked: &RunAsked<'_>) -> Result<Facts, Refused> {
    let mut facts = so_far(reads.basics(desk).await?);
    let agreement = papers(desk, reads, asked.operator, &mut facts).await?;
    (facts.author_bound, facts.no_redevelopment) = bound(desk, agreement.as_ref(), asked.author, asked.inputs, asked.delivered);
    (facts.grant_first_day, facts.grant_last_day) = (i64::MIN, i64::MAX);
    if asked.parts.is_empty() {
        nothing_known(&mut facts);
        (facts.purpose_matches, facts.columns_in_scope, facts.grant_live) = (false, false, false);
    }
    for part in &asked.parts {
        let grant = part.grant;
        let link = reads.one::<GrantLink>(&grant.id).await?.map(|row| row.record);
        let standing = link.as_ref().map(|link| link.standing);
        let live = matches!(standing, Some(GrantStanding::Live | GrantStanding::Rectifying));
        let days = |text: &str| text.parse::<Date>().ok().map(crate::decide::days_of);
        facts.grant_first_day = facts.grant_first_day.max(days(&grant.valid_from).unwrap_or(i64::MAX));
        facts.grant_last_day = facts.grant_last_day.min(days(&grant.valid_until).unwrap_or(i64::MIN));
        facts.purpose_matches &= grant.purpose == *asked.purpose;
        facts.columns_in_scope &= part.columns.iter().all(|column| grant.columns.contains(column));
        let scenario = link.as_ref().map_or(&grant.purpose, |link| &link.scenario);
        let known = of_use(desk, reads, agreement.as_ref(), &grant.dataset, scenario, &mut facts).await?;
        if let (Some(scope), Some(known)) = (agreement.as_ref().and_then(|of| of.agreement.scope_of_developer(asked.author)), &known) {
            let question = Question { dataset: &grant.dataset, domain: &known.entry.life.entry().industry, scenario };
            facts.mode_covers &= scope.check(question).is_ok();
        }
        facts.grant_live &= live && grant.revoked.is_none() && grant.suspended.is_none();
        let within = |known: &Known, limits: &Limits| {
            known.keeps(limits, part.policy)
                && asked.mechanisms.iter().all(|mechanism| limits.allows(*mechanism))
                && asked.epsilon.is_none_or(|epsilon| epsilon <= limits.epsilon_run_max)
        };
        facts.level_limits_met &= known.is_some_and(|known| known.limits(desk).is_some_and(|limits| within(&known, limits)));
    }
    Ok(facts)
}

/// Whether an author may write for the operator, and whether the inputs are no delivered products of its own.
fn bound(desk: &Desk, agreement: Option<&AgreementRecord>, author: &Name, inputs: &[String], delivered: &BTreeSet<String>) -> (bool, bool) {
    let Some(of) = agreement else { return (false, inputs.is_empty()) };
    let author_bound = of.agreement.check_author(author, desk.today()).is_ok();
    let who = Redevelopment { author, operator: &of.agreement.operator, affiliates: &of.affiliates };
    (author_bound, check_inputs(&who, inputs, |input| delivered.contains(input)).is_ok())
}

/// The facts of uploading a module.
pub async fn facts_of_module(desk: &Desk, reads: &mut impl Reads, operator: &Name, author: &Name) -> Result<Facts, Refused> {
    let mut facts = reads.basics(desk).await?;
    let agreement = papers(desk, reads, operator, &mut facts).await?;
    (facts.author_bound, facts.no_redevelopment) = bound(desk, agreement.as_ref(), author, &[], &BTreeSet::new());
    Ok(facts)
}

/// What is asked before a product is applied for, listed or delivered.
#[derive(Debug, Clone)]
pub struct ProductAsked<'a> {
    /// Whose product it is.
    pub operator: &'a Name,
    /// Who wrote its module.
    pub author: &'a Name,
    /// On which datasets it rests.
    pub datasets: &'a [Name],
    /// Products that went in.
    pub inputs: &'a [String],
    /// Those of the inputs that were delivered already.
    pub delivered: &'a BTreeSet<String>,
}

/// The facts of a product that follow from the papers; what its own record says (release reviewed, registered, terms
/// acknowledged) is for its operation to add.
pub async fn facts_of_product(desk: &Desk, reads: &mut impl Reads, asked: &ProductAsked<'_>) -> Result<Facts, Refused> {
    let mut facts = so_far(reads.basics(desk).await?);
    let agreement = papers(desk, reads, asked.operator, &mut facts).await?;
    (facts.author_bound, facts.no_redevelopment) = bound(desk, agreement.as_ref(), asked.author, asked.inputs, asked.delivered);
    for dataset in asked.datasets {
        match known(reads, dataset).await? {
            Some(known) => known.add_to(desk, &mut facts),
            None => nothing_known(&mut facts),
        }
    }
    Ok(facts)
}

/// The facts of mounting a version under an entry, or of setting its policy.
pub async fn facts_of_mount(desk: &Desk, reads: &mut impl Reads, entry: &Name, policy: Option<&ReleasePolicy>) -> Result<Facts, Refused> {
    let mut facts = so_far(reads.basics(desk).await?);
    match reads.one::<EntryRecord>(entry.as_str()).await? {
        None => nothing_known(&mut facts),
        Some(row) => {
            let link = DatasetLink::of(&row.record, row.record.organisation.clone(), desk.today());
            let known = Known { link, entry: row.record, suspended: false, encrypted: is_encrypted(reads).await? };
            known.add_to(desk, &mut facts);
            let within = |limits: &Limits| policy.is_none_or(|policy| known.keeps(limits, policy));
            facts.level_limits_met = known.limits(desk).is_some_and(within);
        }
    }
    Ok(facts)
}

/// What an organisation is; enterprises need their sector regulator in some places (rule F4).
pub async fn kind_of_organisation(reads: &mut impl Reads, organisation: &Name) -> Result<tidegate_parties::OrganisationKind, Refused> {
    let row = crate::operations::shared::the::<crate::operations::organisations::OrganisationRecord>(reads, organisation.as_str()).await?;
    Ok(row.record.organisation.kind)
}
