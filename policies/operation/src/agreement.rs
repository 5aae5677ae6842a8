//! The agreement of authorised operation: thirteen items, at most five years, and developers inside it (rule G18).

use crate::effect::{Effect, Party};
use crate::scope::{Scope, ScopeError};
use crate::selection::{Selection, SelectionError};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_rules::{Clause, add_months, words};
use tidegate_terms::{Name, messages};

/// The longest term, in years.
pub const TERM_YEARS_MAX: u16 = 5;

const ITEMS: Clause = Clause::operation("N", 14);
const END: Clause = Clause::shuangyashan("J9", 62);
const DEVELOPERS: Clause = Clause::shuangyashan("G18", 53);

messages! {
    /// Why an agreement is refused.
    pub enum AgreementError {
        Missing { item: AgreementItem, clause: Clause } = "agreement.incomplete" {
            en: "the agreement says nothing of: {item} ({clause}): fill it in",
            zh: "协议缺少“{item:#}”（{clause:#}）：请补充",
        },
        Order { first: Date, last: Date, clause: Clause } = "agreement.order" {
            en: "the term runs from {first} to {last} ({clause}): the first day comes before the last",
            zh: "期限自 {first} 至 {last}（{clause:#}）：起始日须早于结束日",
        },
        TooLong { last: Date, longest: Date, clause: Clause } = "agreement.too-long" {
            en: "the term ends on {last}, but five years end on {longest} ({clause}): shorten it",
            zh: "期限至 {last}，而五年至 {longest}（{clause:#}）：请缩短",
        },
        NotSigned { clause: Clause } = "agreement.not-signed" {
            en: "the agreement is not signed by both sides ({clause}): sign it",
            zh: "协议尚未由双方签订（{clause:#}）：请签订",
        },
        NotNow { first: Date, last: Date, clause: Clause } = "agreement.not-now" {
            en: "the agreement is in force from {first} to {last} ({clause}): today lies outside",
            zh: "协议有效期为 {first} 至 {last}（{clause:#}）：今日不在其内",
        },
        Ended { reason: String, clause: Clause } = "agreement.ended" {
            en: "the agreement was ended: {reason} ({clause})",
            zh: "协议已终止：{reason}（{clause:#}）",
        },
        NoReason { clause: Clause } = "agreement.no-reason" {
            en: "an agreement is not ended without a reason ({clause}): write it",
            zh: "终止协议须说明理由（{clause:#}）：请填写",
        },
        Author { author: Name, clause: Clause } = "agreement.author" {
            en: "`{author}` is neither the operator nor a developer under its agreement ({clause}): register its agreement first",
            zh: "“{author}”既非运营机构，也非其协议下的开发利用主体（{clause:#}）：请先登记开发利用协议",
        },
        DeveloperTerm { developer: Name, clause: Clause } = "agreement.developer-term" {
            en: "the agreement of `{developer}` runs longer than the operator's ({clause}): shorten it",
            zh: "“{developer}”的协议期限超出授权运营协议（{clause:#}）：请缩短",
        };
        Scope(ScopeError),
        Selection(SelectionError),
    }
}

/// An item of an agreement (授权运营实施规范 Art. 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum AgreementItem {
    ScopeAndCatalogue,
    Term,
    ProductList,
    Platform,
    Assets,
    Disclosure,
    NoRedevelopment,
    CostAndRevenue,
    SecurityAndEmergency,
    EvaluationAndExit,
    Breach,
    Disputes,
    ChangeAndEnd,
}

words!(AgreementItem {
    ScopeAndCatalogue: "scope and catalogue", "数据资源范围及目录";
    Term: "term", "期限";
    ProductList: "products with their technical standard and reviews", "产品和服务清单及其技术标准、安全和业务审核要求";
    Platform: "supporting platform", "支撑平台";
    Assets: "ownership of assets", "资产权属";
    Disclosure: "disclosure", "信息披露";
    NoRedevelopment: "no development of delivered products", "不得参与再开发";
    CostAndRevenue: "cost and revenue accounting", "成本和收入核算";
    SecurityAndEmergency: "security and emergency", "数据安全与应急";
    EvaluationAndExit: "evaluation and exit", "评估和退出";
    Breach: "breach", "违约责任";
    Disputes: "disputes", "争议解决";
    ChangeAndEnd: "change and end", "变更和终止";
});

/// The agreement of a developer with an operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Developer {
    /// The developer.
    pub developer: Name,
    /// The agreement's number.
    pub number: String,
    /// What it covers.
    pub scope: Scope,
    /// Its last day.
    pub last: Date,
}

