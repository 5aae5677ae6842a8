//! Accounts: who acts for an organisation. An account is an opaque identifier; its person's name stays in its record.

use crate::authentication::Scope;
use crate::offers::Offers;
use crate::operations::organisations::{OrganisationRecord, OrganisationStanding, OrganisationsError, RoleInput};
use crate::secrets::{Made, make};
use crate::{Act, Desk, Done, Kept, Refused, Row, Thing};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_access::{Action, Kind};
use tidegate_authorisation::GrantError;
use tidegate_http::api::{Class, Nothing, Page};
use tidegate_parties::{DisplayName, Role};
use tidegate_service::Domain;
use tidegate_store::{CredentialRecord, StoreError};
use tidegate_terms::{Name, messages};

/// How long the first token of an account lives, in days.
const FIRST_TOKEN_DAYS: i64 = 30;

messages! {
    /// Why an act on an account is refused.
    pub enum AccountError {
        Unknown { account: String } = "account.unknown" {
            en: "there is no account `{account}`",
            zh: "没有账号“{account}”",
        },
        Roles { role: Role, organisation: Name } = "account.roles" {
            en: "organisation `{organisation}` is not registered as {role}: an account acts in roles of its organisation alone",
            zh: "机构“{organisation}”未登记角色“{role:#}”：账号只能以所属机构的角色操作",
        },
        Limited = "account.limited" {
            en: "a credential that is limited to some actions or roles makes no account, and nobody gives a colleague more than the own roles: use one with all rights of an account of the authority",
            zh: "仅限部分操作或角色的凭证不得新建账号，也不得为同机构人员设置超出自身的角色：请使用主管部门账号的完整凭证",
        },
        Ended { organisation: Name } = "account.organisation-over" {
            en: "organisation `{organisation}` has ended: it gets no new accounts",
            zh: "机构“{organisation}”已终止：不能新建账号",
        },
        Disabled = "account.over" {
            en: "the account was disabled before; nothing was changed",
            zh: "该账号此前已撤销；未作更改",
        },
        Date { text: String } = "account.date" {
            en: "`{text}` is no day: write YYYY-MM-DD",
            zh: "“{text}”不是日期：请写作 YYYY-MM-DD",
        },
    }
}

/// An account as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// What the person, or the program, is called. It stands here alone: never in log, journal or metrics.
    pub name: DisplayName,
    /// For whom it acts.
    pub organisation: Name,
    /// In which roles of that organisation.
    pub roles: BTreeSet<Role>,
    /// The last day of a valid training, where one was recorded (rule K5).
    pub trained_until: Option<String>,
    /// Whether it has ended.
    pub disabled: bool,
}

impl Kept for AccountRecord {
    const KIND: Kind = Kind::Account;

    fn state(&self) -> &'static str {
        if self.disabled { "disabled" } else { "active" }
    }

    fn owner(&self) -> String {
        self.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

/// An account to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountInput {
    /// For whom it acts.
    #[schemars(length(min = 1, max = 64))]
    pub organisation: String,
    /// What the person, or the program, is called.
    #[schemars(length(min = 1, max = 120))]
    pub name: String,
    /// In which roles of that organisation.
    #[schemars(length(min = 1, max = 8))]
    pub roles: Vec<RoleInput>,
    /// The last day of a valid training, YYYY-MM-DD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 10, max = 10))]
    pub trained_until: Option<String>,
}

/// An account as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountView {
    /// Its identifier.
    pub account: String,
    /// The version of its record.
    pub version: u32,
    /// `active`, `locked` or `disabled`.
    pub state: String,
    /// For whom it acts.
    pub organisation: String,
    /// What the person is called; shown to the authority and to its own organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// In which roles.
    pub roles: BTreeSet<RoleInput>,
    /// The last day of a valid training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_until: Option<String>,
}

/// A new account with its first token, which is shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountMade {
    /// The account.
    pub account: AccountView,
    /// Its first token.
    pub token: String,
    /// When the token ends.
    pub expires: String,
}

