//! The release policy of a dataset, set by the authority.

use crate::{BudgetError, Delta, DisclosureRules, DisclosureRulesError, Epsilon, WitnessQuorum, WitnessQuorumError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

messages! {
    /// Why a release policy is refused.
    pub enum PolicyError {
        Syntax { detail: String } = "policy.syntax" {
            en: "the release policy cannot be read: {detail}",
            zh: "无法读取发布策略：{detail}",
        },
        DeltaForUnits { delta: f64, limit: f64, units_max: u64 } = "policy.delta-for-units" {
            en: "delta is {delta:e}, but for {units_max} declared units it may be at most 1/(10 x units) = {limit:e}",
            zh: "delta 为 {delta:e}，而对申报的 {units_max} 个单元，最多为 1/(10×单元数) = {limit:e}",
        },
        RunAboveLifetime = "policy.run-above-lifetime" {
            en: "`run_epsilon_max` is above the lifetime epsilon: lower it",
            zh: "`run_epsilon_max` 高于生命周期 epsilon：请调低",
        },
        PeriodDays { days: u32 } = "policy.period-days" {
            en: "the period has {days} days, but 1 to 3660 are possible",
            zh: "周期为 {days} 天，只能为 1 至 3660 天",
        },
        Approvers = "policy.approvers" {
            en: "`reviewed_aggregate.approvers` must name at least two different Ed25519 public keys, base64: exact tables need two people of different organisations",
            zh: "`reviewed_aggregate.approvers` 须列出至少两个不同的 Ed25519 公钥（base64）：精确表格须由不同机构的两人批准",
        },
        PeriodAboveLifetime = "policy.period-above-lifetime" {
            en: "the epsilon of the period is above the lifetime epsilon: lower it",
            zh: "周期 epsilon 高于生命周期 epsilon：请调低",
        };
        Budget(BudgetError),
        Rules(DisclosureRulesError),
        Witnesses(WitnessQuorumError),
    }
}

/// When a result becomes visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// At a moment computed from public facts before data is opened; running time shows nothing.
    AtSlot,
    /// As soon as it is there. Running time depends on data, and every release says so.
    Immediately,
}

/// A wall around the processes that hostile input reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wall {
    /// Network, mounts, host name and shared memory of its own: none of the machine's.
    Namespaces,
    /// Not root, no groups, no capabilities.
    User,
    /// No privileges through programs that have them.
    NoNewPrivileges,
    /// Landlock: no file, no TCP port, no signal to others.
    Landlock,
    /// No new descriptors, no writing of files, no processes, bounded memory, no core dump.
    Limits,
    /// seccomp: a list of system calls that computing needs; others fail, those of an attack kill.
    Seccomp,
}

/// Paces spending: what was reserved within the last so many days, refunds taken off, stays below a cap.
///
/// It protects nobody by itself; the lifetime cap does, and it never refills.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// How many days, 1 to 3660. A reservation counts until it is exactly so many times 24 hours old.
    pub days: u32,
    /// What they may cost together; at most the lifetime epsilon.
    pub epsilon: Epsilon,
}

impl Period {
    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        i64::from(self.days) * 86_400
    }
}

/// Lets exact tables leave under disclosure control, a second mode beside differential privacy. Modules with `[reviewed]`
/// alone make them, each after two of the approvers have signed its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewedAggregate {
    /// Ed25519 public keys, base64; at least two, of people of different organisations.
    pub approvers: Vec<String>,
    /// What is suppressed and how values are rounded.
    #[serde(default)]
    pub rules: DisclosureRules,
}

impl ReviewedAggregate {
    fn check(&self) -> Result<(), PolicyError> {
        self.rules.check()?;
        let key = |text: &String| BASE64.decode(text).ok().filter(|bytes| bytes.len() == 32);
        let keys: Option<BTreeSet<Vec<u8>>> = self.approvers.iter().map(key).collect();
        let sound = keys.is_some_and(|keys| keys.len() >= 2 && keys.len() == self.approvers.len());
        if sound { Ok(()) } else { Err(PolicyError::Approvers) }
    }
}

/// What may leave a dataset, and at which price in all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleasePolicy {
    /// The lifetime cap of the lineage in epsilon; it never refills.
    pub lifetime_epsilon: Epsilon,
    /// The delta of the lifetime cap; at most 1/(10 x declared units).
    pub delta: Delta,
    /// The largest epsilon that one run may ask for.
    pub run_epsilon_max: Epsilon,
    /// What may be spent within a number of days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
    /// When results become visible.
    pub visibility: Visibility,
    /// Walls that must stand on the machine before a run is admitted.
    #[serde(default)]
    pub walls: Vec<Wall>,
    /// Exact tables under disclosure control; refused where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_aggregate: Option<ReviewedAggregate>,
    /// Witnesses that must have cosigned the log before a release is shown; the newest version's policy decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witnesses: Option<WitnessQuorum>,
}

