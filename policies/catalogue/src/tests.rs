//! Entries, their changes and their files, by the rules of the five places.

use crate::*;
use jiff::civil::date;
use std::collections::BTreeMap;
use tidegate_parties::{CreditCode, DutyBearers, NationalId, Scheme};
use tidegate_rules::{Duty, LegalRank, LevelMatrix, OpeningType, Pack, ReviewBy, SharingType, built_in_packs};
use tidegate_terms::{Message as _, Name, UnitKind};

fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

fn pack(id: &str) -> Pack {
    built_in_packs().expect("packs").into_iter().find(|pack| pack.rules().id.as_str() == id).expect("pack")
}

fn levels() -> LevelMatrix {
    LevelMatrix::built_in().expect("levels")
}

/// An entry that is sound in all five places.
fn entry() -> Entry {
    Entry {
        id: name("visits"),
        name: "门诊就诊记录".into(),
        summary: "全市门诊就诊情况".into(),
        format: "数据库".into(),
        industry: "卫生".into(),
        time_coverage: "2020年至今".into(),
        area_coverage: "全市".into(),
        update_frequency: Some(Frequency::Monthly),
        provider: Provider { name: "市卫生健康委员会".into(), code: CreditCode::parse("91350100M000100Y43").expect("code") },
        sharing: Sharing { kind: Some(SharingType::Unconditional), way: "接口".into(), ..Sharing::default() },
        opening: Opening { kind: Some(OpeningType::NotOpened), ..Opening::default() },
        operation_status: OperationStatus::Planned,
        operation_scenarios: vec!["保险精算".into(), "=cmd|' /C calc'!A0".into()],
        items: vec![Item { name: "身份证号".into(), format: "C18".into() }, Item { name: "费用,\"元\"".into(), format: "N(10,2)".into() }],
        category: "卫生健康".into(),
        security_level: Some(name("l3")),
        usage_requirements: "仅限统计".into(),
        unit: Some(Unit { item: "身份证号".into(), kind: UnitKind::Person }),
        origin: Origin::OwnDuties,
        standard_source: None,
        secret: None,
        contains_personal: true,
        contains_trade_secret: false,
        specific_scope: false,
        conversions: vec![],
        emergency: None,
        duties: DutyBearers(Duty::ALL.iter().map(|duty| (*duty, name("bureau"))).collect::<BTreeMap<_, _>>()),
        national_ids: vec![NationalId::parse(Scheme::Catalogue, "国家平台", "DR-2026-7").expect("id")],
    }
}

fn codes(entry: &Entry, place: &str) -> Vec<String> {
    entry.check(&pack(place), &levels()).iter().map(|error| error.code()).collect()
}

fn basis(rank: LegalRank) -> Vec<LegalBasis> {
    vec![LegalBasis { law: "某法".into(), article: "第一条".into(), rank }]
}

// clause: B1, B2, B3 both
// clause: B4 permitted
#[test]
fn each_place_asks_for_its_own_fields() {
    for place in ["jn", "sys", "zb", "qb", "bz"] {
        assert_eq!(codes(&entry(), place), Vec::<String>::new(), "{place}");
    }
    let bare = Entry { industry: String::new(), category: " ".into(), ..entry() };
    let missing = |place: &str| -> Vec<String> { bare.check(&pack(place), &levels()).iter().map(ToString::to_string).collect() };
    assert_eq!(missing("sys"), ["the field `industry` is missing (rule B1, Shuangyashan Art. 12): fill it in"]);
    assert_eq!(missing("zb"), ["the field `category` is missing (rule B2, Zibo Art. 10): fill it in"]);
    assert_eq!(missing("jn"), Vec::<String>::new());
    let all = Entry {
        name: String::new(),
        summary: String::new(),
        format: String::new(),
        industry: String::new(),
        time_coverage: String::new(),
        area_coverage: String::new(),
        update_frequency: None,
        provider: Provider { name: String::new(), ..entry().provider },
        sharing: Sharing { kind: Some(SharingType::Conditional), ..Sharing::default() },
        opening: Opening { kind: None, ..Opening::default() },
        operation_scenarios: vec![],
        items: vec![],
        ..entry()
    };
    let found = codes(&all, "sys");
    // 18 fields, less code, sharing type, opening conditions and operation status, which are there or do not apply.
    assert_eq!(found.iter().filter(|code| *code == "catalogue.incomplete").count(), 14, "{found:?}");
}