/// One account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneAccount {
    /// Its identifier.
    #[schemars(length(min = 1, max = 64))]
    pub account: String,
}

/// An account that is to end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableInput {
    /// Its identifier.
    #[schemars(length(min = 1, max = 64))]
    pub account: String,
    /// Why.
    #[schemars(length(max = 4000))]
    pub reason: String,
}

fn example() -> AccountView {
    AccountView {
        account: "a0123456789abcdef0123".into(),
        version: 1,
        state: "active".into(),
        organisation: "tide-lab".into(),
        name: Some("李明".into()),
        roles: [RoleInput::Operator].into(),
        trained_until: None,
    }
}

operation! {
    CreateAccount = "accounts.create" in "accounts";
    Post "/v1/accounts" [keyed, created, secret];
    summary "Create an account", "创建账号";
    says "The authority creates it; the answer shows its first token once, which its owner replaces.", "由主管部门创建；应答中的首个令牌只显示一次，由账号所有者自行更换。";
    takes AccountInput, example AccountInput {
        organisation: "tide-lab".into(), name: "李明".into(), roles: vec![RoleInput::Operator], trained_until: None
    };
    gives AccountMade, example AccountMade {
        account: example(), token: "tgt_t0123456789abcdef0123_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(), expires: "2026-12-22T08:00:00Z".into()
    };
    by create;
}

operation! {
    ShowAccount = "accounts.show" in "accounts";
    Get "/v1/accounts/{account}" [];
    summary "Show an account", "查看账号";
    says "Names of persons are shown to the authority and to their own organisation.", "人员姓名仅向主管部门及其所属机构显示。";
    takes OneAccount, example OneAccount { account: "a0123456789abcdef0123".into() };
    gives AccountView, example example();
    by show;
}

operation! {
    ListAccounts = "accounts.list" in "accounts";
    Get "/v1/accounts" [paged];
    summary "List accounts", "列出账号";
    says "For the authority, regulator, auditor and custodian all; for others those of their organisation.", "主管部门、监管、审计与保管方可见全部；其他机构只见本机构账号。";
    takes Nothing, example Nothing {};
    gives Page<AccountView>, example Page { items: vec![example()], next: None };
    by list;
}

operation! {
    DisableAccount = "accounts.disable" in "accounts";
    Post "/v1/accounts/{account}/disable" [keyed];
    summary "Disable an account", "撤销账号";
    says "It ends for good, with all its tokens and sessions.", "账号永久终止，其全部令牌与会话同时失效。";
    takes DisableInput, example DisableInput { account: "a0123456789abcdef0123".into(), reason: "Left the office.".into() };
    gives AccountView, example AccountView { state: "disabled".into(), ..example() };
    by disable;
}

operation! {
    ShowSelf = "accounts.self" in "accounts";
    Get "/v1/self" [];
    summary "Show who is asking", "查看当前身份";
    says "The account of the credential that is used, with the roles that it carries.", "所用凭证对应的账号及其角色。";
    takes Nothing, example Nothing {};
    gives AccountView, example example();
    by show_self;
}

/// What this resource offers.
pub(super) fn offers(offers: Offers) -> Offers {
    offers.with::<CreateAccount>().with::<ShowAccount>().with::<ListAccounts>().with::<DisableAccount>().with::<ShowSelf>()
}

/// The 32 bytes of an Ed25519 public key.
pub(crate) fn decode_key(text: &str) -> Result<[u8; 32], Refused> {
    let bytes = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| GrantError::OperatorKey.into())
}

/// The instant so many days from now.
pub(crate) fn in_days(days: i64) -> jiff::Timestamp {
    Domain::now().checked_add(jiff::SignedDuration::from_hours(24 * days)).unwrap_or(jiff::Timestamp::MAX)
}

