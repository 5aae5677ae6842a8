//! Sessions of the console: a password and the code of a second factor, together, and what follows from failed proofs.
//!
//! Guarantee: an unknown account, a wrong password, a wrong or used code and a locked account get the same answer after the
//! same work. A try is counted before it is looked at, so that tries at the same time cannot share one count; the fifth
//! failure in a row locks the account for a quarter of an hour, whatever is tried meanwhile. The rule is public.
//!
//! | a crash after | leaves | and then |
//! |---|---|---|
//! | the count | a try that counts as failed | the next good proof clears it |
//! | the session | a session that nobody was told | it ends by itself |

use crate::authentication::{AuthenticationError, SESSION_IDLE_SECONDS, Scope};
use crate::offers::Offers;
use crate::operations::accounts::{AccountError, AccountRecord, in_days, issue};
use crate::operations::organisations::{OrganisationRecord, OrganisationStanding};
use crate::secrets::{PasswordHash, hash_password, is_password, make};
use crate::{Act, Desk, Done, Refused, Row, Thing, totp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Facts};
use tidegate_http::api::{Class, Nothing};
use tidegate_service::{Domain, ServiceError};
use tidegate_store::{Books, CredentialRecord, FailureRecord, StoreError};
use tidegate_terms::messages;

messages! {
    /// Why a password is not set or not looked at.
    pub enum SessionRefusal {
        Limited = "session.limited-credential" {
            en: "this credential has not all roles and actions of its account, and a session has: set the password with one that has",
            zh: "此凭证不具备账号的全部角色和操作，而会话具备：请使用完整凭证设置口令",
        },
        Busy = "session.busy" {
            en: "many sign-ins wait: try again in a moment",
            zh: "登录排队较多：请稍后重试",
        },
        Old = "password.old" {
            en: "the account has a password, and `old_password` is not it, or too many were tried: give the old one, or ask the authority to reset it",
            zh: "该账号已设密码，而 `old_password` 不符或尝试次数过多：请填写原密码，或请主管部门重置",
        },
        Own = "password.own" {
            en: "nobody resets the password of the own account: set a new one with the old one, or have another account of the authority reset it",
            zh: "不得重置本人账号的密码：请凭原密码设置新密码，或由主管部门的其他账号重置",
        },
    }
}

/// How many failed proofs in a row lock an account.
pub const FAILURES_MAX: u32 = 5;
/// For how long, in seconds.
pub const LOCK_SECONDS: i64 = 15 * 60;
/// How long a session lives at most, in seconds.
pub const SESSION_SECONDS_MAX: i64 = 12 * 3_600;
/// Bytes of the secret behind the codes.
const FACTOR_BYTES: usize = 20;

/// What signing in is held against.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Factors {
    password: PasswordHash,
    /// What makes the codes, sealed under a key of the domain.
    codes: String,
    /// The step of the last code that was taken.
    last_step: i64,
}

/// A password to be set.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordInput {
    /// At least twelve characters.
    #[schemars(length(max = 256))]
    pub password: String,
    /// The one that it replaces, where the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub old_password: Option<String>,
}

/// How long a token lives with which an account begins anew, in days.
pub(crate) const ANEW_DAYS: i64 = 7;
/// What such a token is called after a reset.
const RESET: &str = "reset";

/// The token with which an account begins anew.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ResetView {
    /// The token; shown here alone.
    pub token: String,
    /// Until when it can be used.
    pub expires: String,
}

/// An account whose password is to end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetInput {
    /// Its identifier.
    #[schemars(length(min = 1, max = 64))]
    pub account: String,
    /// Why.
    #[schemars(length(max = 4000))]
    pub reason: String,
}

/// What an authenticator needs; shown once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SecondFactor {
    /// The secret in base32.
    pub secret: String,
    /// The same as an address, for authenticators that read it from a picture.
    pub address: String,
}

/// A proof.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInInput {
    /// The account.
    #[schemars(length(min = 1, max = 64))]
    pub account: String,
    /// Its password.
    #[schemars(length(max = 256))]
    pub password: String,
    /// The six digits that the authenticator shows.
    #[schemars(length(min = 6, max = 6))]
    pub code: String,
}

/// A session, whose secret is shown once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SessionMade {
    /// What the cookie `tidegate-session` holds.
    pub session: String,
    /// When it ends at the latest; unused, it ends after half an hour.
    pub expires: String,
}

