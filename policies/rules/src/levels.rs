//! From the level of data to the limits of what may be done with them.
//!
//! None of the five texts gives a name of a level or a number: they are settings, shown in every report, and this
//! module only guarantees that a higher level is never looser than a lower one. A release policy is held against the
//! limits of its dataset's level, and every limit that it exceeds is named, not just the first.

use crate::Clause;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_terms::{Bilingual, Digest, Epsilon, Mechanism, Name, Period, ReleasePolicy, Visibility, Wall, messages};

/// The matrix that comes with the program.
const BUILT_IN: &str = include_str!("../../packs/levels.toml");

/// The rule that levels are protected differently.
const GRADED: Clause = Clause::shuangyashan("C2", 11);

messages! {
    /// Why a matrix of levels is refused, or has no answer.
    pub enum LevelError {
        Syntax { detail: String } = "levels.syntax" {
            en: "the matrix of levels cannot be read: {detail}",
            zh: "无法读取级别限制表：{detail}",
        },
        None = "levels.none" {
            en: "the matrix of levels is empty: give at least one `[[level]]`",
            zh: "级别限制表为空：请至少给出一个 `[[level]]`",
        },
        Twice { level: Name } = "levels.twice" {
            en: "level `{level}` stands twice: keep one",
            zh: "级别“{level}”出现两次：请保留一处",
        },
        Inside { level: Name, what: String } = "levels.inside" {
            en: "level `{level}` contradicts itself: {what}",
            zh: "级别“{level}”自相矛盾：{what}",
        },
        Looser { level: Name, below: Name, what: String } = "levels.looser" {
            en: "level `{level}` is looser than `{below}` in `{what}`: levels stand from the least to the most protected, and limits only tighten",
            zh: "级别“{level}”的 `{what}` 比“{below}”宽松：级别须由低到高排列，限制只能逐级收紧",
        },
        Unknown { level: String, clause: Clause } = "levels.unknown" {
            en: "there is no level `{level}`, so its data may not be used ({clause}): give the data one of the levels of the matrix",
            zh: "不存在级别“{level}”，其数据不得使用（{clause:#}）：请采用级别限制表中的级别",
        },
    }
}

messages! {
    /// A limit of a level that a release policy exceeds.
    #[derive(Clone, PartialEq)]
    pub enum Excess {
        Lifetime { policy: f64, limit: f64, clause: Clause } = "level.lifetime" {
            en: "`lifetime_epsilon` is {policy}, the level allows {limit} ({clause}): lower it",
            zh: "`lifetime_epsilon` 为 {policy}，该级别最多 {limit}（{clause:#}）：请调低",
        },
        Run { policy: f64, limit: f64, clause: Clause } = "level.run" {
            en: "`run_epsilon_max` is {policy}, the level allows {limit} ({clause}): lower it",
            zh: "`run_epsilon_max` 为 {policy}，该级别最多 {limit}（{clause:#}）：请调低",
        },
        NoPeriod { days: u32, limit: f64, clause: Clause } = "level.no-period" {
            en: "the level allows {limit} within {days} days ({clause}): add `[period]`",
            zh: "该级别在 {days} 天内最多 {limit}（{clause:#}）：请加入 `[period]`",
        },
        Period { policy: f64, days: u32, limit: f64, limit_days: u32, clause: Clause } = "level.period" {
            en: "`period` lets {policy} go in {days} days; the level allows {limit} within {limit_days} days ({clause}): lower it or lengthen the period",
            zh: "`period` 允许 {days} 天内 {policy}，该级别在 {limit_days} 天内最多 {limit}（{clause:#}）：请调低或延长周期",
        },
        Immediately { clause: Clause } = "level.immediately" {
            en: "`visibility` is `immediately`, the level demands slots ({clause}): set `at_slot`",
            zh: "`visibility` 为 `immediately`，该级别要求按时段公布（{clause:#}）：请设为 `at_slot`",
        },
        Reviewed { clause: Clause } = "level.reviewed" {
            en: "the policy lets exact tables leave, the level does not ({clause}): remove `[reviewed_aggregate]`",
            zh: "策略允许发布精确表格，该级别不允许（{clause:#}）：请删除 `[reviewed_aggregate]`",
        },
        Group { policy: u64, limit: u64, clause: Clause } = "level.group" {
            en: "`min_contributors` is {policy}, the level demands {limit} ({clause}): raise it",
            zh: "`min_contributors` 为 {policy}，该级别要求至少 {limit}（{clause:#}）：请调高",
        },
        Approvers { policy: usize, limit: usize, clause: Clause } = "level.approvers" {
            en: "the policy names {policy} approvers, the level demands {limit} ({clause}): name more",
            zh: "策略列出 {policy} 名批准人，该级别要求 {limit} 名（{clause:#}）：请增加",
        },
        Wall { wall: String, clause: Clause } = "level.wall" {
            en: "the level demands the wall `{wall}` ({clause}): add it to `walls`",
            zh: "该级别要求隔离措施 `{wall}`（{clause:#}）：请加入 `walls`",
        },
        Witnesses { policy: u32, limit: u32, clause: Clause } = "level.witnesses" {
            en: "the policy waits for {policy} witnesses, the level demands {limit} ({clause}): raise `witnesses.quorum`",
            zh: "策略要求 {policy} 个见证方，该级别要求 {limit} 个（{clause:#}）：请调高 `witnesses.quorum`",
        },
    }
}