impl ReleasePolicy {
    /// Reads a policy from TOML and checks it against the declared number of units.
    pub fn parse(text: &str, units_max: u64) -> Result<Self, PolicyError> {
        let policy: Self = toml::from_str(text).map_err(|error| PolicyError::Syntax { detail: error.to_string() })?;
        let limit = 1.0 / (10.0 * units_max as f64);
        let delta = policy.delta.get();
        if delta > limit {
            return Err(PolicyError::DeltaForUnits { delta, limit, units_max });
        }
        if policy.run_epsilon_max > policy.lifetime_epsilon {
            return Err(PolicyError::RunAboveLifetime);
        }
        if let Some(Period { days, epsilon }) = policy.period {
            if !(1..=3_660).contains(&days) {
                return Err(PolicyError::PeriodDays { days });
            }
            if epsilon > policy.lifetime_epsilon {
                return Err(PolicyError::PeriodAboveLifetime);
            }
        }
        policy.reviewed_aggregate.as_ref().map_or(Ok(()), ReviewedAggregate::check)?;
        policy.witnesses.as_ref().map_or(Ok(()), WitnessQuorum::check)?;
        Ok(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delta_is_bounded_by_the_population() {
        let text = "lifetime_epsilon = 4.0\ndelta = 1e-6\nrun_epsilon_max = 1.0\nvisibility = \"at_slot\"";
        assert!(ReleasePolicy::parse(text, 6_000).is_ok());
        assert!(matches!(ReleasePolicy::parse(text, 1_000_000), Err(PolicyError::DeltaForUnits { .. })));
        assert!(ReleasePolicy::parse(&text.replace("1.0", "5.0"), 6_000).is_err());
        assert!(ReleasePolicy::parse(&text.replace("4.0", "-4.0"), 6_000).is_err());
    }

    #[test]
    fn exact_tables_need_two_different_approvers() {
        let policy = |section: &str| {
            let text = "lifetime_epsilon = 4.0\ndelta = 1e-6\nrun_epsilon_max = 1.0\nvisibility = \"at_slot\"";
            ReleasePolicy::parse(&format!("{text}\n[reviewed_aggregate]\n{section}"), 6_000)
        };
        let (one, other) = (BASE64.encode([1; 32]), BASE64.encode([2; 32]));
        let two = format!("approvers = [\"{one}\", \"{other}\"]");
        assert_eq!(policy(&two).expect("policy").reviewed_aggregate.expect("section").rules, DisclosureRules::default());
        assert!(policy(&format!("{two}\n[reviewed_aggregate.rules]\nmin_contributors = 20")).is_ok());
        assert!(matches!(policy(&format!("{two}\n[reviewed_aggregate.rules]\nmin_contributors = 2")), Err(PolicyError::Rules(_))));
        for wrong in [format!("[\"{one}\"]"), format!("[\"{one}\", \"{one}\"]"), format!("[\"{one}\", \"AAAA\"]"), "[]".into()] {
            assert!(matches!(policy(&format!("approvers = {wrong}")), Err(PolicyError::Approvers)), "{wrong}");
        }
    }

    #[test]
    fn a_period_paces_inside_the_lifetime() {
        let policy = |period: &str| {
            let text = "lifetime_epsilon = 4.0\ndelta = 1e-6\nrun_epsilon_max = 1.0\nvisibility = \"at_slot\"";
            ReleasePolicy::parse(&format!("{text}\n[period]\n{period}"), 6_000)
        };
        assert_eq!(policy("days = 30\nepsilon = 4.0").expect("policy").period.map(Period::seconds), Some(2_592_000));
        assert!(policy("days = 3660\nepsilon = 0.5").is_ok());
        for days in [0, 3_661] {
            assert!(matches!(policy(&format!("days = {days}\nepsilon = 1.0")), Err(PolicyError::PeriodDays { .. })));
        }
        assert!(matches!(policy("days = 30\nepsilon = 4.1"), Err(PolicyError::PeriodAboveLifetime)));
        assert!(matches!(policy("days = 30\nepsilon = 0.0"), Err(PolicyError::Syntax { .. })));
        assert!(matches!(policy("epsilon = 1.0"), Err(PolicyError::Syntax { .. })));
    }
}