/// Makes a token for an account, in an act. Returns the instant of its end too.
pub(crate) async fn issue(act: &mut Act, account: &str, scope: &Scope, until: jiff::Timestamp) -> Result<(Made, String), Refused> {
    let made = make("token")?;
    let until = until.to_string();
    let record = CredentialRecord {
        id: made.id.clone(),
        account: account.to_owned(),
        kind: "token".into(),
        hash: Some(made.hash.to_vec()),
        content: serde_json::to_string(scope).map_err(StoreError::from)?,
        at: act.at().to_owned(),
        expires: Some(until.clone()),
        revoked: None,
    };
    act.transaction.insert_credential(&record).await?;
    Ok((made, until))
}

/// Makes an account with its first token, in an act: also for the first accounts of a domain.
pub(crate) async fn make_account(act: &mut Act, record: &AccountRecord) -> Result<(String, Made, String), Refused> {
    let id = Domain::identifier('a')?;
    act.put(&id, record).await?;
    let scope = Scope { title: "first token".into(), ..Scope::default() };
    let (made, until) = issue(act, &id, &scope, in_days(FIRST_TOKEN_DAYS)).await?;
    Ok((id, made, until))
}

/// Checks an account's roles against its organisation.
pub(crate) fn check_roles(record: &AccountRecord, organisation: &OrganisationRecord) -> Result<(), Refused> {
    if organisation.standing == OrganisationStanding::Ended {
        return Err(AccountError::Ended { organisation: record.organisation.clone() }.into());
    }
    match record.roles.iter().find(|role| !organisation.organisation.roles.contains(role)) {
        Some(role) => Err(AccountError::Roles { role: *role, organisation: record.organisation.clone() }.into()),
        None => Ok(()),
    }
}

/// Refuses a credential that is limited: the first token of an account has every right of the account, and ends by itself alone.
fn check_within(desk: &Desk, record: &AccountRecord) -> Result<(), Refused> {
    let caller = desk.caller();
    let own = caller.organisation == record.organisation;
    if caller.actions.is_some() || own && !record.roles.is_subset(&caller.roles) {
        return Err(Refused::of(Class::Forbidden, &AccountError::Limited));
    }
    Ok(())
}

async fn create(desk: &mut Desk, input: AccountInput) -> Result<Done<AccountMade>, Refused> {
    if let Some(day) = &input.trained_until {
        let read = tidegate_terms::parse_date(day);
        read.ok_or_else(|| AccountError::Date { text: day.chars().take(20).collect() })?;
    }
    let record = AccountRecord {
        name: DisplayName::parse(&input.name)?,
        organisation: Name::parse(&input.organisation)?,
        roles: input.roles.iter().map(|role| Role::from(*role)).collect(),
        trained_until: input.trained_until,
        disabled: false,
    };
    let mut act = desk.begin().await?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::CreateAccount, &Thing::made("new", &record), facts)?;
    let organisation = act.get::<OrganisationRecord>(record.organisation.as_str()).await?;
    let organisation = organisation.ok_or_else(|| OrganisationsError::Unknown { organisation: record.organisation.to_string() })?;
    check_roles(&record, &organisation.record)?;
    check_within(desk, &record)?;
    let (id, made, expires) = make_account(&mut act, &record).await?;
    let at = act.at().to_owned();
    act.commit(decided.for_id(&id)).await?;
    let row = Row { id, version: 1, record, by: desk.caller().account.clone(), at };
    let account = view(&row, "active", true);
    Ok(Done::from(AccountMade { account, token: made.text, expires }).version(1))
}

fn view(row: &Row<AccountRecord>, state: &str, named: bool) -> AccountView {
    let AccountRecord { name, organisation, roles, trained_until, .. } = &row.record;
    AccountView {
        account: row.id.clone(),
        version: row.version,
        state: state.to_owned(),
        organisation: organisation.to_string(),
        name: named.then(|| name.to_string()),
        roles: roles.iter().map(|role| RoleInput::from(*role)).collect(),
        trained_until: trained_until.clone(),
    }
}

