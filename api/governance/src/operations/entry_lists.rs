//! Reading the catalogue: one entry, its history, pages, the three lists, files.
//!
//! Guarantee: each entry is shown only to who may read it; drafts of others are in no list and no file.

use super::entries::OneEntry;
use super::entry_views::{EntryView, entry_example, view_example};
use super::reads::Reads;
use super::shared::{At, Given, example_name, facts_of_entry, history_of, page, the};
use crate::offers::Offers;
use crate::records::{ApplicationRecord, EntryRecord};
use crate::{Desk, Done, Refused, Row, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::Action;
use tidegate_catalogue::{CsvError, Demand, Entry, Record, State, export_csv, export_dcat, export_json, import_csv, import_json, lists};
use tidegate_http::api::Page;
use tidegate_operation::Progress;
use tidegate_terms::{Bilingual, Name, messages};

use super::shared::DueView;
use tidegate_rules::Process;

messages! {
    /// Why a file of entries is refused.
    pub enum ImportRefusal {
        Exists { entry: Name } = "import.exists" {
            en: "the file has entry `{entry}`, which exists already: take it out of the file; nothing was imported",
            zh: "文件含已存在的条目“{entry}”：请从文件中移除；未导入任何内容",
        },
        Empty = "import.empty" {
            en: "the file has no entries: fill in at least one row",
            zh: "文件不含条目：请至少填写一行",
        },
        Many { entries: usize } = "import.many" {
            en: "the file has {entries} entries, at most 500 at once: divide it",
            zh: "文件含 {entries} 个条目，一次最多 500 个：请拆分",
        };
        Csv(CsvError),
        Entry(tidegate_catalogue::EntryError),
    }
}

/// Which entries.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryFilter {
    /// In which state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub state: Option<String>,
    /// Of which organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Name>,
    /// Of which industry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub industry: Option<String>,
    /// Of which level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_level: Option<Name>,
    /// With which words in name or summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000))]
    pub text: Option<String>,
}

impl EntryFilter {
    fn fits(&self, row: &Row<EntryRecord>) -> bool {
        let (record, entry) = (&row.record, row.record.life.entry());
        let contains = |text: &String| entry.name.contains(text.as_str()) || entry.summary.contains(text.as_str());
        self.state.as_deref().is_none_or(|state| crate::Kept::state(record) == state)
            && self.organisation.as_ref().is_none_or(|organisation| record.organisation == *organisation)
            && self.industry.as_ref().is_none_or(|industry| entry.industry == *industry)
            && self.security_level.as_ref().is_none_or(|level| entry.security_level.as_ref() == Some(level))
            && self.text.as_ref().is_none_or(contains)
    }
}

/// The versions of an entry.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryView {
    /// From the first to the newest.
    pub versions: Vec<VersionView>,
}

/// One version.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionView {
    /// Its number: one for each act on the entry.
    pub record: u32,
    /// The account that acted.
    pub by: String,
    /// When.
    pub at: String,
    /// The entry then.
    pub entry: EntryView,
}

/// The lists that a catalogue owes (Shuangyashan Arts 23 and 38).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListsView {
    /// 共享需求清单.
    pub demands: Vec<DemandView>,
    /// 共享责任清单.
    pub to_share: Vec<Listed>,
    /// 不予共享负面清单.
    pub not_shared: Vec<Listed>,
    /// 开放责任清单.
    pub to_open: Vec<Listed>,
    /// Conditional sharing whose assessment is overdue.
    pub assessment_overdue: Vec<Listed>,
}

/// An entry in a list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// Which entry.
    pub entry: Name,
    /// 数据资源名称.
    pub name: String,
    /// 数据资源提供方名称.
    pub provider: String,
}

/// A demand in its list.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DemandView {
    /// Who wants the data.
    pub by: Name,
    /// From whom.
    pub provider: String,
    /// Which items.
    pub items: Vec<String>,
    /// For which scenario.
    pub scenario: String,
    /// On which basis.
    pub basis: String,
    /// Until when the provider answers.
    pub due: Option<DueView>,
}

