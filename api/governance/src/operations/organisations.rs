//! Organisations: registered by the authority, closed for a time and opened again (rules A1, F10, G10).

use crate::offers::Offers;
use crate::operations::accounts::decode_key;
use crate::{Cause, Desk, Done, Kept, Refused, Row, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_access::{Action, Kind};
use tidegate_http::api::{Nothing, Page};
use tidegate_operation::{Closing, ClosingEvent, Ground, close as close_access};
use tidegate_parties::{Contact, CreditCode, DisplayName, NationalId, Organisation, OrganisationKind, Role, Scheme, check_distinct};
use tidegate_service::Domain;
use tidegate_terms::{Name, messages};

messages! {
    /// Why an act on an organisation is refused.
    pub enum OrganisationsError {
        Unknown { organisation: String } = "organisation.unknown" {
            en: "there is no organisation `{organisation}`: the list of organisations shows what there is",
            zh: "没有机构“{organisation}”：机构列表会显示现有机构",
        },
        UnknownClosing { closing: String } = "closing.unknown" {
            en: "there is no closing `{closing}` of this organisation that still stands",
            zh: "该机构没有仍然有效的关闭记录“{closing}”",
        },
        NotOthers = "organisation.not-others" {
            en: "a provider closes the access of those who use its data: operators, developers and exchanges; ask the authority for others",
            zh: "数据提供部门仅可关闭使用其数据的运营机构、开发利用主体和交易机构的权限：其他机构请报主管部门",
        },
        OwnAccess = "organisation.own-access" {
            en: "an authority cannot close its own access: nobody could open it again",
            zh: "主管部门不能关闭自身的权限：否则无人可以恢复",
        },
        Word { text: String, known: String } = "organisation.word" {
            en: "`{text}` is none of {known}",
            zh: "“{text}”不在下列范围：{known}",
        },
        OtherUnder { organisation: String } = "organisation.works-under-unknown" {
            en: "`{organisation}`, under whose agreement it works, is not registered as an operator",
            zh: "其所依托的“{organisation}”未登记为运营机构",
        },
    }
}

/// How an organisation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrganisationStanding {
    /// It acts.
    Active,
    /// Its access is closed for a time.
    Closed,
    /// Its accounts, tokens and keys ended for good.
    Ended,
}

/// A key with which an organisation signs what binds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// The organisation's name for it; requests name it as `keyid`.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// The Ed25519 public key, base64 of 32 bytes.
    #[schemars(length(min = 44, max = 44))]
    pub public_key: String,
}

/// An organisation as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganisationRecord {
    /// The organisation.
    pub organisation: Organisation,
    /// How it stands.
    pub standing: OrganisationStanding,
    /// The keys with which it signs.
    pub keys: Vec<SigningKey>,
}

impl Kept for OrganisationRecord {
    const KIND: Kind = Kind::Organisation;

    fn state(&self) -> &'static str {
        match self.standing {
            OrganisationStanding::Active => "active",
            OrganisationStanding::Closed => "closed",
            OrganisationStanding::Ended => "ended",
        }
    }

    fn owner(&self) -> String {
        self.organisation.id.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

impl OrganisationRecord {
    /// A new one.
    pub(crate) fn new(organisation: Organisation, keys: Vec<SigningKey>) -> Self {
        Self { organisation, standing: OrganisationStanding::Active, keys }
    }

    /// The public key of this name, where there is one.
    pub(crate) fn key(&self, id: &str) -> Option<[u8; 32]> {
        let key = self.keys.iter().find(|key| key.id == id)?;
        decode_key(&key.public_key).ok()
    }
}

impl Kept for Closing {
    const KIND: Kind = Kind::Stop;
    const NAME: &'static str = "closing";

    fn state(&self) -> &'static str {
        if self.stands { "open" } else { "closed" }
    }

    fn owner(&self) -> String {
        self.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

/// An identifier of the national infrastructure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NationalIdInput {
    /// Of which scheme, as the list of schemes names it.
    #[schemars(length(min = 1, max = 60))]
    pub scheme: String,
    /// Who issued it.
    #[schemars(length(min = 1, max = 120))]
    pub issuer: String,
    /// As it was issued.
    #[schemars(length(min = 1, max = 200))]
    pub id: String,
}

/// Whom to ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactInput {
    /// The unit inside the organisation.
    #[schemars(length(min = 1, max = 120))]
    pub unit: String,
    /// The chief data officer (首席数据官).
    #[schemars(length(min = 1, max = 120))]
    pub officer: String,
}