#[test]
fn what_an_objection_took_out_does_not_come_back() {
    let (pack, levels) = (pack("sys"), levels());
    let act = |record: &Record, act: Act, by: &str| record.act(act, &name(by), &pack, &levels);
    let mut record = Record::draft(entry());
    for (step, by) in [(Act::Submit, "li"), (Act::Approve, "wang"), (Act::Publish, "wang"), (Act::Suspend("异议".into()), "zhao")] {
        record = act(&record, step, by).expect("possible").0;
    }
    assert_eq!(record.submitted_by(), Some(&name("li")));
    assert_eq!(act(&record, Act::Withdraw(" ".into()), "li").expect_err("no reason").code(), "record.no-reason");
    let (gone, effects) = act(&record, Act::Withdraw("属实".into()), "li").expect("withdrawn");
    assert_eq!(gone.state(), State::Withdrawn);
    assert!(matches!(effects.as_slice(), [Effect::SuspendGrants { .. }]));
    assert_eq!(act(&gone, Act::Restore, "li").expect_err("over").code(), "record.state");
}

// clause: A2, A3, A5, B13, J4 refused
// clause: E3 both
#[test]
fn secrets_closed_content_units_and_bought_data_are_refused() {
    let secret = Entry { secret: Some(Secret::Work), items: vec![], ..entry() };
    assert_eq!(codes(&secret, "sys"), ["catalogue.secret"]);
    let opened = Entry { opening: Opening { kind: Some(OpeningType::Unconditional), ..Opening::default() }, ..entry() };
    assert_eq!(codes(&opened, "sys"), ["catalogue.closed"]);
    let conversion = Conversion { way: ConversionWay::Desensitised, reference: "k-匿名".into(), on: date(2026, 3, 1), by: name("li") };
    assert_eq!(codes(&Entry { conversions: vec![conversion], ..opened }, "sys"), Vec::<String>::new());
    assert_eq!(codes(&Entry { unit: None, ..entry() }, "sys"), ["catalogue.no-unit"]);
    let other = Unit { item: "姓名".into(), kind: UnitKind::Person };
    assert_eq!(codes(&Entry { unit: Some(other), ..entry() }, "sys"), ["catalogue.no-unit"]);
    assert_eq!(codes(&Entry { origin: Origin::Purchased { approval: Some(" ".into()) }, ..entry() }, "zb"), ["catalogue.no-approval"]);
    assert_eq!(codes(&Entry { security_level: Some(name("l9")), ..entry() }, "sys"), ["catalogue.unknown-level"]);
    assert_eq!(codes(&Entry { summary: "a\u{0}b".into(), ..entry() }, "sys"), ["catalogue.text"]);
    assert_eq!(codes(&Entry { duties: DutyBearers::default(), ..entry() }, "qb"), ["duty.missing"]);
}

