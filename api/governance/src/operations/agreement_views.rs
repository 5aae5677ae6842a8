//! What agreements take and show.

use super::plans::{MissingFiling, missing};
use super::shared::{example_name, said};
use crate::records::AgreementRecord;
use crate::{Desk, Kept};
use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_operation::{AgreementItem, Developer, Filing, FilingLevel, Mode, Qualification, Rights, Scope, Selection};
use tidegate_terms::{Bilingual, Name};

/// One item of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementText {
    /// Which item.
    pub item: AgreementItem,
    /// What it says.
    #[schemars(length(max = 2000))]
    pub text: String,
}

/// What an agreement shall say.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementInput {
    /// The plan under which it stands.
    #[schemars(length(max = 64))]
    pub plan: String,
    /// Its number.
    #[schemars(length(max = 2000))]
    pub number: String,
    /// The operator.
    pub operator: Name,
    /// What it covers.
    pub scope: Scope,
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
    /// What it says.
    pub items: Vec<AgreementText>,
    /// The three rights.
    pub rights: Rights,
    /// Those whom the operator declares as affiliated.
    #[serde(default)]
    pub affiliates: BTreeSet<Name>,
    /// Which evidence of qualification is demanded.
    #[serde(default)]
    pub qualifications_demanded: Vec<String>,
    /// Whether it is a county's.
    #[serde(default)]
    pub county: bool,
}

/// A new text of an agreement.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementEdit {
    /// Which agreement.
    #[schemars(length(max = 64))]
    pub agreement: String,
    /// What it shall say.
    pub content: AgreementInput,
}

/// Which agreement.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneAgreement {
    /// Which agreement.
    #[schemars(length(max = 64))]
    pub agreement: String,
}

/// Which agreement, and why.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementReason {
    /// Which agreement.
    #[schemars(length(max = 64))]
    pub agreement: String,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

/// A public notice.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeInput {
    /// Which agreement.
    #[schemars(length(max = 64))]
    pub agreement: String,
    /// The document of the fair competition.
    #[schemars(length(max = 2000))]
    pub competition: String,
    /// The last day of the notice.
    pub notice_until: Date,
}

/// A collective decision.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectiveInput {
    /// Which agreement.
    #[schemars(length(max = 64))]
    pub agreement: String,
    /// The document.
    #[schemars(length(max = 2000))]
    pub document: String,
    /// The day.
    pub on: Date,
    /// How many objections to the notice are still open.
    pub objections_open: u32,
}

/// Evidence of qualification.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QualificationInput {
    /// Which agreement.
    #[schemars(length(max = 64))]
    pub agreement: String,
    /// What it shows.
    #[schemars(length(max = 2000))]
    pub what: String,
    /// Its document.
    #[schemars(length(max = 2000))]
    pub document: String,
    /// Its last day.
    pub valid_until: Date,
}

/// A filing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementFilingInput {
    /// Which agreement.
    #[schemars(length(max = 64))]
    pub agreement: String,
    /// The filing.
    pub filing: Filing,
}

/// A developer's agreement.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeveloperInput {
    /// Under which agreement.
    #[schemars(length(max = 64))]
    pub agreement: String,
    /// The developer with its scope and term.
    pub developer: Developer,
}

/// Which agreements.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementFilter {
    /// In which state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub state: Option<String>,
    /// Of which operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Name>,
}

/// An agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgreementView {
    /// Which agreement.
    pub agreement: String,
    /// Where it stands.
    pub state: String,
    /// Its number.
    pub number: String,
    /// The plan.
    pub plan: String,
    /// The authority that authorises.
    pub authority: Name,
    /// The operator.
    pub operator: Name,
    /// What it covers.
    pub scope: Scope,
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
    /// What it says.
    pub items: Vec<AgreementText>,
    /// Everything that still keeps it from being signed.
    pub open: Vec<Bilingual>,
    /// How the operator was chosen.
    pub selection: Selection,
    /// The three rights.
    pub rights: Rights,
    /// Those affiliated with the operator.
    pub affiliates: BTreeSet<Name>,
    /// Which evidence is demanded.
    pub qualifications_demanded: Vec<String>,
    /// The evidence.
    pub qualifications: Vec<Qualification>,
    /// Whether the evidence is valid today.
    pub qualified: bool,
    /// Whether the authority has signed.
    pub signed_by_authority: bool,
    /// Whether the operator has signed.
    pub signed_by_operator: bool,
    /// The day on which both had signed.
    pub signed: Option<Date>,
    /// Whether it is in force today.
    pub active: bool,
    /// Filings.
    pub filings: Vec<Filing>,
    /// Filings that a county's agreement still lacks: a warning.
    pub filings_missing: Vec<MissingFiling>,
    /// Developers under it.
    pub developers: Vec<Developer>,
    /// Why it was ended.
    pub ended: Option<String>,
}

