//! Modules: sealed by their operator, uploaded, approved where exact tables are made.

use super::through::{All, bytes, example, organisation, page, visible};
use crate::facts::facts_of_module;
use crate::records::ModuleLink;
use crate::{Desk, Done, Refused, Row, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Facts, Kind};
use tidegate_http::api::Page;
use tidegate_service::view::{ApprovalView, ModuleView};
use tidegate_service::{NewApproval, ServiceError};
use tidegate_terms::{Digest, Name, Seal, messages};

messages! {
    /// Why a module is not taken in.
    pub enum ModuleRefusal {
        Author { module: String } = "module.author" {
            en: "module {module} was uploaded before as written by somebody else: state the same author, or change the module",
            zh: "模型 {module} 此前上传时所写作者不同：请填写同一作者，或修改模型",
        },
    }
}

/// The longest body of an upload: a component of 32 MiB in base64 and its manifest.
const UPLOAD_BYTES_MAX: usize = 46 << 20;

/// A sealed module.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// The component, base64.
    #[schemars(length(min = 1))]
    pub component: String,
    /// The manifest, as TOML.
    #[schemars(length(min = 1, max = 1_000_000))]
    pub manifest: String,
    /// The seal, as JSON.
    #[schemars(length(min = 1, max = 100_000))]
    pub seal: String,
    /// Who wrote it, where it is a developer under the operator's agreement; otherwise the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Name>,
}

/// An approval.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The digest of the module's seal.
    #[schemars(with = "String")]
    pub module: Digest,
    /// The dataset.
    pub dataset: Name,
    /// The operator whose module it is.
    pub operator: Name,
    /// The approver's Ed25519 public key, base64.
    #[schemars(length(min = 44, max = 44))]
    pub approver: String,
    /// The signature, base64.
    #[schemars(length(min = 88, max = 88))]
    pub signature: String,
}

/// A module that is to be withdrawn.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Withdrawal {
    /// Its digest, as it is listed.
    #[schemars(with = "String")]
    pub module: Digest,
    /// Why.
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
}

/// A module that was withdrawn.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WithdrawnView {
    /// Its digest.
    #[schemars(with = "String")]
    pub module: Digest,
    /// Why.
    pub reason: String,
}