// clause: D2, D5 both
// clause: D4 refused
#[test]
fn a_legal_basis_must_be_high_enough_for_its_place() {
    let with = |kind, basis| Entry {
        sharing: Sharing {
            kind: Some(kind),
            conditions: "有".into(),
            scope: "各部门".into(),
            purpose: "统计".into(),
            basis,
            ..entry().sharing
        },
        ..entry()
    };
    use LegalRank::{AdministrativeRegulation, Provision, Rules};
    use SharingType::{Conditional, NotShared};
    for (place, kind, rank, expected) in [
        ("sys", NotShared, Provision, None),
        ("zb", NotShared, Rules, Some("catalogue.low-basis")),
        ("zb", NotShared, AdministrativeRegulation, None),
        ("zb", Conditional, Provision, None),
        ("jn", NotShared, Rules, None),
        ("jn", NotShared, Provision, Some("catalogue.low-basis")),
        ("bz", Conditional, Rules, Some("catalogue.low-basis")),
        ("qb", NotShared, Provision, None),
    ] {
        assert_eq!(codes(&with(kind, basis(rank)), place), Vec::from_iter(expected.map(str::to_owned)), "{place} {kind} {rank}");
    }
    assert_eq!(codes(&with(NotShared, vec![]), "sys"), ["catalogue.no-basis"]);
    let vague = Entry { sharing: Sharing { scope: String::new(), ..with(Conditional, basis(Provision)).sharing }, ..entry() };
    assert_eq!(codes(&vague, "sys"), ["catalogue.no-conditions"]);
}

/// A published record, made by Li and approved by Wang.
fn published(entry: Entry, place: &str) -> Record {
    let (pack, levels) = (pack(place), levels());
    let step = |record: Record, act, by: &str| record.act(act, &name(by), &pack, &levels).expect("step").0;
    let record = step(Record::draft(entry), Act::Submit, "li");
    step(step(record, Act::Approve, "wang"), Act::Publish, "wang")
}

// clause: A2 refused
// clause: B7, C1, C4 both
#[test]
fn who_submitted_does_not_review_and_nothing_ungraded_is_published() {
    let (place, levels) = (pack("sys"), levels());
    let act = |record: &Record, act, by: &str| record.act(act, &name(by), &place, &levels);
    let refused = |record: &Record, what, by: &str| act(record, what, by).expect_err("refused").code();
    let draft = Record::draft(entry());
    assert_eq!(refused(&draft, Act::Publish, "wang"), "record.state");
    let submitted = act(&draft, Act::Submit, "li").expect("submitted").0;
    assert_eq!(refused(&submitted, Act::Approve, "li"), "record.same-person");
    assert_eq!(refused(&submitted, Act::Return(" ".into()), "wang"), "record.no-reason");
    assert_eq!(act(&submitted, Act::Return("补充摘要".into()), "wang").expect("returned").0.state(), State::Draft);
    let approved = act(&submitted, Act::Approve, "wang").expect("approved").0;
    assert_eq!(refused(&approved, Act::Publish, "li"), "record.same-person");
    assert_eq!(act(&approved, Act::Publish, "wang").expect("published").0.state(), State::Published);
    let ungraded = Record::draft(Entry { security_level: None, ..entry() });
    let ungraded = act(&act(&ungraded, Act::Submit, "li").expect("submitted").0, Act::Approve, "wang").expect("approved").0;
    assert_eq!(refused(&ungraded, Act::Publish, "wang"), "catalogue.not-graded");
    assert_eq!(refused(&Record::draft(Entry { secret: Some(Secret::State), ..entry() }), Act::Submit, "li"), "record.unsound");
    let published = published(entry(), "sys");
    let (suspended, effects) = act(&published, Act::Suspend("异议".into()), "li").expect("suspended");
    assert!(matches!(effects.as_slice(), [Effect::SuspendGrants { .. }]));
    assert_eq!(act(&suspended, Act::Restore, "wang").expect("restored").0.state(), State::Published);
}

