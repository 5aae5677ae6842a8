//! The one decision.

use crate::policies::AccessRules;
use crate::{Action, Facts, Kind};
use cedar_policy::{
    Authorizer, Context, Decision as Cedar, Entities, Entity, EntityId, EntityUid, PolicySet, Request as CedarRequest, RestrictedExpression,
};
use std::collections::{HashMap, HashSet};
use tidegate_parties::Role;
use tidegate_rules::{Clause, Pack};
use tidegate_terms::{Language, Message};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor<'a> {
    /// The account.
    pub account: &'a str,
    /// In which role.
    pub role: Role,
    /// For which organisation.
    pub organisation: &'a str,
}

/// What it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resource<'a> {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub id: &'a str,
    /// Its state, one of [`Kind::states`].
    pub state: &'a str,
    /// The organisation whose it is.
    pub owner: &'a str,
    /// The other party, or empty.
    pub counterpart: &'a str,
}

/// A question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Who.
    pub actor: Actor<'a>,
    /// Does what.
    pub action: Action,
    /// To what.
    pub resource: Resource<'a>,
    /// Under which circumstances.
    pub facts: Facts,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes, by this policy.
    Allow {
        /// The policy.
        policy: String,
        /// Its clause.
        clause: Clause,
    },
    /// No.
    Deny(Denial),
}

/// A no, with its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The policy that says no; `T1` to `T4` where no policy says yes.
    pub policy: String,
    /// Rule and article.
    pub clause: Clause,
    /// Why and what to do, in English.
    pub en: String,
    /// The same in Chinese.
    pub zh: String,
    /// Further conditions that are not met, in the order of their file.
    pub also: Vec<String>,
}

impl Denial {
    fn own(rule: &'static str, en: String, zh: String) -> Self {
        Self { policy: rule.to_owned(), clause: Clause::own(rule), en, zh, also: vec![] }
    }

    /// The same with the article of the place, where its pack has this rule.
    #[must_use]
    pub fn in_pack(mut self, pack: &Pack) -> Self {
        if let Some(clause) = pack.clause_of_rule(&self.clause.rule) {
            self.clause = clause;
        }
        self
    }
}

impl Message for Denial {
    fn code(&self) -> String {
        format!("access.{}", self.policy.to_lowercase())
    }

    fn say(&self, language: Language) -> String {
        match language {
            Language::English => format!("{} ({})", self.en, self.clause),
            Language::Chinese => format!("{}（{:#}）", self.zh, self.clause),
        }
    }
}

impl std::fmt::Display for Denial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.say(Language::English))
    }
}

impl std::error::Error for Denial {}

/// What Cedar said: yes or no, the policies that decided, and whether it stumbled.
struct Heard {
    allowed: bool,
    policies: Vec<String>,
    sound: bool,
}

impl AccessRules {
    /// Decides a request. It never panics and never says no without a rule.
    pub fn decide(&self, request: &Request<'_>) -> Decision {
        if request.action.kind() != request.resource.kind || request.resource.kind.state(request.resource.state).is_none() {
            return Decision::Deny(misfit(request));
        }
        match self.hear(&self.permits, request) {
            None => Decision::Deny(misfit(request)),
            Some(heard) if !heard.sound => Decision::Deny(misfit(request)),
            Some(heard) if !heard.allowed => Decision::Deny(self.explain(request)),
            Some(permitted) => match self.hear(&self.all, request) {
                Some(heard) if heard.sound && heard.allowed => self.allow(&permitted.policies),
                Some(heard) if heard.sound => Decision::Deny(self.deny(request, &heard.policies)),
                _ => Decision::Deny(misfit(request)),
            },
        }
    }

    /// Whether a permit lets the actor act, whatever the conditions.
    pub(crate) fn permits(&self, request: &Request<'_>) -> bool {
        self.hear(&self.permits, request).is_some_and(|heard| heard.sound && heard.allowed)
    }

    fn allow(&self, policies: &[String]) -> Decision {
        let first = policies.iter().filter_map(|id| self.known.get(id).map(|known| (known.order, id, known))).min_by_key(|found| found.0);
        let (policy, clause) = match first {
            Some((_, id, known)) => (id.clone(), known.clause.clone()),
            None => (String::new(), Clause::own("T1")),
        };
        Decision::Allow { policy, clause }
    }

    fn deny(&self, request: &Request<'_>, policies: &[String]) -> Denial {
        let mut unmet: Vec<_> = policies.iter().filter_map(|id| self.known.get(id).map(|known| (known.order, id, known))).collect();
        unmet.sort_by_key(|found| found.0);
        let also = unmet.iter().skip(1).map(|found| found.1.clone()).collect();
        match unmet.first() {
            Some((_, id, known)) => {
                let (policy, clause) = ((*id).clone(), known.clause.clone());
                Denial { policy, clause, en: known.en.clone(), zh: known.zh.clone(), also }
            }
            None => misfit(request),
        }
    }

