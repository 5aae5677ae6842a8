//! What a decision entails, carried out in its transaction.
//!
//! Guarantee: when the stop commits, everything that it concerns rests in the same instant: no transaction after it admits
//! or publishes what it holds. Killing processes comes after the commit and only saves time.

use crate::operations::accounts::AccountRecord;
use crate::operations::notifications::{Holding, Notification};
use crate::operations::organisations::{OrganisationRecord, OrganisationStanding};
use crate::{Act, Kept, Refused};
use tidegate_access::Kind;
use tidegate_authorisation::GrantRecord;
use tidegate_log::{Event, Resting, RestingKind, commit};
use tidegate_operation::{Effect, Party};
use tidegate_service::{Domain, Halted, ServiceError};
use tidegate_store::Subject;

/// Why something is stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The record that stands behind it, such as an objection: what it holds is let go when it ends.
    pub stop: String,
    /// The reason, for who reads the records.
    pub reason: String,
}

impl Cause {
    /// A stop and its reason.
    pub fn new(stop: &str, reason: &str) -> Self {
        Self { stop: stop.to_owned(), reason: reason.to_owned() }
    }

    /// What a record holds, in its name.
    pub(crate) fn of<R: Kept>(id: &str, reason: &str) -> Self {
        if R::KIND == Kind::Entry { Self::new(&stop_of_entry(id), reason) } else { Self::new(id, reason) }
    }
}

/// The stop in whose name an entry holds what was mounted under it. People choose the names of entries; neither those nor
/// the identifiers of other stops have a point, so nobody names an entry like a stop to lift that.
pub(crate) fn stop_of_entry(entry: &str) -> String {
    format!("entry.{entry}")
}

fn resting(subject: &Subject, stop: &str) -> Resting {
    let (kind, name) = match subject {
        Subject::Grant(name) => (RestingKind::Grant, name.clone()),
        Subject::Dataset(name) => (RestingKind::Dataset, name.clone()),
        Subject::Organisation(name) => (RestingKind::Organisation, name.clone()),
        Subject::Everything => (RestingKind::Everything, "all".to_owned()),
    };
    Resting { kind, name, stop: stop.to_owned() }
}

impl Act {
    /// Carries out what a decision entails.
    pub async fn carry_out(&mut self, effects: &[Effect], why: &Cause) -> Result<(), Refused> {
        for effect in effects {
            match effect {
                // What leaves the catalogue rests too; who decides it withdraws the entry itself.
                Effect::SuspendDataset(dataset) | Effect::WithdrawDataset(dataset) => {
                    self.suspend(Subject::Dataset(dataset.to_string()), why).await?;
                }
                Effect::RestoreDataset(dataset) => self.restore(Subject::Dataset(dataset.to_string()), &why.stop).await?,
                Effect::StopRunsOfGrant(grant) => self.halt(Halted::Grant(grant.clone())),
                Effect::StopRunsOnDataset(dataset) => self.halt(Halted::Dataset(dataset.to_string())),
                Effect::StopRunsOf(organisation) => self.halt(Halted::Operator(organisation.to_string())),
                Effect::StopEverything => {
                    self.suspend(Subject::Everything, why).await?;
                    self.halt(Halted::Everything);
                }
                Effect::RevokeGrant(grant) => self.revoke_grant(grant, &why.reason).await?,
                Effect::CloseAccess(organisation) => {
                    self.suspend(Subject::Organisation(organisation.to_string()), why).await?;
                    self.set_standing(organisation.as_str(), OrganisationStanding::Closed).await?;
                }
                Effect::OpenAccess(organisation) => {
                    let subject = Subject::Organisation(organisation.to_string());
                    // The last closing has ended, so those before it hold nothing either.
                    for stop in self.transaction.stops_of(&subject).await? {
                        self.restore(subject.clone(), &stop).await?;
                    }
                    self.set_standing(organisation.as_str(), OrganisationStanding::Active).await?;
                }
                Effect::DisableAccounts(organisation) => self.disable_accounts(organisation.as_str()).await?,
                Effect::DestroyHoldings(organisation) => {
                    let holding = Holding { organisation: organisation.clone(), cause: why.stop.clone(), destroyed: None };
                    self.put(&Domain::identifier('h')?, &holding).await?;
                }
                Effect::FreezeNewGrants => self.notify(Party::Authority, "G3", why, None).await?,
                Effect::HoldRecords => self.notify(Party::Authority, "H8", why, None).await?,
                Effect::Notify { whom, clause } => self.notify(whom.clone(), &clause.rule, why, None).await?,
                Effect::Remind { on, clause } => self.notify(Party::Authority, &clause.rule, why, Some(on.to_string())).await?,
            }
        }
        Ok(())
    }

