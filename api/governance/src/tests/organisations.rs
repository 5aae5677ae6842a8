use super::*;

// clause: A1 both
#[tokio::test(flavor = "multi_thread")]
async fn the_authority_registers_and_nobody_else_does() {
    let kit = Kit::new().await;
    let input = organisation("lab", "91230500MB0000001", &["operator"]);
    let made = kit.done(&kit.authority, "organisations.register", input.clone()).await;
    assert_eq!((&made["organisation"], &made["version"], &made["standing"]), (&json!("lab"), &json!(1), &json!("active")));
    let twice = kit.refused(&kit.authority, "organisations.register", input.clone()).await;
    assert_eq!((twice.code.as_str(), twice.class.status()), ("organisation.twice", 409));
    let denied = kit.refused(&kit.custodian, "organisations.register", organisation("other", "91230500MB0000002", &["operator"])).await;
    assert_eq!((denied.code.as_str(), denied.class.status()), ("access.t1", 403));
    assert!(denied.article.is_some(), "every denial has its rule");
    let excluded = organisation("both", "91230500MB0000003", &["operator", "authority"]);
    assert_eq!(kit.refused(&kit.authority, "organisations.register", excluded).await.code, "organisation.excluded");
    let mut wrong = organisation("wrong", "91230500MB0000004", &["operator"]);
    let good = code("91230500MB0000004");
    let last = if good.ends_with('1') { "2" } else { "1" };
    wrong["credit_code"] = json!(format!("{}{last}", &good[..17]));
    assert_eq!(kit.refused(&kit.authority, "organisations.register", wrong).await.code, "credit-code.check");
    kit.log_is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_name_the_version_that_they_change() {
    let kit = Kit::new().await;
    let input = organisation("lab", "91230500MB0000001", &["operator"]);
    kit.done(&kit.authority, "organisations.register", input.clone()).await;
    let mut call = kit.call(&kit.authority, "organisations.change", input.clone());
    call.if_match = Some(tidegate_http::api::Match::Versions(vec!["7".into()]));
    let changed = problem(kit.answer(call).await);
    assert_eq!((changed.code.as_str(), changed.class.status()), ("version.changed", 412));
    let mut call = kit.call(&kit.authority, "organisations.change", input);
    call.if_match = Some(tidegate_http::api::Match::Versions(vec!["1".into()]));
    let answer = kit.answer(call).await;
    assert_eq!(answer.version.as_deref(), Some("2"));
    let history = kit.domain.books().history_of("organisation", "lab").await.expect("history");
    assert_eq!(history.iter().map(|row| row.version).collect::<Vec<_>>(), [1, 2], "nothing is overwritten");
    kit.log_is_sound().await;
}

// clause: F10 both
#[tokio::test(flavor = "multi_thread")]
async fn a_closing_rests_everything_of_one_organisation_and_ends_when_the_last_one_ends() {
    let kit = Kit::new().await;
    let (_, lab) = kit.operator("lab", "91230500MB0000001").await;
    let (_, other) = kit.operator("other", "91230500MB0000002").await;
    kit.done(&lab, "accounts.self", json!({})).await;
    let close = |facts: &str| json!({ "organisation": "lab", "ground": "no_safeguards", "facts": facts });
    let unreasoned = kit.refused(&kit.authority, "organisations.close", close(" ")).await;
    assert_eq!(unreasoned.code, "access.reason-given");
    let first = kit.done(&kit.authority, "organisations.close", close("no safeguards")).await;
    let second = kit.done(&kit.authority, "organisations.close", close("and another breach")).await;
    let denied = kit.refused(&lab, "accounts.self", json!({})).await;
    assert_eq!((denied.code.as_str(), denied.class.status()), ("authentication.access-closed", 403));
    assert!(denied.article.is_some_and(|article| article.contains("Art. 75")), "with its article");
    kit.done(&other, "accounts.self", json!({})).await;

    let reopen = |closing: &Value| json!({ "organisation": "lab", "closing": closing, "reported": "put right", "facts": "inspected" });
    kit.done(&kit.authority, "organisations.reopen", reopen(&first["closing"])).await;
    assert_eq!(kit.refused(&lab, "accounts.self", json!({})).await.code, "authentication.access-closed", "the second still stands");
    kit.done(&kit.authority, "organisations.reopen", reopen(&second["closing"])).await;
    kit.done(&lab, "accounts.self", json!({})).await;
    let over = kit.refused(&kit.authority, "organisations.reopen", reopen(&second["closing"])).await;
    assert_eq!(over.code, "access.t2");
    let own = json!({ "organisation": "bureau", "ground": "no_safeguards", "facts": "self" });
    assert_eq!(kit.refused(&kit.authority, "organisations.close", own).await.code, "organisation.own-access");
    kit.log_is_sound().await;
}
