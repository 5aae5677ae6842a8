//! One authenticated call: who asks, on which day, under which rules.

use crate::decide::decide;
use crate::office::Office;
use crate::{Act, Decided, Kept, Refused, Row, Rules, Thing};
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::sync::Arc;
use tidegate_access::{Action, Facts};
use tidegate_http::api::{Class, Match, PageWish};
use tidegate_parties::Role;
use tidegate_service::{Domain, ServiceError};
use tidegate_store::{Books, Subject};
use tidegate_terms::{Language, Name, messages};

messages! {
    /// Why a call is not answered as it stands.
    pub enum DeskError {
        Changed { version: u32 } = "version.changed" {
            en: "it has version {version} now, which `If-Match` does not name",
            zh: "其当前版本为 {version}，与 `If-Match` 不符",
        },
    }
}

/// How many records of a list are read at once.
const LOOKED_AT: u32 = 200;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account: an opaque identifier. Empty where nobody is known to be asking.
    pub account: String,
    /// For whom.
    pub organisation: Name,
    /// In which roles: those of account, organisation and credential together.
    pub roles: BTreeSet<Role>,
    /// The actions to which the credential is limited, where it is.
    pub actions: Option<BTreeSet<Action>>,
    /// The credential.
    pub credential: String,
}

impl Caller {
    /// The roles in which the caller may try an action.
    pub(crate) fn roles_for(&self, action: Action) -> impl Iterator<Item = Role> + '_ {
        let within = self.actions.as_ref().is_none_or(|actions| actions.contains(&action));
        self.roles.iter().copied().filter(move |_| within)
    }

    /// Whether the caller has a role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// What of a call concerns every operation.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) language: Language,
    pub(crate) request_id: String,
    pub(crate) if_match: Option<Match>,
    pub(crate) page: Option<PageWish>,
    /// Whether a key of the caller's organisation signed the request.
    pub(crate) signed: bool,
    /// Under which key it is done once.
    pub(crate) once: Option<Once>,
}

/// An idempotency key with the request that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Once {
    pub(crate) scope: String,
    pub(crate) key: String,
    pub(crate) digest: String,
}

/// One authenticated call.
pub struct Desk {
    pub(crate) office: Arc<Office>,
    pub(crate) caller: Caller,
    pub(crate) rules: Arc<Rules>,
    pub(crate) today: Date,
    pub(crate) asked: Asked,
}

impl Desk {
    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The day.
    pub fn today(&self) -> Date {
        self.today
    }

    /// The rules in force.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The domain. None of its methods that write may be called while an [`Act`] is open.
    pub fn domain(&self) -> &Arc<Domain> {
        self.office.domain()
    }

    /// The office.
    pub fn office(&self) -> &Arc<Office> {
        &self.office
    }

    /// The caller's language.
    pub fn language(&self) -> Language {
        self.asked.language
    }

    /// The name of the request in logs.
    pub fn request_id(&self) -> &str {
        &self.asked.request_id
    }

    /// Which page of a list is wished for: how many items, and after which.
    pub fn page(&self) -> (usize, Option<&str>) {
        self.asked.page.as_ref().map_or((50, None), |page| (page.limit as usize, page.after.as_deref()))
    }

    /// Whether a key of the caller's organisation signed the request.
    pub fn is_signed(&self) -> bool {
        self.asked.signed
    }

    /// Refuses a change that was made on another version than the newest.
    pub fn expect_version(&self, version: u32) -> Result<(), Refused> {
        match &self.asked.if_match {
            Some(wanted) if !wanted.fits(Some(&version.to_string())) => Err(Refused::of(Class::Changed, &DeskError::Changed { version })),
            _ => Ok(()),
        }
    }

    /// Begins the one writing transaction. What is read in it is true until it commits; drop it to leave nothing.
    pub async fn begin(&self) -> Result<Act, Refused> {
        Act::begin(self).await
    }

    /// What can be read without a transaction.
    pub fn read(&self) -> Books {
        self.domain().books()
    }

