//! Clauses of the catalogue, asked of a running server: secrets, the fields of a place, class and level, sharing and opening
//! that become stricter, rules that have ended. Each is shown where it allows and where it refuses.

use serde_json::{Value, json};
use std::fs;
use tidegate_http::api::{CallError, Options};
use tidegate_tests::domain::days_from_today;
use tidegate_tests::governed::{Governed, credit_code, entry_text, organisation_input, over, public_key};
use tidegate_tests::program::repository;

fn one(entry: &str) -> Value {
    json!({ "entry": entry })
}

fn choose(governed: &Governed, pack: &str) {
    governed.by("authority").does("settings.choose_place", &json!({ "pack": pack }));
}

/// Drafts an entry of the provider with something laid over its text.
fn draft(governed: &Governed, id: &str, above: Value) {
    governed.by("provider").does("entries.draft", &json!({ "content": over(entry_text(governed, id), above) }));
}

/// Brings a draft up to its approval.
fn approve(governed: &Governed, id: &str, secrecy: Value) {
    governed.by("provider").does("entries.submit", &one(id));
    governed.by("authority").does("entries.review", &json!({ "entry": id, "approve": true, "secrecy": secrecy }));
}

fn decision(entry: &str, approve: bool) -> Value {
    json!({ "entry": entry, "approve": approve, "step": "authority", "reason": "依据不足" })
}

/// A secret has no way into the catalogue, in no place and for nobody: not as a draft, an edit, an import or an alteration.
/// The same text without the mark is catalogued.
// clause: A2, A3 both
#[test]
fn a_secret_has_no_way_into_the_catalogue() {
    let governed = Governed::begin();
    let (provider, authority) = (governed.by("provider"), governed.by("authority"));
    for place in ["sys", "jn"] {
        choose(&governed, place);
        let (secret, open) = (format!("secret-{place}"), format!("open-{place}"));
        for mark in ["state", "work"] {
            let content = over(entry_text(&governed, &secret), json!({ "secret": mark }));
            let refused = provider.refused("entries.draft", &json!({ "content": content }), "access.no-secret");
            assert!(refused.article.as_ref().is_some_and(|article| article.contains("A2")), "{refused:?}");
            assert!(refused.detail.zh.contains("秘密"), "{refused:?}");
            let file = json!({ "form": "json", "content": json!([content]).to_string() });
            provider.refused("catalogue.import", &file, "access.no-secret");
        }
        authority.refused("entries.show", &one(&secret), "act.unknown");

        draft(&governed, &open, json!({}));
        let marked = over(entry_text(&governed, &open), json!({ "secret": "work" }));
        let changed = json!({ "entry": open, "content": marked });
        match provider.call_with("entries.edit", &changed, &Options { if_match: Some("1".to_owned()), ..Options::default() }) {
            Err(CallError::Refused(problem)) => assert_eq!(problem.code, "access.no-secret", "{problem:?}"),
            other => panic!("{other:?}"),
        }
        approve(&governed, &open, Value::Null);
        assert_eq!(authority.does("entries.publish", &one(&open))["state"], "published");
        let refused = provider.refused("entries.alter", &changed, "record.unsound");
        assert!(refused.detail.en.contains("A2"), "{refused:?}");
    }
    governed.domain.audit();
}

