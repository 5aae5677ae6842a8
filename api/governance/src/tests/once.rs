use super::*;

/// A call with the key of another.
fn with_key(mut call: Call, key: &str) -> Call {
    call.idempotency_key = Some(key.to_owned());
    call
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_does_one_thing() {
    let kit = Kit::new().await;
    let input = organisation("lab", "91230500MB0000001", &["operator"]);
    let call = || with_key(kit.call(&kit.authority, "organisations.register", input.clone()), "once");
    let first = output(kit.answer(call()).await);
    let size = kit.domain.books().log_size().await.expect("size");
    let again = kit.answer(call()).await;
    assert_eq!(again.version.as_deref(), Some("1"));
    assert_eq!(output(again), first, "the stored answer");
    assert_eq!(kit.domain.books().log_size().await.expect("size"), size, "and nothing was done");
    let other = with_key(kit.call(&kit.authority, "organisations.register", organisation("x", "91230500MB0000002", &["operator"])), "once");
    let problem = problem(kit.answer(other).await);
    assert_eq!((problem.code.as_str(), problem.class.status()), ("key.other-request", 422));
    // The key of another account, or for another operation, is another key.
    let (_, token) = kit.account("lab", &["operator"]).await;
    output(kit.answer(with_key(kit.call(&token, "tokens.issue", json!({ "title": "t", "days": 1 })), "once")).await);
    let mut without = kit.call(&kit.authority, "organisations.register", input);
    without.idempotency_key = None;
    assert_eq!(super::problem(kit.answer(without).await).code, "operation.no-key");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_once_is_kept_nowhere() {
    let kit = Kit::new().await;
    let call = || with_key(kit.call(&kit.authority, "tokens.issue", json!({ "title": "t", "days": 1 })), "once");
    let secret = output(kit.answer(call()).await)["secret"].as_str().expect("a secret").to_owned();
    let again = problem(kit.answer(call()).await);
    assert_eq!((again.code.as_str(), again.class.status()), ("key.secret-already", 409));
    let tokens = kit.done(&kit.authority, "tokens.list", json!({})).await;
    assert_eq!(tokens["tokens"].as_array().map(Vec::len), Some(2), "the first one and this: {tokens}");
    let directory = kit.domain.log_directory().with_file_name("state.sqlite");
    let half = secret.rsplit('_').next().expect("the secret half").to_owned();
    for name in [directory.clone(), directory.with_extension("sqlite-wal")] {
        let bytes = std::fs::read(&name).unwrap_or_default();
        assert!(!bytes.windows(half.len()).any(|window| window == half.as_bytes()), "{}", name.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_binds_no_key_and_requests_at_the_same_time_do_one_thing() {
    let kit = Arc::new(Kit::new().await);
    let input = organisation("lab", "91230500MB0000001", &["operator"]);
    let denied = with_key(kit.call(&kit.custodian, "organisations.register", input.clone()), "later");
    assert_eq!(problem(kit.answer(denied.clone()).await).code, "access.t1");
    assert_eq!(problem(kit.answer(denied).await).code, "access.t1", "decided anew");
    let calls = (0..8).map(|_| {
        let (kit, call) = (Arc::clone(&kit), with_key(kit.call(&kit.authority, "organisations.register", input.clone()), "same"));
        tokio::spawn(async move { kit.answer(call).await })
    });
    let mut done = 0;
    for call in calls.collect::<Vec<_>>() {
        match call.await.expect("a task").outcome {
            Outcome::Done(_) => done += 1,
            Outcome::Refused(problem) => assert_eq!(problem.code, "key.busy"),
            Outcome::Events(_) => panic!("no events"),
        }
    }
    assert!(done >= 1);
    assert_eq!(kit.domain.books().history_of("organisation", "lab").await.expect("history").len(), 1, "one registration");
}

/// A process that died after the act and before the answer was kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_told_and_nothing_is_done_again() {
    let kit = Kit::new().await;
    let input = organisation("lab", "91230500MB0000001", &["operator"]);
    let call = with_key(kit.call(&kit.authority, "organisations.register", input), "once");
    output(kit.answer(call.clone()).await);
    let account = kit.domain.books().governed("organisation", "lab").await.expect("read").expect("registered").by;
    let mut act = kit.domain.begin_act().await.expect("an act");
    act.forget_keys("9999-01-01T00:00:00Z").await.expect("forgotten");
    let scope = format!("{account} organisations.register");
    act.bind_key(&scope, "once", &call.digest.to_string(), Some(2), "2026-11-22T00:00:00Z").await.expect("bound");
    kit.domain.conclude_unlogged(act).await.expect("done");
    let told = problem(kit.answer(call).await);
    assert_eq!(told.code, "key.done-already");
    assert!(told.detail.en.contains("log entry 2"), "{}", told.detail.en);
}
