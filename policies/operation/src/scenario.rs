//! Scenarios and what was said of them: assessment before the first run (rule G27), risk where the data ask for it
//! (rule G30).

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_rules::Clause;
use tidegate_terms::{Name, messages};

const ASSESSMENT: Clause = Clause::zibo("G27", 39);
const RISK: Clause = Clause::jinan("G30", 31);

messages! {
    /// Why a scenario does not carry a run.
    pub enum ScenarioError {
        NotAssessed { scenario: Name, clause: Clause } = "scenario.not-assessed" {
            en: "scenario `{scenario}` was not assessed for safety and compliance ({clause}): have it assessed",
            zh: "应用场景“{scenario}”未经安全性和合规性评估（{clause:#}）：请先评估",
        },
        Unfavourable { scenario: Name, clause: Clause } = "scenario.unfavourable" {
            en: "scenario `{scenario}` was assessed as unsafe or not compliant ({clause}): change it and have it assessed anew",
            zh: "应用场景“{scenario}”评估未通过（{clause:#}）：请修改后重新评估",
        },
        Over { scenario: Name, until: Date, clause: Clause } = "scenario.over" {
            en: "the assessment of scenario `{scenario}` was valid until {until} ({clause}): have it renewed",
            zh: "应用场景“{scenario}”的评估有效期至 {until}（{clause:#}）：请重新评估",
        },
        SamePerson { clause: Clause } = "scenario.same-person" {
            en: "who proposed a scenario may not assess it ({clause}): another person must",
            zh: "场景提出人不得自行评估（{clause:#}）：须由他人评估",
        },
    }
}

/// A verdict of an assessment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// By whom.
    pub by: Name,
    /// When.
    pub on: Date,
    /// Whether it is favourable.
    pub favourable: bool,
    /// Until when it is valid.
    pub valid_until: Option<Date>,
}

/// A scenario of use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub description: String,
    /// Who proposed it.
    pub proposed_by: Name,
    /// What its assessments said; the last one counts.
    #[serde(default)]
    pub assessments: Vec<Verdict>,
    /// What its risk assessments said.
    #[serde(default)]
    pub risks: Vec<Verdict>,
}

impl Scenario {
    /// Records an assessment.
    pub fn assess(mut self, verdict: Verdict) -> Result<Self, ScenarioError> {
        if verdict.by == self.proposed_by {
            return Err(ScenarioError::SamePerson { clause: ASSESSMENT });
        }
        self.assessments.push(verdict);
        Ok(self)
    }

    /// Checks that a run may be made in it today; `risk_needed` says whether the dataset asks for a risk assessment.
    pub fn check(&self, risk_needed: bool, today: Date) -> Result<(), ScenarioError> {
        self.check_last(&self.assessments, ASSESSMENT, today)?;
        if risk_needed { self.check_last(&self.risks, RISK, today) } else { Ok(()) }
    }

    fn check_last(&self, verdicts: &[Verdict], clause: Clause, today: Date) -> Result<(), ScenarioError> {
        let scenario = self.name.clone();
        // What is dated in the future has not been said yet.
        match verdicts.iter().rfind(|verdict| verdict.on <= today) {
            None => Err(ScenarioError::NotAssessed { scenario, clause }),
            Some(verdict) if !verdict.favourable => Err(ScenarioError::Unfavourable { scenario, clause }),
            Some(Verdict { valid_until: Some(until), .. }) if today > *until => {
                Err(ScenarioError::Over { scenario, until: *until, clause })
            }
            Some(_) => Ok(()),
        }
    }
}
