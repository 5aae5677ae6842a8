//! The rules of disclosure control under which a dataset lets exact tables leave (reviewed aggregates).
//!
//! A part of the release policy, set by the authority; what the rules mean and do is in `tidegate-disclosure`.
//! Whole percentages, so that every comparison is exact in integers: a rule that computes in floating point
//! decides differently on the border than the reader who checks it by hand.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

messages! {
    /// Why rules of disclosure control are refused.
    pub enum DisclosureRulesError {
        Syntax { detail: String } = "disclosure-rules.syntax" {
            en: "the rules of disclosure control cannot be read: {detail}",
            zh: "无法读取统计披露控制规则：{detail}",
        },
        MinContributors { least: u64, found: u64 } = "disclosure-rules.min-contributors" {
            en: "`min_contributors` is {found}, but fewer than {least} protect nobody: of two contributors each knows the other's value",
            zh: "`min_contributors` 为 {found}，少于 {least} 无法保护任何人：仅有两个贡献者时，彼此即可算出对方的值",
        },
        DominanceN { most: u32, found: u32 } = "disclosure-rules.dominance-n" {
            en: "`dominance.n` is {found}: it must lie in 1 to {most}",
            zh: "`dominance.n` 为 {found}：必须在 1 至 {most} 之间",
        },
        Percent { name: &'static str, least: u32, found: u32 } = "disclosure-rules.percent" {
            en: "`{name}` is {found}: it is a whole percentage in {least} to 100",
            zh: "`{name}` 为 {found}：必须是 {least} 至 100 的整数百分比",
        },
        Base { name: &'static str, most: u64, found: u64 } = "disclosure-rules.base" {
            en: "`{name}` is {found}: it must lie in 0 (no rounding) to {most}",
            zh: "`{name}` 为 {found}：必须在 0（不取整）至 {most} 之间",
        },
    }
}

/// The (n, k) rule: a sum is sensitive where its n largest contributors have k percent of it or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dominance {
    /// How many of the largest contributors are taken together.
    pub n: u32,
    /// Their share of the cell from which on it is sensitive, in percent.
    pub k_percent: u32,
}

impl Default for Dominance {
    fn default() -> Self {
        Self { n: 2, k_percent: 90 }
    }
}

/// The rules of disclosure control of one dataset.
///
/// Units that the operator supplied never count as contributors; there is no setting for that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DisclosureRules {
    /// A cell with fewer contributors is suppressed, an empty one too.
    pub min_contributors: u64,
    /// The (n, k) rule, for sums.
    pub dominance: Dominance,
    /// The p% rule, for sums: nobody may learn the largest contribution to within p percent of it. 0 turns it off.
    pub p_percent: u32,
    /// Counts are shown rounded to multiples of this; 0 shows them exactly.
    pub count_base: u64,
    /// Sums are shown rounded to multiples of this many steps of their grid; 0 shows them exactly.
    pub sum_base: u64,
}

impl Default for DisclosureRules {
    fn default() -> Self {
        Self { min_contributors: 10, dominance: Dominance::default(), p_percent: 10, count_base: 5, sum_base: 0 }
    }
}

impl DisclosureRules {
    /// The smallest threshold that a policy may set.
    pub const MIN_CONTRIBUTORS_LEAST: u64 = 3;
    /// The most contributors that the (n, k) rule takes together.
    pub const DOMINANCE_N_MAX: u32 = 10;
    /// The largest rounding base.
    pub const BASE_MAX: u64 = 1 << 40;

    /// Reads rules from TOML.
    pub fn parse(text: &str) -> Result<Self, DisclosureRulesError> {
        let rules: Self = toml::from_str(text).map_err(|error| DisclosureRulesError::Syntax { detail: error.to_string() })?;
        rules.check()?;
        Ok(rules)
    }

    /// Refuses rules that protect nobody or mean nothing.
    pub fn check(&self) -> Result<(), DisclosureRulesError> {
        use DisclosureRulesError as Error;
        if self.min_contributors < Self::MIN_CONTRIBUTORS_LEAST {
            return Err(Error::MinContributors { least: Self::MIN_CONTRIBUTORS_LEAST, found: self.min_contributors });
        }
        if !(1..=Self::DOMINANCE_N_MAX).contains(&self.dominance.n) {
            return Err(Error::DominanceN { most: Self::DOMINANCE_N_MAX, found: self.dominance.n });
        }
        for (name, least, found) in [("dominance.k_percent", 1, self.dominance.k_percent), ("p_percent", 0, self.p_percent)] {
            if !(least..=100).contains(&found) {
                return Err(Error::Percent { name, least, found });
            }
        }
        for (name, found) in [("min_contributors", self.min_contributors), ("count_base", self.count_base), ("sum_base", self.sum_base)] {
            if found > Self::BASE_MAX {
                return Err(Error::Base { name, most: Self::BASE_MAX, found });
            }
        }
        Ok(())
    }

    /// How many of a cell's largest contributions the rules need to know.
    pub fn largest_needed(&self) -> usize {
        self.dominance.n.max(2) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Language, Message};

    #[test]
    fn rules_have_defaults_and_borders() {
        let rules = DisclosureRules::parse("").expect("defaults");
        assert_eq!((rules.min_contributors, rules.dominance.n, rules.dominance.k_percent, rules.p_percent), (10, 2, 90, 10));
        assert_eq!((rules.count_base, rules.sum_base, rules.largest_needed()), (5, 0, 2));
        let all = "min_contributors = 3\np_percent = 0\ncount_base = 0\nsum_base = 100\n[dominance]\nn = 3\nk_percent = 75";
        assert_eq!(DisclosureRules::parse(all).expect("rules").largest_needed(), 3);
        for wrong in [
            "min_contributors = 2",
            "min_contributors = -1",
            "min_contributors = 9999999999999",
            "p_percent = 101",
            "count_base = 9999999999999",
            "colour = 1",
            "[dominance]\nn = 0\nk_percent = 90",
            "[dominance]\nn = 11\nk_percent = 90",
            "[dominance]\nn = 1\nk_percent = 0",
            "[dominance]\nn = 1",
        ] {
            let error = DisclosureRules::parse(wrong).expect_err(wrong);
            assert!(!error.say(Language::English).is_empty() && error.say(Language::Chinese).chars().any(|c| c > '\u{2e80}'), "{wrong}");
        }
    }
}
