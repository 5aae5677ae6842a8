use super::*;
use crate::recover;

async fn refused(kit: &Kit, account: &str, reason: &str) -> String {
    recover(&kit.domain, account, reason).await.expect_err("refused").problem().code.clone()
}

// The first tokens of the founders are there no more, and nobody issued others.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_gets_back_in_and_everybody_who_supervises_sees_it() {
    let kit = Kit::new().await;
    let own = kit.done(&kit.authority, "accounts.self", json!({})).await["account"].as_str().expect("an account").to_owned();
    kit.done(&kit.authority, "password.set", json!({ "password": "forgotten long ago" })).await;
    let mut act = kit.domain.begin_act().await.expect("an act");
    for credential in act.credentials_of(&own).await.expect("read") {
        let expires = Some("2020-01-01T00:00:00Z").filter(|_| credential.kind == "token");
        act.update_credential(&credential.id, &credential.content, expires).await.expect("an earlier end");
    }
    kit.domain.conclude_unlogged(act).await.expect("done");
    assert_eq!(kit.refused(&kit.authority, "accounts.self", json!({})).await.code, "authentication.failed");

    let recovered = recover(&kit.domain, &own, "all tokens have ended").await.expect("recovered");
    let token = recovered.token.token.clone();
    let shown = kit.done(&token, "accounts.self", json!({})).await;
    assert_eq!((&shown["account"], shown["roles"].as_array().map(Vec::len)), (&json!(own), Some(2)));
    let until: jiff::Timestamp = recovered.token.expires.parse().expect("an instant");
    let days = (until.as_second() - Domain::now().as_second()) / 86_400;
    assert!((6..=7).contains(&days), "{days}");
    // The password that nobody knows is gone, so a new one can be set.
    kit.done(&token, "password.set", json!({ "password": "another long password" })).await;

    let size = kit.domain.books().log_size().await.expect("size");
    let entries = kit.domain.books().log_entries(0, size).await.expect("entries");
    let entries: Vec<_> = entries.into_iter().map(|bytes| String::from_utf8(bytes).expect("text")).collect();
    let says = |entry: &&String| ["manage_tokens", "\"recovery\"", own.as_str()].into_iter().all(|part| entry.contains(part));
    assert_eq!(entries.iter().filter(says).count(), 1, "{entries:?}");
    let told = kit.done(&token, "notifications.list", json!({})).await;
    assert_eq!(told["items"][0]["reason"], "all tokens have ended", "{told}");
    kit.log_is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_there_or_has_ended_is_not_let_in() {
    let kit = Kit::new().await;
    let (account, token) = kit.operator("lab", "91230500MB0000001").await;
    let unknown = recover(&kit.domain, "a0", "why not").await.expect_err("refused");
    assert_eq!(unknown.problem().code, "recovery.unknown");
    assert!(unknown.problem().detail.en.contains(&account), "{}", unknown.problem().detail.en);
    assert_eq!(refused(&kit, &account, " ").await, "recovery.reason");
    kit.done(&token, "accounts.self", json!({})).await;
    kit.done(&kit.authority, "accounts.disable", json!({ "account": account, "reason": "left the office" })).await;
    assert_eq!(refused(&kit, &account, "why not").await, "recovery.disabled");
    kit.log_is_sound().await;
}