    /// Suspends something on behalf of a stop; once more by the same stop changes nothing.
    pub async fn suspend(&mut self, subject: Subject, why: &Cause) -> Result<(), Refused> {
        if self.transaction.suspend(&subject, &why.stop, &self.at).await? {
            let resting = resting(&subject, &why.stop);
            match self.restores.iter().position(|restored| *restored == resting) {
                // Let go and held again in one act: it was held throughout.
                Some(place) => drop(self.restores.remove(place)),
                None => self.suspends.push(resting),
            }
        }
        Ok(())
    }

    /// Lets go of one thing that a stop holds; others may still hold it.
    pub async fn restore(&mut self, subject: Subject, stop: &str) -> Result<(), Refused> {
        if self.transaction.restore(&subject, stop).await? {
            let resting = resting(&subject, stop);
            match self.suspends.iter().position(|suspended| *suspended == resting) {
                Some(place) => drop(self.suspends.remove(place)),
                None => self.restores.push(resting),
            }
        }
        Ok(())
    }

    /// Lets go of everything that a stop holds.
    pub async fn lift(&mut self, stop: &str) -> Result<(), Refused> {
        for subject in self.transaction.held_by(stop).await? {
            self.restore(subject, stop).await?;
        }
        Ok(())
    }

    /// Ends one run for good: nothing of it is published any more, what it paid stays paid.
    pub async fn stop_run(&mut self, run: &str, why: &Cause) -> Result<(), Refused> {
        self.transaction.stop_run(run, &why.stop, &self.at).await?;
        self.stops_run = Some(run.to_owned());
        self.halt(Halted::Run(run.to_owned()));
        Ok(())
    }

    /// Stops what is under way: from here on nothing of it is published, and its processes die when the act has committed.
    pub fn halt(&mut self, halted: Halted) {
        self.pending.push(self.domain.will_stop(halted.clone()));
        self.halted.push(halted);
    }

    /// Takes a grant back (Shuangyashan Art. 73: with a reason).
    async fn revoke_grant(&mut self, grant: &str, reason: &str) -> Result<(), Refused> {
        let record = self.transaction.grant(grant).await?;
        let record = record.ok_or_else(|| ServiceError::UnknownGrant { grant: grant.to_owned() })?;
        if record.revoked.is_some() {
            return Ok(());
        }
        let record = GrantRecord { revoked: Some(reason.to_owned()), ..record };
        self.transaction.put_grant(&record).await?;
        let opening = Domain::opening("reason_commitment", reason.as_bytes().to_vec())?;
        let event = Event::Revoke { grant: grant.to_owned(), reason_commitment: commit(&opening.salt, reason.as_bytes()) };
        let entry = Domain::entry_of(&self.transaction, event);
        self.transaction.append(&entry, &[opening]).await?;
        Ok(())
    }

    async fn set_standing(&mut self, organisation: &str, standing: OrganisationStanding) -> Result<(), Refused> {
        let Some(row) = self.get::<OrganisationRecord>(organisation).await? else { return Ok(()) };
        if row.record.standing != standing && row.record.standing != OrganisationStanding::Ended {
            self.put(organisation, &OrganisationRecord { standing, ..row.record }).await?;
        }
        Ok(())
    }

    /// Ends accounts, tokens, sessions and keys of an organisation for good (rule J9).
    async fn disable_accounts(&mut self, organisation: &str) -> Result<(), Refused> {
        for row in self.all::<AccountRecord>().await? {
            if row.record.organisation.as_str() == organisation {
                self.disable_account(row).await?;
            }
        }
        if let Some(row) = self.get::<OrganisationRecord>(organisation).await? {
            let ended = OrganisationRecord { standing: OrganisationStanding::Ended, keys: Vec::new(), ..row.record };
            self.put(organisation, &ended).await?;
        }
        Ok(())
    }

    /// Tells somebody, by a record that they can read.
    async fn notify(&mut self, whom: Party, rule: &str, why: &Cause, due: Option<String>) -> Result<(), Refused> {
        let notification = Notification { whom, rule: rule.to_owned(), stop: why.stop.clone(), reason: why.reason.clone(), due };
        self.put(&Domain::identifier('n')?, &notification).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Name;

    #[test]
    fn nobody_can_name_an_entry_like_a_stop() {
        assert!(Name::parse(&stop_of_entry("switch")).is_err());
        assert_ne!(stop_of_entry("switch"), crate::records::SwitchRecord::ID);
        assert!(!Domain::identifier('o').expect("an identifier").contains('.'));
    }
}