/// An agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Its number.
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
    pub items: BTreeMap<AgreementItem, String>,
    /// How the operator was chosen.
    pub selection: Selection,
    /// The day on which both sides had signed.
    pub signed: Option<Date>,
    /// Why it was ended, if it was.
    pub ended: Option<String>,
    /// Developers under it.
    #[serde(default)]
    pub developers: Vec<Developer>,
}

impl Agreement {
    /// Everything that is wrong before it is signed.
    pub fn check(&self, today: Date) -> Vec<AgreementError> {
        let mut found = Vec::new();
        let given = |item: &AgreementItem| self.items.get(item).is_some_and(|text| !text.trim().is_empty());
        let missing = AgreementItem::ALL.iter().filter(|item| !given(item));
        found.extend(missing.map(|item| AgreementError::Missing { item: *item, clause: ITEMS }));
        if self.first >= self.last {
            found.push(AgreementError::Order { first: self.first, last: self.last, clause: ITEMS });
        }
        // Five years from the first day end the day before its anniversary.
        let longest = add_months(self.first, 12 * TERM_YEARS_MAX).and_then(|day| day.yesterday().ok());
        if let Some(longest) = longest.filter(|longest| self.last > *longest) {
            found.push(AgreementError::TooLong { last: self.last, longest, clause: ITEMS });
        }
        found.extend(self.selection.check(today).err().map(AgreementError::Selection));
        found
    }

    /// Ends it: the operator and every developer who has no other agreement lose accounts, tokens and keys in the same
    /// transaction (rules J9 and J10). `elsewhere` says who works under another agreement that goes on.
    pub fn end(mut self, reason: &str, elsewhere: impl Fn(&Name) -> bool) -> Result<(Self, Vec<Effect>), AgreementError> {
        if let Some(reason) = self.ended {
            return Err(AgreementError::Ended { reason, clause: END });
        }
        if reason.trim().is_empty() {
            return Err(AgreementError::NoReason { clause: Clause::shuangyashan("F11", 73) });
        }
        let mut effects = vec![Effect::HoldRecords];
        let developers = self.developers.iter().map(|developer| &developer.developer);
        for organisation in std::iter::once(&self.operator).chain(developers) {
            effects.push(Effect::StopRunsOf(organisation.clone()));
            if !elsewhere(organisation) {
                effects.push(Effect::DisableAccounts(organisation.clone()));
                effects.push(Effect::DestroyHoldings(organisation.clone()));
            }
            effects.push(Effect::Notify { whom: Party::Organisation(organisation.clone()), clause: END });
        }
        self.ended = Some(reason.to_owned());
        Ok((self, effects))
    }

    /// Whether it is in force on a day.
    pub fn check_active(&self, today: Date) -> Result<(), AgreementError> {
        let clause = Clause::shuangyashan("G2", 46);
        if let Some(reason) = &self.ended {
            return Err(AgreementError::Ended { reason: reason.clone(), clause });
        }
        if self.signed.is_none_or(|signed| signed > today) {
            return Err(AgreementError::NotSigned { clause });
        }
        if today < self.first || today > self.last {
            return Err(AgreementError::NotNow { first: self.first, last: self.last, clause });
        }
        Ok(())
    }

    /// Adds a developer whose scope and term lie inside the operator's.
    pub fn add_developer(&mut self, developer: Developer) -> Result<(), AgreementError> {
        developer.scope.check_inside(&self.scope)?;
        if developer.last > self.last {
            return Err(AgreementError::DeveloperTerm { developer: developer.developer, clause: DEVELOPERS });
        }
        self.developers.push(developer);
        Ok(())
    }

    /// Whether a module's author may write for this operator: itself, or a developer whose agreement is in force (rule G2).
    pub fn check_author(&self, author: &Name, today: Date) -> Result<(), AgreementError> {
        let registered = self.developers.iter().any(|developer| developer.developer == *author && today <= developer.last);
        let refused = || AgreementError::Author { author: author.clone(), clause: Clause::shuangyashan("G2", 46) };
        if self.operator == *author || registered { Ok(()) } else { Err(refused()) }
    }

    /// The scope to which a module's author is held beside the agreement's own, where it is a developer (rule G18).
    pub fn scope_of_developer(&self, author: &Name) -> Option<&Scope> {
        self.developers.iter().find(|developer| developer.developer == *author).map(|developer| &developer.scope)
    }
}