/// An organisation to be registered or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganisationInput {
    /// Its short name in the system.
    #[schemars(length(min = 1, max = 64))]
    pub organisation: String,
    /// What it is called.
    #[schemars(length(min = 1, max = 120))]
    pub name: String,
    /// `department`, `public_service`, `enterprise` or `society`.
    pub kind: KindInput,
    /// Its 统一社会信用代码.
    #[schemars(length(min = 18, max = 18))]
    pub credit_code: String,
    /// The six digits of its administrative division.
    #[schemars(length(min = 6, max = 6))]
    pub region: String,
    /// What it acts as.
    #[schemars(length(min = 1, max = 8))]
    pub roles: Vec<RoleInput>,
    /// Identifiers of the national infrastructure.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub national_ids: Vec<NationalIdInput>,
    /// Whom to ask; providers need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactInput>,
    /// The operator under whose agreement it works, for developers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub works_under: Option<String>,
    /// The keys with which it signs what binds it.
    #[serde(default)]
    #[schemars(length(max = 10))]
    pub keys: Vec<SigningKey>,
}

/// What kind of body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindInput {
    /// 政务部门.
    Department,
    /// 公共服务企事业单位.
    PublicService,
    /// 企业.
    Enterprise,
    /// 社会组织.
    Society,
}

/// A role of the closed list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleInput {
    /// 数据提供部门.
    Provider,
    /// 公共数据主管部门.
    Authority,
    /// 运营机构.
    Operator,
    /// 开发利用主体.
    Developer,
    /// 监管.
    Regulator,
    /// 数据交易机构.
    Exchange,
    /// 公共数据服务机构.
    Custodian,
    /// 审计.
    Auditor,
}

impl From<RoleInput> for Role {
    fn from(role: RoleInput) -> Self {
        match role {
            RoleInput::Provider => Self::Provider,
            RoleInput::Authority => Self::Authority,
            RoleInput::Operator => Self::Operator,
            RoleInput::Developer => Self::Developer,
            RoleInput::Regulator => Self::Regulator,
            RoleInput::Exchange => Self::Exchange,
            RoleInput::Custodian => Self::Custodian,
            RoleInput::Auditor => Self::Auditor,
        }
    }
}

impl From<Role> for RoleInput {
    fn from(role: Role) -> Self {
        match role {
            Role::Provider => Self::Provider,
            Role::Authority => Self::Authority,
            Role::Operator => Self::Operator,
            Role::Developer => Self::Developer,
            Role::Regulator => Self::Regulator,
            Role::Exchange => Self::Exchange,
            Role::Custodian => Self::Custodian,
            Role::Auditor => Self::Auditor,
        }
    }
}

impl From<KindInput> for OrganisationKind {
    fn from(kind: KindInput) -> Self {
        match kind {
            KindInput::Department => Self::Department,
            KindInput::PublicService => Self::PublicService,
            KindInput::Enterprise => Self::Enterprise,
            KindInput::Society => Self::Society,
        }
    }
}

impl OrganisationInput {
    /// As it is kept, checked by itself.
    pub(crate) fn parse(&self) -> Result<OrganisationRecord, Refused> {
        let mut national_ids = Vec::new();
        for NationalIdInput { scheme, issuer, id } in &self.national_ids {
            let known = || Scheme::ALL.iter().map(|scheme| scheme.shown().en).collect::<Vec<_>>().join(", ");
            let found = Scheme::of_word(scheme).ok_or_else(|| OrganisationsError::Word { text: short(scheme), known: known() })?;
            national_ids.push(NationalId::parse(found, issuer, id)?);
        }
        let contact = match &self.contact {
            None => None,
            Some(ContactInput { unit, officer }) => {
                Some(Contact { unit: DisplayName::parse(unit)?, officer: DisplayName::parse(officer)? })
            }
        };
        for key in &self.keys {
            decode_key(&key.public_key)?;
        }
        let organisation = Organisation {
            id: Name::parse(&self.organisation)?,
            name: DisplayName::parse(&self.name)?,
            kind: self.kind.into(),
            credit_code: Some(CreditCode::parse(&self.credit_code)?),
            region: self.region.clone(),
            roles: self.roles.iter().map(|role| Role::from(*role)).collect(),
            national_ids,
            contact,
            works_under: self.works_under.as_deref().map(Name::parse).transpose()?,
        };
        Ok(OrganisationRecord::new(organisation, self.keys.clone()))
    }
}

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// An organisation as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganisationView {
    /// Its short name.
    pub organisation: String,
    /// The version of its record.
    pub version: u32,
    /// How it stands.
    pub standing: OrganisationStanding,
    /// What it is called.
    pub name: String,
    /// What kind of body it is, in English.
    pub kind: String,
    /// Its 统一社会信用代码.
    pub credit_code: String,
    /// Its administrative division.
    pub region: String,
    /// What it acts as.
    pub roles: BTreeSet<RoleInput>,
    /// The operator under whose agreement it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub works_under: Option<String>,
    /// The keys with which it signs.
    pub keys: Vec<SigningKey>,
}

