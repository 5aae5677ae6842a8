//! One decision: may this caller do that to this thing, now?

use crate::{Act, Kept, Row};
use jiff::civil::Date;
use std::borrow::Cow;
use tidegate_access::{AccessRules, Action, Actor, Decision, Denial, Facts, Kind, Request, Resource};
use tidegate_parties::Role;
use tidegate_rules::{Clause, Pack};

use crate::Caller;

/// What is acted upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing<'a> {
    /// What it is, for the access rules.
    pub kind: Kind,
    /// What it is, for the log: the name of its records.
    pub name: &'static str,
    /// Which one.
    pub id: Cow<'a, str>,
    /// Its state before the act.
    pub state: Cow<'a, str>,
    /// The organisation whose it is.
    pub owner: Cow<'a, str>,
    /// The other party, or empty.
    pub counterpart: Cow<'a, str>,
}

impl<'a> Thing<'a> {
    /// A record as it is.
    pub fn of<R: Kept>(row: &'a Row<R>) -> Self {
        Self::made(&row.id, &row.record)
    }

    /// A record that is being made: in the state, and of the owner, that it says itself.
    pub fn made<R: Kept>(id: &'a str, record: &R) -> Self {
        Self {
            kind: R::KIND,
            name: R::NAME,
            id: Cow::Borrowed(id),
            state: Cow::Borrowed(record.state()),
            owner: Cow::Owned(record.owner()),
            counterpart: Cow::Owned(record.counterpart()),
        }
    }

    /// A thing that has no record of governance.
    pub fn alone(kind: Kind, id: &'a str, state: &'a str) -> Self {
        Self {
            kind,
            name: kind_name(kind),
            id: Cow::Borrowed(id),
            state: Cow::Borrowed(state),
            owner: Cow::Borrowed(""),
            counterpart: Cow::Borrowed(""),
        }
    }

    /// In another state than the one that it has, such as one that is being asked for.
    #[must_use]
    pub fn in_state(mut self, state: &'a str) -> Self {
        self.state = Cow::Borrowed(state);
        self
    }

    /// Whose it is.
    #[must_use]
    pub fn owned_by(mut self, owner: impl Into<Cow<'a, str>>) -> Self {
        self.owner = owner.into();
        self
    }

    /// The other party.
    #[must_use]
    pub fn with_counterpart(mut self, counterpart: impl Into<Cow<'a, str>>) -> Self {
        self.counterpart = counterpart.into();
        self
    }
}

/// A kind as the log names it.
pub const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Domain => "domain",
        Kind::Organisation => "organisation",
        Kind::Account => "account",
        Kind::Settings => "settings",
        Kind::Entry => "entry",
        Kind::Dataset => "dataset",
        Kind::Application => "application",
        Kind::Plan => "plan",
        Kind::Agreement => "agreement",
        Kind::Scenario => "scenario",
        Kind::Grant => "grant",
        Kind::Module => "module",
        Kind::Run => "run",
        Kind::Product => "product",
        Kind::Delivery => "delivery",
        Kind::Stop => "stop",
        Kind::Ticket => "ticket",
        Kind::Log => "log",
    }
}

/// A decision that allows something: without one no act commits. Only [`Desk::decide`](crate::Desk::decide) makes it.
///
/// It is for one thing; [`Act::commit`] writes it into the log with the records that the act made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a decision allows nothing until an act commits with it"]
pub struct Decided {
    pub(crate) action: Action,
    pub(crate) name: &'static str,
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) account: String,
    pub(crate) organisation: String,
    pub(crate) role: Role,
    pub(crate) policy: String,
    pub(crate) clause: Clause,
    pub(crate) pack: tidegate_terms::Name,
    pub(crate) pack_digest: tidegate_terms::Digest,
}

impl Decided {
    /// In which role the caller acts.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The clause that allows it.
    pub fn clause(&self) -> &Clause {
        &self.clause
    }

    /// The same decision for the record that it makes, where the identifier is known only afterwards.
    pub fn for_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }
}

/// Tries the caller's roles in their order; the first that may acts. Otherwise the denial that says most.
pub(crate) fn decide(
    access: &AccessRules,
    pack: &Pack,
    today: Date,
    caller: &Caller,
    action: Action,
    thing: &Thing<'_>,
    facts: Facts,
) -> Result<Decided, Box<Denial>> {
    let facts = Facts { today: days_of(today), ..facts };
    let resource = Resource { kind: thing.kind, id: &thing.id, state: &thing.state, owner: &thing.owner, counterpart: &thing.counterpart };
    let organisation = caller.organisation.as_str();
    let roles = caller.roles_for(action);
    let mut worst: Option<Denial> = None;
    for role in roles {
        let actor = Actor { account: &caller.account, role, organisation };
        match access.decide(&Request { actor, action, resource, facts }) {
            Decision::Allow { policy, clause } => {
                return Ok(Decided {
                    action,
                    name: thing.name,
                    id: thing.id.clone().into_owned(),
                    state: thing.state.clone().into_owned(),
                    account: caller.account.clone(),
                    organisation: organisation.to_owned(),
                    role,
                    policy,
                    clause: pack.clause_of_rule(&clause.rule).unwrap_or(clause),
                    pack: pack.rules().id.clone(),
                    pack_digest: pack.digest(),
                });
            }
            Decision::Deny(denial) => {
                if worst.as_ref().is_none_or(|known| says(&denial) > says(known)) {
                    worst = Some(denial);
                }
            }
        }
    }
    let none = || Denial {
        policy: "T1".to_owned(),
        clause: Clause::own("T1"),
        en: format!("{}: this credential carries no role that may do this; use one that does", action.shown().en),
        zh: format!("“{}”：此凭证不含可执行此操作的角色；请使用相应凭证", action.shown().zh),
        also: Vec::new(),
    };
    Err(Box::new(worst.unwrap_or_else(none).in_pack(pack)))
}

/// How much a denial tells: a condition more than a state, a state more than whose it is, that more than the role.
fn says(denial: &Denial) -> u8 {
    match denial.policy.as_str() {
        "T1" | "T4" => 0,
        "T3" => 1,
        "T2" => 2,
        _ => 3,
    }
}

/// A day as the access rules count them: since 1970-01-01.
pub fn days_of(day: Date) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.until(day).map_or(0, |span| i64::from(span.get_days()))
}

impl Act {
    /// The decision's log position is known once the act has committed.
    pub(crate) fn commits_with(decided: &Decided) -> (&'static str, &str) {
        (decided.name, &decided.id)
    }
}