/// Which form a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// All fields, as JSON.
    Json,
    /// All fields, as a table.
    Csv,
    /// DCAT 3 in JSON-LD.
    Dcat,
}

/// An export.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportInput {
    /// In which form.
    pub form: Form,
    /// Of which organisation; of all where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Name>,
}

/// A file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileView {
    /// Its form.
    pub form: Form,
    /// How many entries are in it.
    pub entries: u32,
    /// The file.
    pub content: String,
}

/// Entries in a file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportInput {
    /// `csv` or `json`.
    pub form: Form,
    /// The file.
    #[schemars(length(max = 4194304))]
    pub content: String,
}

/// What came of an import.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportView {
    /// The drafts that were made.
    pub drafts: Vec<Name>,
    /// What each still lacks before it can be submitted.
    pub faults: Vec<ImportFaults>,
}

/// What an imported draft lacks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportFaults {
    /// Which draft.
    pub entry: Name,
    /// What it lacks.
    pub faults: Vec<Bilingual>,
}

fn one() -> OneEntry {
    OneEntry { entry: entry_example().id }
}

fn listed_example() -> Listed {
    Listed { entry: entry_example().id, name: entry_example().name, provider: entry_example().provider.name }
}

operation! {
    ShowEntry = "entries.show" in "catalogue";
    Get "/v1/entries/{entry}" [];
    summary "Show an entry", "查看目录条目";
    says "Drafts are shown to their organisation and to those who supervise.", "草稿仅对所属机构和监督方可见。";
    takes OneEntry, example one();
    gives EntryView, example view_example();
    by show;
}

operation! {
    EntryHistory = "entries.history" in "catalogue";
    Get "/v1/entries/{entry}/history" [];
    summary "Show all versions of an entry", "查看目录条目历次版本";
    says "Nothing is overwritten: each act made a version.", "不覆盖历史：每次办理均留存版本。";
    takes OneEntry, example one();
    gives HistoryView, example HistoryView { versions: vec![VersionView { record: 1, by: "a-1f0c".to_owned(), at: "2026-11-20T02:00:00Z".to_owned(), entry: view_example() }] };
    by history;
}

operation! {
    ListEntries = "entries.list" in "catalogue";
    Get "/v1/entries" [paged];
    summary "List entries", "列出目录条目";
    says "In the order of their ids; what the caller may not read is left out.", "按编号排序；无权查看的不列出。";
    takes EntryFilter, example EntryFilter { state: Some("published".to_owned()), ..EntryFilter::default() };
    gives Page<EntryView>, example Page { items: vec![view_example()], next: None };
    by list;
}

operation! {
    CatalogueLists = "catalogue.lists" in "catalogue";
    Get "/v1/catalogue/lists" [];
    summary "The lists of demand, duty and what is not shared", "共享需求清单、共享责任清单、不予共享负面清单";
    says "From what is published and from applications that wait; with the list of what is to be opened.", "依据已发布条目和待办申请生成；含开放责任清单。";
    takes tidegate_http::api::Nothing, example tidegate_http::api::Nothing {};
    gives ListsView, example ListsView { demands: vec![DemandView { by: example_name("insurer"), provider: "health-commission".to_owned(), items: vec!["visits.cost".to_owned()], scenario: "保险精算".to_owned(), basis: "授权运营协议".to_owned(), due: Some(DueView::example()) }], to_share: vec![listed_example()], not_shared: Vec::new(), to_open: Vec::new(), assessment_overdue: Vec::new() };
    by three_lists;
}

operation! {
    ExportCatalogue = "catalogue.export" in "catalogue";
    Get "/v1/catalogue/export" [];
    summary "Export published entries", "导出已发布目录";
    says "As JSON, CSV or DCAT 3. Also the annex that projects file before acceptance.", "JSON、CSV 或 DCAT 3；也用于项目验收前的目录附件。";
    takes ExportInput, example ExportInput { form: Form::Csv, organisation: None };
    gives FileView, example FileView { form: Form::Json, entries: 0, content: "[]".to_owned() };
    by export;
}

