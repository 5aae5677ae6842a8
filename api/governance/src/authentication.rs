//! Who asks: tokens, sessions, certificates, and the signatures of organisations.
//!
//! Guarantee: an unknown token, a revoked one, an expired one, one of a disabled account and one of an organisation that
//! has ended get the same answer after the same work. What is compared are hashes, in constant time; what is stored of a
//! secret is its hash. A request that binds its organisation counts only with a fresh signature by one of its keys.
//!
//! Rejected: signed tokens that carry their rights. They cannot be taken back before they expire, and a stop must be at
//! once (decision 0036).

use crate::desk::Caller;
use crate::offers::Offer;
use crate::office::Office;
use crate::operations::accounts::AccountRecord;
use crate::operations::organisations::{OrganisationRecord, OrganisationStanding};
use crate::secrets::{Presented, same_hash};
use crate::{Refused, Row};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_access::Action;
use tidegate_http::api::{Call, Class, Signature};
use tidegate_parties::Role;
use tidegate_rules::Clause;
use tidegate_service::{Domain, ServiceError};
use tidegate_store::{Books, CredentialRecord, StoreError};
use tidegate_terms::{Name, messages};

/// How far the instant of a signature may lie from now, in seconds.
pub const SIGNATURE_FRESH_SECONDS: u64 = 300;
/// How long a session lives without being used, in seconds.
pub const SESSION_IDLE_SECONDS: i64 = 30 * 60;

messages! {
    /// Why nobody is known to be asking, or why what was asked binds nobody.
    pub enum AuthenticationError {
        Unknown = "authentication.failed" {
            en: "the credential is not valid: it may be mistyped, expired or revoked, or its account or organisation may have ended",
            zh: "凭证无效：可能有误、已过期或已撤销，或其账号、机构已终止",
        },
        Closed { stop: String, clause: Clause } = "authentication.access-closed" {
            en: "the access of this organisation is closed for a time by `{stop}` ({clause}): report to the authority what was put right",
            zh: "该机构的权限已被“{stop}”暂时关闭（{clause:#}）：请向主管部门报告整改情况",
        },
        Unsigned = "signature.missing" {
            en: "this operation binds the organisation: sign the request with one of its registered keys",
            zh: "此操作对机构具有约束力：请以其登记的密钥签署请求",
        },
        Signature = "signature.wrong" {
            en: "the signature is by none of the keys that the organisation has registered under that name",
            zh: "签名不是由该机构以此名称登记的密钥作出",
        },
        Stale { seconds: u64 } = "signature.stale" {
            en: "the signature was made more than {seconds} seconds before or after now: set the clock right and sign again",
            zh: "签名时间与当前相差超过 {seconds} 秒：请校准时钟后重新签署",
        },
    }
}

/// What a token or session carries beside its account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scope {
    /// What it is for, in the words of whoever made it.
    #[serde(default)]
    pub(crate) title: String,
    /// The roles to which it is limited.
    pub(crate) roles: Option<BTreeSet<Role>>,
    /// The actions to which it is limited.
    pub(crate) actions: Option<BTreeSet<String>>,
    /// The credential with which it was made, where it was with one: it ends with that (see [`crate::heirs`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) made_by: Option<String>,
}

/// Who asks, and whether the request is signed for the organisation.
pub(crate) async fn authenticate(office: &Office, call: &Call, offer: Offer) -> Result<(Caller, bool), Refused> {
    let books = office.domain().books();
    let unknown = || Refused::of(Class::Unauthenticated, &AuthenticationError::Unknown);
    let Some(presented) = presented(call) else {
        return if offer.open { Ok((nobody()?, false)) } else { Err(unknown()) };
    };
    let found = credential(&books, &presented?).await?;
    let (credential, account, organisation) = match found {
        Some(credential) => {
            let account = account_of(&books, &credential.account).await?;
            let organisation = match &account {
                Some(account) => organisation_of(&books, &account.record.organisation).await?,
                None => None,
            };
            (credential, account.ok_or_else(unknown)?, organisation.ok_or_else(unknown)?)
        }
        None => return Err(unknown()),
    };
    let ended = organisation.record.standing == OrganisationStanding::Ended;
    if ended || account.record.disabled || is_over(&credential) {
        return Err(unknown());
    }
    if organisation.record.standing == OrganisationStanding::Closed {
        let subject = tidegate_store::Subject::Organisation(organisation.id.clone());
        let stop = books.suspended(&subject).await.map_err(ServiceError::from)?.unwrap_or_default();
        let rules = office.rules();
        let clause = rules.pack().clause_or(rules.pack().rules().closing.as_ref().map(|rule| &rule.ground), "F10");
        let article = clause.to_string();
        return Err(Refused::of(Class::Forbidden, &AuthenticationError::Closed { stop, clause }).under(&article));
    }
    let scope: Scope = serde_json::from_str(&credential.content).map_err(StoreError::from)?;
    let of_both = account.record.roles.intersection(&organisation.record.organisation.roles).copied();
    let roles = of_both.filter(|role| scope.roles.as_ref().is_none_or(|roles| roles.contains(role))).collect();
    let actions = scope.actions.map(|actions| actions.iter().filter_map(|action| Action::of_name(action)).collect());
    let caller = Caller {
        account: account.id,
        organisation: account.record.organisation.clone(),
        roles,
        actions,
        credential: credential.id.clone(),
    };
    let signed = match &call.signature {
        None if offer.binding => return Err(Refused::of(Class::Forbidden, &AuthenticationError::Unsigned)),
        None => false,
        Some(signature) => {
            check_signature(signature, &organisation.record)?;
            true
        }
    };
    if credential.kind == "session" {
        prolong(office, &credential).await?;
    }
    Ok((caller, signed))
}

