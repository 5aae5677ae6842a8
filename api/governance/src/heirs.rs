//! What was made with a credential: its heirs, which carry no more than it, live no longer and end with it.
//!
//! Guarantee: a token or certificate names its maker from the transaction that makes it; it ends no later than a maker that
//! is a token or certificate; it is revoked in the transaction that revokes its maker, and so are its own heirs. A session
//! lasts hours and what it makes is for programs: that a session ends by itself or by signing out ends nothing else, a new
//! password ends all sessions and what was made in any of them.
//!
//! Rejected: asking at every call whether all makers still stand. It is a read for each of them, and a session that ran out
//! would end what it made.

use crate::authentication::{AuthenticationError, Scope, is_over};
use crate::operations::accounts::in_days;
use crate::{Act, Desk, Refused};
use std::collections::BTreeSet;
use tidegate_http::api::Class;
use tidegate_store::{CredentialRecord, StoreError};

/// With which credential a token or certificate was made, where it was with one.
fn maker_of(credential: &CredentialRecord) -> Result<Option<String>, Refused> {
    if !matches!(credential.kind.as_str(), "token" | "certificate") {
        return Ok(None);
    }
    let scope: Scope = serde_json::from_str(&credential.content).map_err(StoreError::from)?;
    Ok(scope.made_by)
}

impl Act {
    /// The last instant of what the asking credential makes: so many days from now, and no later than its own where it is
    /// no session. Refuses a credential that has ended since it was presented.
    pub(crate) async fn heir_until(&mut self, desk: &Desk, days: u32) -> Result<jiff::Timestamp, Refused> {
        let unknown = || Refused::of(Class::Unauthenticated, &AuthenticationError::Unknown);
        let maker = self.transaction.credential(&desk.caller.credential).await?.ok_or_else(unknown)?;
        if is_over(&maker) {
            return Err(unknown());
        }
        let until = in_days(i64::from(days.clamp(1, 365)));
        let own = if maker.kind == "session" { None } else { maker.expires.as_deref() };
        let own = own.and_then(|text| text.parse::<jiff::Timestamp>().ok());
        Ok(own.map_or(until, |own| own.min(until)))
    }

    /// Revokes credentials of an account with all their heirs.
    pub(crate) async fn revoke_with_heirs(&mut self, account: &str, makers: BTreeSet<String>) -> Result<(), Refused> {
        let all = self.transaction.credentials_of(account).await?;
        let mut made = Vec::new();
        for credential in &all {
            if let Some(maker) = maker_of(credential)? {
                made.push((credential.id.clone(), maker));
            }
        }
        let mut ended = makers;
        loop {
            let before = ended.len();
            for (heir, maker) in &made {
                if ended.contains(maker) {
                    ended.insert(heir.clone());
                }
            }
            if ended.len() == before {
                break;
            }
        }
        let at = self.at.clone();
        for credential in all.iter().filter(|credential| credential.revoked.is_none() && ended.contains(&credential.id)) {
            self.transaction.revoke_credential(&credential.id, &at).await?;
        }
        Ok(())
    }

    /// Ends what an account signs in with: its password, its sessions, and what was made in any session that it ever had.
    pub(crate) async fn end_sign_in(&mut self, account: &str) -> Result<(), Refused> {
        let all = self.transaction.credentials_of(account).await?;
        let signing_in = all.into_iter().filter(|credential| matches!(credential.kind.as_str(), "password" | "session"));
        let makers = signing_in.map(|credential| credential.id).collect();
        self.revoke_with_heirs(account, makers).await
    }
}
