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
use crate::operations::accounts::{AccountError, AccountRecord};
use crate::operations::organisations::{OrganisationRecord, OrganisationStanding};
use crate::secrets::{PasswordHash, hash_password, is_password, make};
use crate::{Act, Desk, Done, Refused, Row, Thing, totp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::Action;
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
    Post "/v1/password" [keyed];
    summary "Set a password", "设置密码";
    says "For the account that asks, with a new second factor, which is shown once. Sessions that are open end.", "为当前账号设置密码并生成新的第二因素（只显示一次），已有会话随之失效。";
    takes PasswordInput, example PasswordInput { password: "correct horse battery".into() };
    gives SecondFactor, example SecondFactor {
        secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".into(),
        address: "otpauth://totp/tidegate:a0123456789abcdef0123?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=tidegate".into()
    };
    secret by set_password;
}

operation! {
    SignIn = "sessions.begin" in "sessions";
    Post "/v1/sessions" [open, created];
    summary "Sign in", "登录";
    says "With password and code. After five failures in a row an account rests for a quarter of an hour; every failure gets the same answer.", "使用密码与动态码登录。连续失败五次后账号锁定十五分钟；任何失败的应答均相同。";
    takes SignInInput, example SignInInput { account: "a0123456789abcdef0123".into(), password: "correct horse battery".into(), code: "123456".into() };
    gives SessionMade, example SessionMade { session: "tgs_s0123456789abcdef0123_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(), expires: "2026-11-22T20:00:00Z".into() };
    secret by sign_in;
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
    offers.with::<SetPassword>().with::<SignIn>().with::<SignOut>()
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
    let random = Domain::random()?;
    let secret = &random[..FACTOR_BYTES];
    let factors = Factors { password, codes: desk.domain().seal_secret(secret)?, last_step: 0 };
    let mut act = desk.begin().await?;
    let row = act.get::<AccountRecord>(&account).await?.ok_or_else(|| AccountError::Unknown { account: account.clone() })?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::ManageTokens, &Thing::of(&row), facts)?;
    let at = act.at().to_owned();
    for kind in ["password", "session"] {
        act.transaction.revoke_all_credentials(&account, Some(kind), &at).await?;
    }
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

/// What is known of who wants to sign in.
struct Known {
    /// The password with its codes, where the account has one, may act, and is not locked.
    factors: Option<(CredentialRecord, Factors)>,
}

/// Counts the try, then says what it is to be held against.
async fn count(desk: &Desk, account: &str) -> Result<Known, Refused> {
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
    Ok(Known { factors })
}

async fn sign_in(desk: &mut Desk, input: SignInInput) -> Result<Done<SessionMade>, Refused> {
    let failed = || Refused::of(Class::Unauthenticated, &AuthenticationError::Unknown);
    let office = std::sync::Arc::clone(desk.office());
    let _place = office.password_place().ok_or_else(|| Refused::of(Class::Busy, &SessionRefusal::Busy))?;
    let known = count(desk, &input.account).await?;
    // One at a time: each takes 19 MiB, and who guesses waits for others who guess.
    let turn = desk.office().password_turn().await;
    let kept = known.factors.as_ref().map(|(_, factors)| &factors.password);
    let same = tokio::task::block_in_place(|| is_password(&input.password, kept))?;
    drop(turn);
    let (password, mut factors) = known.factors.ok_or_else(failed)?;
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
