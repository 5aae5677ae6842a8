//! Custody of data and records: replays, sealing, destruction, retention; what entries about them say, and what can be
//! wrong with them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_terms::{Digest, messages};

/// Records are kept at least so many years (Shuangyashan Art. 20, 日志记录保存时间不得少于三年).
pub const RETENTION_YEARS_MIN: u32 = 3;

/// What a replay found. Public: names of checks, never numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReplayOutcome {
    /// Everything is as it was logged.
    Match {},
    /// Something is not.
    Mismatch {
        /// What.
        failed: Vec<ReplayCheck>,
    },
    /// It cannot be done again.
    NotReplayable {
        /// Why.
        obstacle: Obstacle,
    },
}

/// What a replay checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplayCheck {
    /// The shards are those that were mounted.
    Data,
    /// Component and manifest are those that were uploaded.
    Module,
    /// Parameters and side tables are those that were reserved for.
    Inputs,
    /// The price is the one that was reserved.
    Price,
    /// The exact totals are those that were committed to.
    Totals,
    /// The stored release is the one that was committed to, and follows from its noised answers.
    Release,
    /// The clean half decides the same on the same releases.
    Decision,
    /// What was released lies around the exact totals as the logged noise does.
    Noise,
    /// Exact tables come out the same.
    Tables,
}

/// Why a run cannot be replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "snake_case", deny_unknown_fields)]
pub enum Obstacle {
    /// Its data were destroyed.
    DataDestroyed {
        /// The entry of the destruction.
        entry: u64,
    },
    /// It ran on another engine, target, processor or fuel table.
    OtherEngine {
        /// The engine of the reservation.
        #[schemars(schema_with = "crate::text::digest_schema")]
        logged: Digest,
        /// The engine of this program on this machine.
        #[schemars(schema_with = "crate::text::digest_schema")]
        here: Digest,
    },
    /// What opens its commitments was forgotten after the time of retention.
    RecordPurged {
        /// The entry of the purge.
        entry: u64,
    },
    /// It has not ended.
    RunUnfinished {},
}

/// How many replays there were, by what they found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ReplayCount {
    /// Everything was as logged.
    pub matched: u64,
    /// Something was not.
    pub mismatched: u64,
    /// It could not be done.
    pub not_replayable: u64,
    /// Begun and never answered.
    pub open: u64,
}