operation! {
    SetPassword = "password.set" in "sessions";
    Post "/v1/password" [keyed, secret];
    summary "Set a password", "设置密码";
    says "For the account that asks, with a new second factor, which is shown once. The old password is needed where there is one; a wrong one counts as a failed sign-in. Sessions end, and the tokens that were made in them.", "为当前账号设置密码并生成新的第二因素（只显示一次）。已有密码的须提供原密码，原密码错误计为一次登录失败。会话及会话中签发的令牌随之失效。";
    takes PasswordInput, example PasswordInput { password: "correct horse battery".into(), old_password: None };
    gives SecondFactor, example SecondFactor {
        secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".into(),
        address: "otpauth://totp/tidegate:a0123456789abcdef0123?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=tidegate".into()
    };
    by set_password;
}

operation! {
    ResetPassword = "password.reset" in "sessions";
    Post "/v1/accounts/{account}/password/reset" [keyed, secret];
    summary "Reset the password of another account", "重置其他账号的密码";
    says "The authority ends, with a reason, everything with which the account acts: password, sessions, tokens, certificates. The answer has a new token of seven days, with which it sets a new password.", "主管部门说明理由后，该账号的密码、会话、令牌与证书全部失效。应答含七日内有效的新令牌，供其设置新密码。";
    takes ResetInput, example ResetInput { account: "a0123456789abcdef0123".into(), reason: "The password was forgotten.".into() };
    gives ResetView, example ResetView { token: "tg_a1b2c3d4e5f6".into(), expires: "2026-11-29T12:34:56Z".into() };
    by reset_password;
}

operation! {
    SignIn = "sessions.begin" in "sessions";
    Post "/v1/sessions" [open, created, secret];
    summary "Sign in", "登录";
    says "With password and code. After five failures in a row an account rests for a quarter of an hour; every failure gets the same answer.", "使用密码与动态码登录。连续失败五次后账号锁定十五分钟；任何失败的应答均相同。";
    takes SignInInput, example SignInInput { account: "a0123456789abcdef0123".into(), password: "correct horse battery".into(), code: "123456".into() };
    gives SessionMade, example SessionMade { session: "tgs_s0123456789abcdef0123_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(), expires: "2026-11-22T20:00:00Z".into() };
    by sign_in;
}

operation! {
    SignOut = "sessions.end" in "sessions";
    Post "/v1/sessions/end" [keyed];
    summary "Sign out", "退出登录";
    says "Ends the session that asks.", "结束当前会话。";
    takes Nothing, example Nothing {};
    gives Nothing, example Nothing {};
    by sign_out;
}

/// What this resource offers.
pub(super) fn offers(offers: Offers) -> Offers {
    offers.with::<SetPassword>().with::<ResetPassword>().with::<SignIn>().with::<SignOut>()
}

/// The last instant of a session.
pub(crate) fn last_instant(session: &CredentialRecord) -> jiff::Timestamp {
    let begun: jiff::Timestamp = session.at.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    begun.checked_add(jiff::SignedDuration::from_secs(SESSION_SECONDS_MAX)).unwrap_or(begun)
}

fn locks(failures: Option<&FailureRecord>) -> bool {
    failures.is_some_and(|failures| failures.count >= FAILURES_MAX && !is_past(failures))
}

/// Whether failures are so long ago that they count no more.
fn is_past(failures: &FailureRecord) -> bool {
    let last: jiff::Timestamp = failures.last.parse().unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    Domain::now().as_second() - last.as_second() >= LOCK_SECONDS
}

/// Whether an account is locked now.
pub(crate) async fn is_locked(books: &Books, account: &str) -> Result<bool, Refused> {
    Ok(locks(books.failures(account).await.map_err(ServiceError::from)?.as_ref()))
}

async fn set_password(desk: &mut Desk, input: PasswordInput) -> Result<Done<SecondFactor>, Refused> {
    let account = desk.caller().account.clone();
    let own = desk.get::<AccountRecord>(&account).await?.ok_or_else(|| AccountError::Unknown { account: account.clone() })?;
    // A session has every role of its account: whoever holds less must not make itself one.
    if desk.caller().actions.is_some() || !own.record.roles.is_subset(&desk.caller().roles) {
        return Err(Refused::of(Class::Forbidden, &SessionRefusal::Limited));
    }
    let password = tokio::task::block_in_place(|| hash_password(&input.password))?;
    let replaced = prove_old(desk, &account, input.old_password.as_deref()).await?;
    let random = Domain::random()?;
    let secret = &random[..FACTOR_BYTES];
    let factors = Factors { password, codes: desk.domain().seal_secret(secret)?, last_step: 0 };
    let mut act = desk.begin().await?;
    let row = act.get::<AccountRecord>(&account).await?.ok_or_else(|| AccountError::Unknown { account: account.clone() })?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::ManageTokens, &Thing::of(&row), facts)?;
    // The password may have been replaced, or set first, while this was looked at.
    if password_in(act.transaction.credentials_of(&account).await?) != replaced {
        return Err(SessionRefusal::Old.into());
    }
    act.end_sign_in(&account).await?;
    act.transaction.clear_failures(&account).await?;
    let at = act.at().to_owned();
    let record = CredentialRecord {
        id: Domain::identifier('p')?,
        account: account.clone(),
        kind: "password".into(),
        hash: None,
        content: serde_json::to_string(&factors).map_err(StoreError::from)?,
        at,
        expires: None,
        revoked: None,
    };
    act.transaction.insert_credential(&record).await?;
    act.commit(decided).await?;
    let secret = totp::base32(secret);
    let address = format!("otpauth://totp/tidegate:{account}?secret={secret}&issuer=tidegate");
    Ok(Done::from(SecondFactor { secret, address }))
}