/// All three moves to a stricter sharing type, and both of opening, wait for review (rules D6 and E2).
// clause: D6 both
// clause: D8 permitted
// clause: D9, E2 refused
#[test]
fn stricter_attributes_wait_and_wider_ones_do_not() {
    let shared = |kind| Entry {
        sharing: Sharing {
            kind: Some(kind),
            conditions: "有".into(),
            scope: "各部门".into(),
            purpose: "统计".into(),
            basis: basis(LegalRank::Law),
            ..entry().sharing
        },
        ..entry()
    };
    use SharingType::{Conditional, NotShared, Unconditional};
    for (from, to) in [(Unconditional, Conditional), (Unconditional, NotShared), (Conditional, NotShared)] {
        let (place, levels) = (pack("sys"), levels());
        let record = published(shared(from), "sys");
        let (pending, effects) = record.act(Act::Alter(Box::new(shared(to))), &name("li"), &place, &levels).expect("proposed");
        assert!(effects.is_empty() && pending.entry().sharing.kind == Some(from), "it does not hold yet");
        assert_eq!(pending.pending().expect("pending").0.approvals[0].1.to_string(), "rule D6, Shuangyashan Art. 26");
        let step = |by: &str| pending.act(Act::ApproveStep(ReviewBy::Authority), &name(by), &place, &levels);
        assert_eq!(step("li").expect_err("own").code(), "record.same-person");
        let (settled, _) = step("wang").expect("approved");
        assert_eq!((settled.entry().sharing.kind, settled.version(), settled.earlier().len()), (Some(to), 2, 1));
    }
    let needs = |from, to| compare(&shared(from), &shared(to), &pack("sys"), &levels());
    assert!(needs(Conditional, Unconditional).expect("wider").approvals.is_empty());
    assert_eq!(needs(NotShared, Conditional).expect_err("no record").code(), "catalogue.no-conversion");
    let open = |kind| Entry {
        opening: Opening { kind: Some(kind), conditions: "申请".into(), ..Opening::default() },
        contains_personal: false,
        ..entry()
    };
    use OpeningType as Open;
    for (from, to) in
        [(Open::Unconditional, Open::Conditional), (Open::Unconditional, Open::NotOpened), (Open::Conditional, Open::NotOpened)]
    {
        let needs = compare(&open(from), &open(to), &pack("zb"), &levels()).expect("needs");
        assert_eq!(needs.approvals.iter().map(|step| step.1.to_string()).collect::<Vec<_>>(), ["rule E2, Zibo Art. 29"]);
    }
    assert_eq!(
        compare(&open(Open::NotOpened), &open(Open::Conditional), &pack("zb"), &levels()).expect_err("none").code(),
        "catalogue.no-conversion"
    );
}

// clause: B10, D7 both
#[test]
fn two_steps_where_the_text_wants_two() {
    let kind = Some(SharingType::NotShared);
    let strict = Entry { sharing: Sharing { kind, basis: basis(LegalRank::Law), ..entry().sharing }, ..entry() };
    let by = |place: &str, new: &Entry| -> Vec<ReviewBy> {
        compare(&entry(), new, &pack(place), &levels()).expect("needs").approvals.into_iter().map(|step| step.0).collect()
    };
    let only_type = Entry { sharing: Sharing { kind, ..entry().sharing }, ..entry() };
    assert_eq!(by("qb", &only_type), [ReviewBy::Authority, ReviewBy::Government]);
    assert_eq!(by("sys", &only_type), [ReviewBy::Authority]);
    assert_eq!(by("bz", &only_type), [ReviewBy::Authority, ReviewBy::CityAuthority]);
    let (place, levels) = (pack("qb"), levels());
    let record = published(entry(), "qb");
    let (pending, _) = record.act(Act::Alter(Box::new(strict)), &name("li"), &place, &levels).expect("proposed");
    let step = |record: &Record, step, by: &str| record.act(Act::ApproveStep(step), &name(by), &place, &levels);
    assert_eq!(step(&pending, ReviewBy::Government, "zhao").expect_err("order").code(), "record.other-step");
    let once = step(&pending, ReviewBy::Authority, "wang").expect("first").0;
    assert_eq!(once.entry().sharing.kind, Some(SharingType::Unconditional));
    assert_eq!(step(&once, ReviewBy::Government, "wang").expect_err("same").code(), "record.same-person");
    assert_eq!(step(&once, ReviewBy::Government, "zhao").expect("second").0.entry().sharing.kind, kind);
    let (deleted, _) = published(entry(), "bz").act(Act::Delete("职能调整".into()), &name("li"), &pack("bz"), &levels).expect("proposed");
    assert_eq!(deleted.pending().expect("pending").0.approvals.len(), 2);
    assert_eq!(deleted.state(), State::Published);
}

