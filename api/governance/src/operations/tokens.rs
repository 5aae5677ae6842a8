//! Tokens: what programs show to prove for which account they act. Shown once, stored as a hash, scoped, expiring.

use crate::authentication::Scope;
use crate::offers::Offers;
use crate::operations::accounts::{AccountError, AccountRecord, issue};
use crate::operations::organisations::RoleInput;
use crate::{Desk, Done, Refused, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_access::Action;
use tidegate_http::api::Nothing;
use tidegate_parties::Role;
use tidegate_service::ServiceError;
use tidegate_store::{CredentialRecord, StoreError};
use tidegate_terms::messages;

messages! {
    /// Why a token is not made or not revoked.
    pub enum TokenError {
        Unknown { token: String } = "token.unknown" {
            en: "this account has no token `{token}`",
            zh: "该账号没有令牌“{token}”",
        },
        Revoked = "token.revoked-already" {
            en: "the token was revoked before; nothing was changed",
            zh: "该令牌此前已撤销；未作更改",
        },
        Wider { what: String } = "token.wider" {
            en: "the credential that asks does not carry `{what}`: a token carries at most what its maker's credential does",
            zh: "当前凭证不含“{what}”：新令牌的权限不得超过签发所用凭证",
        },
        Action { action: String } = "token.action" {
            en: "`{action}` is no action: docs/access-table.md lists them",
            zh: "“{action}”不是已知操作：见 docs/access-table.md",
        },
    }
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenInput {
    /// What it is for.
    #[schemars(length(min = 1, max = 120))]
    pub title: String,
    /// How many days it lives.
    #[schemars(range(min = 1, max = 365))]
    pub days: u32,
    /// The roles to which it is limited; all of the account's where none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 8))]
    pub roles: Option<Vec<RoleInput>>,
    /// The actions to which it is limited, as the table of access names them; all where none are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 64)))]
    pub actions: Option<Vec<String>>,
}

/// A token as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenView {
    /// Its identifier.
    pub token: String,
    /// What it is for.
    pub title: String,
    /// When it was made.
    pub at: String,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<String>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
    /// The roles to which it is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<BTreeSet<RoleInput>>,
    /// The actions to which it is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<BTreeSet<String>>,
}

/// A token that was made, with its secret, which is shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenMade {
    /// Its identifier.
    pub token: String,
    /// What programs send as `Authorization: Bearer ...`.
    pub secret: String,
    /// When it ends.
    pub expires: String,
}

/// All tokens of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenList {
    /// The tokens.
    pub tokens: Vec<TokenView>,
}

/// One token.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneToken {
    /// Its identifier.
    #[schemars(length(min = 1, max = 64))]
    pub token: String,
}

fn example() -> TokenView {
    TokenView {
        token: "t0123456789abcdef0123".into(),
        title: "nightly runs".into(),
        at: "2026-11-22T08:00:00Z".into(),
        expires: Some("2027-02-20T08:00:00Z".into()),
        revoked: None,
        roles: Some([RoleInput::Operator].into()),
        actions: Some(["request_run".to_owned()].into()),
    }
}

operation! {
    IssueToken = "tokens.issue" in "tokens";
    Post "/v1/tokens" [keyed, created, secret];
    summary "Issue a token", "签发令牌";
    says "For the account that asks, with at most the rights of the credential that asks. It ends no later than a token that asks, and is revoked with it; one that a session asked for lives its own days, until the password is replaced. The secret is shown once.", "为当前账号签发，权限不超过所用凭证。以令牌签发的，到期不晚于该令牌，并随其撤销；在会话中签发的，按自身期限有效，更换密码时失效。密文只显示一次。";
    takes TokenInput, example TokenInput {
        title: "nightly runs".into(), days: 90, roles: Some(vec![RoleInput::Operator]), actions: Some(vec!["request_run".into()])
    };
    gives TokenMade, example TokenMade {
        token: "t0123456789abcdef0123".into(), secret: "tgt_t0123456789abcdef0123_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(), expires: "2027-02-20T08:00:00Z".into()
    };
    by make;
}

operation! {
    ListTokens = "tokens.list" in "tokens";
    Get "/v1/tokens" [];
    summary "List one's tokens", "列出本账号令牌";
    says "What they are for and when they end; never their secrets.", "用途与有效期，不含密文。";
    takes Nothing, example Nothing {};
    gives TokenList, example TokenList { tokens: vec![example()] };
    by list;
}