/// The identifier of the password among the credentials of an account, where one counts.
fn password_in(all: Vec<CredentialRecord>) -> Option<String> {
    all.into_iter().find(|credential| credential.kind == "password" && credential.revoked.is_none()).map(|password| password.id)
}

/// Holds the old password against the account's, as signing in does. Returns which password it is; none where the account
/// has none.
async fn prove_old(desk: &Desk, account: &str, old: Option<&str>) -> Result<Option<String>, Refused> {
    if password_in(desk.read().credentials_of(account).await.map_err(ServiceError::from)?).is_none() {
        return Ok(None);
    }
    // Nothing was tried, so nothing is counted.
    let old = old.ok_or(SessionRefusal::Old)?;
    match try_password(desk, account, old).await? {
        (Some((password, _)), true) => Ok(Some(password.id)),
        _ => Err(SessionRefusal::Old.into()),
    }
}

async fn reset_password(desk: &mut Desk, input: ResetInput) -> Result<Done<ResetView>, Refused> {
    let mut act = desk.begin().await?;
    let row = act.get::<AccountRecord>(&input.account).await?;
    let row = row.ok_or_else(|| AccountError::Unknown { account: input.account.clone() })?;
    let facts = Facts { reason_given: !input.reason.trim().is_empty(), ..act.facts(desk).await? };
    // What is disabled is what it signs in with, not the account, and the log says so.
    let decided = desk.decide(Action::DisableAccount, &Thing { name: "password", ..Thing::of(&row) }, facts)?;
    if row.id == desk.caller().account {
        return Err(Refused::of(Class::Forbidden, &SessionRefusal::Own));
    }
    // The new token has every right of its account.
    if desk.caller().actions.is_some() {
        return Err(Refused::of(Class::Forbidden, &SessionRefusal::Limited));
    }
    // Whoever has one of its tokens could set the next password, so none of them stays.
    let (token, expires) = begin_anew(&mut act, &row.id, RESET).await?;
    act.commit(decided).await?;
    Ok(Done::from(ResetView { token, expires }))
}

/// Ends everything with which an account acts, and makes one short-lived token for it.
pub(crate) async fn begin_anew(act: &mut Act, account: &str, title: &str) -> Result<(String, String), Refused> {
    let at = act.at().to_owned();
    act.transaction.revoke_all_credentials(account, None, &at).await?;
    let scope = Scope { title: title.into(), ..Scope::default() };
    let (made, expires) = issue(act, account, &scope, in_days(ANEW_DAYS)).await?;
    Ok((made.text, expires))
}

/// A password with its codes.
type Password = (CredentialRecord, Factors);