operation! {
    ImportCatalogue = "catalogue.import" in "catalogue";
    Post "/v1/catalogue/import" [keyed, created, body 4 << 20];
    summary "Import entries as drafts", "导入条目为草稿";
    says "All or none. The answer names what each draft still lacks.", "整体导入或整体拒绝；应答列出各草稿所缺内容。";
    takes ImportInput, example ImportInput { form: Form::Csv, content: "id,name\nbus-cards,公交卡\n".to_owned() };
    gives ImportView, example ImportView { drafts: vec![example_name("bus-cards")], faults: Vec::new() };
    by import;
}

/// Whether the caller may read an entry.
async fn may_read(desk: &Desk, reads: &mut impl Reads, row: &Row<EntryRecord>) -> Result<bool, Refused> {
    let facts = facts_of_entry(desk, reads, &row.record, Action::ReadEntry, Given::default()).await?;
    Ok(desk.decide(Action::ReadEntry, &Thing::of(row), facts).is_ok())
}

async fn readable(desk: &Desk, reads: &mut impl Reads) -> Result<Vec<Row<EntryRecord>>, Refused> {
    let mut found = Vec::new();
    for row in reads.every::<EntryRecord>().await? {
        if may_read(desk, reads, &row).await? {
            found.push(row);
        }
    }
    Ok(found)
}

async fn show(desk: &mut Desk, input: OneEntry) -> Result<Done<EntryView>, Refused> {
    let mut books = desk.read();
    let row = the::<EntryRecord>(&mut books, input.entry.as_str()).await?;
    let facts = facts_of_entry(desk, &mut books, &row.record, Action::ReadEntry, Given::default()).await?;
    let _ = desk.decide(Action::ReadEntry, &Thing::of(&row), facts)?;
    EntryView::done(desk, &row.record, row.version)
}

async fn history(desk: &mut Desk, input: OneEntry) -> Result<Done<HistoryView>, Refused> {
    let mut books = desk.read();
    let row = the::<EntryRecord>(&mut books, input.entry.as_str()).await?;
    let facts = facts_of_entry(desk, &mut books, &row.record, Action::ReadEntry, Given::default()).await?;
    let _ = desk.decide(Action::ReadEntry, &Thing::of(&row), facts)?;
    let rows = history_of::<EntryRecord>(desk, input.entry.as_str()).await?;
    let shown =
        |row: Row<EntryRecord>| VersionView { record: row.version, by: row.by, at: row.at, entry: EntryView::of(desk, &row.record) };
    Ok(HistoryView { versions: rows.into_iter().map(shown).collect() }.into())
}

async fn list(desk: &mut Desk, input: EntryFilter) -> Result<Done<Page<EntryView>>, Refused> {
    let mut books = desk.read();
    let rows: Vec<_> = readable(desk, &mut books).await?.into_iter().filter(|row| input.fits(row)).collect();
    let (rows, next) = page(rows, desk, |row| row.id.as_str());
    let items = rows.iter().map(|row| EntryView::of(desk, &row.record)).collect();
    Ok(Done { output: Page { items, next: None }, version: None, next })
}

async fn three_lists(desk: &mut Desk, _: tidegate_http::api::Nothing) -> Result<Done<ListsView>, Refused> {
    let mut books = desk.read();
    let records: Vec<Record> = readable(desk, &mut books).await?.into_iter().map(|row| row.record.life).collect();
    let mut demands = Vec::new();
    for row in books.every::<ApplicationRecord>().await? {
        let facts = desk.facts().await?;
        if row.record.applied.progress == Progress::Waiting && desk.decide(Action::ReadApplication, &Thing::of(&row), facts).is_ok() {
            let of = row.record.applied.application;
            demands.push(Demand {
                by: of.applicant,
                provider: of.provider.to_string(),
                items: of.columns,
                scenario: of.scenario,
                basis: of.basis,
                filed: row.record.applied.since,
            });
        }
    }
    let found = lists(&records, &demands, desk.rules().pack(), desk.today());
    let listed = |entries: &[&Entry]| {
        let one = |entry: &&Entry| Listed { entry: entry.id.clone(), name: entry.name.clone(), provider: entry.provider.name.clone() };
        entries.iter().map(one).collect()
    };
    let demand = |of: &&Demand| DemandView {
        by: of.by.clone(),
        provider: of.provider.clone(),
        items: of.items.clone(),
        scenario: of.scenario.clone(),
        basis: of.basis.clone(),
        due: DueView::of(desk, Process::DemandReview, of.filed),
    };
    Ok(ListsView {
        demands: found.demands.iter().map(demand).collect(),
        to_share: listed(&found.to_share),
        not_shared: listed(&found.not_shared),
        to_open: listed(&found.to_open),
        assessment_overdue: listed(&found.assessment_overdue),
    }
    .into())
}

