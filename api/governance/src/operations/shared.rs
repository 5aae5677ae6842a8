//! What the acts of governance have in common.

use super::reads::Reads;
use crate::records::{DatasetLink, EntryRecord};
use crate::{Act, Cause, Decided, Desk, Kept, Refused, Row, Thing};
use jiff::civil::{Date, date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Facts, Kind};
use tidegate_catalogue::Effect as Follows;
use tidegate_operation::{Effect, Party};
use tidegate_rules::{Clause, Process, ReviewBy};
use tidegate_service::{Domain, ServiceError};
use tidegate_store::Subject;
use tidegate_terms::{Bilingual, Language, Message as _, Name, messages};

messages! {
    /// Why an act finds nothing to act on.
    pub enum ActRefusal {
        Unknown { kind: Kind, id: String } = "act.unknown" {
            en: "there is no {kind} `{id}`, or it is not for you: list what there is",
            zh: "没有{kind:#}“{id}”，或无权查看：请先列出现有项目",
        },
        State = "act.state" {
            en: "it stands like that already: read its present state first",
            zh: "已处于该状态：请先查看当前状态",
        },
        NoEntry { dataset: Name } = "act.no-entry" {
            en: "dataset `{dataset}` belongs to no catalogue entry (rule B7, Shuangyashan Art. 12): mount it under one",
            zh: "数据集“{dataset}”没有对应的目录条目（规则 B7，双鸭山第十二条）：请在目录条目下挂载",
        },
        Document = "act.document" {
            en: "an approval or opinion that is recorded for somebody else needs its document: name it",
            zh: "代为登记的同意或意见须写明文件：请填写文号",
        },
        Name { text: String } = "act.name" {
            en: "`{text}` is no name: this account or organisation cannot act",
            zh: "“{text}”不是合法名称：该账号或机构不能办理",
        },
    }
}

/// Who acts, and when.
pub(crate) struct At {
    pub(crate) today: Date,
    pub(crate) person: Name,
    pub(crate) organisation: Name,
}

impl At {
    pub(crate) fn of(desk: &Desk) -> Result<Self, Refused> {
        let caller = desk.caller();
        Ok(Self { today: desk.today(), person: name(&caller.account)?, organisation: caller.organisation.clone() })
    }
}

pub(crate) fn name(text: &str) -> Result<Name, Refused> {
    Name::parse(text).map_err(|_| ActRefusal::Name { text: text.chars().take(64).collect() }.into())
}

/// What a request brings to its decision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given<'a> {
    pub(crate) reason: &'a str,
    /// The document of an approval by somebody above.
    pub(crate) document: &'a str,
    /// Whether the new text is no secret.
    pub(crate) no_secret: bool,
}

impl Default for Given<'_> {
    fn default() -> Self {
        Self { reason: "", document: "", no_secret: true }
    }
}

impl<'a> Given<'a> {
    pub(crate) fn reason(reason: &'a str) -> Self {
        Self { reason, ..Self::default() }
    }
}

/// A record that must be there.
pub(crate) async fn the<R: Kept>(reads: &mut impl Reads, id: &str) -> Result<Row<R>, Refused> {
    match reads.one::<R>(id).await? {
        Some(row) => Ok(row),
        None => Err(unknown(R::KIND, id)),
    }
}

pub(crate) fn unknown(kind: Kind, id: &str) -> Refused {
    ActRefusal::Unknown { kind, id: id.chars().take(64).collect() }.into()
}

/// What the access rules ask of an act on an entry.
pub(crate) async fn facts_of_entry(
    desk: &Desk,
    reads: &mut impl Reads,
    record: &EntryRecord,
    action: Action,
    given: Given<'_>,
) -> Result<Facts, Refused> {
    let at = At::of(desk)?;
    let life = &record.life;
    let other = match action {
        Action::ApproveAlteration | Action::ApproveStricter => life.proposed_by(),
        _ => life.submitted_by(),
    };
    let needed = life.pending().and_then(|(needs, taken)| needs.approvals.get(taken)).map(|(by, _)| *by);
    let above = matches!(needed, Some(ReviewBy::CityAuthority | ReviewBy::Government));
    Ok(Facts {
        no_secret: given.no_secret && life.entry().secret.is_none(),
        reviewer_differs: other != Some(&at.person),
        entry_published: life.state() == tidegate_catalogue::State::Published,
        graded: life.entry().check_graded(desk.rules().pack()).is_ok(),
        secrecy_reviewed: record.secrecy_reviewed(),
        second_approval: !above || !given.document.trim().is_empty(),
        reason_given: !given.reason.trim().is_empty(),
        ..reads.basics(desk).await?
    })
}

/// The datasets that were mounted under an entry.
pub(crate) async fn datasets_of(act: &mut Act, entry: &Name) -> Result<Vec<Row<DatasetLink>>, Refused> {
    Ok(act.all::<DatasetLink>().await?.into_iter().filter(|row| row.record.entry == *entry).collect())
}

