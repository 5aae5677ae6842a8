//! Conditions, one by one, and denials that no permit prevents.

use super::*;

fn rules() -> AccessRules {
    AccessRules::built_in().expect("policies")
}

fn request(role: Role, action: Action, state: &'static str) -> Request<'static> {
    let actor = Actor { account: "someone", role, organisation: "here" };
    let resource = Resource { kind: action.kind(), id: "thing", state, owner: "here", counterpart: "there" };
    Request { actor, action, resource, facts: Facts::all_met() }
}

fn denied(decision: Decision) -> Denial {
    match decision {
        Decision::Deny(denial) => denial,
        Decision::Allow { policy, .. } => panic!("allowed by {policy}"),
    }
}

// clause: A1, A7, C1, C2, D11, E9, F2, F9, F10, G1, G2, G8, G15, G27, G30, G32, I9, J5, K9 both
#[test]
fn a_run_needs_every_one_of_its_conditions() {
    let rules = rules();
    let run = request(Role::Operator, Action::RequestRun, "queued");
    assert!(matches!(rules.decide(&run), Decision::Allow { policy, .. } if policy == "run-quoted-and-requested-by-the-operator"));
    let mut conditions = 0;
    for name in Facts::NAMES {
        if let Decision::Deny(denial) = rules.decide(&Request { facts: Facts::all_but(name), ..run }) {
            assert!(denial.also.is_empty() && denial.clause.article.is_some(), "{denial:?}");
            conditions += 1;
        }
    }
    assert_eq!(conditions, 20, "and the term of the grant");
    let late = Facts { today: 11, grant_first_day: 1, grant_last_day: 10, ..Facts::all_met() };
    assert_eq!(denied(rules.decide(&Request { facts: late, ..run })).policy, "within-the-term");
    assert!(matches!(rules.decide(&Request { facts: Facts { today: 10, ..late }, ..run }), Decision::Allow { .. }));
    let nothing = denied(rules.decide(&Request { facts: Facts::default(), ..run }));
    assert_eq!((nothing.policy.as_str(), nothing.also.len()), ("rules-in-force", 19));
}

// clause: B7, F12 refused
#[test]
fn a_denial_speaks_with_its_article_and_that_of_the_place() {
    let rules = rules();
    let review = Request { facts: Facts::all_but("reviewer_differs"), ..request(Role::Authority, Action::ReviewEntry, "submitted") };
    let denial = denied(rules.decide(&review));
    assert_eq!(denial.to_string(), "who submitted may not review: another person must decide (rule B7, Shuangyashan Art. 12)");
    assert_eq!(denial.say(Language::Chinese), "提交人不得自行审核：须由他人决定（规则 B7，双鸭山第十二条）");
    assert_eq!(denial.code(), "access.reviewer-differs");
    let packs = tidegate_rules::built_in_packs().expect("packs");
    let zibo = packs.iter().find(|pack| pack.rules().id.as_str() == "zb").expect("pack");
    assert_eq!(format!("{:#}", denial.in_pack(zibo).clause), "规则 B7，淄博第十条");
}

// clause: A1, F12 refused
#[test]
fn what_no_permit_names_is_denied_by_a_rule_of_its_own() {
    let rules = rules();
    let rule = |request: Request<'_>| denied(rules.decide(&request)).policy;
    assert_eq!(rule(request(Role::Auditor, Action::RequestRun, "queued")), "T1");
    assert_eq!(rule(request(Role::Provider, Action::DraftEntry, "published")), "T2");
    let foreign = request(Role::Provider, Action::DraftEntry, "draft");
    assert_eq!(rule(Request { resource: Resource { owner: "elsewhere", ..foreign.resource }, ..foreign }), "T3");
    assert_eq!(rule(request(Role::Provider, Action::DraftEntry, "nowhere")), "T4");
    let other = Resource { kind: Kind::Run, state: "queued", ..foreign.resource };
    assert_eq!(rule(Request { resource: other, ..foreign }), "T4");
    let odd = Actor { account: "a\"b\u{202e}\u{0}", organisation: "\" == resource.owner", ..foreign.actor };
    assert_eq!(rule(Request { actor: odd, ..foreign }), "T3");
}

// clause: E4, K1 both
#[test]
fn nobody_but_provider_sees_exact_counts_and_auditors_only_read() {
    let rules = rules();
    for &role in Role::ALL {
        let allowed = rules.permits(&request(role, Action::ReadImportReport, "mounted"));
        assert_eq!(allowed, role == Role::Provider, "{role}");
    }
    let reads = ["read_", "show_", "verify_", "trace_", "export_", "make_report", "manage_tokens"];
    for &action in Action::ALL {
        let may = action.kind().states().iter().any(|(state, _)| rules.permits(&request(Role::Auditor, action, state)));
        assert!(!may || reads.iter().any(|read| action.name().starts_with(read)), "{}", action.name());
    }
}