    /// What the office itself knows for a decision: the day, the rules, whether everything or the caller's organisation is
    /// stopped, whether the request is signed. Everything else is for the operation to establish.
    pub async fn facts(&self) -> Result<Facts, Refused> {
        let books = self.read();
        let everything = books.suspended(&Subject::Everything).await.map_err(ServiceError::from)?;
        let own = books.suspended(&Subject::Organisation(self.caller.organisation.to_string())).await.map_err(ServiceError::from)?;
        Ok(self.facts_with(everything.is_none(), own.is_none()))
    }

    pub(crate) fn facts_with(&self, system_open: bool, access_open: bool) -> Facts {
        let rules_in_force = self.rules.standing(self.today).is_some();
        let today = crate::decide::days_of(self.today);
        Facts { today, rules_in_force, system_open, access_open, signed: self.is_signed(), ..Facts::default() }
    }

    /// Decides: may the caller do this to that, now? Tries the caller's roles in order; the first that may is recorded.
    pub fn decide(&self, action: Action, thing: &Thing<'_>, facts: Facts) -> Result<Decided, Refused> {
        let decided = decide(self.office.access(), self.rules.pack(), self.today, &self.caller, action, thing, facts);
        decided.map_err(|denial| Refused::denied(&denial))
    }

    /// Refuses what the table of roles and states closes whatever the facts are; asked before anything else is looked up, so
    /// that whoever may not ask learns nothing from the answer. It allows nothing: that is for [`decide`](Self::decide).
    pub fn check_table(&self, action: Action, thing: &Thing<'_>) -> Result<(), Refused> {
        let facts = Facts { grant_first_day: i64::MIN, grant_last_day: i64::MAX, ..Facts::all_met() };
        self.decide(action, thing, facts).map(drop)
    }

    /// The newest version of a record, read without a transaction.
    pub async fn get<R: Kept>(&self, id: &str) -> Result<Option<Row<R>>, Refused> {
        self.read().governed(R::NAME, id).await.map_err(ServiceError::from)?.map(Row::of).transpose()
    }

    /// The page of a list that is wished for: the newest versions of records of a type, in a state if one is named, that are
    /// to be shown, and where the page ended if more follow.
    pub async fn list<R: Kept>(
        &self,
        state: Option<&str>,
        shown: impl Fn(&Row<R>) -> bool,
    ) -> Result<(Vec<Row<R>>, Option<String>), Refused> {
        let (limit, after) = self.page();
        let (books, mut after, mut rows) = (self.read(), after.unwrap_or_default().to_owned(), Vec::new());
        loop {
            let found = books.all_governed(R::NAME, state, &after, LOOKED_AT).await.map_err(ServiceError::from)?;
            let exhausted = found.len() < LOOKED_AT as usize;
            for row in found {
                after.clone_from(&row.id);
                let row = Row::of(row)?;
                if shown(&row) {
                    rows.push(row);
                }
                if rows.len() > limit {
                    rows.truncate(limit);
                    let next = rows.last().map(|last: &Row<R>| last.id.clone());
                    return Ok((rows, next));
                }
            }
            if exhausted {
                return Ok((rows, None));
            }
        }
    }

    /// Allows reading: a decision without an entry.
    pub async fn allow(&self, action: Action, thing: &Thing<'_>) -> Result<(), Refused> {
        let facts = self.facts().await?;
        self.decide(action, thing, facts).map(|_| ())
    }

    /// Whether the caller may read something; for choosing what a list shows. What the office knows for a decision is
    /// asked for once, by [`facts`](Self::facts).
    pub fn may(&self, action: Action, thing: &Thing<'_>, facts: Facts) -> bool {
        decide(self.office.access(), self.rules.pack(), self.today, &self.caller, action, thing, facts).is_ok()
    }

    /// Writes a decision into the log by itself, for an act that the domain then does with an entry of its own.
    ///
    /// A crash between the two leaves a decision that nothing follows, which is allowed; the idempotency key is bound with
    /// it, so the request is not done twice.
    pub async fn record(&self, decided: Decided) -> Result<u64, Refused> {
        self.begin().await?.commit(decided).await
    }
}
