//! The implementation plan (实施方案): twelve items, approved by the government, changed by the same way (rule G5).
//!
//! 授权运营实施规范 Art. 9 lists twelve items. Its wording was not at hand when this was written: the items below are
//! working titles for the twelve, to be compared with the text by whoever drafts a plan.

use crate::effect::Effect;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegate_rules::{Clause, words};
use tidegate_terms::messages;

const ITEMS: Clause = Clause::operation("N", 9);
const CHANGE: Clause = Clause::shuangyashan("G5", 47);

messages! {
    /// Why a plan is refused.
    pub enum PlanError {
        Missing { item: PlanItem, clause: Clause } = "plan.incomplete" {
            en: "the plan says nothing of: {item} ({clause}): fill it in",
            zh: "实施方案缺少“{item:#}”（{clause:#}）：请补充",
        },
        NotApproved { clause: Clause } = "plan.not-approved" {
            en: "the plan is not approved, or a change of it awaits approval ({clause}): have the government approve it",
            zh: "实施方案未经审定，或其变更待审（{clause:#}）：请报本级人民政府审议",
        },
        NoDocument { clause: Clause } = "plan.no-document" {
            en: "the approval names no document ({clause}): give its number",
            zh: "审定未写明文件（{clause:#}）：请填写文号",
        },
        Approved { clause: Clause } = "plan.approved" {
            en: "an approved plan is not edited: begin a change, which is approved by the same way ({clause})",
            zh: "已审定的实施方案不得直接修改：请启动变更并按原流程报审（{clause:#}）",
        },
    }
}

/// An item of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum PlanItem {
    Necessity,
    Mode,
    Resources,
    OperatorConditions,
    SelectionWay,
    Term,
    Products,
    Platform,
    Benefit,
    Pricing,
    Security,
    SupervisionAndExit,
}

words!(PlanItem {
    Necessity: "necessity and feasibility", "必要性和可行性";
    Mode: "mode", "授权运营模式";
    Resources: "resources and their catalogue", "数据资源范围及目录";
    OperatorConditions: "conditions for the operator", "运营机构条件";
    SelectionWay: "way of selection", "遴选方式和程序";
    Term: "term", "授权期限";
    Products: "products and scenarios", "产品和应用场景";
    Platform: "platform", "支撑平台";
    Benefit: "economic and social benefit", "经济和社会效益";
    Pricing: "prices and revenue", "价格和收益";
    Security: "security and emergency", "安全与应急";
    SupervisionAndExit: "supervision, evaluation and exit", "监督、评估和退出";
});

/// An approval by the government.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The document.
    pub document: String,
    /// The day.
    pub on: Date,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its version; the first is 1.
    pub version: u32,
    /// What it says.
    pub items: BTreeMap<PlanItem, String>,
    /// Its approval; none for a draft and while a change awaits its own.
    pub approval: Option<Approval>,
}

impl Plan {
    /// Everything that a plan lacks.
    pub fn missing(&self) -> Vec<PlanError> {
        let given = |item: &PlanItem| self.items.get(item).is_some_and(|text| !text.trim().is_empty());
        let missing = PlanItem::ALL.iter().filter(|item| !given(item));
        missing.map(|item| PlanError::Missing { item: *item, clause: ITEMS }).collect()
    }

    /// Records the government's approval of a complete plan.
    pub fn approve(mut self, approval: Approval) -> Result<Self, PlanError> {
        if let Some(missing) = self.missing().into_iter().next() {
            return Err(missing);
        }
        if approval.document.trim().is_empty() {
            return Err(PlanError::NoDocument { clause: CHANGE });
        }
        if self.approval.is_some() {
            return Err(PlanError::Approved { clause: CHANGE });
        }
        self.approval = Some(approval);
        Ok(self)
    }

    /// Begins a major change: a new version without approval, under which new grants wait.
    pub fn change(&self, items: BTreeMap<PlanItem, String>) -> Result<(Self, Vec<Effect>), PlanError> {
        if self.approval.is_none() {
            return Err(PlanError::NotApproved { clause: CHANGE });
        }
        let next = Self { version: self.version.saturating_add(1), items, approval: None };
        Ok((next, vec![Effect::FreezeNewGrants]))
    }

    /// Whether grants may be given under it.
    pub fn check_in_force(&self) -> Result<(), PlanError> {
        if self.approval.is_some() { Ok(()) } else { Err(PlanError::NotApproved { clause: CHANGE }) }
    }
}