fn withdrawn_example() -> Withdrawal {
    example(r#"{ "module": "7ef7f7871fa4ae1fde16edf184b0625822a080e7d5bf0151ad85828136bdf186", "reason": "replaced by version 2" }"#)
}

fn view_example() -> ModuleView {
    example(include_str!("examples/module.json"))
}

operation! {
    ListModules = "modules.list" in "modules";
    Get "/v1/modules" [paged];
    summary "List modules", "列出模型";
    says "All for authority, provider, regulator and audit; one's own for an operator.", "主管部门、数据提供部门、监管与审计可见全部；运营机构可见本机构的。";
    takes All, example All {};
    gives Page<ModuleView>, example Page { items: vec![view_example()], next: None };
    by list;
}

operation! {
    UploadModule = "modules.upload" in "modules";
    Post "/v1/modules" [keyed, binding, created, body UPLOAD_BYTES_MAX];
    summary "Upload a sealed module", "上传已封签的模型";
    says "The operator, signed. The component passes the same gate as ever: no imports, the contract's interface, and the seal of a key that a grant names.", "由运营机构签名后上传。组件须通过上传关口：无导入、接口合规，且封签密钥列于授权中。";
    takes Upload, example example(r#"{ "component": "AGFzbQ0AAQA=", "manifest": "contract = 1\n…", "seal": "{ … }" }"#);
    gives ModuleView, example view_example();
    by upload;
}

operation! {
    ApproveModule = "modules.approve" in "modules";
    Post "/v1/modules/{module}/approve" [keyed, binding];
    summary "Approve a module for exact tables of a dataset", "批准模型制作数据集的精确表格";
    says "Two approvers of different organisations, whose keys the policy of the dataset names; the signature covers module and dataset.", "须由来自不同机构、其密钥列于数据集策略的两名批准人批准；签名涵盖模型与数据集。";
    takes Approval, example example(r#"{ "module": "7ef7f7871fa4ae1fde16edf184b0625822a080e7d5bf0151ad85828136bdf186", "dataset": "rand-hie", "operator": "city-health", "approver": "XwqtNbMVdt/Ua6/3W8qGj5I3pxHzPP5OBcqjxzZvZrE=", "signature": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==" }"#);
    gives ApprovalView, example example(r#"{ "module": "7ef7f7871fa4ae1fde16edf184b0625822a080e7d5bf0151ad85828136bdf186", "name": "plan-year-table", "dataset": "rand-hie", "approvers": ["XwqtNbMVdt/Ua6/3W8qGj5I3pxHzPP5OBcqjxzZvZrE="] }"#);
    by approve;
}

operation! {
    WithdrawModule = "modules.withdraw" in "modules";
    Post "/v1/modules/{module}/withdrawal" [keyed];
    summary "Withdraw a module", "撤回模型";
    says "Its operator. No run of it is queued or begun from then on; what was released stays.", "由其运营机构操作。此后不再受理或开始该模型的运行；已发布的结果不变。";
    takes Withdrawal, example withdrawn_example();
    gives WithdrawnView, example WithdrawnView { module: withdrawn_example().module, reason: withdrawn_example().reason };
    by withdraw;
}

fn thing<'a>(id: &'a str, operator: &Name) -> Thing<'a> {
    Thing::alone(Kind::Module, id, "uploaded").owned_by(operator.to_string())
}

async fn list(desk: &mut Desk, _: All) -> Result<Done<Page<ModuleView>>, Refused> {
    let facts = desk.facts().await?;
    let all = desk.domain().module_views().await?;
    let seen = |view: &ModuleView| visible(desk, facts, Action::ReadModule, &thing(&view.module.to_string(), &view.operator));
    let seen = all.into_iter().filter(seen).collect();
    let (items, next) = page(desk, seen, |view: &ModuleView| view.module.to_string());
    Ok(Done::from(Page { items, next: None }).next(next))
}

async fn upload(desk: &mut Desk, input: Upload) -> Result<Done<ModuleView>, Refused> {
    let operator = organisation(desk)?;
    desk.check_table(Action::UploadModule, &thing("new", &operator))?;
    let component = bytes("component", &input.component)?;
    let digest = Seal::digest_of(&component, input.manifest.as_bytes());
    let id = digest.to_string();
    let mut act = desk.begin().await?;
    let author = input.author.unwrap_or_else(|| operator.clone());
    let facts = facts_of_module(desk, &mut act, &operator, &author).await?;
    let link = ModuleLink { operator: operator.clone(), author, withdrawn: None };
    let decided = desk.decide(Action::UploadModule, &Thing::made(&id, &link), facts)?;
    // A seal that does not hold binds nothing.
    Seal::parse(&input.seal)?.check(&component, input.manifest.as_bytes())?;
    // Who wrote what is here already stays as it was said.
    if desk.read().module_of(digest).await.map_err(ServiceError::from)?.is_some() {
        return Err(ServiceError::ModuleExists { module: digest.short() }.into());
    }
    // Also while its first upload is being compiled.
    let said: Option<Row<ModuleLink>> = act.get(&id).await?;
    if said.is_some_and(|row| row.record.operator == link.operator && row.record.author != link.author) {
        return Err(ModuleRefusal::Author { module: digest.short() }.into());
    }
    act.put(&id, &link).await?;
    act.commit(decided).await?;
    Ok(desk.domain().upload(operator, component, input.manifest, &input.seal).await?.into())
}

async fn approve(desk: &mut Desk, input: Approval) -> Result<Done<ApprovalView>, Refused> {
    let Approval { module, dataset, operator, approver, signature } = input;
    let own = organisation(desk)?;
    let mut act = desk.begin().await?;
    let facts = Facts { reviewer_differs: own != operator, ..act.facts(desk).await? };
    let id = module.to_string();
    let decided = desk.decide(Action::ApproveModule, &thing(&id, &operator), facts)?;
    act.commit(decided).await?;
    Ok(desk.domain().approve(NewApproval { module, dataset, operator, approver, signature }).await?.into())
}

async fn withdraw(desk: &mut Desk, input: Withdrawal) -> Result<Done<WithdrawnView>, Refused> {
    let Withdrawal { module, reason } = input;
    let id = module.to_string();
    let own = organisation(desk)?;
    desk.check_table(Action::WithdrawModule, &thing(&id, &own))?;
    let mut act = desk.begin().await?;
    let unknown = || ServiceError::UnknownModule { module: module.short(), operator: own.to_string() };
    let row: Row<ModuleLink> = act.get(&id).await?.ok_or_else(unknown)?;
    let facts = act.facts(desk).await?;
    let decided = desk.decide(Action::WithdrawModule, &Thing::of(&row), facts)?;
    act.put(&id, &ModuleLink { withdrawn: Some(reason.clone()), ..row.record }).await?;
    act.commit(decided).await?;
    Ok(WithdrawnView { module, reason }.into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers.with::<ListModules>().with::<UploadModule>().with::<ApproveModule>().with::<WithdrawModule>()
}
