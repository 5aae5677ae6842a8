//! Products: the release review before publication, registration step by step, and the register.

use super::through::{All, Given, Told, decide_alone, example, link, may, organisation, page};
use crate::facts::{ProductAsked, facts_of_product};
use crate::operations::reads::Reads;
use crate::records::{GrantLink, GrantStanding};
use crate::{Desk, Done, Kept, Refused, Row, Thing};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_access::{Action, Facts, Kind};
use tidegate_http::api::Page;
use tidegate_log::ProductStepKind;
use tidegate_product::Code;
use tidegate_service::ServiceError;
use tidegate_service::products::{PolicyRecord, ProductRecord, ProductRequest, ProductView, Stage, Step, Trace};
use tidegate_service::view::Shown;
use tidegate_store::StoreError;
use tidegate_terms::{Digest, Manifest, Name, messages};

messages! {
    /// Why a step is not taken through the interface.
    pub enum ProductRefusal {
        Step = "product.step-kind" {
            en: "this step has an operation of its own: `products.withdraw` or `products.revoke`",
            zh: "该步骤有专门的操作：`products.withdraw` 或 `products.revoke`",
        },
        ReviewedAlready { release: String } = "release.reviewed-already" {
            en: "release `{release}` was reviewed already: one named person answers for it",
            zh: "发布结果“{release}”已审核：由指定审核人负责",
        },
    }
}

/// The review of a release before anything is made of it (rule G17).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseReview {
    /// The release.
    pub release: String,
    /// The operator whose release it is.
    pub operator: Name,
    /// Whether it may be published.
    pub favourable: bool,
    /// What was looked at and found.
    pub opinion: String,
}

impl Kept for ReleaseReview {
    const KIND: Kind = Kind::Run;
    const NAME: &'static str = "release-review";

    fn state(&self) -> &'static str {
        if self.favourable { "released" } else { "stopped" }
    }

    fn owner(&self) -> String {
        self.operator.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

/// A review as it comes in.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewInput {
    /// The release.
    #[schemars(length(min = 1, max = 64))]
    pub release: String,
    /// Whether it may be published.
    pub favourable: bool,
    /// What was looked at and found.
    #[schemars(length(min = 1, max = 4000))]
    pub opinion: String,
}

/// An application.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationInput {
    /// The application, TOML.
    #[schemars(length(min = 1, max = 200_000))]
    pub application: String,
}

/// A product.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneProduct {
    /// Which.
    #[schemars(length(min = 1, max = 64))]
    pub product: String,
}

/// A step of a registration.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepInput {
    /// The product.
    #[schemars(length(min = 1, max = 64))]
    pub product: String,
    /// What.
    pub kind: ProductStepKind,
    /// An opinion, or the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opinion: Option<String>,
    /// The code that is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The real name of who objects; kept in the domain, never in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objector: Option<String>,
    /// The digest of the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub evidence: Option<Digest>,
}

/// The end of a registration.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndInput {
    /// The product.
    #[schemars(length(min = 1, max = 64))]
    pub product: String,
    /// Why.
    #[schemars(length(min = 1, max = 1000))]
    pub opinion: String,
}

/// What is demanded of products.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductPolicyInput {
    /// Whether only coded products may be delivered.
    pub coded_needed: bool,
    /// How many working days a public notice lasts.
    #[schemars(range(max = 365))]
    pub notice_days: u32,
}

/// A file by its digest.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceInput {
    /// SHA-256 of the file, hexadecimal.
    #[schemars(with = "String")]
    pub digest: Digest,
}

fn record_example() -> ProductRecord {
    example(include_str!("examples/product.json"))
}

fn end_example() -> EndInput {
    EndInput { product: "p3464a9f2669871a6f694".into(), opinion: "no longer offered".into() }
}

fn one() -> OneProduct {
    OneProduct { product: "p3464a9f2669871a6f694".into() }
}