/// What an entry must say is what the text of its place names: the same gap is refused in one city, by field and article, and
/// none in another.
// clause: B2, B3, B4 both
#[test]
fn each_place_asks_for_its_own_fields() {
    let governed = Governed::begin();
    let provider = governed.by("provider");
    let gaps = [
        ("category", json!({ "category": " " }), vec!["zb", "bz"]),
        ("security level", json!({ "security_level": null }), vec!["zb", "jn", "bz"]),
        ("requirements of use", json!({ "usage_requirements": "" }), vec!["zb", "jn", "bz"]),
        ("opening type", json!({ "opening": { "type": null } }), vec!["zb", "jn", "bz"]),
        ("industry", json!({ "industry": "" }), vec!["sys"]),
        ("area covered", json!({ "area_coverage": "" }), vec!["sys"]),
    ];
    let articles = [("sys", "Shuangyashan Art. 12"), ("zb", "Zibo Art. 10"), ("jn", "Jinan Art. 11"), ("bz", "Binzhou Art. 9")];
    for (place, article) in articles {
        choose(&governed, place);
        draft(&governed, &format!("{place}-whole"), json!({}));
        assert_eq!(provider.does("entries.submit", &one(&format!("{place}-whole")))["state"], "submitted");
        for (field, gap, asked_by) in &gaps {
            let id = format!("{place}-{}", field.replace(' ', "-"));
            draft(&governed, &id, gap.clone());
            if asked_by.contains(&place) {
                let refused = provider.refused("entries.submit", &one(&id), "record.unsound");
                let said = &refused.detail.en;
                assert!(said.contains(&format!("`{field}` is missing")) && said.contains(article), "{place}: {said}");
            } else if *field == "opening type" {
                // This place asks the same under another name.
                let refused = provider.refused("entries.submit", &one(&id), "record.unsound");
                assert!(refused.detail.en.contains("`open to society` is missing"), "{refused:?}");
            } else {
                assert_eq!(provider.does("entries.submit", &one(&id))["state"], "submitted", "{place} does not ask for {field}");
            }
        }
    }
    governed.domain.audit();
}

/// Class and level are mandatory: without them nothing is submitted in Zibo, and what was approved under the text of another
/// place is not published.
// clause: C4 both
#[test]
fn nothing_without_class_and_level_is_published() {
    let governed = Governed::begin();
    let (provider, authority) = (governed.by("provider"), governed.by("authority"));
    for (id, gap) in [("no-class", json!({ "category": "" })), ("no-level", json!({ "security_level": null }))] {
        draft(&governed, id, gap.clone());
        approve(&governed, id, Value::Null);
        choose(&governed, "zb");
        authority.refused("entries.publish", &one(id), "access.graded");
        draft(&governed, &format!("{id}-here"), gap);
        provider.refused("entries.submit", &one(&format!("{id}-here")), "record.unsound");
        assert_eq!(governed.by("auditor").does("entries.show", &one(id))["state"], "approved");
        choose(&governed, "sys");
    }
    choose(&governed, "zb");
    let unknown = json!({ "security_level": "level-of-nobody" });
    draft(&governed, "unknown-level", unknown);
    let refused = provider.refused("entries.submit", &one("unknown-level"), "record.unsound");
    assert!(refused.detail.en.contains("level-of-nobody"), "{refused:?}");
    governed.entry("graded");
    assert_eq!(governed.by("operator").does("entries.show", &one("graded"))["state"], "published");
    governed.domain.audit();
}

