//! Datasets: what is mounted, under which policy, and what was used of it.
//!
//! Guarantee: data never come through the interface. A mount names files that lie in the domain's own import directory,
//! put there by who may reach that machine; links are not followed. The policy is the authority's, held against the limits
//! of the data's level, and a provider mounts under that one or not at all.

use super::through::{All, OneDataset, ThroughError, dataset, example, link, may, page};
use crate::facts::{Known, check_level, facts_of_mount, is_encrypted};
use crate::records::{DatasetLink, EntryRecord};
use crate::{Desk, Done, Kept, Refused, Row, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tidegate_access::{Action, Kind};
use tidegate_http::api::Page;
use tidegate_service::view::{BudgetView, DatasetView, ImportView, OverlapView};
use tidegate_service::{NewVersion, ServiceError, UsageView};
use tidegate_terms::{Name, PublicSchema, ReleasePolicy, messages};

messages! {
    /// Why nothing is mounted, or no policy is set.
    pub enum MountRefusal {
        Entry { entry: String } = "entry.unknown" {
            en: "there is no catalogue entry `{entry}`: draft, review and publish it first",
            zh: "没有目录条目“{entry}”：请先编制、审核并发布",
        },
        Policy { dataset: String } = "dataset.no-policy" {
            en: "no release policy is set for `{dataset}`: the authority sets it with `datasets.set-policy`",
            zh: "数据集“{dataset}”尚无发布策略：由主管部门用 `datasets.set-policy` 设定",
        },
        OtherPolicy { dataset: String } = "dataset.other-policy" {
            en: "the policy that was sent is not the one that the authority set for `{dataset}`: leave it out, or ask the authority",
            zh: "所附策略并非主管部门为“{dataset}”设定的策略：请不附策略，或请主管部门变更",
        },
        OtherLineage { lineage: String } = "dataset.other-lineage" {
            en: "lineage `{lineage}` belongs to another organisation, and with it its budget: name one of your own in the schema",
            zh: "谱系“{lineage}”及其预算属于其他机构：请在数据模式中使用本机构的谱系名",
        },
        File { file: String } = "dataset.import-file" {
            en: "there is no file `{file}` in the domain's directory `imports` under your organisation's name: have the custodian put it there, and name it without a path",
            zh: "数据域的 `imports` 目录中贵机构名下没有文件“{file}”：请由运维方放入，并只写文件名",
        },
        Source { dataset: String } = "dataset.no-source" {
            en: "the schema of `{dataset}` does not say where the data come from, which every product must state (rule G31, Shuangyashan Art. 41): fill in `source`",
            zh: "“{dataset}”的模式未写明数据来源，而产品须注明来源（规则 G31，双鸭山第四十一条）：请填写 `source`",
        },
        OtherEntry { dataset: String, entry: String } = "dataset.other-entry" {
            en: "`{dataset}` is mounted under entry `{entry}`: later versions belong to the same one",
            zh: "“{dataset}”已挂接目录条目“{entry}”：后续版本须属同一条目",
        },
    }
}

/// A file of the import directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportFile {
    /// Its table in the schema.
    pub table: Name,
    /// Its name in the directory of the provider's organisation below the domain's `imports`: no path.
    #[schemars(length(min = 1, max = 200))]
    pub file: String,
}

/// A version to be mounted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mounting {
    /// The dataset.
    pub dataset: Name,
    /// Its catalogue entry; the one it has, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Name>,
    /// The public schema, as TOML.
    #[schemars(length(min = 1, max = 1_000_000))]
    pub schema: String,
    /// The release policy, as TOML; where it is sent it must be the one that the authority set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// A file for each table.
    #[schemars(length(min = 1, max = 64))]
    pub files: Vec<ImportFile>,
    /// How the data came in, such as `file`, `interface`, `push` or `extract`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Name>,
}

/// A release policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyInput {
    /// The dataset.
    pub dataset: Name,
    /// The catalogue entry of its data, whose level gives the limits.
    pub entry: Name,
    /// The release policy, as TOML.
    #[schemars(length(min = 1, max = 100_000))]
    pub policy: String,
    /// Declared units of the data, for the bound of delta.
    #[schemars(range(min = 1))]
    pub units_max: u64,
}