/// A level, and what may be done with its data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The level's name, as catalogue entries give it.
    pub name: Name,
    /// What people call it.
    pub title: Bilingual,
    /// The mechanisms of noise that may be used.
    pub mechanisms: Vec<Mechanism>,
    /// Whether exact tables under disclosure control may leave.
    pub reviewed_aggregate: bool,
    /// The largest epsilon of a lineage's lifetime.
    pub epsilon_total_max: Epsilon,
    /// The largest epsilon of one run.
    pub epsilon_run_max: Epsilon,
    /// The largest epsilon within a number of days.
    pub epsilon_period: Option<Period>,
    /// Whether results may be shown at once instead of at a slot.
    pub immediately: bool,
    /// How many units a published cell needs at least; exact tables hold it as `min_contributors`.
    pub minimum_group: u64,
    /// How many different people must approve a use of such data.
    pub approvals: usize,
    /// The walls that must stand.
    pub walls: Vec<Wall>,
    /// Whether the data must lie encrypted.
    pub encryption: bool,
    /// How many witnesses must have cosigned before a release is shown.
    pub witnesses: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    level: Vec<Limits>,
}

/// All levels, from the least to the most protected, with the digest of their file.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelMatrix {
    levels: Vec<Limits>,
    digest: Digest,
}

impl LevelMatrix {
    /// The matrix that comes with the program: four levels.
    pub fn built_in() -> Result<Self, LevelError> {
        Self::parse(BUILT_IN)
    }

    /// Reads a matrix from TOML and checks that limits only tighten.
    pub fn parse(text: &str) -> Result<Self, LevelError> {
        let file: File = toml::from_str(text).map_err(|error| LevelError::Syntax { detail: error.to_string() })?;
        if file.format != 1 {
            return Err(LevelError::Syntax { detail: format!("format {} (1 is known)", file.format) });
        }
        let mut names = BTreeSet::new();
        for limits in &file.level {
            if !names.insert(&limits.name) {
                return Err(LevelError::Twice { level: limits.name.clone() });
            }
            if let Some(what) = limits.contradiction() {
                return Err(LevelError::Inside { level: limits.name.clone(), what: what.to_owned() });
            }
        }
        for pair in file.level.windows(2) {
            if let Some(what) = pair[1].looser_than(&pair[0]) {
                let (level, below) = (pair[1].name.clone(), pair[0].name.clone());
                return Err(LevelError::Looser { level, below, what: what.to_owned() });
            }
        }
        if file.level.is_empty() {
            return Err(LevelError::None);
        }
        Ok(Self { levels: file.level, digest: Digest::of(text.as_bytes()) })
    }

    /// All levels, from the least to the most protected.
    pub fn levels(&self) -> &[Limits] {
        &self.levels
    }

    /// SHA-256 of its file; it stands in every report.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The limits of a level.
    pub fn limits_of(&self, level: &str) -> Result<&Limits, LevelError> {
        let found = self.levels.iter().find(|limits| limits.name.as_str() == level);
        found.ok_or_else(|| LevelError::Unknown { level: level.chars().take(80).collect(), clause: GRADED })
    }

    /// Where a level stands: 0 is the least protected.
    pub fn rank(&self, level: &str) -> Option<usize> {
        self.levels.iter().position(|limits| limits.name.as_str() == level)
    }
}

