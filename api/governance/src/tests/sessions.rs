use super::*;
use crate::operations::sessions::FAILURES_MAX;
use crate::totp::code_at;

const PASSWORD: &str = "correct horse battery";

/// The bytes of a secret in base32.
fn bytes_of(text: &str) -> Vec<u8> {
    let (mut held, mut bits, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes() {
        let value = if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'A' };
        held = held << 5 | u32::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    bytes
}

/// A code of an authenticator whose clock is so many steps off.
fn code_of(secret: &[u8], steps: i64) -> String {
    code_at(secret, Domain::now().as_second() + 30 * steps)
}

async fn enrolled(kit: &Kit) -> (String, String, Vec<u8>) {
    let (account, token) = kit.operator("lab", "91230500MB0000001").await;
    let factor = kit.done(&token, "password.set", json!({ "password": PASSWORD })).await;
    (account, token, bytes_of(factor["secret"].as_str().expect("a secret")))
}

fn proof(account: &str, password: &str, code: &str) -> Value {
    json!({ "account": account, "password": password, "code": code })
}

fn with_session(kit: &Kit, session: &str, operation: &str) -> Call {
    let mut call = kit.call("", operation, json!({}));
    call.credentials.session = Some(Secret::new(session.to_owned()));
    call
}

// clause: J1 both
#[tokio::test(flavor = "multi_thread")]
async fn a_session_needs_password_and_code_and_each_code_counts_once() {
    let kit = Kit::new().await;
    let (account, token, secret) = enrolled(&kit).await;
    let code = code_of(&secret, 0);
    let session = kit.done("", "sessions.begin", proof(&account, PASSWORD, &code)).await;
    let session = session["session"].as_str().expect("a session").to_owned();
    let shown = output(kit.answer(with_session(&kit, &session, "accounts.self")).await);
    assert_eq!(shown["account"], json!(account));
    let replayed = kit.refused("", "sessions.begin", proof(&account, PASSWORD, &code)).await;
    assert_eq!((replayed.code.as_str(), replayed.class.status()), ("authentication.failed", 401));

    output(kit.answer(with_session(&kit, &session, "sessions.end")).await);
    assert_eq!(problem(kit.answer(with_session(&kit, &session, "accounts.self")).await).code, "authentication.failed");
    // A new password ends what was open.
    let session = kit.done("", "sessions.begin", proof(&account, PASSWORD, &code_of(&secret, 1))).await;
    let session = session["session"].as_str().expect("a session").to_owned();
    kit.done(&token, "password.set", json!({ "password": "another long password", "old_password": PASSWORD })).await;
    assert_eq!(problem(kit.answer(with_session(&kit, &session, "accounts.self")).await).code, "authentication.failed");
    kit.log_is_sound().await;
}

/// A token that a session made for 90 days, with the session.
async fn session_and_token(kit: &Kit, account: &str, code: &str) -> (String, String) {
    let session = kit.done("", "sessions.begin", proof(account, PASSWORD, code)).await;
    let session = session["session"].as_str().expect("a session").to_owned();
    let mut call = with_session(kit, &session, "tokens.issue");
    call.input = json!({ "title": "nightly", "days": 90 });
    let made = output(kit.answer(call).await);
    (session, made["secret"].as_str().expect("a secret").to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_session_made_outlives_it_and_ends_with_its_password() {
    let kit = Kit::new().await;
    let (account, token, secret) = enrolled(&kit).await;
    let (session, nightly) = session_and_token(&kit, &account, &code_of(&secret, 0)).await;
    output(kit.answer(with_session(&kit, &session, "sessions.end")).await);
    kit.done(&nightly, "accounts.self", json!({})).await;
    kit.done(&token, "password.set", json!({ "password": "another long password", "old_password": PASSWORD })).await;
    assert_eq!(kit.refused(&nightly, "accounts.self", json!({})).await.code, "authentication.failed");
    kit.done(&token, "accounts.self", json!({})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_replaced_by_who_knows_it_and_a_wrong_one_counts() {
    let kit = Kit::new().await;
    let (account, token, secret) = enrolled(&kit).await;
    let replace = |old: Value| json!({ "password": "another long password", "old_password": old });
    let count = async || kit.domain.books().failures(&account).await.expect("read").map_or(0, |failures| failures.count);
    let refused = kit.refused(&token, "password.set", replace(Value::Null)).await;
    assert_eq!((refused.code.as_str(), refused.class.status(), count().await), ("password.old", 422, 0), "nothing was tried");
    assert_eq!(kit.refused(&token, "password.set", replace(json!("a wrong password"))).await.code, "password.old");
    assert_eq!(count().await, 1);
    kit.done(&token, "password.set", replace(json!(PASSWORD))).await;
    assert_eq!(count().await, 0, "a good one clears the count");
    assert_eq!(kit.refused(&token, "password.set", replace(json!(PASSWORD))).await.code, "password.old", "it was replaced");
    for _ in 1..FAILURES_MAX {
        assert_eq!(kit.refused(&token, "password.set", replace(json!("a wrong password"))).await.code, "password.old");
    }
    assert_eq!(count().await, FAILURES_MAX);
    let good = kit.refused(&token, "password.set", replace(json!("another long password"))).await;
    assert_eq!(good.code, "password.old", "locked, also for who knows it");
    let locked = kit.refused("", "sessions.begin", proof(&account, "another long password", &code_of(&secret, 0))).await;
    assert_eq!(locked.code, "authentication.failed");
    kit.log_is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_resets_the_password_of_others_with_a_reason() {
    let kit = Kit::new().await;
    let (account, token, secret) = enrolled(&kit).await;
    let (session, nightly) = session_and_token(&kit, &account, &code_of(&secret, 0)).await;
    let reset = |account: &str, reason: &str| json!({ "account": account, "reason": reason });
    let without = kit.refused(&kit.authority, "password.reset", reset(&account, " ")).await;
    assert_eq!(without.code, "access.reason-given");
    assert_eq!(kit.refused(&token, "password.reset", reset(&account, "mine")).await.class.status(), 403);
    let own = kit.done(&kit.authority, "accounts.self", json!({})).await["account"].as_str().expect("an account").to_owned();
    assert_eq!(kit.refused(&kit.authority, "password.reset", reset(&own, "mine")).await.code, "password.own");
    assert_eq!(kit.refused(&kit.authority, "password.reset", reset("a0", "whose?")).await.code, "account.unknown");

    let anew = kit.done(&kit.authority, "password.reset", reset(&account, "it was forgotten")).await;
    assert_eq!(problem(kit.answer(with_session(&kit, &session, "accounts.self")).await).code, "authentication.failed");
    assert_eq!(kit.refused(&nightly, "accounts.self", json!({})).await.code, "authentication.failed");
    let old = kit.refused("", "sessions.begin", proof(&account, PASSWORD, &code_of(&secret, 1))).await;
    assert_eq!(old.code, "authentication.failed");
    // Whoever has an earlier token does not set the next password.
    let next = json!({ "password": "another long password" });
    assert_eq!(kit.refused(&token, "password.set", next.clone()).await.code, "authentication.failed");
    kit.done(anew["token"].as_str().expect("a token"), "password.set", next).await;
    kit.log_is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_get_one_answer_and_lock_and_the_lock_is_durable() {
    let kit = Kit::new().await;
    let (account, _, secret) = enrolled(&kit).await;
    let first = kit.refused("", "sessions.begin", proof("a00000000000000000000", PASSWORD, "000000")).await;
    let wrong_code = kit.refused("", "sessions.begin", proof(&account, PASSWORD, "000000")).await;
    assert_eq!(first, wrong_code);
    for _ in 1..FAILURES_MAX {
        assert_eq!(kit.refused("", "sessions.begin", proof(&account, "a wrong password", &code_of(&secret, 0))).await, first);
    }
    let locked = kit.refused("", "sessions.begin", proof(&account, PASSWORD, &code_of(&secret, 0))).await;
    assert_eq!(locked, first, "a good proof while it is locked is told nothing else");
    assert_eq!(kit.done(&kit.authority, "accounts.show", json!({ "account": account })).await["state"], "locked");
    let failures = kit.domain.books().failures(&account).await.expect("read").expect("counted");
    assert_eq!(failures.count, FAILURES_MAX, "what is tried while it is locked counts no further");

    // The quarter of an hour has passed.
    let mut act = kit.domain.begin_act().await.expect("an act");
    let past = tidegate_store::FailureRecord { count: FAILURES_MAX, last: "2020-01-01T00:00:00Z".into() };
    act.put_failures(&account, &past).await.expect("put");
    kit.domain.conclude_unlogged(act).await.expect("done");
    kit.done("", "sessions.begin", proof(&account, PASSWORD, &code_of(&secret, 0))).await;
    assert_eq!(kit.domain.books().failures(&account).await.expect("read"), None, "a good proof clears the count");
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_at_the_same_time_do_not_share_one_count() {
    let kit = Arc::new(Kit::new().await);
    let (account, _, secret) = enrolled(&kit).await;
    let tries = (0..FAILURES_MAX + 3).map(|_| {
        let (kit, input) = (Arc::clone(&kit), proof(&account, "a wrong password", &code_of(&secret, 0)));
        tokio::spawn(async move { kit.refused("", "sessions.begin", input).await })
    });
    for each in tries.collect::<Vec<_>>() {
        each.await.expect("a task");
    }
    let failures = kit.domain.books().failures(&account).await.expect("read").expect("counted");
    assert_eq!(failures.count, FAILURES_MAX);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_holds_neither_password_nor_what_makes_the_codes() {
    let kit = Kit::new().await;
    let (account, _, secret) = enrolled(&kit).await;
    let known = kit.domain.books().credentials_of(&account).await.expect("read");
    let password = known.iter().find(|credential| credential.kind == "password").expect("a password");
    assert!(!password.content.contains(PASSWORD) && password.content.contains("argon2id"));
    let sealed: Value = serde_json::from_str(&password.content).expect("JSON");
    let sealed = sealed["codes"].as_str().expect("sealed");
    assert_eq!(kit.domain.open_secret(sealed).expect("opened"), secret);
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(sealed).expect("base64");
    assert!(!bytes.windows(secret.len()).any(|window| window == secret));
}