async fn export(desk: &mut Desk, input: ExportInput) -> Result<Done<FileView>, Refused> {
    let mut books = desk.read();
    let own = |row: &Row<EntryRecord>| input.organisation.as_ref().is_none_or(|wanted| row.record.organisation == *wanted);
    let published = |row: &Row<EntryRecord>| row.record.life.state() == State::Published;
    let rows = readable(desk, &mut books).await?.into_iter().filter(|row| own(row) && published(row));
    let entries: Vec<Entry> = rows.map(|row| row.record.life.entry().clone()).collect();
    let city = &desk.rules().pack().rules().city;
    let content = match input.form {
        Form::Json => export_json(&entries).map_err(|error| tidegate_catalogue::EntryError::Syntax { detail: error.to_string() })?,
        Form::Csv => export_csv(&entries),
        Form::Dcat => export_dcat(&entries, "urn:tidegate:entry:", &format!("{}公共数据资源目录", city.zh)),
    };
    Ok(FileView { form: input.form, entries: u32::try_from(entries.len()).unwrap_or(u32::MAX), content }.into())
}

async fn import(desk: &mut Desk, input: ImportInput) -> Result<Done<ImportView>, Refused> {
    let at = At::of(desk)?;
    let entries = match input.form {
        Form::Csv => import_csv(&input.content).map_err(ImportRefusal::Csv)?,
        Form::Json | Form::Dcat => import_json(&input.content).map_err(ImportRefusal::Entry)?,
    };
    if entries.is_empty() {
        return Err(ImportRefusal::Empty.into());
    }
    if entries.len() > 500 {
        return Err(ImportRefusal::Many { entries: entries.len() }.into());
    }
    let mut act = desk.begin().await?;
    let (mut view, mut first) = (ImportView { drafts: Vec::new(), faults: Vec::new() }, None);
    for entry in entries {
        let id = entry.id.clone();
        let faults = entry.check(desk.rules().pack(), desk.rules().levels());
        let record = EntryRecord { organisation: at.organisation.clone(), life: Record::draft(entry), secrecy: None, since: at.today };
        let facts = facts_of_entry(desk, &mut act, &record, Action::DraftEntry, Given::default()).await?;
        let decided = desk.decide(Action::DraftEntry, &Thing::made(id.as_str(), &record), facts)?;
        super::entries::check_name(&id)?;
        if act.get::<EntryRecord>(id.as_str()).await?.is_some() {
            return Err(ImportRefusal::Exists { entry: id }.into());
        }
        act.put(id.as_str(), &record).await?;
        // One entry of the log stands for the import: its first draft, the others under `also`.
        first.get_or_insert(decided);
        view.drafts.push(id.clone());
        if !faults.is_empty() {
            let spoken = |fault: &tidegate_catalogue::EntryError| super::shared::both(fault);
            view.faults.push(ImportFaults { entry: id, faults: faults.iter().map(spoken).collect() });
        }
    }
    if let Some(decided) = first {
        act.commit(decided).await?;
    }
    Ok(view.into())
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers
        .with::<ShowEntry>()
        .with::<EntryHistory>()
        .with::<ListEntries>()
        .with::<CatalogueLists>()
        .with::<ExportCatalogue>()
        .with::<ImportCatalogue>()
}