impl From<&Row<OrganisationRecord>> for OrganisationView {
    fn from(row: &Row<OrganisationRecord>) -> Self {
        let OrganisationRecord { organisation, standing, keys } = &row.record;
        Self {
            organisation: organisation.id.to_string(),
            version: row.version,
            standing: *standing,
            name: organisation.name.to_string(),
            kind: organisation.kind.shown().en.to_owned(),
            credit_code: organisation.credit_code.as_ref().map_or_else(String::new, |code| code.as_str().to_owned()),
            region: organisation.region.clone(),
            roles: organisation.roles.iter().map(|role| RoleInput::from(*role)).collect(),
            works_under: organisation.works_under.as_ref().map(Name::to_string),
            keys: keys.clone(),
        }
    }
}

/// One organisation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneOrganisation {
    /// Its short name.
    #[schemars(length(min = 1, max = 64))]
    pub organisation: String,
}

/// The four grounds of a closing (Shuangyashan Art. 75).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroundInput {
    /// （一）
    HarmToInterests,
    /// （二）
    TransferOrOtherUse,
    /// （三）
    NoSafeguards,
    /// （四）
    OtherBreach,
}

impl From<GroundInput> for Ground {
    fn from(ground: GroundInput) -> Self {
        match ground {
            GroundInput::HarmToInterests => Self::HarmToInterests,
            GroundInput::TransferOrOtherUse => Self::TransferOrOtherUse,
            GroundInput::NoSafeguards => Self::NoSafeguards,
            GroundInput::OtherBreach => Self::OtherBreach,
        }
    }
}

/// A closing that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseInput {
    /// Whose access.
    #[schemars(length(min = 1, max = 64))]
    pub organisation: String,
    /// On which ground.
    pub ground: GroundInput,
    /// The facts.
    #[schemars(length(max = 4000))]
    pub facts: String,
}

/// A closing that is to end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReopenInput {
    /// Whose access.
    #[schemars(length(min = 1, max = 64))]
    pub organisation: String,
    /// Which closing.
    #[schemars(length(min = 1, max = 64))]
    pub closing: String,
    /// What the organisation reported as put right.
    #[schemars(length(max = 4000))]
    pub reported: String,
    /// Why its access may be opened again.
    #[schemars(length(max = 4000))]
    pub facts: String,
}

/// A closing as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClosingView {
    /// Its identifier.
    pub closing: String,
    /// Whose access.
    pub organisation: String,
    /// On which ground, in English.
    pub ground: String,
    /// Whether it still stands.
    pub stands: bool,
    /// What was put right, once it was reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<String>,
}

fn closing_view(id: &str, closing: &Closing) -> ClosingView {
    ClosingView {
        closing: id.to_owned(),
        organisation: closing.organisation.to_string(),
        ground: closing.ground.shown().en.to_owned(),
        stands: closing.stands,
        reported: closing.reported.clone(),
    }
}