// clause: C3 both
#[test]
fn a_higher_level_suspends_grants_and_a_lower_one_is_reviewed() {
    let level = |level: &str| Entry { security_level: Some(name(level)), ..entry() };
    let needs = |from: &str, to: &str| compare(&level(from), &level(to), &pack("sys"), &levels()).expect("needs");
    let up = needs("l2", "l4");
    assert!(up.approvals.is_empty() && up.effects.iter().any(|effect| matches!(effect, Effect::SuspendGrants { .. })));
    let down = needs("l4", "l2");
    assert_eq!(down.approvals.len(), 1);
    assert!(!down.effects.iter().any(|effect| matches!(effect, Effect::SuspendGrants { .. })));
}

// clause: D3 permitted
// clause: D10 both
#[test]
fn an_emergency_relaxes_sharing_for_its_days_alone() {
    let kind = Some(SharingType::NotShared);
    let emergency = Emergency {
        incident: "防汛".into(),
        first: date(2026, 7, 1),
        last: date(2026, 7, 10),
        approver: name("wang"),
        kind: SharingType::Conditional,
    };
    let strict =
        Entry { sharing: Sharing { kind, basis: basis(LegalRank::Law), ..entry().sharing }, emergency: Some(emergency.clone()), ..entry() };
    let on = |day| effective_sharing(&strict, &pack("jn"), day);
    assert_eq!(
        [on(date(2026, 6, 30)), on(date(2026, 7, 1)), on(date(2026, 7, 10)), on(date(2026, 7, 11))],
        [SharingType::NotShared, SharingType::Conditional, SharingType::Conditional, SharingType::NotShared]
    );
    assert_eq!(codes(&strict, "jn"), Vec::<String>::new());
    assert_eq!(codes(&strict, "sys"), ["catalogue.no-emergency"]);
    let quiet = Entry { emergency: None, ..strict.clone() };
    let needs = compare(&quiet, &strict, &pack("jn"), &levels()).expect("needs");
    assert!(needs.approvals.is_empty() && needs.changes == [Change::Emergency], "{needs:?}");
    let backwards = Emergency { last: date(2026, 6, 1), ..emergency };
    assert_eq!(codes(&Entry { emergency: Some(backwards), ..strict }, "jn"), ["catalogue.emergency-dates"]);
    let unstated = Entry { sharing: Sharing { kind: None, ..entry().sharing }, ..entry() };
    assert_eq!(effective_sharing(&unstated, &pack("sys"), date(2026, 7, 1)), SharingType::Unconditional);
    assert_eq!(effective_sharing(&unstated, &pack("zb"), date(2026, 7, 1)), SharingType::NotShared);
}

// clause: D11, G32 both
#[test]
fn data_enter_operation_graded_and_with_consent() {
    let code = |entry: Entry, place: &str| entry.check_operable(&pack(place)).err().map(|error| error.code());
    assert_eq!(code(entry(), "sys"), None);
    assert_eq!(code(Entry { category: String::new(), ..entry() }, "sys").as_deref(), Some("catalogue.not-graded"));
    assert_eq!(code(Entry { secret: Some(Secret::State), ..entry() }, "sys").as_deref(), Some("catalogue.secret"));
    let shared = |consent: Option<&str>| Entry { origin: Origin::Shared { consent: consent.map(str::to_owned) }, ..entry() };
    assert_eq!(code(shared(None), "jn").as_deref(), Some("catalogue.no-consent"));
    assert_eq!(code(shared(Some(" ")), "sys").as_deref(), Some("catalogue.no-consent"));
    assert_eq!(code(shared(Some("复函〔2026〕2号")), "sys"), None);
}