/// A stricter type of sharing waits for another person of the authority; a wider one holds at once.
// clause: D6 both
#[test]
fn stricter_sharing_waits_for_another_person_of_the_authority() {
    let mut governed = Governed::begin();
    // A bureau may provide data of its own: then one person has both roles.
    governed.domain.key("joint-bureau.key");
    let key = public_key(&governed.domain, "joint-bureau");
    let bureau = json!({
        "organisation": "joint-bureau", "name": "双鸭山市统计局", "credit_code": credit_code(90), "roles": ["authority", "provider"],
        "keys": [{ "id": key, "public_key": key }]
    });
    governed.by("authority").does("organisations.register", &over(organisation_input(&governed.domain, 2), bureau));
    for (label, person) in [("joint", "高远"), ("joint-2", "罗敏")] {
        governed.hire_for(label, "joint-bureau", &["authority", "provider"], person);
    }
    let joint = governed.by("joint");
    let sharing = |kind: &str| over(entry_text(&governed, "visits")["sharing"].clone(), json!({ "type": kind }));
    let content = over(entry_text(&governed, "visits"), json!({ "sharing": sharing("unconditional") }));
    joint.does("entries.draft", &json!({ "content": content }));
    joint.does("entries.submit", &one("visits"));
    joint.refused("entries.review", &json!({ "entry": "visits", "approve": true }), "access.reviewer-differs");
    governed.by("joint-2").does("entries.review", &json!({ "entry": "visits", "approve": true }));
    governed.by("authority").does("entries.publish", &one("visits"));
    let kind = || governed.by("operator").does("entries.show", &one("visits"))["content"]["sharing"]["type"].clone();
    let change = |kind: &str| joint.does("entries.attributes", &json!({ "entry": "visits", "sharing": sharing(kind) }));

    let waits = change("conditional");
    assert_eq!((&waits["pending"]["changes"][0], kind()), (&json!("sharing_stricter"), json!("unconditional")));
    governed.by("provider").refused("entries.approve_stricter", &decision("visits", true), "access.t1");
    let refused = joint.refused("entries.approve_stricter", &decision("visits", true), "access.reviewer-differs");
    assert!(refused.detail.zh.contains("他人"), "{refused:?}");
    assert_eq!(kind(), "unconditional");
    governed.by("joint-2").does("entries.approve_stricter", &decision("visits", true));
    assert_eq!(kind(), "conditional");
    // What is refused stays as it was, and what becomes wider waits for nobody.
    change("not_shared");
    governed.by("authority").does("entries.approve_stricter", &decision("visits", false));
    assert_eq!(kind(), "conditional");
    change("unconditional");
    assert_eq!(kind(), "unconditional");
    governed.domain.audit();
}

/// Three types of opening and no fourth; personal data and trade secrets are opened after a recorded treatment alone; a
/// stricter type waits for the authority.
// clause: E1, E2, E3 both
#[test]
fn opening_has_three_types_treatment_and_review() {
    let governed = Governed::begin();
    let (provider, authority) = (governed.by("provider"), governed.by("authority"));
    for kind in ["not_opened", "conditional", "unconditional"] {
        draft(&governed, &format!("of-type-{kind}"), json!({ "opening": { "type": kind } }));
    }
    for kind in ["half_opened", "on_request", ""] {
        let content = over(entry_text(&governed, "of-another-type"), json!({ "opening": { "type": kind } }));
        provider.refused("entries.draft", &json!({ "content": content }), "input.wrong");
    }

    let opened = json!({ "type": "unconditional", "conditions": "", "scope": "全社会", "content": "统计", "form": "文件" });
    for (id, content) in [("personal", "contains_personal"), ("trade", "contains_trade_secret")] {
        let above = over(json!({ "contains_personal": false, "contains_trade_secret": false }), json!({ content: true }));
        let above = over(above, json!({ "opening": opened }));
        draft(&governed, id, above.clone());
        let refused = provider.refused("entries.submit", &one(id), "record.unsound");
        assert!(refused.detail.en.contains("E3") && refused.detail.en.contains("Art. 37"), "{refused:?}");
        let treated = json!({ "way": "desensitised", "reference": "k-匿名, k = 20", "on": days_from_today(-20) });
        let without = json!({ "entry": id, "conversion": over(treated.clone(), json!({ "reference": " " })) });
        provider.refused("entries.convert", &without, "entries.no-reference");
        provider.does("entries.convert", &json!({ "entry": id, "conversion": treated }));
        approve(&governed, id, Value::Null);
        authority.refused("entries.publish", &one(id), "access.secrecy-reviewed");

        // The same text, treated and reviewed for secrecy, is opened.
        let id = format!("{id}-reviewed");
        draft(&governed, &id, above);
        provider.does("entries.convert", &json!({ "entry": id, "conversion": treated }));
        approve(&governed, &id, json!({ "document": "保密审查 7", "on": days_from_today(-10), "favourable": true }));
        authority.does("entries.publish", &one(&id));
    }

    let id = "personal-reviewed";
    let kind = || governed.by("exchange").does("entries.show", &one(id))["content"]["opening"]["type"].clone();
    let to = |kind: &str| json!({ "entry": id, "opening": over(opened.clone(), json!({ "type": kind })) });
    let waits = provider.does("entries.attributes", &to("not_opened"));
    assert_eq!((&waits["pending"]["changes"][0], kind()), (&json!("opening_stricter"), json!("unconditional")));
    provider.refused("entries.approve_stricter", &decision(id, true), "access.t1");
    authority.does("entries.approve_stricter", &decision(id, false));
    assert_eq!(kind(), "unconditional", "refused, it stays");
    provider.does("entries.attributes", &to("not_opened"));
    authority.does("entries.approve_stricter", &decision(id, true));
    assert_eq!(kind(), "not_opened");
    provider.refused("entries.attributes", &to("unconditional"), "catalogue.no-conversion");
    governed.domain.audit();
}

