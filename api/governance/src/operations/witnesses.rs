//! The witnesses of the domain's log.

use super::through::{All, Given, decide_alone, example, may};
use crate::{Desk, Done, Refused, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Kind};
use tidegate_service::view::WitnessView;

/// All witnesses.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Witnesses(pub Vec<WitnessView>);

/// A witness to be added.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWitness {
    /// The prefix of its address.
    #[schemars(length(min = 1, max = 500))]
    pub url: String,
    /// Its verifier key.
    #[schemars(length(min = 1, max = 500))]
    pub key: String,
}

/// A witness.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneWitness {
    /// Its name or key.
    #[schemars(length(min = 1, max = 500))]
    pub witness: String,
}

fn all_example() -> Witnesses {
    example(
        r#"[{ "name": "witness.example/w1", "vkey": "witness.example/w1+5d3a1c22+Bmk=", "url": "https://witness.example", "at": "2026-11-22T12:00:00Z", "known": 41, "checkpoint_size": 41, "cosigned": 1795348800 }]"#,
    )
}

operation! {
    ListWitnesses = "witnesses.list" in "log";
    Get "/v1/log/witnesses" [];
    summary "List the witnesses and when they cosigned", "列出见证方及其联署时间";
    says "Who cosigns the checkpoints of this log.", "联署本日志检查点的各方。";
    takes All, example All {};
    gives Witnesses, example all_example();
    by list;
}

operation! {
    AddWitness = "witnesses.add" in "log";
    Post "/v1/log/witnesses" [keyed];
    summary "Send checkpoints to a witness from now on", "此后将检查点发送给某见证方";
    says "The custodian.", "由公共数据服务机构操作。";
    takes NewWitness, example example(r#"{ "url": "https://witness.example", "key": "witness.example/w1+5d3a1c22+Bmk=" }"#);
    gives Witnesses, example all_example();
    by add;
}

operation! {
    RemoveWitness = "witnesses.remove" in "log";
    Post "/v1/log/witnesses/remove" [keyed];
    summary "Ask a witness no longer", "不再询问某见证方";
    says "The custodian.", "由公共数据服务机构操作。";
    takes OneWitness, example example(r#"{ "witness": "witness.example/w1" }"#);
    gives Witnesses, example example("[]");
    by remove;
}

fn thing() -> Thing<'static> {
    Thing::alone(Kind::Domain, "domain", "open")
}

async fn list(desk: &mut Desk, _: All) -> Result<Done<Witnesses>, Refused> {
    may(desk, Action::ReadLog, &Thing::alone(Kind::Log, "log", "published")).await?;
    Ok(Witnesses(desk.domain().witness_views().await?).into())
}

async fn add(desk: &mut Desk, input: NewWitness) -> Result<Done<Witnesses>, Refused> {
    decide_alone(desk, Action::ManageWitnesses, &thing(), Given::default()).await?;
    Ok(Witnesses(desk.domain().add_witness(input.url, &input.key).await?).into())
}

async fn remove(desk: &mut Desk, input: OneWitness) -> Result<Done<Witnesses>, Refused> {
    decide_alone(desk, Action::ManageWitnesses, &thing(), Given::default()).await?;
    Ok(Witnesses(desk.domain().remove_witness(&input.witness).await?).into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers.with::<ListWitnesses>().with::<AddWitness>().with::<RemoveWitness>()
}