/// A release policy as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyRecord {
    /// The entry.
    pub entry: Name,
    /// The text.
    pub policy: String,
    /// The organisation whose data they are.
    pub provider: Name,
}

impl Kept for PolicyRecord {
    const KIND: Kind = Kind::Dataset;
    const NAME: &'static str = "release-policy";

    fn state(&self) -> &'static str {
        "mounted"
    }

    fn owner(&self) -> String {
        self.provider.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

fn view_example() -> DatasetView {
    example(include_str!("examples/dataset.json"))
}

fn one() -> OneDataset {
    example(r#"{ "dataset": "rand-hie" }"#)
}

operation! {
    ListDatasets = "datasets.list" in "datasets";
    Get "/v1/datasets" [paged];
    summary "List datasets with their declared bounds", "列出数据集及其申报界限";
    says "Public schema and policy: nothing here was inferred from data.", "公开模式与发布策略：均非由数据推断。";
    takes All, example All {};
    gives Page<DatasetView>, example Page { items: vec![view_example()], next: None };
    by list;
}

operation! {
    ShowDataset = "datasets.show" in "datasets";
    Get "/v1/datasets/{dataset}" [];
    summary "Show a dataset's declared bounds", "查看数据集的申报界限";
    says "Public schema and policy of its newest version.", "最新版本的公开模式与发布策略。";
    takes OneDataset, example one();
    gives DatasetView, example view_example();
    by show;
}

operation! {
    SetPolicy = "datasets.set-policy" in "datasets";
    Put "/v1/datasets/{dataset}/policy" [keyed];
    summary "Set the release policy and budget under which a dataset is mounted", "设定数据集挂载所用的发布策略与预算";
    says "The authority. It is held against the limits of the level of the data; each limit that it exceeds is named.", "由主管部门设定。系统对照数据级别的限制，逐项列出超限之处。";
    takes PolicyInput, example example(r#"{ "dataset": "rand-hie", "entry": "health-visits", "units_max": 10000, "policy": "lifetime_epsilon = 4.0\ndelta = 1e-6\nrun_epsilon_max = 1.0\n" }"#);
    gives PolicyRecord, example example(r#"{ "entry": "health-visits", "provider": "health-bureau", "policy": "lifetime_epsilon = 4.0\ndelta = 1e-6\nrun_epsilon_max = 1.0\n" }"#);
    by set_policy;
}

operation! {
    MountDataset = "datasets.mount" in "datasets";
    Post "/v1/datasets" [keyed, created, body 2 << 20];
    summary "Mount files as the next version of a dataset", "将文件挂载为数据集的下一个版本";
    says "The provider, under a published entry. Data never come through here: the files are named, and lie below the domain's directory `imports` in that of the provider's organisation. The answer has exact counts, for the provider alone.", "由数据提供部门操作，且目录条目须已发布。数据不经本接口传输：仅指明文件名，文件位于数据域 `imports` 目录下以本机构命名的目录。应答含精确计数，仅供数据提供部门。";
    takes Mounting, example example(r#"{ "dataset": "rand-hie", "entry": "health-visits", "schema": "contract = 1\n…", "files": [{ "table": "person-years", "file": "rand_hie.csv" }] }"#);
    gives ImportView, example example(include_str!("examples/import_report.json"));
    by mount;
}

operation! {
    ShowReport = "datasets.report" in "datasets";
    Get "/v1/datasets/{dataset}/report" [];
    summary "The import report, with exact counts", "查看导入报告（含精确计数）";
    says "For the provider of the data alone.", "仅供数据提供部门。";
    takes OneDataset, example one();
    gives ImportView, example example(include_str!("examples/import_report.json"));
    by report;
}

operation! {
    ShowOverlap = "datasets.overlap" in "datasets";
    Get "/v1/datasets/{dataset}/overlap" [];
    summary "How many units are in other lineages too", "查看与其他谱系重合的单元数";
    says "For the authority alone: exact counts, by which it decides whether two lineages are one population with one budget (attack A35).", "仅供主管部门：精确计数，用于判断两个谱系是否为同一人群、应共用一份预算（攻击 A35）。";
    takes OneDataset, example one();
    gives OverlapView, example example(include_str!("examples/overlap.json"));
    by overlap;
}

operation! {
    ShowBudget = "datasets.budget" in "datasets";
    Get "/v1/datasets/{dataset}/budget" [];
    summary "The account on which a dataset draws", "查看数据集所用的账户";
    says "Caps, what is spent or reserved, and every charge.", "上限、已用或已预留的预算，以及每笔计费。";
    takes OneDataset, example one();
    gives BudgetView, example example(include_str!("examples/budget.json"));
    by budget;
}

operation! {
    ShowUsage = "datasets.usage" in "datasets";
    Get "/v1/datasets/{dataset}/usage" [];
    summary "How a dataset was used, in five parts", "查看数据集使用情况的五个部分";
    says "Scenario, effect, process, storage and destruction (rule H1), from the log.", "应用场景、应用成效、使用过程、存储情况、销毁情况（规则 H1），均取自日志。";
    takes OneDataset, example one();
    gives UsageView, example example(include_str!("examples/usage.json"));
    by usage;
}

async fn list(desk: &mut Desk, _: All) -> Result<Done<Page<DatasetView>>, Refused> {
    may(desk, Action::ReadDataset, &Thing::alone(Kind::Dataset, "all", "mounted")).await?;
    let (items, next) = page(desk, desk.domain().dataset_views().await?, |view| view.dataset.to_string());
    Ok(Done::from(Page { items, next: None }).next(next))
}

async fn show(desk: &mut Desk, input: OneDataset) -> Result<Done<DatasetView>, Refused> {
    may(desk, Action::ReadDataset, &dataset(&input.dataset)).await?;
    Ok(desk.domain().dataset_view(&input.dataset).await?.into())
}

async fn budget(desk: &mut Desk, input: OneDataset) -> Result<Done<BudgetView>, Refused> {
    may(desk, Action::ReadDataset, &dataset(&input.dataset)).await?;
    Ok(desk.domain().budget(&input.dataset).await?.into())
}

async fn report(desk: &mut Desk, input: OneDataset) -> Result<Done<ImportView>, Refused> {
    let link = link(desk, &input.dataset).await?;
    may(desk, Action::ReadImportReport, &Thing::of(&link)).await?;
    Ok(desk.domain().import_report(&input.dataset).await?.into())
}

async fn overlap(desk: &mut Desk, input: OneDataset) -> Result<Done<OverlapView>, Refused> {
    let link = link(desk, &input.dataset).await?;
    may(desk, Action::ReadOverlap, &Thing::of(&link)).await?;
    Ok(desk.domain().overlaps(&input.dataset).await?.into())
}

async fn usage(desk: &mut Desk, input: OneDataset) -> Result<Done<UsageView>, Refused> {
    let link = link(desk, &input.dataset).await?;
    may(desk, Action::ReadUsage, &Thing::of(&link)).await?;
    Ok(desk.domain().usage(&input.dataset).await?.into())
}

fn no_entry(entry: &Name) -> Refused {
    MountRefusal::Entry { entry: entry.to_string() }.into()
}

async fn set_policy(desk: &mut Desk, input: PolicyInput) -> Result<Done<PolicyRecord>, Refused> {
    let policy = ReleasePolicy::parse(&input.policy, input.units_max)?;
    let mut act = desk.begin().await?;
    let entry: Row<EntryRecord> = act.get(input.entry.as_str()).await?.ok_or_else(|| no_entry(&input.entry))?;
    // Which limits, not only that some are exceeded.
    let organisation = entry.record.organisation.clone();
    let link = DatasetLink::of(&entry.record, organisation.clone(), desk.today());
    let encrypted = is_encrypted(&mut act).await?;
    check_level(desk, &Known { link, entry: entry.record, suspended: false, encrypted }, &policy)?;
    let facts = facts_of_mount(desk, &mut act, &input.entry, Some(&policy)).await?;
    let record = PolicyRecord { entry: input.entry.clone(), policy: input.policy, provider: organisation };
    let decided = desk.decide(Action::SetReleasePolicy, &Thing::made(input.dataset.as_str(), &record), facts)?;
    let version = act.put(input.dataset.as_str(), &record).await?;
    act.commit(decided).await?;
    Ok(Done::from(record).version(version))
}

/// A file of the import directory: a plain name, no link.
fn import_file(directory: &Path, name: &str) -> Result<PathBuf, Refused> {
    let refused = || MountRefusal::File { file: name.chars().take(64).collect() };
    let plain = !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    let path = directory.join(name);
    let file = plain && std::fs::symlink_metadata(&path).is_ok_and(|found| found.is_file());
    if file { Ok(path) } else { Err(refused().into()) }
}

/// A lineage, and with it a budget, belongs to the organisation that mounted it first.
async fn check_lineage(desk: &Desk, act: &mut crate::Act, lineage: &Name, organisation: &Name) -> Result<(), Refused> {
    for row in act.all::<DatasetLink>().await? {
        let Ok(dataset) = Name::parse(&row.id) else { continue };
        let Ok(view) = desk.domain().dataset_view(&dataset).await else { continue };
        if view.schema.lineage == *lineage && row.record.organisation != *organisation {
            return Err(MountRefusal::OtherLineage { lineage: lineage.to_string() }.into());
        }
    }
    Ok(())
}

async fn mount(desk: &mut Desk, input: Mounting) -> Result<Done<ImportView>, Refused> {
    let schema = PublicSchema::parse(&input.schema)?;
    if schema.source.trim().is_empty() {
        return Err(MountRefusal::Source { dataset: input.dataset.to_string() }.into());
    }
    let mut act = desk.begin().await?;
    let before: Option<Row<DatasetLink>> = act.get(input.dataset.as_str()).await?;
    let entry = match (&before, &input.entry) {
        (Some(before), Some(entry)) if before.record.entry != *entry => {
            let refusal = MountRefusal::OtherEntry { dataset: input.dataset.to_string(), entry: before.record.entry.to_string() };
            return Err(refusal.into());
        }
        (Some(before), _) => before.record.entry.clone(),
        (None, Some(entry)) => entry.clone(),
        (None, None) => return Err(ThroughError::NotKept { dataset: input.dataset.to_string() }.into()),
    };
    let row: Row<EntryRecord> = act.get(entry.as_str()).await?.ok_or_else(|| no_entry(&entry))?;
    let policy: Option<Row<PolicyRecord>> = act.get(input.dataset.as_str()).await?;
    // One that was set for another entry is none for this one.
    let policy = policy.filter(|row| row.record.entry == entry);
    let policy = policy.ok_or_else(|| MountRefusal::Policy { dataset: input.dataset.to_string() })?.record.policy;
    check_lineage(desk, &mut act, &schema.lineage, &row.record.organisation).await?;
    if input.policy.as_ref().is_some_and(|sent| *sent != policy) {
        return Err(MountRefusal::OtherPolicy { dataset: input.dataset.to_string() }.into());
    }
    let read = ReleasePolicy::parse(&policy, schema.units_max)?;
    let facts = facts_of_mount(desk, &mut act, &entry, Some(&read)).await?;
    let version = match desk.domain().dataset_view(&input.dataset).await {
        Ok(view) => view.version + 1,
        Err(ServiceError::UnknownDataset { .. }) => 1,
        Err(error) => return Err(error.into()),
    };
    let link = DatasetLink::of(&row.record, row.record.organisation.clone(), desk.today());
    let way = input.way.map_or(link.way, |way| way.to_string());
    let record = DatasetLink { version, way, ..link };
    let decided = desk.decide(Action::MountDataset, &Thing::made(input.dataset.as_str(), &record), facts)?;
    // Each organisation has a directory of its own: nobody mounts, and counts, another's files. Whether there is a file is
    // looked at last, for whoever may mount it.
    let directory = desk.domain().import_directory().join(row.record.organisation.as_str());
    let files = input.files.iter().map(|file| Ok((file.table.clone(), import_file(&directory, &file.file)?)));
    let files: Vec<_> = files.collect::<Result<_, Refused>>()?;
    act.put(input.dataset.as_str(), &record).await?;
    act.commit(decided).await?;
    let new = NewVersion { dataset: input.dataset, schema: input.schema, policy, files };
    // Progress by shards is for the provider's own machine, not for the interface.
    Ok(desk.domain().mount(new, &mut |_| {}).await?.into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers
        .with::<ListDatasets>()
        .with::<ShowDataset>()
        .with::<SetPolicy>()
        .with::<MountDataset>()
        .with::<ShowReport>()
        .with::<ShowOverlap>()
        .with::<ShowBudget>()
        .with::<ShowUsage>()
}