/// What the call presents; an error for a text that is no credential at all.
fn presented(call: &Call) -> Option<Result<Presented, Refused>> {
    let unknown = || Refused::of(Class::Unauthenticated, &AuthenticationError::Unknown);
    let credentials = &call.credentials;
    if let Some(token) = &credentials.bearer {
        return Some(Presented::parse("token", token.expose()).ok_or_else(unknown));
    }
    if let Some(session) = &credentials.session {
        return Some(Presented::parse("session", session.expose()).ok_or_else(unknown));
    }
    credentials.certificate.map(|digest| Ok(Presented::Certificate(digest)))
}

/// The stored credential that was presented. A secret that is not stored is compared all the same.
async fn credential(books: &Books, presented: &Presented) -> Result<Option<CredentialRecord>, Refused> {
    match presented {
        Presented::Certificate(digest) => Ok(books.credential_of_hash("certificate", &digest.0).await.map_err(ServiceError::from)?),
        Presented::Secret { kind, id, hash } => {
            let found = books.credential(id).await.map_err(ServiceError::from)?;
            let stored = found.as_ref().filter(|found| found.kind == *kind).and_then(|found| found.hash.clone());
            let same = same_hash(stored.as_deref().unwrap_or(&[0; 32]), hash) && stored.is_some();
            Ok(found.filter(|_| same))
        }
    }
}

/// Whether a credential was revoked or has run out.
pub(crate) fn is_over(credential: &CredentialRecord) -> bool {
    let expired = |expires: &String| expires.parse::<jiff::Timestamp>().is_ok_and(|until| until <= Domain::now());
    credential.revoked.is_some() || credential.expires.as_ref().is_some_and(expired)
}

/// A session that is used goes on, but not past its last instant.
async fn prolong(office: &Office, session: &CredentialRecord) -> Result<(), Refused> {
    let last = crate::operations::sessions::last_instant(session);
    let idle = Domain::now().checked_add(jiff::SignedDuration::from_secs(SESSION_IDLE_SECONDS)).unwrap_or(last);
    let until = idle.min(last);
    let known = session.expires.as_ref().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    // Written once a minute at most: reading a page must not wait for the disk each time.
    if known.is_some_and(|known| until.as_second() - known.as_second() < 60) {
        return Ok(());
    }
    let mut act = office.domain().begin_act().await?;
    act.update_credential(&session.id, &session.content, Some(&until.to_string())).await?;
    Ok(office.domain().conclude_unlogged(act).await?)
}

async fn account_of(books: &Books, id: &str) -> Result<Option<Row<AccountRecord>>, Refused> {
    books.governed("account", id).await.map_err(ServiceError::from)?.map(Row::of).transpose()
}

async fn organisation_of(books: &Books, id: &Name) -> Result<Option<Row<OrganisationRecord>>, Refused> {
    books.governed("organisation", id.as_str()).await.map_err(ServiceError::from)?.map(Row::of).transpose()
}

/// Nobody in particular: open operations are asked so.
fn nobody() -> Result<Caller, Refused> {
    let organisation = Name::parse("nobody")?;
    Ok(Caller { account: String::new(), organisation, roles: BTreeSet::new(), actions: None, credential: String::new() })
}

fn check_signature(signature: &Signature, organisation: &OrganisationRecord) -> Result<(), Refused> {
    let forbidden = |error: &AuthenticationError| Err(Refused::of(Class::Forbidden, error));
    let Some(key) = organisation.key(&signature.key_id) else { return forbidden(&AuthenticationError::Signature) };
    if !signature.is_by(&key) {
        return forbidden(&AuthenticationError::Signature);
    }
    let now = u64::try_from(Domain::now().as_second()).unwrap_or(0);
    if now.abs_diff(signature.created) > SIGNATURE_FRESH_SECONDS {
        return forbidden(&AuthenticationError::Stale { seconds: SIGNATURE_FRESH_SECONDS });
    }
    Ok(())
}