messages! {
    /// A rule of custody that an entry breaks.
    pub enum CustodyViolation {
        ReplayUnknownRun { replay: String, run: String } = "audit.replay-unknown-run" {
            en: "replay `{replay}` is about run `{run}`, which was never admitted: ask the custodian what was replayed",
            zh: "重放“{replay}”所涉运行“{run}”从未准入：请询问保管方重放了什么",
        },
        ReplayAgain { replay: String } = "audit.replay-again" {
            en: "replay `{replay}` begins or answers twice: ask the custodian which answer holds",
            zh: "重放“{replay}”开始或答复了两次：请询问保管方以哪一次为准",
        },
        ReplayNotBegun { replay: String } = "audit.replay-not-begun" {
            en: "replay `{replay}` answers without having begun: ask the custodian who asked for it",
            zh: "重放“{replay}”未经开始即有答复：请询问保管方由谁提出",
        },
        ReplayOtherRun { replay: String, run: String } = "audit.replay-other-run" {
            en: "replay `{replay}` began with another run than `{run}`, which it answers for: ask the custodian",
            zh: "重放“{replay}”开始时所涉运行并非其答复的“{run}”：请询问保管方",
        },
        ReplaySlot { replay: String, slot: String } = "audit.replay-slot" {
            en: "the slot {slot} of replay `{replay}` comes sooner than the rounds of its run take: ask the custodian how it was computed",
            zh: "重放“{replay}”的时段 {slot} 早于其运行各轮所需时间：请询问保管方时段如何计算",
        },
        ReplayEarly { replay: String, slot: String } = "audit.replay-early" {
            en: "replay `{replay}` answered before its slot {slot}, so its duration may have shown something: ask the custodian",
            zh: "重放“{replay}”早于时段 {slot} 答复，其耗时可能泄露信息：请询问保管方",
        },
        ReplayRounds { replay: String, rounds: u32, released: u32 } = "audit.replay-rounds" {
            en: "replay `{replay}` counts {rounds} rounds, but its run released {released}: ask the custodian what was replayed",
            zh: "重放“{replay}”计 {rounds} 轮，而其运行发布了 {released} 轮：请询问保管方重放了什么",
        },
        ReplayImpossible { replay: String, run: String } = "audit.replay-impossible" {
            en: "replay `{replay}` claims to have run `{run}` again, which had not ended or whose data were destroyed: ask the custodian what was compared",
            zh: "重放“{replay}”称重新执行了“{run}”，而该运行尚未结束或其数据已销毁：请询问保管方比对了什么",
        },
        UnknownVersion { dataset: String, version: u32 } = "audit.custody-unknown-version" {
            en: "version {version} of `{dataset}` is sealed, unsealed or destroyed, but was never mounted: ask the provider which one is meant",
            zh: "“{dataset}”版本 {version} 被封存、解封或销毁，却从未挂载：请向提供方核实所指版本",
        },
        SealedAgain { dataset: String, version: u32 } = "audit.sealed-again" {
            en: "version {version} of `{dataset}` is sealed twice, or sealed after its destruction: ask the custodian",
            zh: "“{dataset}”版本 {version} 重复封存，或在销毁后封存：请询问保管方",
        },
        NotSealed { dataset: String, version: u32 } = "audit.not-sealed" {
            en: "the seal of version {version} of `{dataset}` is taken off, but there was none: ask the custodian",
            zh: "“{dataset}”版本 {version} 被解封，但此前并未封存：请询问保管方",
        },
        DestroyedAgain { dataset: String, version: u32 } = "audit.destroyed-again" {
            en: "version {version} of `{dataset}` is destroyed twice: ask the custodian what was destroyed the first time",
            zh: "“{dataset}”版本 {version} 被销毁两次：请询问保管方首次销毁了什么",
        },
        DestroyedSealed { dataset: String, version: u32 } = "audit.destroyed-sealed" {
            en: "version {version} of `{dataset}` was destroyed while it was sealed: evidence is gone, ask the authority",
            zh: "“{dataset}”版本 {version} 在封存期间被销毁：证据已灭失，请询问主管部门",
        },
        DestroyedOpen { dataset: String, version: u32, runs: u32 } = "audit.destroyed-open" {
            en: "version {version} of `{dataset}` was destroyed while {runs} runs on it had not ended: ask the custodian",
            zh: "“{dataset}”版本 {version} 被销毁时仍有 {runs} 次运行未结束：请询问保管方",
        },
        RunOnSealed { run: String, dataset: String, version: u32 } = "audit.run-on-sealed" {
            en: "run `{run}` was admitted on version {version} of `{dataset}`, which was sealed: ask the custodian",
            zh: "运行“{run}”在已封存的“{dataset}”版本 {version} 上被准入：请询问保管方",
        },
        RunOnDestroyed { run: String, dataset: String, version: u32 } = "audit.run-on-destroyed" {
            en: "run `{run}` was admitted on version {version} of `{dataset}`, which had been destroyed: ask the custodian which data were read",
            zh: "运行“{run}”在已销毁的“{dataset}”版本 {version} 上被准入：请询问保管方读取了什么数据",
        },
        RetentionShort { years: u32, needed: u32 } = "audit.retention-short" {
            en: "records are to be kept {years} years, but {needed} are needed (Shuangyashan Art. 20, and never less than before): ask the authority",
            zh: "记录保存期设为 {years} 年，而至少须 {needed} 年（《双鸭山市公共数据管理暂行办法》第二十条，且不得缩短）：请询问主管部门",
        },
        PurgeYoung { before: String, years: u32 } = "audit.purge-young" {
            en: "records from before {before} were forgotten, although they had to be kept {years} years: ask the authority",
            zh: "{before} 之前的记录已被清除，而保存期须满 {years} 年：请询问主管部门",
        },
        PurgeCount { before: String, runs: u64, counted: u64 } = "audit.purge-count" {
            en: "the purge of what is from before {before} counts {runs} runs, the log {counted}: ask the custodian what was forgotten",
            zh: "清除 {before} 之前记录时计 {runs} 次运行，而日志中为 {counted} 次：请询问保管方清除了什么",
        },
        EffectUnknownRun { run: String } = "audit.effect-unknown-run" {
            en: "an effect is stated of run `{run}`, which released nothing: ask the operator which run is meant",
            zh: "为未发布任何结果的运行“{run}”填报了应用成效：请向运营机构核实所指运行",
        },
    }
}