operation! {
    ReviewRelease = "releases.review" in "runs";
    Post "/v1/releases/{release}/review" [keyed];
    summary "Review a release before anything is published of it", "发布前审核运行结果";
    says "By a named person of the operator or the authority who did not ask for the run (rule G17). Without a favourable review no product is registered from it.", "由运营机构或主管部门中未发起该运行的指定人员审核（规则 G17）。未通过审核的结果不得登记为产品。";
    takes ReviewInput, example ReviewInput { release: "r5b090278e953f5ac2635".into(), favourable: true, opinion: "aggregates only; no group is small".into() };
    gives ReleaseReview, example example(r#"{ "release": "r5b090278e953f5ac2635", "operator": "city-health", "favourable": true, "opinion": "aggregates only; no group is small" }"#);
    by review;
}

operation! {
    ShowProductPolicy = "products.policy" in "products";
    Get "/v1/products/policy" [];
    summary "What is demanded of products", "查看对产品的要求";
    says "Whether a code is needed before delivery, and how long public notice lasts.", "交付前是否须赋码，以及公示期限。";
    takes All, example All {};
    gives PolicyRecord, example example(r#"{ "coded_needed": true, "notice_days": 10, "by": null }"#);
    by policy;
}

operation! {
    SetProductPolicy = "products.set-policy" in "products";
    Put "/v1/products/policy" [keyed];
    summary "Decide what is demanded of products", "决定对产品的要求";
    says "The authority.", "由主管部门决定。";
    takes ProductPolicyInput, example ProductPolicyInput { coded_needed: true, notice_days: 10 };
    gives PolicyRecord, example example(r#"{ "coded_needed": true, "notice_days": 10, "by": "data-authority" }"#);
    by set_policy;
}

operation! {
    RegisterProduct = "products.register" in "products";
    Post "/v1/products" [keyed, created, body 1 << 20];
    summary "Apply for the registration of a product", "申请登记数据产品";
    says "The operator, from reviewed releases under living grants; nothing delivered may go in again (rule G15).", "由运营机构以有效授权下已审核的发布结果申请；已交付产品不得再次加工（规则 G15）。";
    takes ApplicationInput, example example(r#"{ "application": "operator = \"city-health\"\n…" }"#);
    gives ProductRecord, example record_example();
    by register;
}

operation! {
    StepProduct = "products.step" in "products";
    Post "/v1/products/{product}/steps" [keyed];
    summary "Accept, review, give notice, code, refuse, or decide on objections", "受理、审核、公示、赋码、不予登记或处理异议";
    says "The authority; the person who reviews is not the one who applied.", "由主管部门操作；审核人与申请人不得为同一人。";
    takes StepInput, example example(r#"{ "product": "p3464a9f2669871a6f694", "kind": "accepted" }"#);
    gives ProductRecord, example record_example();
    by step;
}

operation! {
    WithdrawProduct = "products.withdraw" in "products";
    Post "/v1/products/{product}/withdraw" [keyed];
    summary "Withdraw a registration", "申请注销登记";
    says "The operator.", "由运营机构申请。";
    takes EndInput, example end_example();
    gives ProductRecord, example record_example();
    by withdraw;
}

operation! {
    RevokeProduct = "products.revoke" in "products";
    Post "/v1/products/{product}/revoke" [keyed];
    summary "Revoke a registration", "撤销登记";
    says "The authority, with a reason.", "由主管部门说明理由后撤销。";
    takes EndInput, example end_example();
    gives ProductRecord, example record_example();
    by revoke;
}

operation! {
    ListProducts = "products.list" in "products";
    Get "/v1/products" [paged];
    summary "The register of products", "数据产品登记簿";
    says "Everybody who is known here may read it.", "凡有账号者均可查阅。";
    takes All, example All {};
    gives Page<ProductRecord>, example Page { items: vec![record_example()], next: None };
    by list;
}

operation! {
    ShowProduct = "products.show" in "products";
    Get "/v1/products/{product}" [];
    summary "Show a product with its deadlines", "查看产品及其期限";
    says "As it stands in the register.", "以登记簿所载为准。";
    takes OneProduct, example one();
    gives ProductView, example example(include_str!("examples/product_view.json"));
    by show;
}

operation! {
    ExportProduct = "products.export" in "products";
    Get "/v1/products/{product}/export" [];
    summary "The material that a registry asks for, in its seven sections", "导出登记机构要求的七部分材料";
    says "From the records of the domain.", "取自数据域的记录。";
    takes OneProduct, example one();
    gives Told, example Told(example(include_str!("examples/export.json")));
    by export;
}

operation! {
    TraceProduct = "products.trace" in "products";
    Get "/v1/trace/{digest}" [];
    summary "Trace a delivered file back to data, module and approver", "由交付文件溯源至数据、模型与审批";
    says "For operator, authority, regulator and audit.", "供运营机构、主管部门、监管与审计使用。";
    takes TraceInput, example example(r#"{ "digest": "e113b576abf7f6643d38ee0999743bc6e58a5b874630e5707de709fccb1a1e84" }"#);
    gives Trace, example example(include_str!("examples/trace.json"));
    by trace;
}

operation! {
    ShowProductKeys = "products.keys" in "products";
    Get "/v1/products/keys" [];
    summary "The keys that sign packages", "查看签署产品包的密钥";
    says "As the log announces them.", "以日志公告为准。";
    takes All, example All {};
    gives Told, example Told(example(include_str!("examples/product_keys.json")));
    by keys;
}

/// Asks the domain about products.
pub(crate) async fn ask<T: DeserializeOwned>(desk: &Desk, request: ProductRequest) -> Result<T, Refused> {
    let value = desk.domain().product(request).await?;
    Ok(serde_json::from_value(value).map_err(StoreError::from)?)
}

/// A product's state in the words of the access rules.
pub(crate) fn state(stage: Stage) -> &'static str {
    match stage {
        Stage::Applied => "applied",
        Stage::Accepted => "accepted",
        Stage::Reviewed => "reviewed",
        Stage::Notice => "noticed",
        Stage::Coded => "registered",
        Stage::Refused | Stage::Withdrawn | Stage::Revoked => "ended",
    }
}

pub(crate) fn thing(record: &ProductRecord) -> Thing<'_> {
    Thing::alone(Kind::Product, &record.product, state(record.stage)).owned_by(record.application.operator.to_string())
}

pub(crate) async fn record(desk: &Desk, product: &str) -> Result<ProductRecord, Refused> {
    Ok(ask::<ProductView>(desk, ProductRequest::Show { product: product.to_owned() }).await?.record)
}

/// The datasets on which runs rest.
pub(crate) async fn datasets_of(desk: &Desk, runs: impl Iterator<Item = &str>) -> Result<Vec<Name>, Refused> {
    let mut datasets = BTreeSet::new();
    for run in runs {
        match desk.domain().shown_of(run, None).await? {
            Shown::Tables(shown) => drop(datasets.insert(shown.tables.dataset)),
            Shown::Release(shown) => {
                datasets.extend(shown.release.join.map(|(joined, _)| joined));
                datasets.insert(shown.release.dataset);
            }
        }
    }
    Ok(datasets.into_iter().collect())
}

/// Whether all of these releases were reviewed favourably.
pub(crate) async fn reviewed(desk: &Desk, runs: impl Iterator<Item = &str>) -> Result<bool, Refused> {
    let books = desk.read();
    for run in runs {
        let row = books.governed(ReleaseReview::NAME, run).await.map_err(ServiceError::from)?;
        let favourable = row.map(Row::<ReleaseReview>::of).transpose()?.is_some_and(|row| row.record.favourable);
        if !favourable {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn review(desk: &mut Desk, input: ReviewInput) -> Result<Done<ReleaseReview>, Refused> {
    let shown = desk.domain().shown_of(&input.release, None).await?;
    let (operator, dataset) = match shown {
        Shown::Tables(shown) => (shown.tables.operator, shown.tables.dataset),
        Shown::Release(shown) => (shown.release.operator, shown.release.dataset),
    };
    let datasets = datasets_of(desk, std::iter::once(input.release.as_str())).await?;
    let provider = link(desk, &dataset).await.map(|link| link.record.organisation.to_string()).unwrap_or_default();
    let asked_by = asked_by(desk, &input.release).await?;
    let mut act = desk.begin().await?;
    let reviewed = act.get::<ReleaseReview>(&input.release).await?.is_some();
    let asked = ProductAsked { operator: &operator, author: &operator, datasets: &datasets, inputs: &[], delivered: &BTreeSet::new() };
    let facts = facts_of_product(desk, &mut act, &asked).await?;
    let grant_live = grants_live(desk, &mut act, &input.release).await?;
    let facts = Facts { grant_live, reviewer_differs: asked_by.is_none_or(|account| account != desk.caller().account), ..facts };
    let record = ReleaseReview { release: input.release, operator, favourable: input.favourable, opinion: input.opinion };
    let id = record.release.clone();
    let thing = Thing::made(&id, &record).in_state("held").with_counterpart(provider);
    let decided = desk.decide(Action::ReviewRelease, &thing, facts)?;
    if reviewed {
        return Err(ProductRefusal::ReviewedAlready { release: record.release }.into());
    }
    let version = act.put(&id, &record).await?;
    act.commit(decided).await?;
    Ok(Done::from(record).version(version))
}

/// The grants that a run drew on, and the purpose that its module states.
async fn drawn_on(desk: &Desk, run: &str) -> Result<(Vec<String>, Option<Name>), Refused> {
    let books = desk.read();
    let (grants, module): (Vec<String>, _) = match books.run(run).await.map_err(ServiceError::from)? {
        Some(run) => (run.mounts.into_iter().map(|mount| mount.grant).collect(), Some(run.module)),
        None => match books.reviewed_run(run).await.map_err(ServiceError::from)? {
            Some(run) => (vec![run.grant], Some(run.module)),
            None => (Vec::new(), None),
        },
    };
    let module = match module {
        Some(module) => books.module_of(module).await.map_err(ServiceError::from)?,
        None => None,
    };
    Ok((grants, module.map(|module| Manifest::parse(&module.manifest)).transpose()?.map(|manifest| manifest.purpose)))
}

/// Whether what is delivered was made for the purposes that were granted (rule E9).
pub(crate) async fn purposes_match(desk: &Desk, runs: impl Iterator<Item = &str>) -> Result<bool, Refused> {
    let books = desk.read();
    for run in runs {
        let (grants, purpose) = drawn_on(desk, run).await?;
        for id in grants {
            let granted = books.grant(&id).await.map_err(ServiceError::from)?.map(|grant| grant.purpose);
            if granted.is_none() || granted != purpose {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Whether no grant that a run drew on was cut off, suspended or revoked since.
async fn grants_live(desk: &Desk, reads: &mut impl Reads, run: &str) -> Result<bool, Refused> {
    let books = desk.read();
    let (grants, _) = drawn_on(desk, run).await?;
    for id in &grants {
        let grant = books.grant(id).await.map_err(ServiceError::from)?;
        let held = grant.is_none_or(|grant| grant.revoked.is_some() || grant.suspended.is_some());
        let standing = reads.one::<GrantLink>(id).await?.map(|row| row.record.standing);
        if held || !matches!(standing, Some(GrantStanding::Live | GrantStanding::Rectifying)) {
            return Ok(false);
        }
    }
    Ok(!grants.is_empty())
}

/// The account that asked for the run of a release, where the queue knows it.
async fn asked_by(desk: &Desk, release: &str) -> Result<Option<String>, Refused> {
    use crate::queue::{Ended, Progress, QueuedRun};
    let books = desk.read();
    let rows = books.all_governed(Progress::NAME, Some("released"), "", u32::MAX).await.map_err(ServiceError::from)?;
    for row in rows {
        let row = Row::<Progress>::of(row)?;
        if matches!(&row.record.ended, Some(Ended::Released(run)) if run == release) {
            let asked = books.governed(QueuedRun::NAME, &row.id).await.map_err(ServiceError::from)?;
            return Ok(asked.map(|asked| asked.by));
        }
    }
    Ok(None)
}

fn register_thing() -> Thing<'static> {
    Thing::alone(Kind::Product, "register", "registered")
}

async fn policy(desk: &mut Desk, _: All) -> Result<Done<PolicyRecord>, Refused> {
    may(desk, Action::ReadProduct, &register_thing()).await?;
    Ok(ask::<PolicyRecord>(desk, ProductRequest::PolicyShow).await?.into())
}

async fn set_policy(desk: &mut Desk, input: ProductPolicyInput) -> Result<Done<PolicyRecord>, Refused> {
    let by = organisation(desk)?;
    let mut act = desk.begin().await?;
    let facts = Facts { reviewer_differs: true, ..act.facts(desk).await? };
    let decided = desk.decide(Action::ProcessProduct, &register_thing().in_state("applied"), facts)?;
    act.commit(decided).await?;
    let record = PolicyRecord { coded_needed: input.coded_needed, notice_days: input.notice_days, by: Some(by) };
    Ok(ask::<PolicyRecord>(desk, ProductRequest::Policy(record)).await?.into())
}

async fn register(desk: &mut Desk, input: ApplicationInput) -> Result<Done<ProductRecord>, Refused> {
    let operator = organisation(desk)?;
    let application = tidegate_product::Application::parse(&input.application)?;
    let runs = || application.runs.iter().map(String::as_str);
    let datasets = datasets_of(desk, runs()).await?;
    let release_reviewed = reviewed(desk, runs()).await?;
    let delivered = delivered(desk).await?;
    let mut act = desk.begin().await?;
    let asked =
        ProductAsked { operator: &operator, author: &operator, datasets: &datasets, inputs: &application.inputs, delivered: &delivered };
    let facts = Facts { release_reviewed, ..facts_of_product(desk, &mut act, &asked).await? };
    let thing = Thing::alone(Kind::Product, "application", "applied").owned_by(application.operator.to_string());
    let decided = desk.decide(Action::ApplyForProduct, &thing, facts)?;
    act.commit(decided).await?;
    Ok(ask::<ProductRecord>(desk, ProductRequest::Register { application: input.application }).await?.into())
}

/// Products of which something was delivered.
async fn delivered(desk: &Desk) -> Result<BTreeSet<String>, Refused> {
    let all: Vec<ProductRecord> = ask(desk, ProductRequest::List).await?;
    Ok(all.into_iter().filter(|record| record.deliveries > 0).map(|record| record.product).collect())
}

async fn step(desk: &mut Desk, input: StepInput) -> Result<Done<ProductRecord>, Refused> {
    if matches!(input.kind, ProductStepKind::Withdrawn | ProductStepKind::Revoked) {
        return Err(ProductRefusal::Step.into());
    }
    let by = organisation(desk)?;
    let record = record(desk, &input.product).await?;
    let mut act = desk.begin().await?;
    let facts = Facts { reviewer_differs: record.application.operator != by, ..act.facts(desk).await? };
    let decided = desk.decide(Action::ProcessProduct, &thing(&record), facts)?;
    act.commit(decided).await?;
    let StepInput { product, kind, opinion, code, objector, evidence } = input;
    let step = Step { product, kind, by, opinion, code, objector, evidence };
    Ok(ask::<ProductRecord>(desk, ProductRequest::Step(step)).await?.into())
}

async fn end(desk: &Desk, input: EndInput, action: Action, kind: ProductStepKind) -> Result<Done<ProductRecord>, Refused> {
    let by = organisation(desk)?;
    let record = record(desk, &input.product).await?;
    decide_alone(desk, action, &thing(&record), Given { reason: Some(&input.opinion) }).await?;
    let EndInput { product, opinion } = input;
    let step = Step { product, kind, by, opinion: Some(opinion), code: None, objector: None, evidence: None };
    Ok(ask::<ProductRecord>(desk, ProductRequest::Step(step)).await?.into())
}

async fn withdraw(desk: &mut Desk, input: EndInput) -> Result<Done<ProductRecord>, Refused> {
    end(desk, input, Action::WithdrawProduct, ProductStepKind::Withdrawn).await
}

async fn revoke(desk: &mut Desk, input: EndInput) -> Result<Done<ProductRecord>, Refused> {
    end(desk, input, Action::RevokeProduct, ProductStepKind::Revoked).await
}

/// What everybody may read of a product. Opinions, who objected and who acknowledged are for those who may trace it.
async fn for_reader(desk: &Desk, record: &mut ProductRecord) -> Result<(), Refused> {
    let facts = desk.facts().await?;
    if !desk.may(Action::TraceProduct, &thing(record), facts) {
        for step in &mut record.steps {
            (step.opinion, step.objector) = (None, None);
        }
        record.acknowledgements.clear();
    }
    Ok(())
}

async fn list(desk: &mut Desk, _: All) -> Result<Done<Page<ProductRecord>>, Refused> {
    may(desk, Action::ReadProduct, &register_thing()).await?;
    let mut all: Vec<ProductRecord> = ask(desk, ProductRequest::List).await?;
    for record in &mut all {
        for_reader(desk, record).await?;
    }
    let (items, next) = page(desk, all, |record| record.product.clone());
    Ok(Done::from(Page { items, next: None }).next(next))
}

async fn show(desk: &mut Desk, input: OneProduct) -> Result<Done<ProductView>, Refused> {
    may(desk, Action::ReadProduct, &register_thing()).await?;
    let mut view: ProductView = ask(desk, ProductRequest::Show { product: input.product }).await?;
    for_reader(desk, &mut view.record).await?;
    Ok(view.into())
}

async fn export(desk: &mut Desk, input: OneProduct) -> Result<Done<Told>, Refused> {
    let record = record(desk, &input.product).await?;
    may(desk, Action::TraceProduct, &thing(&record)).await?;
    Ok(ask::<Told>(desk, ProductRequest::Export { product: input.product }).await?.into())
}

async fn trace(desk: &mut Desk, input: TraceInput) -> Result<Done<Trace>, Refused> {
    let trace: Trace = ask(desk, ProductRequest::Trace { digest: input.digest }).await?;
    let owner = trace.deliveries.first().map(|delivery| delivery.operator.to_string()).unwrap_or_default();
    may(desk, Action::TraceProduct, &register_thing().owned_by(owner)).await?;
    Ok(trace.into())
}

async fn keys(desk: &mut Desk, _: All) -> Result<Done<Told>, Refused> {
    may(desk, Action::ReadProduct, &register_thing()).await?;
    Ok(ask::<Told>(desk, ProductRequest::Keys { renew: false, revoke_earlier: false }).await?.into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    let offers = offers.with::<ReviewRelease>().with::<ShowProductPolicy>().with::<SetProductPolicy>().with::<RegisterProduct>();
    let offers = offers.with::<StepProduct>().with::<WithdrawProduct>().with::<RevokeProduct>().with::<ListProducts>();
    offers.with::<ShowProduct>().with::<ExportProduct>().with::<TraceProduct>().with::<ShowProductKeys>()
}
