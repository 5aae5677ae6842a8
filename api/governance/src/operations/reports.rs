//! The annual report (rule K3): what happened in a year, from the public log, with the limits of levels that no text gives.

use super::shared::{DueView, example_name};
use crate::offers::Offers;
use crate::{Desk, Done, Refused, Thing};
use jiff::civil::date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_access::{Action, Kind};
use tidegate_log::{Entry, Event};
use tidegate_rules::{Clause, annual_report_due};
use tidegate_service::ServiceError;
use tidegate_store::StoreError;
use tidegate_terms::{Bilingual, Name};

/// Which year.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnualInput {
    /// The year.
    #[schemars(range(min = 2020, max = 9998))]
    pub year: i16,
}

/// How often something happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// What.
    pub what: String,
    /// How often.
    pub times: u64,
}

/// The limits of a level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelView {
    /// The level.
    pub level: Name,
    /// What people call it.
    pub title: Bilingual,
    /// The largest epsilon of a lineage's lifetime.
    pub epsilon_total_max: f64,
    /// The largest epsilon of one run.
    pub epsilon_run_max: f64,
    /// How many units a published cell of an exact table needs at least.
    pub minimum_group: u64,
}

/// The report on a year.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnualView {
    /// The year.
    pub year: i16,
    /// The rules of the place.
    pub rules: Bilingual,
    /// Until when it is due, where the rules of the place say.
    pub due: Option<DueView>,
    /// Acts of governance.
    pub acts: Vec<Count>,
    /// Entries of the log, by kind.
    pub entries: Vec<Count>,
    /// Limits by level: settings of the authority, given by no text.
    pub levels: Vec<LevelView>,
}

operation! {
    AnnualReport = "reports.annual" in "log";
    Get "/v1/reports/annual" [];
    summary "The report on a year", "年度报告";
    says "Counts from the public log, by act and by kind of entry, with the limits of levels in force. For those who supervise.", "依据公开日志按行为和条目类别统计，并列出现行级别限制。供监督方使用。";
    takes AnnualInput, example AnnualInput { year: 2026 };
    gives AnnualView, example AnnualView { year: 2026, rules: Bilingual { zh: "济南新旧动能转换起步区公共数据与一网通办管理办法".to_owned(), en: "Measures of Qibu".to_owned() }, due: Some(DueView::on(date(2027, 2, 28), date(2026, 11, 22), &Clause::qibu("K3", 43))), acts: vec![Count { what: "publish_entry".to_owned(), times: 12 }], entries: vec![Count { what: "release".to_owned(), times: 40 }], levels: vec![LevelView { level: example_name("l1"), title: Bilingual { zh: "一级".to_owned(), en: "level 1".to_owned() }, epsilon_total_max: 20.0, epsilon_run_max: 4.0, minimum_group: 5 }] };
    by annual;
}

async fn annual(desk: &mut Desk, input: AnnualInput) -> Result<Done<AnnualView>, Refused> {
    let facts = desk.facts().await?;
    let _ = desk.decide(Action::MakeReport, &Thing::alone(Kind::Log, "log", "published"), facts)?;
    let (mut acts, mut entries) = (BTreeMap::<String, u64>::new(), BTreeMap::<String, u64>::new());
    let (books, year) = (desk.read(), format!("{:04}-", input.year));
    let size = books.log_size().await.map_err(ServiceError::from)?;
    for bytes in books.log_entries(0, size).await.map_err(ServiceError::from)? {
        let Entry { at, event } = Entry::decode(&bytes).map_err(StoreError::from)?;
        if !at.starts_with(&year) {
            continue;
        }
        *entries.entry(event.kind().to_owned()).or_default() += 1;
        if let Event::Decided(decided) = event {
            *acts.entry(decided.action).or_default() += 1;
        }
    }
    let pack = desk.rules().pack();
    let due = pack.rules().annual_report.as_ref().and_then(|rule| {
        let last = annual_report_due(input.year, rule.month)?;
        Some(DueView::on(last, desk.today(), &pack.clause(&rule.ground)))
    });
    let counted = |counts: BTreeMap<String, u64>| counts.into_iter().map(|(what, times)| Count { what, times }).collect();
    let levels = desk.rules().levels().levels().iter().map(|limits| LevelView {
        level: limits.name.clone(),
        title: limits.title.clone(),
        epsilon_total_max: limits.epsilon_total_max.get(),
        epsilon_run_max: limits.epsilon_run_max.get(),
        minimum_group: limits.minimum_group,
    });
    Ok(AnnualView {
        year: input.year,
        rules: pack.rules().name.clone(),
        due,
        acts: counted(acts),
        entries: counted(entries),
        levels: levels.collect(),
    }
    .into())
}

/// What is offered here.
pub(crate) fn offers(offers: Offers) -> Offers {
    offers.with::<AnnualReport>()
}
