use super::*;
use crate::{Act, Cause, Subject};
use tidegate_authorisation::GrantRecord;
use tidegate_operation::{Effect, Party};
use tidegate_rules::Clause;
use tidegate_terms::{Name, Rho};

fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

fn grant(id: &str, dataset: &str, operator: &str) -> GrantRecord {
    GrantRecord {
        id: id.into(),
        dataset: name(dataset),
        operator: name(operator),
        operator_key: "k".into(),
        columns: vec!["t.a".into()],
        purpose: name("planning"),
        rho: Rho::from_units(1),
        valid_from: "2026-01-01".into(),
        valid_until: "2027-01-01".into(),
        revoked: None,
        suspended: None,
    }
}

/// Carries effects out as the authority would, under a decision that it may always make.
async fn carry_out(kit: &Kit, effects: &[Effect], stop: &str) {
    let mut act = Act::open(&kit.domain, "a-test", None).await.expect("an act");
    act.carry_out(effects, &Cause::new(stop, "because")).await.expect("carried out");
    commit(kit, act).await;
}

async fn commit(kit: &Kit, act: Act) {
    let caller = crate::Caller {
        account: "a-test".into(),
        organisation: name("bureau"),
        roles: [tidegate_parties::Role::Authority].into(),
        actions: None,
        credential: String::new(),
    };
    let thing = crate::Thing::alone(tidegate_access::Kind::Domain, "domain", "open");
    let facts = tidegate_access::Facts { reason_given: true, ..tidegate_access::Facts::all_met() };
    let rules = kit.office.rules();
    let action = tidegate_access::Action::StopEverything;
    let decided = crate::decide::decide(kit.office.access(), rules.pack(), Domain::today(), &caller, action, &thing, facts);
    act.commit(decided.expect("allowed")).await.expect("committed");
}

async fn held(kit: &Kit, grant: &str) -> Option<String> {
    let record = kit.domain.books().grant(grant).await.expect("read").expect("a grant");
    record.suspended.map(|suspension| suspension.by)
}

async fn with_grants(kit: &Kit) {
    let mut act = kit.domain.begin_act().await.expect("an act");
    for record in [grant("g1", "d1", "lab"), grant("g2", "d2", "lab"), grant("g3", "d1", "other")] {
        act.put_grant(&record).await.expect("put");
    }
    kit.domain.conclude_unlogged(act).await.expect("done");
}

// clause: I9 both
#[tokio::test(flavor = "multi_thread")]
async fn two_objections_hold_a_dataset_until_both_have_ended() {
    let kit = Kit::new().await;
    with_grants(&kit).await;
    let suspend = [Effect::SuspendDataset(name("d1")), Effect::StopRunsOnDataset(name("d1"))];
    carry_out(&kit, &suspend, "o1").await;
    carry_out(&kit, &suspend, "o2").await;
    assert_eq!((held(&kit, "g1").await, held(&kit, "g2").await, held(&kit, "g3").await), (Some("o1".into()), None, Some("o1".into())));
    carry_out(&kit, &[Effect::RestoreDataset(name("d1"))], "o1").await;
    assert_eq!(held(&kit, "g1").await, Some("o2".into()));
    carry_out(&kit, &[Effect::RestoreDataset(name("d1"))], "o2").await;
    assert_eq!((held(&kit, "g1").await, held(&kit, "g3").await), (None, None));
    kit.log_is_sound().await;
}

// clause: J5 both
#[tokio::test(flavor = "multi_thread")]
async fn a_stop_of_everything_holds_grants_that_are_given_later_too() {
    let kit = Kit::new().await;
    with_grants(&kit).await;
    carry_out(&kit, &[Effect::StopEverything], "i1").await;
    let mut act = kit.domain.begin_act().await.expect("an act");
    act.put_grant(&grant("g4", "d9", "new")).await.expect("put");
    kit.domain.conclude_unlogged(act).await.expect("done");
    for id in ["g1", "g2", "g3", "g4"] {
        assert_eq!(held(&kit, id).await, Some("i1".into()));
    }
    let mut act = Act::open(&kit.domain, "a-test", None).await.expect("an act");
    act.lift("i1").await.expect("lifted");
    commit(&kit, act).await;
    assert_eq!(held(&kit, "g4").await, None);
    kit.log_is_sound().await;
}

// clause: J9 both
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_an_agreement_ends_accounts_tokens_and_keys_in_one_entry() {
    let kit = Kit::new().await;
    let (first, token) = kit.operator("lab", "91230500MB0000001").await;
    let (second, other) = kit.account("lab", &["operator"]).await;
    let (third, stays) = kit.operator("other", "91230500MB0000002").await;
    let clause = Clause::shuangyashan("J9", 62);
    let effects = [
        Effect::HoldRecords,
        Effect::StopRunsOf(name("lab")),
        Effect::DisableAccounts(name("lab")),
        Effect::DestroyHoldings(name("lab")),
        Effect::Notify { whom: Party::Organisation(name("lab")), clause },
    ];
    let before = kit.domain.books().log_size().await.expect("size");
    carry_out(&kit, &effects, "agreement-1").await;
    assert_eq!(kit.domain.books().log_size().await.expect("size"), before + 1, "one act, one entry");
    for token in [&token, &other] {
        assert_eq!(kit.refused(token, "accounts.self", json!({})).await.code, "authentication.failed");
    }
    kit.done(&stays, "accounts.self", json!({})).await;
    assert!(kit.record(&first).await.disabled && kit.record(&second).await.disabled && !kit.record(&third).await.disabled);
    let lab = kit.done(&kit.authority, "organisations.show", json!({ "organisation": "lab" })).await;
    assert_eq!((&lab["standing"], &lab["keys"]), (&json!("ended"), &json!([])));
    let told = kit.done(&kit.authority, "notifications.list", json!({})).await;
    assert_eq!(told["items"].as_array().map(Vec::len), Some(2));
    let holdings = kit.domain.books().all_governed("holding", Some("open"), "", 10).await.expect("read");
    assert_eq!(holdings.len(), 1, "what it holds must be destroyed");
    kit.log_is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_that_is_dropped_leaves_nothing() {
    let kit = Kit::new().await;
    with_grants(&kit).await;
    let size = kit.domain.books().log_size().await.expect("size");
    let mut act = Act::open(&kit.domain, "a-test", None).await.expect("an act");
    act.carry_out(&[Effect::StopEverything, Effect::RevokeGrant("g1".into())], &Cause::new("i1", "because")).await.expect("done");
    assert_eq!(act.suspended(&Subject::Everything).await.expect("read"), Some("i1".into()));
    drop(act);
    assert_eq!(held(&kit, "g1").await, None);
    assert_eq!(kit.domain.books().grant("g1").await.expect("read").expect("a grant").revoked, None);
    assert_eq!(kit.domain.books().log_size().await.expect("size"), size);
}
