use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use tidegate_http::api::Signature;

async fn failed(kit: &Kit, token: &str) {
    let problem = kit.refused(token, "accounts.self", json!({})).await;
    assert_eq!((problem.code.as_str(), problem.class.status()), ("authentication.failed", 401), "{token}");
}

// clause: J1 both
#[tokio::test(flavor = "multi_thread")]
async fn unknown_foreign_and_revoked_tokens_get_one_answer() {
    let kit = Kit::new().await;
    let (account, token) = kit.operator("lab", "91230500MB0000001").await;
    let shown = kit.done(&token, "accounts.self", json!({})).await;
    assert_eq!((&shown["account"], &shown["roles"]), (&json!(account), &json!(["operator"])));
    let mut changed = token.clone();
    changed.replace_range(changed.len() - 4.., "AAAA");
    let other_id = kit.custodian.split('_').nth(1).expect("an id");
    let foreign = token.replace(token.split('_').nth(1).expect("an id"), other_id);
    for wrong in ["", "x", "tgt_", "tgt_t0_AAAA", &changed, &foreign, &token.replace("tgt_", "tgs_")] {
        failed(&kit, wrong).await;
    }

    let id = kit.done(&token, "tokens.list", json!({})).await["tokens"][0]["token"].clone();
    let (_, second) = kit.account("lab", &["operator"]).await;
    kit.done(&second, "tokens.revoke", json!({ "token": id })).await;
    failed(&kit, &token).await;
    kit.done(&second, "accounts.self", json!({})).await;
    let again = kit.refused(&second, "tokens.revoke", json!({ "token": id })).await;
    assert_eq!(again.code, "token.revoked-already");
    let strange = kit.refused(&kit.custodian, "tokens.revoke", json!({ "token": id })).await;
    assert_eq!(strange.code, "token.unknown", "whether others have it is not told");
    kit.log_is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_carries_at_most_what_its_maker_did_and_ends() {
    let kit = Kit::new().await;
    let issue = |roles: Value, actions: Value| json!({ "title": "limited", "days": 1, "roles": roles, "actions": actions });
    let limited =
        kit.done(&kit.authority, "tokens.issue", issue(json!(["authority"]), json!(["manage_tokens", "read_organisation"]))).await;
    let limited = limited["secret"].as_str().expect("a secret").to_owned();
    kit.done(&limited, "organisations.list", json!({})).await;
    let input = organisation("lab", "91230500MB0000001", &["operator"]);
    assert_eq!(kit.refused(&limited, "organisations.register", input).await.class.status(), 403);
    let wider = kit.refused(&limited, "tokens.issue", issue(json!(["provider"]), Value::Null)).await;
    assert_eq!(wider.code, "token.wider");
    let wider = kit.refused(&limited, "tokens.issue", issue(Value::Null, json!(["register_organisation"]))).await;
    assert_eq!(wider.code, "token.wider");
    // What is not named is handed on as it is: still limited.
    let heir = kit.done(&limited, "tokens.issue", issue(Value::Null, Value::Null)).await;
    let heir = heir["secret"].as_str().expect("a secret").to_owned();
    let input = organisation("lab", "91230500MB0000001", &["operator"]);
    assert_eq!(kit.refused(&heir, "organisations.register", input).await.class.status(), 403);

    // A token whose last instant has come.
    let mut act = kit.domain.begin_act().await.expect("an act");
    let id = heir.split('_').nth(1).expect("an id").to_owned();
    let known = act.credential(&id).await.expect("read").expect("a token");
    act.update_credential(&id, &known.content, Some("2020-01-01T00:00:00Z")).await.expect("an earlier end");
    kit.domain.conclude_unlogged(act).await.expect("done");
    failed(&kit, &heir).await;
}

/// A token that was made with another, and its identifier.
async fn heir(kit: &Kit, token: &str, days: u32) -> (String, Value) {
    let made = kit.done(token, "tokens.issue", json!({ "title": "heir", "days": days })).await;
    (made["secret"].as_str().expect("a secret").to_owned(), made)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_with_its_maker_and_no_later() {
    let kit = Kit::new().await;
    let (_, token) = kit.operator("lab", "91230500MB0000001").await;
    let first = kit.done(&token, "tokens.list", json!({})).await["tokens"][0].clone();
    let (child, made) = heir(&kit, &token, 365).await;
    assert_eq!(made["expires"], first["expires"], "no later than its maker");
    let (grandchild, later) = heir(&kit, &child, 1).await;
    assert!(later["expires"].as_str() < first["expires"].as_str(), "{later}");
    let (brother, _) = heir(&kit, &token, 1).await;
    let fingerprint = Digest::of(b"a certificate of an heir");
    let input = json!({ "title": "front", "fingerprint": fingerprint.to_string(), "days": 365 });
    let certificate = kit.done(&grandchild, "certificates.register", input).await;
    assert_eq!(certificate["expires"], later["expires"]);

    kit.done(&brother, "tokens.revoke", json!({ "token": made["token"] })).await;
    failed(&kit, &child).await;
    failed(&kit, &grandchild).await;
    let mut call = kit.call("", "accounts.self", json!({}));
    call.credentials.certificate = Some(fingerprint);
    assert_eq!(problem(kit.answer(call).await).code, "authentication.failed");
    let again = kit.refused(&brother, "tokens.revoke", json!({ "token": later["token"] })).await;
    assert_eq!(again.code, "token.revoked-already");
    // What was not made with it stands.
    kit.done(&token, "accounts.self", json!({})).await;
    kit.done(&brother, "accounts.self", json!({})).await;
    kit.log_is_sound().await;
}

// clause: J9 both
#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_account_ends_with_all_its_tokens() {
    let kit = Kit::new().await;
    let (account, token) = kit.operator("lab", "91230500MB0000001").await;
    let second = kit.done(&token, "tokens.issue", json!({ "title": "second", "days": 1 })).await;
    let second = second["secret"].as_str().expect("a secret").to_owned();
    let disable = |reason: &str| json!({ "account": account, "reason": reason });
    assert_eq!(kit.refused(&kit.authority, "accounts.disable", disable("")).await.code, "access.reason-given");
    assert_eq!(kit.refused(&token, "accounts.disable", disable("mine")).await.class.status(), 403);
    let done = kit.done(&kit.authority, "accounts.disable", disable("left the office")).await;
    assert_eq!(done["state"], "disabled");
    failed(&kit, &token).await;
    failed(&kit, &second).await;
    assert_eq!(kit.refused(&kit.authority, "accounts.disable", disable("again")).await.code, "access.t2");
    kit.log_is_sound().await;
}

/// Names of persons are in records alone: not in the log, not in the journal.
// clause: J12 refused
#[tokio::test(flavor = "multi_thread")]
async fn no_name_of_a_person_is_in_the_log_or_the_journal() {
    let kit = Kit::new().await;
    let (account, _) = kit.operator("lab", "91230500MB0000001").await;
    assert_eq!(kit.record(&account).await.name.as_str(), "陈晨");
    let books = kit.domain.books();
    let size = books.log_size().await.expect("size");
    for bytes in books.log_entries(0, size).await.expect("entries") {
        let text = String::from_utf8(bytes).expect("text");
        for name in ["陈晨", "李明", "赵云", "王芳"] {
            assert!(!text.contains(name), "{text}");
        }
    }
    let journal = std::fs::read_to_string(kit.domain.log_directory().with_file_name("journal.log")).unwrap_or_default();
    assert!(!journal.contains("陈晨"), "{journal}");
    // To other organisations the name is not shown.
    let (_, other) = kit.operator("other", "91230500MB0000002").await;
    assert_eq!(kit.refused(&other, "accounts.show", json!({ "account": account })).await.code, "account.unknown");
    assert_eq!(kit.done(&kit.authority, "accounts.show", json!({ "account": account })).await["name"], "陈晨");
    assert!(kit.done(&kit.custodian, "accounts.show", json!({ "account": account })).await.get("name").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_counts_by_a_registered_key_while_it_is_fresh() {
    let kit = Kit::new().await;
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).expect("a key");
    let key = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
    let mut input = organisation("lab", "91230500MB0000001", &["operator"]);
    input["keys"] = json!([{ "id": "k1", "public_key": STANDARD.encode(key.public_key()) }]);
    kit.done(&kit.authority, "organisations.register", input).await;
    let (_, token) = kit.account("lab", &["operator"]).await;
    let now = u64::try_from(Domain::now().as_second()).expect("after 1970");
    let signed = |key_id: &str, created: u64, base: &str| {
        let signature = Signature { key_id: key_id.into(), created, base: base.into(), signature: key.sign(b"base").as_ref().to_vec() };
        let mut call = kit.call(&token, "accounts.self", json!({}));
        call.signature = Some(signature);
        call
    };
    output(kit.answer(signed("k1", now, "base")).await);
    for (call, code) in [
        (signed("k2", now, "base"), "signature.wrong"),
        (signed("k1", now, "another base"), "signature.wrong"),
        (signed("k1", now - 1_000, "base"), "signature.stale"),
        (signed("k1", now + 1_000, "base"), "signature.stale"),
    ] {
        let problem = problem(kit.answer(call).await);
        assert_eq!((problem.code.as_str(), problem.class.status()), (code, 403));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_counts_for_the_account_that_it_was_tied_to() {
    let kit = Kit::new().await;
    let (account, token) = kit.operator("lab", "91230500MB0000001").await;
    let fingerprint = Digest::of(b"a certificate");
    let with = |fingerprint: Digest| {
        let mut call = kit.call("", "accounts.self", json!({}));
        call.credentials.certificate = Some(fingerprint);
        call
    };
    assert_eq!(problem(kit.answer(with(fingerprint)).await).code, "authentication.failed");
    let input = json!({ "title": "front", "fingerprint": fingerprint.to_string(), "days": 1 });
    let made = kit.done(&token, "certificates.register", input.clone()).await;
    assert_eq!(output(kit.answer(with(fingerprint)).await)["account"], json!(account));
    assert_eq!(problem(kit.answer(with(Digest::of(b"another"))).await).code, "authentication.failed");
    assert_eq!(kit.refused(&kit.authority, "certificates.register", input).await.code, "certificate.exists");
    kit.done(&token, "tokens.revoke", json!({ "token": made["token"] })).await;
    assert_eq!(problem(kit.answer(with(fingerprint)).await).code, "authentication.failed");
    kit.log_is_sound().await;
}