operation! {
    RevokeToken = "tokens.revoke" in "tokens";
    Post "/v1/tokens/{token}/revoke" [keyed];
    summary "Revoke a token", "撤销令牌";
    says "It ends at once, with everything that was made with it. Accounts of the same organisation may revoke it too.", "该令牌及以其签发的令牌和证书立即失效。同一机构的账号亦可撤销。";
    takes OneToken, example OneToken { token: "t0123456789abcdef0123".into() };
    gives TokenView, example TokenView { revoked: Some("2026-11-23T08:00:00Z".into()), ..example() };
    by revoke;
}

/// What this resource offers.
pub(super) fn offers(offers: Offers) -> Offers {
    offers.with::<IssueToken>().with::<ListTokens>().with::<RevokeToken>()
}

/// Certificates of clients are listed and revoked among tokens.
fn is_token(kind: &str) -> bool {
    matches!(kind, "token" | "certificate")
}

fn view(record: &CredentialRecord) -> Result<TokenView, Refused> {
    let scope: Scope = serde_json::from_str(&record.content).map_err(StoreError::from)?;
    Ok(TokenView {
        token: record.id.clone(),
        title: scope.title,
        at: record.at.clone(),
        expires: record.expires.clone(),
        revoked: record.revoked.clone(),
        roles: scope.roles.map(|roles| roles.into_iter().map(RoleInput::from).collect()),
        actions: scope.actions,
    })
}

/// The scope of a new token: what is asked for, within what the asking credential carries.
fn scope_of(desk: &Desk, input: &TokenInput) -> Result<Scope, Refused> {
    let caller = desk.caller();
    let mut roles: Option<BTreeSet<Role>> = input.roles.as_ref().map(|roles| roles.iter().map(|role| Role::from(*role)).collect());
    if let Some(wider) = roles.iter().flatten().find(|role| !caller.roles.contains(role)) {
        return Err(TokenError::Wider { what: wider.as_str().to_owned() }.into());
    }
    let mut actions = None;
    if let Some(names) = &input.actions {
        let mut known = BTreeSet::new();
        for name in names {
            let action = Action::of_name(name).ok_or_else(|| TokenError::Action { action: name.chars().take(64).collect() })?;
            if caller.actions.as_ref().is_some_and(|own| !own.contains(&action)) {
                return Err(TokenError::Wider { what: name.clone() }.into());
            }
            known.insert(action.name().to_owned());
        }
        actions = Some(known);
    }
    // A limited credential hands on its limits where none are named.
    if actions.is_none() {
        actions = caller.actions.as_ref().map(|actions| actions.iter().map(|action| action.name().to_owned()).collect());
    }
    if roles.is_none() {
        roles = Some(caller.roles.clone());
    }
    Ok(Scope { title: input.title.clone(), roles, actions, made_by: Some(caller.credential.clone()) })
}

async fn make(desk: &mut Desk, input: TokenInput) -> Result<Done<TokenMade>, Refused> {
    let scope = scope_of(desk, &input)?;
    let account = desk.caller().account.clone();
    let mut act = desk.begin().await?;
    let row = act.get::<AccountRecord>(&account).await?.ok_or_else(|| AccountError::Unknown { account: account.clone() })?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::ManageTokens, &Thing::of(&row), facts)?;
    let until = act.heir_until(desk, input.days).await?;
    let (made, expires) = issue(&mut act, &account, &scope, until).await?;
    act.commit(decided).await?;
    Ok(Done::from(TokenMade { token: made.id, secret: made.text, expires }))
}

async fn list(desk: &mut Desk, _: Nothing) -> Result<Done<TokenList>, Refused> {
    let all = desk.read().credentials_of(&desk.caller().account).await.map_err(ServiceError::from)?;
    let tokens = all.iter().filter(|credential| is_token(&credential.kind)).map(view).collect::<Result<_, _>>()?;
    Ok(Done::from(TokenList { tokens }))
}

async fn revoke(desk: &mut Desk, input: OneToken) -> Result<Done<TokenView>, Refused> {
    let unknown = || TokenError::Unknown { token: input.token.chars().take(64).collect() };
    let mut act = desk.begin().await?;
    let token = act.transaction.credential(&input.token).await?.filter(|found| is_token(&found.kind)).ok_or_else(unknown)?;
    let row = act.get::<AccountRecord>(&token.account).await?.ok_or_else(unknown)?;
    // Whether a token of others exists is not told.
    if row.record.organisation != desk.caller().organisation {
        return Err(unknown().into());
    }
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::ManageTokens, &Thing::of(&row), facts)?;
    let at = act.at().to_owned();
    if token.revoked.is_some() {
        return Err(TokenError::Revoked.into());
    }
    act.revoke_with_heirs(&token.account, BTreeSet::from([token.id.clone()])).await?;
    act.commit(decided).await?;
    Ok(Done::from(view(&CredentialRecord { revoked: Some(at), ..token })?))
}