/// Counts the try, then looks at it: what it is held against, where there is something, and whether it is that.
async fn try_password(desk: &Desk, account: &str, tried: &str) -> Result<(Option<Password>, bool), Refused> {
    let _place = desk.office().password_place().ok_or_else(|| Refused::of(Class::Busy, &SessionRefusal::Busy))?;
    let known = count(desk, account).await?;
    // One at a time: each takes 19 MiB, and who guesses waits for others who guess.
    let _turn = desk.office().password_turn().await;
    let kept = known.as_ref().map(|(_, factors)| &factors.password);
    let same = tokio::task::block_in_place(|| is_password(tried, kept))?;
    Ok((known, same))
}

/// Counts the try, then says what it is to be held against: something where the account has a password, may act, and is not
/// locked.
async fn count(desk: &Desk, account: &str) -> Result<Option<Password>, Refused> {
    let mut act = Act::open(desk.domain(), "", None).await?;
    let failures = act.transaction.failures(account).await?;
    let row = act.get::<AccountRecord>(account).await?;
    let locked = locks(failures.as_ref());
    let at = act.at().to_owned();
    match (&row, locked) {
        (Some(_), false) => {
            let before = failures.filter(|failures| !is_past(failures)).map_or(0, |failures| failures.count);
            act.transaction.put_failures(account, &FailureRecord { count: before.saturating_add(1), last: at }).await?;
        }
        // As much is written for nobody.
        _ => act.transaction.put_failures("", &FailureRecord { count: 0, last: at }).await?,
    }
    let mut factors = None;
    if let Some(row) = row.filter(|row| !row.record.disabled && !locked) {
        let organisation: Option<Row<OrganisationRecord>> = act.get(row.record.organisation.as_str()).await?;
        let active = organisation.is_some_and(|organisation| organisation.record.standing == OrganisationStanding::Active);
        let all = act.transaction.credentials_of(account).await?;
        let password = all.into_iter().find(|credential| credential.kind == "password" && credential.revoked.is_none());
        if let Some(password) = password.filter(|_| active) {
            let read = serde_json::from_str(&password.content).map_err(StoreError::from)?;
            factors = Some((password, read));
        }
    }
    act.commit_unlogged().await?;
    Ok(factors)
}

async fn sign_in(desk: &mut Desk, input: SignInInput) -> Result<Done<SessionMade>, Refused> {
    let failed = || Refused::of(Class::Unauthenticated, &AuthenticationError::Unknown);
    let (known, same) = try_password(desk, &input.account, &input.password).await?;
    let (password, mut factors) = known.ok_or_else(failed)?;
    let secret = desk.domain().open_secret(&factors.codes)?;
    let step = totp::step_of(&secret, &input.code, Domain::now().as_second(), factors.last_step);
    let (true, Some(step)) = (same, step) else { return Err(failed()) };
    factors.last_step = step;

    let made = make("session")?;
    let mut act = Act::open(desk.domain(), &input.account, None).await?;
    // The password may have been replaced, and the code taken by another session, while this one was looked at.
    let now = act.transaction.credential(&password.id).await?.filter(|now| now.revoked.is_none() && now.content == password.content);
    now.ok_or_else(failed)?;
    act.transaction.update_credential(&password.id, &serde_json::to_string(&factors).map_err(StoreError::from)?, None).await?;
    act.transaction.clear_failures(&input.account).await?;
    let idle = Domain::now().checked_add(jiff::SignedDuration::from_secs(SESSION_IDLE_SECONDS)).unwrap_or(jiff::Timestamp::MAX);
    let record = CredentialRecord {
        id: made.id,
        account: input.account,
        kind: "session".into(),
        hash: Some(made.hash.to_vec()),
        content: serde_json::to_string(&Scope::default()).map_err(StoreError::from)?,
        at: act.at().to_owned(),
        expires: Some(idle.to_string()),
        revoked: None,
    };
    act.transaction.insert_credential(&record).await?;
    act.commit_unlogged().await?;
    Ok(Done::from(SessionMade { session: made.text, expires: last_instant(&record).to_string() }))
}

async fn sign_out(desk: &mut Desk, _: Nothing) -> Result<Done<Nothing>, Refused> {
    let session = desk.caller().credential.clone();
    let mut act = desk.begin().await?;
    let at = act.at().to_owned();
    if act.transaction.credential(&session).await?.is_some_and(|known| known.kind == "session") {
        act.transaction.revoke_credential(&session, &at).await?;
    }
    act.commit_unlogged().await?;
    Ok(Done::from(Nothing {}))
}