/// The state of an account, with the lock of failed proofs.
pub(crate) async fn state_of(desk: &Desk, row: &Row<AccountRecord>) -> Result<&'static str, Refused> {
    let locked = crate::operations::sessions::is_locked(&desk.read(), &row.id).await?;
    Ok(if locked && !row.record.disabled { "locked" } else { row.record.state() })
}

fn sees_names(desk: &Desk, row: &Row<AccountRecord>) -> bool {
    desk.caller().is(Role::Authority) || desk.caller().organisation == row.record.organisation
}

fn sees_all(desk: &Desk) -> bool {
    [Role::Authority, Role::Regulator, Role::Auditor, Role::Custodian].into_iter().any(|role| desk.caller().is(role))
}

async fn find(desk: &Desk, id: &str) -> Result<Row<AccountRecord>, Refused> {
    let row = desk.get::<AccountRecord>(id).await?;
    Ok(row.ok_or_else(|| AccountError::Unknown { account: id.chars().take(64).collect() })?)
}

async fn show(desk: &mut Desk, input: OneAccount) -> Result<Done<AccountView>, Refused> {
    let row = find(desk, &input.account).await?;
    desk.allow(Action::ReadOrganisation, &Thing::alone(Kind::Organisation, row.record.organisation.as_str(), "active")).await?;
    if !sees_all(desk) && desk.caller().organisation != row.record.organisation {
        return Err(AccountError::Unknown { account: row.id }.into());
    }
    let state = state_of(desk, &row).await?;
    Ok(Done::from(view(&row, state, sees_names(desk, &row))).version(row.version))
}

async fn list(desk: &mut Desk, _: Nothing) -> Result<Done<Page<AccountView>>, Refused> {
    desk.allow(Action::ReadOrganisation, &Thing::alone(Kind::Organisation, "all", "active")).await?;
    let (all, own) = (sees_all(desk), desk.caller().organisation.clone());
    let (rows, next) = desk.list::<AccountRecord>(None, |row| all || row.record.organisation == own).await?;
    let mut items = Vec::new();
    for row in &rows {
        items.push(view(row, state_of(desk, row).await?, sees_names(desk, row)));
    }
    Ok(Done::from(Page { items, next: None }).next(next))
}

async fn show_self(desk: &mut Desk, _: Nothing) -> Result<Done<AccountView>, Refused> {
    let row = find(desk, &desk.caller().account).await?;
    let state = state_of(desk, &row).await?;
    let mut shown = view(&row, state, true);
    // What this credential may do, not what the account could with another one.
    shown.roles = desk.caller().roles.iter().map(|role| RoleInput::from(*role)).collect();
    Ok(Done::from(shown).version(row.version))
}

async fn disable(desk: &mut Desk, input: DisableInput) -> Result<Done<AccountView>, Refused> {
    let mut act = desk.begin().await?;
    let row = act.get::<AccountRecord>(&input.account).await?;
    let row = row.ok_or_else(|| AccountError::Unknown { account: input.account.clone() })?;
    let mut facts = act.facts(desk).await?;
    facts.reason_given = !input.reason.trim().is_empty();
    let decided = desk.decide(Action::DisableAccount, &Thing::of(&row), facts)?;
    let version = act.disable_account(row.clone()).await?;
    act.commit(decided).await?;
    let record = AccountRecord { disabled: true, ..row.record };
    let row = Row { version, record, ..row };
    Ok(Done::from(view(&row, "disabled", sees_names(desk, &row))).version(version))
}

impl Act {
    /// Ends an account for good, with everything by which it proves who it is.
    pub(crate) async fn disable_account(&mut self, row: Row<AccountRecord>) -> Result<u32, Refused> {
        let at = self.at.clone();
        self.transaction.revoke_all_credentials(&row.id, None, &at).await?;
        if row.record.disabled {
            return Ok(row.version);
        }
        self.put(&row.id, &AccountRecord { disabled: true, ..row.record }).await
    }
}