/// Carries out what follows from a change of an entry. Grants that are live rest in the name of the entry, until the authority
/// confirms each anew (rule C3); grants that are given later are not touched.
pub(crate) async fn with_entry_effects(
    desk: &Desk,
    act: &mut Act,
    entry: &Name,
    found: &[Follows],
    why: &str,
) -> Result<Vec<Effect>, Refused> {
    let mut effects = Vec::new();
    for follows in found {
        match follows {
            Follows::SuspendGrants { clause } => {
                let cause = Cause::of::<EntryRecord>(entry.as_str(), why);
                for row in datasets_of(act, entry).await? {
                    let dataset = name(&row.id)?;
                    for grant in desk.read().grants(Some(&dataset), None).await.map_err(ServiceError::from)? {
                        if grant.revoked.is_none() {
                            act.suspend(Subject::Grant(grant.id), &cause).await?;
                        }
                    }
                    effects.push(Effect::StopRunsOnDataset(dataset));
                }
                effects.push(Effect::Notify { whom: Party::Authority, clause: clause.clone() });
            }
            Follows::NotifyAuthority { clause } => effects.push(Effect::Notify { whom: Party::Authority, clause: clause.clone() }),
            // The store keeps every version.
            Follows::KeepVersion => {}
        }
    }
    Ok(effects)
}

/// Ends an act: the record, what follows from it, and the entry of the decision, in one transaction.
pub(crate) async fn conclude<R: Kept>(
    mut act: Act,
    decided: Decided,
    id: &str,
    record: &R,
    effects: &[Effect],
    why: &str,
) -> Result<u32, Refused> {
    let version = act.put(id, record).await?;
    act.carry_out(effects, &Cause::of::<R>(id, why)).await?;
    act.commit(decided).await?;
    Ok(version)
}

/// A clause in both languages.
pub(crate) fn said(clause: &Clause) -> Bilingual {
    Bilingual { zh: format!("{clause:#}"), en: clause.to_string() }
}

/// Until when something is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DueView {
    /// The last day; absent where the calendar does not know the year.
    pub last_day: Option<Date>,
    /// Whether it is over.
    pub missed: bool,
    /// The rule, or what the calendar lacks.
    pub rule: Bilingual,
}

impl DueView {
    /// The term of a process, where the rules of the place have one.
    pub(crate) fn of(desk: &Desk, process: Process, from: Date) -> Option<Self> {
        use tidegate_rules::DeadlineError;
        let rules = desk.rules();
        match rules.pack().due(process, from, rules.calendar()) {
            Ok(due) => Some(Self { last_day: Some(due.last_day), missed: due.is_missed(desk.today()), rule: said(&due.clause) }),
            Err(DeadlineError::None { .. }) => None,
            Err(error @ DeadlineError::Calendar(_)) => Some(Self {
                last_day: None,
                missed: false,
                rule: Bilingual { zh: error.say(Language::Chinese), en: error.say(Language::English) },
            }),
        }
    }

    /// A day under a rule.
    pub(crate) fn on(last_day: Date, today: Date, clause: &Clause) -> Self {
        Self { last_day: Some(last_day), missed: today > last_day, rule: said(clause) }
    }

    pub(crate) fn example() -> Self {
        Self { last_day: Some(date(2026, 11, 24)), missed: false, rule: said(&Clause::shuangyashan("B8", 13)) }
    }
}

/// A name in an example.
#[allow(clippy::expect_used)]
pub(crate) fn example_name(text: &str) -> Name {
    Name::parse(text).expect("a name of an example")
}

/// One page of rows in the order of their ids: what is kept after `after`, at most `limit`, and where the page ended.
pub(crate) fn page<T>(rows: Vec<T>, desk: &Desk, id: impl Fn(&T) -> &str) -> (Vec<T>, Option<String>) {
    let (limit, after) = desk.page();
    let mut rows = rows;
    rows.sort_by(|one, other| id(one).cmp(id(other)));
    let mut items: Vec<T> = rows.into_iter().filter(|row| after.is_none_or(|after| id(row) > after)).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next = if more { items.last().map(|row| id(row).to_owned()) } else { None };
    (items, next)
}

/// A message in both languages.
pub(crate) fn both(message: &impl tidegate_terms::Message) -> Bilingual {
    Bilingual { zh: message.say(Language::Chinese), en: message.say(Language::English) }
}

/// All versions of a record, the oldest first.
pub(crate) async fn history_of<R: Kept>(desk: &Desk, id: &str) -> Result<Vec<Row<R>>, Refused> {
    let rows = desk.read().history_of(R::NAME, id).await.map_err(ServiceError::from)?;
    rows.into_iter().map(Row::of).collect()
}

/// An identifier that nobody can guess.
pub(crate) fn identifier(first: char) -> Result<String, Refused> {
    Ok(Domain::identifier(first)?)
}

/// A record that is about to be made, before its text is known to be sound.
pub(crate) fn new_thing<'a, R: Kept>(id: &'a str, state: &'a str, owner: &Name, counterpart: &str) -> Thing<'a> {
    let thing = Thing::alone(R::KIND, id, state).owned_by(owner.to_string()).with_counterpart(counterpart.to_owned());
    Thing { name: R::NAME, ..thing }
}

/// Something that is read as a ticket is: by those concerned and those who supervise.
pub(crate) fn as_ticket<R: Kept>(row: &Row<R>) -> Thing<'_> {
    Thing { kind: Kind::Ticket, ..Thing::of(row) }.in_state("open")
}
