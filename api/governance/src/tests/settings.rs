use super::*;
use crate::operations::settings::warnings;
use crate::rules::Rules;
use jiff::civil::date;

// clause: A7 both
#[tokio::test(flavor = "multi_thread")]
async fn rules_are_loaded_by_the_authority_and_stand_in_every_decision() {
    let kit = Kit::new().await;
    let shown = kit.done(&kit.custodian, "settings.show", json!({})).await;
    assert_eq!(shown["pack"], "sys");
    assert_eq!(shown["packs"].as_array().map(Vec::len), Some(5));
    assert_eq!(kit.refused(&kit.custodian, "settings.choose_place", json!({ "pack": "zb" })).await.class.status(), 403);
    assert_eq!(kit.refused(&kit.authority, "settings.choose_place", json!({ "pack": "nowhere" })).await.code, "rules.unknown");
    let chosen = kit.done(&kit.authority, "settings.choose_place", json!({ "pack": "zb" })).await;
    assert_eq!(chosen["pack"], "zb");
    let text = include_str!("../../../../policies/packs/sys.toml").replace("id = \"sys\"", "id = \"new-city\"");
    let loaded = kit.done(&kit.authority, "settings.load_pack", json!({ "text": text })).await;
    assert_eq!(loaded["packs"].as_array().map(Vec::len), Some(6), "a new city is a new file");
    assert_eq!(kit.refused(&kit.authority, "settings.load_calendar", json!({ "text": "format = 9" })).await.code, "calendar.syntax");

    let books = kit.domain.books();
    let size = books.log_size().await.expect("size");
    let last = books.log_entries(size - 1, size).await.expect("entries").remove(0);
    let last: Value = serde_json::from_slice(&last).expect("JSON");
    let digest = kit.office.rules().pack().digest().to_string();
    assert_eq!((&last["type"], &last["pack"], &last["pack_digest"]), (&json!("decided"), &json!("zb"), &json!(digest)));

    // Another process reads the same rules.
    let again = Rules::of(&books).await.expect("rules");
    assert_eq!((again.pack().rules().id.as_str(), again.packs().len()), ("zb", 6));
    kit.log_is_sound().await;
}

// clause: A8 both
#[test]
fn what_ends_soon_is_warned_of() {
    let mut rules = Rules::built_in().expect("rules");
    rules.choose("qb").expect("known");
    let said = |day| warnings(&rules, day).into_iter().map(|warning| warning.en).collect::<Vec<_>>().join("; ");
    assert!(said(date(2026, 11, 22)).contains("end in 8 days"), "{}", said(date(2026, 11, 22)));
    assert!(said(date(2026, 12, 1)).contains("2026-11-30"), "{}", said(date(2026, 12, 1)));
    assert!(rules.standing(date(2026, 11, 30)).is_some());
    assert!(said(date(2026, 11, 22)).contains("working days of 2027"));
    assert!(!said(date(2026, 10, 1)).contains("2027"));
}
