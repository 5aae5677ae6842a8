//! Incidents: a run or replay that missed its slot, or whose worker said what no worker says, freezes the lineages that it
//! reads; what can be wrong with entries about that.

use serde::Serialize;
use tidegate_terms::{Name, messages};

/// A lineage that no new work may read until its incident is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrozenLineage {
    /// The lineage.
    pub lineage: Name,
    /// The incident.
    pub incident: String,
    /// The entry that froze it.
    pub entry: u64,
}

messages! {
    /// A rule about incidents that an entry breaks.
    pub enum IncidentViolation {
        UnknownRun { incident: String, run: String } = "audit.freeze-unknown-run" {
            en: "incident `{incident}` names run `{run}`, which was never admitted: ask the custodian what happened",
            zh: "事件“{incident}”所列运行“{run}”从未准入：请询问保管方发生了什么",
        },
        Ended { incident: String, run: String } = "audit.freeze-ended" {
            en: "incident `{incident}` stops run `{run}`, which had ended: ask the custodian what happened",
            zh: "事件“{incident}”停止了已经结束的运行“{run}”：请询问保管方发生了什么",
        },
        UnknownReplay { incident: String, replay: String } = "audit.freeze-unknown-replay" {
            en: "incident `{incident}` stops replay `{replay}`, which was not under way on that run: ask the custodian what happened",
            zh: "事件“{incident}”停止了重放“{replay}”，而该运行并无此重放在进行：请询问保管方发生了什么",
        },
        Early { incident: String, slot: String } = "audit.freeze-early" {
            en: "incident `{incident}` was shown before the slot {slot}, so the moment may have shown something: ask the custodian",
            zh: "事件“{incident}”早于时段 {slot} 公开，其时刻可能泄露信息：请询问保管方",
        },
        OtherLineages { incident: String } = "audit.freeze-lineages" {
            en: "incident `{incident}` freezes other lineages than its run reads: ask the custodian which ones are meant",
            zh: "事件“{incident}”冻结的谱系与其运行所读取的不同：请询问保管方所指谱系",
        },
        Again { incident: String } = "audit.freeze-again" {
            en: "the identifier `{incident}` is used for more than one incident: ask the custodian which one is meant",
            zh: "编号“{incident}”用于多个事件：请询问保管方所指为何",
        },
        NotOpen { incident: String } = "audit.unfreeze-unknown" {
            en: "incident `{incident}` is closed, but it was not open: ask the authority what was decided",
            zh: "事件“{incident}”被关闭，而它并未处于开启状态：请询问主管部门作出了什么决定",
        },
        Frozen { work: String, lineage: String, incident: String } = "audit.frozen" {
            en: "`{work}` was admitted on the lineage `{lineage}`, which was frozen by incident `{incident}`: stop the domain and ask the authority",
            zh: "“{work}”在被事件“{incident}”冻结的谱系“{lineage}”上被准入：请停止该域并询问主管部门",
        },
        Stopped { run: String } = "audit.stopped" {
            en: "run `{run}` released something after it was stopped: stop the domain and ask the authority",
            zh: "运行“{run}”在被停止之后仍有发布：请停止该域并询问主管部门",
        },
    }
}