    /// Why no permit fits: the role, whose thing it is, or its state.
    fn explain(&self, request: &Request<'_>) -> Denial {
        let (actor, action, resource) = (request.actor, request.action, request.resource);
        let (role, kind) = (actor.role, resource.kind);
        let states =
            || kind.states().iter().filter(|(state, _)| self.permits(&Request { resource: Resource { state, ..resource }, ..*request }));
        let (en, zh) = (action.shown().en, action.shown().zh);
        if states().next().is_some() {
            let english = states().map(|(state, _)| *state).collect::<Vec<_>>().join(", ");
            let chinese = states().map(|(_, said)| *said).collect::<Vec<_>>().join("、");
            let now = kind.states().iter().find(|(state, _)| *state == resource.state).map_or("", |(_, said)| said);
            return Denial::own(
                "T2",
                format!("{kind}: {en} is possible in the state {english}, but it is {}", resource.state),
                format!("{kind:#}：“{zh}”仅在以下状态可行：{chinese}；当前为{now}"),
            );
        }
        let own = |owner, counterpart| {
            let states = kind.states().iter();
            states
                .into_iter()
                .any(|(state, _)| self.permits(&Request { resource: Resource { state, owner, counterpart, ..resource }, ..*request }))
        };
        if own(actor.organisation, "") || own("", actor.organisation) {
            return Denial::own(
                "T3",
                format!("{kind}: {en} is for the organisation that it belongs to: act for that one, or ask it"),
                format!("{kind:#}：“{zh}”仅限所属机构：请以该机构身份操作，或请其办理"),
            );
        }
        Denial::own(
            "T1",
            format!("{kind}: {en} is not for the role {role}: the table of roles (docs/access-table.md) says for whom it is"),
            format!("{kind:#}：角色“{role:#}”不得“{zh}”：可行角色见角色权限表（docs/access-table.md）"),
        )
    }

    fn hear(&self, policies: &PolicySet, request: &Request<'_>) -> Option<Heard> {
        let uid = |kind: &str, id: &str| {
            let kind = self.types.get(kind)?.clone();
            Some(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
        };
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let (actor, resource) = (request.actor, request.resource);
        let role = uid("Role", actor.role.as_str())?;
        let (who, what) = (uid("Actor", actor.account)?, uid(resource.kind.entity_type(), resource.id)?);
        let organisation = HashMap::from([("organisation".to_owned(), text(actor.organisation))]);
        let attributes = [("state", resource.state), ("owner", resource.owner), ("counterpart", resource.counterpart)];
        let attributes: HashMap<_, _> = attributes.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect();
        let entities = [
            Entity::new(role.clone(), HashMap::new(), HashSet::new()).ok()?,
            Entity::new(who.clone(), organisation, HashSet::from([role])).ok()?,
            Entity::new(what.clone(), attributes, HashSet::new()).ok()?,
        ];
        // Without the schema: it would check again, at each decision, what was made here; the request below is checked.
        let entities = Entities::from_entities(entities, None).ok()?;
        let facts = &request.facts;
        let days = [("today", facts.today), ("grant_first_day", facts.grant_first_day), ("grant_last_day", facts.grant_last_day)];
        let days = days.into_iter().map(|(name, day)| (name.to_owned(), RestrictedExpression::new_long(day)));
        let met = facts.named().into_iter().map(|(name, met)| (name.to_owned(), RestrictedExpression::new_bool(met)));
        let context = Context::from_pairs(days.chain(met)).ok()?;
        let action = uid("Action", request.action.name())?;
        let asked = CedarRequest::new(who, action, what, context, Some(&self.schema)).ok()?;
        let answer = Authorizer::new().is_authorized(&asked, policies, &entities);
        let decided = answer.diagnostics().reason().map(ToString::to_string).collect();
        let sound = answer.diagnostics().errors().next().is_none();
        Some(Heard { allowed: answer.decision() == Cedar::Allow, policies: decided, sound })
    }
}

/// A request that does not fit the schema.
fn misfit(request: &Request<'_>) -> Denial {
    let (action, kind) = (request.action, request.resource.kind);
    let state: String = request.resource.state.chars().take(40).collect();
    Denial::own(
        "T4",
        format!(
            "`{}` on a {kind} in the state `{state}` is no question that the policies can answer: report this as a fault",
            action.name()
        ),
        format!("对处于“{state}”状态的{kind:#}执行“{:#}”不是策略可判定的请求：请作为故障报告", action.shown()),
    )
}

#[cfg(test)]
mod tests {
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
}