fn example() -> OrganisationInput {
    OrganisationInput {
        organisation: "tide-lab".into(),
        name: "潮闸数据运营有限公司".into(),
        kind: KindInput::Enterprise,
        credit_code: "91350100M000100Y43".into(),
        region: "230500".into(),
        roles: vec![RoleInput::Operator],
        national_ids: vec![],
        contact: None,
        works_under: None,
        keys: vec![SigningKey { id: "k1".into(), public_key: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".into() }],
    }
}

fn example_view() -> OrganisationView {
    let input = example();
    OrganisationView {
        organisation: input.organisation,
        version: 1,
        standing: OrganisationStanding::Active,
        name: input.name,
        kind: "enterprise".into(),
        credit_code: input.credit_code,
        region: input.region,
        roles: input.roles.into_iter().collect(),
        works_under: None,
        keys: input.keys,
    }
}

fn example_closing() -> ClosingView {
    ClosingView {
        closing: "c0123456789abcdef0123".into(),
        organisation: "tide-lab".into(),
        ground: "no safeguards for the data".into(),
        stands: true,
        reported: None,
    }
}

operation! {
    RegisterOrganisation = "organisations.register" in "organisations";
    Post "/v1/organisations" [keyed, created];
    summary "Register an organisation", "登记机构";
    says "The authority registers who takes part, with its roles and its unified social credit code.", "主管部门登记参与机构及其角色与统一社会信用代码。";
    takes OrganisationInput, example example();
    gives OrganisationView, example example_view();
    by register;
}

operation! {
    ChangeOrganisation = "organisations.change" in "organisations";
    Put "/v1/organisations/{organisation}" [keyed, versioned];
    summary "Change an organisation", "变更机构";
    says "Roles, names and keys as they are from now on; how it stands is not changed by this.", "更新其角色、名称与密钥；不改变其状态。";
    takes OrganisationInput, example example();
    gives OrganisationView, example example_view();
    by change;
}

operation! {
    ShowOrganisation = "organisations.show" in "organisations";
    Get "/v1/organisations/{organisation}" [];
    summary "Show an organisation", "查看机构";
    says "Who it is, what it acts as, and how it stands.", "机构身份、角色与状态。";
    takes OneOrganisation, example OneOrganisation { organisation: "tide-lab".into() };
    gives OrganisationView, example example_view();
    by show;
}

operation! {
    ListOrganisations = "organisations.list" in "organisations";
    Get "/v1/organisations" [paged];
    summary "List organisations", "列出机构";
    says "In the order of their short names.", "按短名称排序。";
    takes Nothing, example Nothing {};
    gives Page<OrganisationView>, example Page { items: vec![example_view()], next: None };
    by list;
}

operation! {
    CloseOrganisation = "organisations.close" in "organisations";
    Post "/v1/organisations/{organisation}/closings" [keyed, created];
    summary "Close an organisation's access for a time", "暂时关闭机构权限";
    says "All its authorisations, tokens and sessions rest at once, and what it runs is stopped.", "其全部授权、令牌与会话立即中止，正在进行的运行被停止。";
    takes CloseInput, example CloseInput { organisation: "tide-lab".into(), ground: GroundInput::NoSafeguards, facts: "No safeguards.".into() };
    gives ClosingView, example example_closing();
    by close;
}

operation! {
    ReopenOrganisation = "organisations.reopen" in "organisations";
    Post "/v1/organisations/{organisation}/closings/{closing}/reopen" [keyed];
    summary "Open an organisation's access again", "恢复机构权限";
    says "Ends one closing; the access opens when none stands any more.", "结束一次关闭；全部关闭结束后恢复权限。";
    takes ReopenInput, example ReopenInput {
        organisation: "tide-lab".into(), closing: "c0123456789abcdef0123".into(), reported: "Safeguards in place.".into(), facts: "Inspected.".into()
    };
    gives ClosingView, example ClosingView { stands: false, reported: Some("Safeguards in place.".into()), ..example_closing() };
    by reopen;
}

/// What this resource offers.
pub(super) fn offers(offers: Offers) -> Offers {
    let offers = offers.with::<RegisterOrganisation>().with::<ChangeOrganisation>().with::<ShowOrganisation>();
    offers.with::<ListOrganisations>().with::<CloseOrganisation>().with::<ReopenOrganisation>()
}

/// What must hold beside the organisation itself: names that cannot be taken for others, and an operator above developers.
fn check_among(record: &OrganisationRecord, others: &[Row<OrganisationRecord>]) -> Result<(), Refused> {
    record.organisation.check(others.iter().map(|row| &row.record.organisation))?;
    check_distinct(&record.organisation.name, others.iter().map(|row| &row.record.organisation.name))?;
    if let Some(above) = &record.organisation.works_under {
        let operates =
            |row: &Row<OrganisationRecord>| row.record.organisation.id == *above && row.record.organisation.roles.contains(&Role::Operator);
        if !others.iter().any(operates) {
            return Err(OrganisationsError::OtherUnder { organisation: above.to_string() }.into());
        }
    }
    Ok(())
}

async fn register(desk: &mut Desk, input: OrganisationInput) -> Result<Done<OrganisationView>, Refused> {
    let record = input.parse()?;
    let id = record.organisation.id.to_string();
    let mut act = desk.begin().await?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::RegisterOrganisation, &Thing::made(&id, &record), facts)?;
    let others = act.all::<OrganisationRecord>().await?;
    check_among(&record, &others)?;
    let version = act.put(&id, &record).await?;
    let (by, at) = (desk.caller().account.clone(), act.at().to_owned());
    act.commit(decided).await?;
    Ok(Done::from(OrganisationView::from(&Row { id, version, record, by, at })).version(version))
}

async fn change(desk: &mut Desk, input: OrganisationInput) -> Result<Done<OrganisationView>, Refused> {
    let new = input.parse()?;
    let mut act = desk.begin().await?;
    let row = find(act.get(&input.organisation).await?, &input.organisation)?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::RegisterOrganisation, &Thing::of(&row), facts)?;
    desk.expect_version(row.version)?;
    let others: Vec<_> = act.all::<OrganisationRecord>().await?.into_iter().filter(|other| other.id != row.id).collect();
    let record = OrganisationRecord { standing: row.record.standing, ..new };
    check_among(&record, &others)?;
    let version = act.put(&row.id, &record).await?;
    let at = act.at().to_owned();
    act.commit(decided).await?;
    let row = Row { version, record, by: desk.caller().account.clone(), at, id: row.id };
    Ok(Done::from(OrganisationView::from(&row)).version(version))
}

