//! The one decision.

use crate::policies::{AccessRules, Sets};
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
        match self.hear(request, |sets| &sets.permits) {
            None => Decision::Deny(misfit(request)),
            Some(heard) if !heard.sound => Decision::Deny(misfit(request)),
            Some(heard) if !heard.allowed => Decision::Deny(self.explain(request)),
            Some(permitted) => match self.hear(request, |sets| &sets.all) {
                Some(heard) if heard.sound && heard.allowed => self.allow(&permitted.policies),
                Some(heard) if heard.sound => Decision::Deny(self.deny(request, &heard.policies)),
                _ => Decision::Deny(misfit(request)),
            },
        }
    }

    /// Whether a permit lets the actor act, whatever the conditions.
    pub(crate) fn permits(&self, request: &Request<'_>) -> bool {
        self.hear(request, |sets| &sets.permits).is_some_and(|heard| heard.sound && heard.allowed)
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
            let mut states = kind.states().iter();
            states.any(|(state, _)| self.permits(&Request { resource: Resource { state, owner, counterpart, ..resource }, ..*request }))
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

    fn hear(&self, request: &Request<'_>, which: fn(&Sets) -> &PolicySet) -> Option<Heard> {
        let policies = which(self.sets.get(request.action.name())?);
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
mod tests;