/// Rules have a first and a last day. Outside them nothing is published, with the article; where the place says `warn`, it
/// is, with a warning. Every decision in the public log names its pack and the digest of it.
// clause: A7 both
#[test]
fn nothing_is_decided_under_rules_that_have_ended() {
    let governed = Governed::begin();
    let (authority, regulator) = (governed.by("authority"), governed.by("regulator"));
    let text = fs::read_to_string(repository("policies/packs/sys.toml")).expect("a pack");
    let pack = |id: &str, first: i64, last: i64, when: &str| {
        let mut changed = text.clone();
        for (from, to) in [
            ("id = \"sys\"", format!("id = \"{id}\"")),
            ("effective = \"2026-02-11\"", format!("effective = \"{}\"", days_from_today(first))),
            ("last_day = \"2028-02-10\"", format!("last_day = \"{}\"", days_from_today(last))),
            ("when_expired = \"refuse\"", format!("when_expired = \"{when}\"")),
        ] {
            assert!(changed.contains(from), "{from}");
            changed = changed.replacen(from, &to, 1);
        }
        json!({ "text": changed })
    };
    governed.by("provider").refused("settings.load_pack", &pack("mine", -3, 3, "refuse"), "access.t1");
    authority.refused("settings.load_pack", &pack("turned", 3, -3, "refuse"), "pack.dates");
    let cases = [
        ("ended", -30, -3, "refuse", false),
        ("later", 3, 30, "refuse", false),
        ("warned", -30, -3, "warn", true),
        ("running", -30, 3, "refuse", true),
    ];
    for (id, first, last, when, allowed) in cases {
        choose(&governed, "sys");
        draft(&governed, id, json!({}));
        approve(&governed, id, Value::Null);
        authority.does("settings.load_pack", &pack(id, first, last, when));
        choose(&governed, id);
        let shown = governed.by("auditor").does("settings.show", &json!({}));
        let found = shown["packs"].as_array().and_then(|packs| packs.iter().find(|pack| pack["pack"] == id)).expect("the pack");
        assert_eq!((&shown["pack"], found["in_force"].as_bool()), (&json!(id), Some(allowed)), "{shown}");
        assert!(!shown["warnings"][0]["zh"].to_string().is_empty(), "{id}: what ends or has ended is warned of: {shown}");
        if allowed {
            authority.does("entries.publish", &one(id));
        } else {
            let refused = authority.refused("entries.publish", &one(id), "access.rules-in-force");
            assert!(refused.article.as_ref().is_some_and(|article| article.contains("Art. 78")), "{refused:?}");
            assert_eq!(regulator.does("entries.show", &one(id))["state"], "approved");
        }
        let decided = regulator.does("log.search", &json!({ "kind": "decided" }));
        let last = &decided["matches"].as_array().and_then(|found| found.last()).expect("a decision")["content"];
        if allowed {
            assert_eq!((&last["pack"], &last["pack_digest"]), (&json!(id), &found["digest"]), "{last}");
        } else {
            assert_ne!(last["pack"], id, "nothing was decided under it: {last}");
        }
    }
    governed.domain.audit();
}
