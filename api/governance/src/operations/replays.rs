//! Replay: a regulator has runs of the past run again inside the domain and held against the log. It waits in the same
//! queue as runs, and its answer comes at a slot.

use super::runs::view_example;
use super::through::{example, organisation};
use crate::operations::runs::RunRefusal;
use crate::queue::{Job, Progress, QueuedRun, RunView, WAITING_MAX, view};
use crate::{Desk, Done, Refused, Row, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Kind};
use tidegate_service::{ReplayWish, ServiceError};
use tidegate_terms::messages;

messages! {
    /// Why there is nothing to replay.
    pub enum ReplayRefusal {
        Which = "replay.which" {
            en: "name either `run`, or `since` and perhaps `until` and `sample`",
            zh: "请指定 `run`，或指定 `since`（可加 `until` 与 `sample`）",
        },
    }
}

/// Which runs are to be run again.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayInput {
    /// One run of the domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// Or those since this day, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Until this day; today, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// So many of them, drawn at random; all, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<usize>,
}

impl ReplayInput {
    fn wish(self) -> Result<ReplayWish, Refused> {
        match self {
            Self { run: Some(run), since: None, until: None, sample: None } => Ok(ReplayWish::Run(run)),
            Self { run: None, since: Some(since), until, sample } => Ok(ReplayWish::Period { since, until, sample }),
            _ => Err(ReplayRefusal::Which.into()),
        }
    }
}

operation! {
    RequestReplay = "replays.request" in "supervision";
    Post "/v1/replays" [keyed, accepted, on_data];
    summary "Run the past again and hold it against the log; it is queued", "重放过去的运行并与日志比对：进入队列";
    says "The regulator. Nobody sees a row or a total: the answer is one of match, mismatch and not possible, at a slot. `runs.show` tells it.", "由监管方发起。任何人看不到数据行或总数：应答仅为一致、不一致或无法重放，在时段给出，由 `runs.show` 查看。";
    takes ReplayInput, example example(r#"{ "run": "r5b090278e953f5ac2635" }"#);
    gives RunView, example view_example();
    by request;
}

async fn request(desk: &mut Desk, input: ReplayInput) -> Result<Done<RunView>, Refused> {
    let wish = input.wish()?;
    let operator = organisation(desk)?;
    let queue = std::sync::Arc::clone(desk.office().queue());
    if queue.waiting() >= WAITING_MAX {
        return Err(RunRefusal::Full { waiting: queue.waiting() }.into());
    }
    let id = queue.name()?;
    let mut act = desk.begin().await?;
    let facts = act.facts(desk).await?;
    let thing = Thing::alone(Kind::Run, &id, "released");
    let decided = desk.decide(Action::ReplayRun, &thing, facts)?;
    let asker = operator.to_string();
    let record = QueuedRun { job: Job::Replay(wish, asker), operator, provider: None, stopped: None, stopped_run: None };
    act.put(&id, &record).await?;
    act.commit(decided).await?;
    queue.enter(id.clone());
    let row = desk.read().governed("run", &id).await.map_err(ServiceError::from)?;
    let row = row.ok_or(RunRefusal::Unknown { run: id })?;
    Ok(view(&queue, Row::of(row)?, None::<Progress>).into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers.with::<RequestReplay>()
}
