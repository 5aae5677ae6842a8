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
    kit.done(&token, "password.set", json!({ "password": "another long password" })).await;
    assert_eq!(problem(kit.answer(with_session(&kit, &session, "accounts.self")).await).code, "authentication.failed");
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
