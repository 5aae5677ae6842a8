//! The release policy of a dataset, set by the authority.

use crate::{BudgetError, Delta, Epsilon};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
        };
        Budget(BudgetError),
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
    /// When results become visible.
    pub visibility: Visibility,
    /// Walls that must stand on the machine before a run is admitted.
    #[serde(default)]
    pub walls: Vec<Wall>,
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
}