fn find(row: Option<Row<OrganisationRecord>>, organisation: &str) -> Result<Row<OrganisationRecord>, Refused> {
    Ok(row.ok_or_else(|| OrganisationsError::Unknown { organisation: short(organisation) })?)
}

async fn show(desk: &mut Desk, input: OneOrganisation) -> Result<Done<OrganisationView>, Refused> {
    let row = find(desk.get::<OrganisationRecord>(&input.organisation).await?, &input.organisation)?;
    desk.allow(Action::ReadOrganisation, &Thing::of(&row)).await?;
    Ok(Done::from(OrganisationView::from(&row)).version(row.version))
}

async fn list(desk: &mut Desk, _: Nothing) -> Result<Done<Page<OrganisationView>>, Refused> {
    desk.allow(Action::ReadOrganisation, &Thing::alone(Kind::Organisation, "all", "active")).await?;
    let (rows, next) = desk.list::<OrganisationRecord>(None, |_| true).await?;
    Ok(Done::from(Page { items: rows.iter().map(OrganisationView::from).collect(), next: None }).next(next))
}

async fn close(desk: &mut Desk, input: CloseInput) -> Result<Done<ClosingView>, Refused> {
    let mut act = desk.begin().await?;
    let row = find(act.get::<OrganisationRecord>(&input.organisation).await?, &input.organisation)?;
    let mut facts = act.facts(desk).await?;
    facts.reason_given = !input.facts.trim().is_empty();
    // A second ground may come while a first closing stands: both must end before the access opens.
    let decided = desk.decide(Action::CloseOrganisation, &Thing::of(&row), facts)?;
    let organisation = &row.record.organisation;
    if organisation.roles.contains(&Role::Authority) && organisation.id == desk.caller().organisation {
        return Err(OrganisationsError::OwnAccess.into());
    }
    let uses_data = |role: &Role| matches!(role, Role::Operator | Role::Developer | Role::Exchange);
    if decided.role() != Role::Authority && !organisation.roles.iter().all(uses_data) {
        return Err(OrganisationsError::NotOthers.into());
    }
    let (closing, effects) = close_access(row.record.organisation.id.clone(), input.ground.into(), &input.facts, desk.rules().pack())?;
    let id = Domain::identifier('c')?;
    act.put(&id, &closing).await?;
    act.carry_out(&effects, &Cause::new(&id, &input.facts)).await?;
    act.commit(decided).await?;
    Ok(Done::from(closing_view(&id, &closing)).version(1))
}

async fn reopen(desk: &mut Desk, input: ReopenInput) -> Result<Done<ClosingView>, Refused> {
    let mut act = desk.begin().await?;
    let row = find(act.get::<OrganisationRecord>(&input.organisation).await?, &input.organisation)?;
    let mut facts = act.facts(desk).await?;
    facts.reason_given = !input.facts.trim().is_empty();
    let decided = desk.decide(Action::ReopenOrganisation, &Thing::of(&row), facts)?;
    let closings = act.all_in::<Closing>("open").await?;
    let known = closings.iter().find(|closing| closing.id == input.closing && closing.record.organisation == row.record.organisation.id);
    let known = known.ok_or_else(|| OrganisationsError::UnknownClosing { closing: short(&input.closing) })?;
    let others: Vec<Closing> = closings.iter().filter(|other| other.id != known.id).map(|other| other.record.clone()).collect();
    let pack = desk.rules().pack();
    let (reported, _) = known.record.step(&ClosingEvent::Report(input.reported), &others, pack)?;
    let (closing, effects) = reported.step(&ClosingEvent::Open(input.facts.clone()), &others, pack)?;
    let version = act.put(&known.id, &closing).await?;
    act.carry_out(&effects, &Cause::new(&known.id, &input.facts)).await?;
    act.commit(decided).await?;
    Ok(Done::from(closing_view(&known.id, &closing)).version(version))
}