impl Limits {
    fn contradiction(&self) -> Option<&'static str> {
        let period = self.epsilon_period;
        let found = [
            (self.mechanisms.is_empty(), "`mechanisms` is empty"),
            (self.epsilon_run_max > self.epsilon_total_max, "`epsilon_run_max` is above `epsilon_total_max`"),
            (period.is_some_and(|period| period.epsilon > self.epsilon_total_max), "`epsilon_period` is above `epsilon_total_max`"),
            (period.is_some_and(|period| !(1..=3_660).contains(&period.days)), "`epsilon_period.days` is not 1 to 3660"),
            (self.minimum_group < 3, "`minimum_group` is below 3"),
            (self.approvals == 0, "`approvals` is 0"),
        ];
        found.into_iter().find_map(|(wrong, what)| wrong.then_some(what))
    }

    fn looser_than(&self, below: &Self) -> Option<&'static str> {
        let found = [
            (self.mechanisms.iter().any(|mechanism| !below.mechanisms.contains(mechanism)), "mechanisms"),
            (self.reviewed_aggregate && !below.reviewed_aggregate, "reviewed_aggregate"),
            (self.epsilon_total_max > below.epsilon_total_max, "epsilon_total_max"),
            (self.epsilon_run_max > below.epsilon_run_max, "epsilon_run_max"),
            (below.epsilon_period.is_some_and(|limit| !self.epsilon_period.is_some_and(|own| paces(own, limit))), "epsilon_period"),
            (self.immediately && !below.immediately, "immediately"),
            (self.minimum_group < below.minimum_group, "minimum_group"),
            (self.approvals < below.approvals, "approvals"),
            (below.walls.iter().any(|wall| !self.walls.contains(wall)), "walls"),
            (!self.encryption && below.encryption, "encryption"),
            (self.witnesses < below.witnesses, "witnesses"),
        ];
        found.into_iter().find_map(|(wrong, what)| wrong.then_some(what))
    }

    /// Whether a mechanism of noise may be used at this level.
    pub fn allows(&self, mechanism: Mechanism) -> bool {
        self.mechanisms.contains(&mechanism)
    }

    /// Every limit of this level that a release policy exceeds, in a fixed order; none means that the policy fits.
    pub fn exceeded_by(&self, policy: &ReleasePolicy) -> Vec<Excess> {
        let clause = || GRADED;
        let mut found = Vec::new();
        let above = |policy: Epsilon, limit: Epsilon| (policy > limit).then(|| (policy.get(), limit.get()));
        if let Some((policy, limit)) = above(policy.lifetime_epsilon, self.epsilon_total_max) {
            found.push(Excess::Lifetime { policy, limit, clause: clause() });
        }
        if let Some((policy, limit)) = above(policy.run_epsilon_max, self.epsilon_run_max) {
            found.push(Excess::Run { policy, limit, clause: clause() });
        }
        match (self.epsilon_period, policy.period) {
            // A lifetime that is not above the cap of the period needs no period.
            (Some(limit), None) if policy.lifetime_epsilon > limit.epsilon => {
                found.push(Excess::NoPeriod { days: limit.days, limit: limit.epsilon.get(), clause: clause() });
            }
            (Some(limit), Some(own)) if policy.lifetime_epsilon > limit.epsilon && !paces(own, limit) => {
                let (policy, days) = (own.epsilon.get(), own.days);
                found.push(Excess::Period { policy, days, limit: limit.epsilon.get(), limit_days: limit.days, clause: clause() });
            }
            _ => {}
        }
        if policy.visibility == Visibility::Immediately && !self.immediately {
            found.push(Excess::Immediately { clause: clause() });
        }
        if let Some(reviewed) = &policy.reviewed_aggregate {
            let (group, approvers) = (reviewed.rules.min_contributors, reviewed.approvers.len());
            if !self.reviewed_aggregate {
                found.push(Excess::Reviewed { clause: clause() });
            }
            if group < self.minimum_group {
                found.push(Excess::Group { policy: group, limit: self.minimum_group, clause: clause() });
            }
            if approvers < self.approvals {
                found.push(Excess::Approvers { policy: approvers, limit: self.approvals, clause: clause() });
            }
        }
        for wall in self.walls.iter().filter(|wall| !policy.walls.contains(wall)) {
            let name = wall_name(*wall);
            found.push(Excess::Wall { wall: name.to_owned(), clause: clause() });
        }
        let quorum = policy.witnesses.as_ref().map_or(0, |witnesses| witnesses.quorum);
        if quorum < self.witnesses {
            found.push(Excess::Witnesses { policy: quorum, limit: self.witnesses, clause: clause() });
        }
        found
    }
}

/// Whether a period holds spending at or below another one: at least as many days, at most as much.
///
/// A window that is longer contains every shorter one, so its cap bounds what any of them may spend.
fn paces(own: Period, limit: Period) -> bool {
    own.days >= limit.days && own.epsilon <= limit.epsilon
}

/// A wall as policies write it.
const fn wall_name(wall: Wall) -> &'static str {
    match wall {
        Wall::Namespaces => "namespaces",
        Wall::User => "user",
        Wall::NoNewPrivileges => "no_new_privileges",
        Wall::Landlock => "landlock",
        Wall::Limits => "limits",
        Wall::Seccomp => "seccomp",
    }
}

#[cfg(test)]
mod tests;