// clause: B1, B5, B6, B12 permitted
#[test]
fn what_is_exported_comes_back() {
    let second = Entry {
        id: name("b"),
        update_frequency: None,
        security_level: None,
        summary: "'多行\"文字\"，逗号,".into(),
        unit: None,
        origin: Origin::Shared { consent: None },
        secret: Some(Secret::Work),
        contains_trade_secret: true,
        national_ids: vec![],
        items: vec![],
        sharing: Sharing { basis: basis(LegalRank::Rules), review_due: Some(date(2027, 1, 1)), ..Sharing::default() },
        operation_scenarios: vec![],
        ..entry()
    };
    let entries = [entry(), second];
    let csv = export_csv(&entries);
    assert_eq!(import_csv(&csv).expect("csv"), entries);
    assert_eq!(import_csv(&csv.replace("\r\n", "\n")).expect("csv"), entries);
    let json = export_json(&entries).expect("json");
    assert_eq!(import_json(&json).expect("json"), entries);
    assert!(csv.contains("数据资源名称") && csv.contains("\r\n"));
    // Every field of an entry has its column: nothing is lost in silence.
    let value = serde_json::to_value(entry()).expect("value");
    for field in value.as_object().expect("object").keys() {
        assert!(csv.lines().next().expect("head").contains(field.as_str()), "{field}");
    }
    let dcat: serde_json::Value = serde_json::from_str(&export_dcat(&entries, "https://data.example/entry/", "目录")).expect("dcat");
    assert_eq!(dcat["dcat:dataset"][0]["@id"], "https://data.example/entry/visits");
    assert_eq!(dcat["dcat:dataset"][0]["dct:accrualPeriodicity"], "http://purl.org/cld/freq/monthly");
}

// clause: A6, B1 refused
#[test]
fn wrong_files_say_what_is_wrong() {
    let csv = export_csv(&[entry()]);
    let code = |text: &str| import_csv(text).expect_err("refused").code();
    assert_eq!(code(""), "catalogue-csv.no-header");
    assert_eq!(code(&csv.replacen("summary", "sumary", 1)), "catalogue-csv.header");
    assert_eq!(code(&csv.replacen("summary", "name", 1)), "catalogue-csv.header");
    assert_eq!(code(&format!("{csv}a,b\r\n")), "catalogue-csv.cells");
    assert_eq!(code(&format!("{csv}\"a")), "catalogue-csv.quote");
    assert_eq!(code(&csv.replace("91350100M000100Y43", "91350100M000100Y44")), "catalogue-csv.value");
    assert_eq!(code(&csv.replace("monthly", "每月一次")), "catalogue-csv.value");
    assert_eq!(import_json("[{\"id\": \"x\", \"nam\": 1}]").expect_err("refused").code(), "catalogue.syntax");
}

// clause: D8, F14 permitted
#[test]
fn lists_follow_from_what_is_published() {
    let conditional = Sharing {
        kind: Some(SharingType::Conditional),
        conditions: "有".into(),
        scope: "部门".into(),
        purpose: "统计".into(),
        basis: basis(LegalRank::Law),
        review_due: Some(date(2026, 6, 30)),
        way: "接口".into(),
    };
    let strict = Sharing { kind: Some(SharingType::NotShared), basis: basis(LegalRank::Law), ..Sharing::default() };
    let records = [
        published(entry(), "sys"),
        published(Entry { sharing: conditional, ..entry() }, "sys"),
        published(Entry { sharing: strict, ..entry() }, "sys"),
        Record::draft(entry()),
    ];
    let on = |day| {
        let pack = pack("sys");
        let lists = lists(&records, &[], &pack, day);
        (lists.to_share.len(), lists.not_shared.len(), lists.to_open.len(), lists.assessment_overdue.len())
    };
    assert_eq!(on(date(2026, 6, 30)), (2, 1, 0, 0));
    assert_eq!(on(date(2026, 7, 1)), (2, 1, 0, 1));
    assert_eq!(Frequency::Monthly.fresh_until(date(2026, 1, 31)), Some(date(2026, 2, 28)));
}
