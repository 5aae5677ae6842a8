//! What a change of an entry needs, and what follows from it.
//!
//! Types stand in an order from wide to strict. Stricter waits for review; wider from "not shared" or "not opened" needs a
//! record of treatment or consent; a higher level suspends what was granted until it is approved anew.

use crate::entry::Entry;
use crate::error::EntryError;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_rules::{Clause, LevelMatrix, OpeningType, Pack, ReviewBy, SharingType};

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Sharing became stricter.
    SharingStricter,
    /// Sharing became wider.
    SharingWider,
    /// Opening became stricter.
    OpeningStricter,
    /// Opening became wider.
    OpeningWider,
    /// The level went up.
    LevelUp,
    /// The level went down.
    LevelDown,
    /// A relaxation for a time began, ended or changed; it waits for nobody, the authority is told (rule D10).
    Emergency,
    /// Something else.
    Content,
}

/// What the service must do with a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Suspend live grants on these data until they are approved anew, and stop what runs under them (rule C3).
    SuspendGrants {
        /// Why.
        clause: Clause,
    },
    /// Tell the authority.
    NotifyAuthority {
        /// Why.
        clause: Clause,
    },
    /// Keep the version before: nothing is overwritten (rule B10).
    KeepVersion,
}

/// What a change needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// What changed.
    pub changes: Vec<Change>,
    /// Who must approve, in order; none means that it holds at once.
    pub approvals: Vec<(ReviewBy, Clause)>,
    /// What follows when it holds.
    pub effects: Vec<Effect>,
}

/// The sharing type that holds on a day: an emergency relaxes it while it lasts, and what is unstated counts as what the
/// city says. It never concerns what leaves the domain (rule D3).
pub fn effective_sharing(entry: &Entry, pack: &Pack, today: Date) -> SharingType {
    let relaxed = entry.emergency.as_ref().filter(|emergency| emergency.first <= today && today <= emergency.last);
    let unstated = || pack.rules().sharing.unstated.as_ref().map_or(SharingType::NotShared, |unstated| unstated.counts_as);
    relaxed.map_or_else(|| entry.sharing.kind.unwrap_or_else(unstated), |emergency| emergency.kind)
}

/// Compares an entry with the one that shall replace it.
///
/// # Errors
/// Where what was closed becomes wider without a record of treatment or consent (rule D9).
pub fn compare(old: &Entry, new: &Entry, pack: &Pack, levels: &LevelMatrix) -> Result<Needs, EntryError> {
    let rules = pack.rules();
    let mut needs = Needs { changes: vec![], approvals: vec![], effects: vec![Effect::KeepVersion] };
    let unstated = rules.sharing.unstated.as_ref().map_or(SharingType::NotShared, |unstated| unstated.counts_as);
    let shared = |entry: &Entry| entry.sharing.kind.unwrap_or(unstated);
    let opened = |entry: &Entry| entry.opening.kind.unwrap_or(OpeningType::NotOpened);
    let level = |entry: &Entry| entry.security_level.as_ref().and_then(|level| levels.rank(level.as_str()));
    let authority = |ground, own| (ReviewBy::Authority, pack.clause_or(ground, own));
    match shared(new).cmp(&shared(old)) {
        std::cmp::Ordering::Greater => {
            needs.changes.push(Change::SharingStricter);
            let steps = &rules.sharing.not_shared_approvals;
            if shared(new) == SharingType::NotShared && !steps.is_empty() {
                let clause = || pack.clause_or(rules.sharing.not_shared_approvals_ground.as_ref(), "D7");
                needs.approvals.extend(steps.iter().map(|by| (*by, clause())));
            } else {
                needs.approvals.push(authority(rules.sharing.stricter_needs_review.as_ref(), "D6"));
            }
        }
        std::cmp::Ordering::Less => {
            if shared(old) == SharingType::NotShared && new.conversions.len() <= old.conversions.len() {
                return Err(EntryError::NoConversion { clause: pack.clause_or(rules.sharing.conversion.as_ref(), "D9") });
            }
            needs.changes.push(Change::SharingWider);
        }
        std::cmp::Ordering::Equal => {}
    }
    match opened(new).cmp(&opened(old)) {
        std::cmp::Ordering::Greater => {
            needs.changes.push(Change::OpeningStricter);
            needs.approvals.push(authority(rules.opening.stricter_needs_review.as_ref(), "E2"));
        }
        std::cmp::Ordering::Less => {
            if opened(old) == OpeningType::NotOpened && new.conversions.len() <= old.conversions.len() {
                return Err(EntryError::NoConversion { clause: pack.clause_or(rules.opening.conversion.as_ref(), "D9") });
            }
            needs.changes.push(Change::OpeningWider);
        }
        std::cmp::Ordering::Equal => {}
    }
    match level(new).cmp(&level(old)) {
        std::cmp::Ordering::Greater => {
            needs.changes.push(Change::LevelUp);
            needs.effects.push(Effect::SuspendGrants { clause: REGRADED });
        }
        std::cmp::Ordering::Less => {
            needs.changes.push(Change::LevelDown);
            needs.approvals.push((ReviewBy::Authority, REGRADED));
        }
        std::cmp::Ordering::Equal => {}
    }
    if old.emergency != new.emergency {
        needs.changes.push(Change::Emergency);
        needs.effects.push(Effect::NotifyAuthority { clause: pack.clause_or(rules.sharing.emergency.as_ref(), "D10") });
    }
    if content(old) != content(new) {
        needs.changes.push(Change::Content);
        needs.approvals.push((ReviewBy::Authority, pack.clause(&rules.catalogue.review)));
    }
    // What is deleted or altered needs the city as well, where the text says so; wider attributes alone do not.
    let altered = needs.changes.iter().any(|change| !matches!(change, Change::SharingWider | Change::OpeningWider | Change::Emergency));
    if let (true, Some(second)) = (altered, &rules.catalogue.alteration) {
        needs.approvals.push((second.by, pack.clause(&second.ground)));
    }
    let mut seen = Vec::new();
    needs.approvals.retain(|(by, _)| {
        !seen.contains(by) && {
            seen.push(*by);
            true
        }
    });
    let only_emergency = needs.changes == [Change::Emergency];
    if needs.approvals.is_empty() && !needs.changes.is_empty() && !only_emergency {
        needs.effects.push(Effect::NotifyAuthority { clause: pack.clause(&rules.catalogue.review) });
    }
    Ok(needs)
}

/// Rule C3.
const REGRADED: Clause = Clause::shuangyashan("C3", 11);

/// An entry without the attributes that are compared by themselves.
fn content(entry: &Entry) -> Entry {
    let mut rest = entry.clone();
    rest.sharing.kind = None;
    rest.opening.kind = None;
    rest.security_level = None;
    rest.conversions = vec![];
    rest.emergency = None;
    rest.sharing.review_due = None;
    rest
}