pub(crate) fn view(desk: &Desk, id: &str, record: &AgreementRecord) -> AgreementView {
    let (of, today) = (&record.agreement, desk.today());
    let open = if of.signed.is_some() { Vec::new() } else { of.check(today).iter().map(super::shared::both).collect() };
    AgreementView {
        agreement: id.to_owned(),
        state: record.state().to_owned(),
        number: of.number.clone(),
        plan: record.plan.clone(),
        authority: record.authority.clone(),
        operator: of.operator.clone(),
        scope: of.scope.clone(),
        first: of.first,
        last: of.last,
        items: of.items.iter().map(|(item, text)| AgreementText { item: *item, text: text.clone() }).collect(),
        open,
        selection: of.selection.clone(),
        rights: record.rights.clone(),
        affiliates: record.affiliates.clone(),
        qualifications_demanded: record.demanded.clone(),
        qualifications: record.qualifications.clone(),
        qualified: record.check_qualified(today).is_ok(),
        signed_by_authority: record.signed_by_authority.is_some(),
        signed_by_operator: record.signed_by_operator.is_some(),
        signed: of.signed,
        active: record.is_active_for(&of.operator, today),
        filings: record.filings.clone(),
        filings_missing: missing(record.county, &record.filings),
        developers: of.developers.clone(),
        ended: of.ended.clone(),
    }
}

pub(crate) fn id_example() -> String {
    "ag-1f0c9b2a".to_owned()
}

pub(crate) fn one() -> OneAgreement {
    OneAgreement { agreement: id_example() }
}

pub(crate) fn reason_example() -> AgreementReason {
    AgreementReason { agreement: id_example(), reason: "年度评估未通过 (yearly evaluation not passed)".to_owned() }
}

fn scope_example() -> Scope {
    Scope {
        mode: Mode::ByScenario,
        datasets: [example_name("visits")].into(),
        domains: BTreeSet::new(),
        scenarios: [example_name("actuarial")].into(),
    }
}

pub(crate) fn input_example() -> AgreementInput {
    AgreementInput {
        plan: "pl-1f0c9b2a".to_owned(),
        number: "2026-1".to_owned(),
        operator: example_name("insurer"),
        scope: scope_example(),
        first: date(2026, 12, 1),
        last: date(2029, 11, 30),
        items: AgreementItem::ALL
            .iter()
            .map(|item| AgreementText { item: *item, text: format!("{item:#}：见协议 (see the agreement)") })
            .collect(),
        rights: Rights {
            holding: example_name("health-commission"),
            processing: [example_name("insurer")].into(),
            product: [example_name("insurer")].into(),
        },
        affiliates: BTreeSet::new(),
        qualifications_demanded: vec!["技术服务能力".to_owned()],
        county: false,
    }
}

pub(crate) fn notice_example() -> NoticeInput {
    NoticeInput { agreement: id_example(), competition: "竞争性磋商 2026-5".to_owned(), notice_until: date(2026, 11, 15) }
}

pub(crate) fn collective_example() -> CollectiveInput {
    CollectiveInput { agreement: id_example(), document: "会议纪要 2026-31".to_owned(), on: date(2026, 11, 18), objections_open: 0 }
}

pub(crate) fn qualification_example() -> QualificationInput {
    let (what, document) = ("技术服务能力".to_owned(), "证书 2026-8".to_owned());
    QualificationInput { agreement: id_example(), what, document, valid_until: date(2027, 12, 31) }
}

pub(crate) fn filing_example() -> AgreementFilingInput {
    let filing = Filing { level: FilingLevel::Province, receipt: "备-2026-9".to_owned(), on: date(2026, 12, 3) };
    AgreementFilingInput { agreement: id_example(), filing }
}

pub(crate) fn developer_example() -> DeveloperInput {
    let developer =
        Developer { developer: example_name("studio"), number: "2026-1-1".to_owned(), scope: scope_example(), last: date(2027, 11, 30) };
    DeveloperInput { agreement: id_example(), developer }
}

pub(crate) fn view_example() -> AgreementView {
    let of = input_example();
    AgreementView {
        agreement: id_example(),
        state: "signed".to_owned(),
        number: of.number,
        plan: of.plan,
        authority: example_name("data-bureau"),
        operator: of.operator,
        scope: of.scope,
        first: of.first,
        last: of.last,
        items: of.items,
        open: vec![said(&tidegate_rules::Clause::shuangyashan("G7", 48))],
        selection: Selection {
            competition: "竞争性磋商 2026-5".to_owned(),
            notice_until: Some(date(2026, 11, 15)),
            objections_open: 0,
            decision: Some(("会议纪要 2026-31".to_owned(), date(2026, 11, 18))),
        },
        rights: of.rights,
        affiliates: of.affiliates,
        qualifications_demanded: of.qualifications_demanded,
        qualifications: Vec::new(),
        qualified: false,
        signed_by_authority: true,
        signed_by_operator: true,
        signed: Some(date(2026, 11, 20)),
        active: false,
        filings: Vec::new(),
        filings_missing: Vec::new(),
        developers: Vec::new(),
        ended: None,
    }
}
