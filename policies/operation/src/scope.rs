//! What an agreement covers: the three modes (rule G1), the three rights (rule G3), and parts of a scope (rule G18).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_rules::{Clause, words};
use tidegate_terms::{Name, messages};

const MODES: Clause = Clause::shuangyashan("G1", 46);
const SUBSET: Clause = Clause::shuangyashan("G18", 53);
const THREE_RIGHTS: Clause = Clause::shuangyashan("G3", 44);

messages! {
    /// Why something lies outside a scope.
    pub enum ScopeError {
        Dataset { dataset: Name, clause: Clause } = "scope.dataset" {
            en: "dataset `{dataset}` is not in the catalogue of the agreement ({clause}): choose one that is, or ask for another agreement",
            zh: "数据集“{dataset}”不在协议目录内（{clause:#}）：请选择目录内数据，或另行申请",
        },
        Domain { domain: String, clause: Clause } = "scope.domain" {
            en: "the field `{domain}` is not one that the agreement covers ({clause}): choose data of its fields",
            zh: "领域“{domain}”不在授权领域内（{clause:#}）：请选择授权领域的数据",
        },
        Scenario { scenario: Name, clause: Clause } = "scope.scenario" {
            en: "scenario `{scenario}` is not one that the agreement covers ({clause}): choose one of its scenarios",
            zh: "应用场景“{scenario}”不在授权场景内（{clause:#}）：请选择授权的应用场景",
        },
        Wider { what: String, clause: Clause } = "scope.wider" {
            en: "the developer's agreement is wider than the operator's in: {what} ({clause}): narrow it",
            zh: "开发利用协议超出授权运营协议：{what}（{clause:#}）：请缩小范围",
        },
    }
}

messages! {
    /// Why rights are refused.
    pub enum RightsError {
        Holding { clause: Clause } = "rights.holding" {
            en: "the right to hold the resource stays with its public holder and never passes to an operator ({clause})",
            zh: "公共数据资源持有权不得转移给运营机构（{clause:#}）",
        },
        Processing { organisation: Name, clause: Clause } = "rights.processing" {
            en: "`{organisation}` has no right to process and use these data ({clause}): ask for it in the agreement",
            zh: "“{organisation}”没有数据加工使用权（{clause:#}）：请在协议中取得",
        },
        Product { organisation: Name, clause: Clause } = "rights.product" {
            en: "`{organisation}` has no right to trade this product ({clause}): ask for it in the agreement",
            zh: "“{organisation}”没有数据产品经营权（{clause:#}）：请在协议中取得",
        },
    }
}

/// The mode of an authorisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// 整体授权.
    Whole,
    /// 分领域授权.
    ByDomain,
    /// 依场景授权.
    ByScenario,
}

words!(Mode {
    Whole: "whole", "整体授权";
    ByDomain: "by field", "分领域授权";
    ByScenario: "by scenario", "依场景授权";
});

/// What an agreement covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// Its mode.
    pub mode: Mode,
    /// The datasets of its catalogue.
    pub datasets: BTreeSet<Name>,
    /// The fields, where authorisation is by field.
    #[serde(default)]
    pub domains: BTreeSet<String>,
    /// The scenarios, where authorisation is by scenario.
    #[serde(default)]
    pub scenarios: BTreeSet<Name>,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question<'a> {
    /// On which dataset.
    pub dataset: &'a Name,
    /// Of which field.
    pub domain: &'a str,
    /// In which scenario.
    pub scenario: &'a Name,
}

impl Scope {
    /// Whether the scope covers a question: the dataset must be in the catalogue in every mode.
    pub fn check(&self, asked: Question<'_>) -> Result<(), ScopeError> {
        if !self.datasets.contains(asked.dataset) {
            return Err(ScopeError::Dataset { dataset: asked.dataset.clone(), clause: MODES });
        }
        match self.mode {
            Mode::ByDomain if !self.domains.contains(asked.domain) => {
                Err(ScopeError::Domain { domain: asked.domain.chars().take(80).collect(), clause: MODES })
            }
            Mode::ByScenario if !self.scenarios.contains(asked.scenario) => {
                Err(ScopeError::Scenario { scenario: asked.scenario.clone(), clause: MODES })
            }
            Mode::Whole | Mode::ByDomain | Mode::ByScenario => Ok(()),
        }
    }

    /// Whether this scope lies inside another one: nothing that it covers is not covered there.
    pub fn check_inside(&self, parent: &Self) -> Result<(), ScopeError> {
        let wider = |what: String| ScopeError::Wider { what, clause: SUBSET };
        if let Some(dataset) = self.datasets.difference(&parent.datasets).next() {
            return Err(wider(dataset.to_string()));
        }
        match (self.mode, parent.mode) {
            (_, Mode::Whole) => Ok(()),
            (Mode::ByDomain, Mode::ByDomain) => match self.domains.difference(&parent.domains).next() {
                Some(domain) => Err(wider(domain.clone())),
                None => Ok(()),
            },
            (Mode::ByScenario, Mode::ByScenario) => match self.scenarios.difference(&parent.scenarios).next() {
                Some(scenario) => Err(wider(scenario.to_string())),
                None => Ok(()),
            },
            // A scenario may lie in any field and a field in any scenario: neither bounds the other.
            (own, _) => Err(wider(format!("{own} {own:#}"))),
        }
    }
}

/// Who has the three rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// 公共数据资源持有权.
    pub holding: Name,
    /// 数据加工使用权.
    pub processing: BTreeSet<Name>,
    /// 数据产品经营权.
    pub product: BTreeSet<Name>,
}

impl Rights {
    /// Checks that the holder is public and nobody who operates.
    pub fn check(&self, operators: &BTreeSet<Name>) -> Result<(), RightsError> {
        if operators.contains(&self.holding) { Err(RightsError::Holding { clause: THREE_RIGHTS }) } else { Ok(()) }
    }

    /// Whether an organisation may process: a run needs it.
    pub fn check_processing(&self, organisation: &Name) -> Result<(), RightsError> {
        let refused = || RightsError::Processing { organisation: organisation.clone(), clause: THREE_RIGHTS };
        if self.processing.contains(organisation) { Ok(()) } else { Err(refused()) }
    }

    /// Whether an organisation may trade: a listing needs it.
    pub fn check_product(&self, organisation: &Name) -> Result<(), RightsError> {
        let refused = || RightsError::Product { organisation: organisation.clone(), clause: THREE_RIGHTS };
        if self.product.contains(organisation) { Ok(()) } else { Err(refused()) }
    }
}
