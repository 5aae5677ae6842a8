//! Deliveries: a recipient acknowledges the terms, the operator delivers, the recipient fetches the package and confirms.

use super::listings::{is_listed, with_product};
use super::products::{ask, datasets_of, purposes_match, record, reviewed};
use super::through::{bytes, example, organisation};
use crate::facts::{ProductAsked, facts_of_product};
use crate::operations::organisations::OrganisationRecord;
use crate::{Desk, Done, Kept, Refused, Row, Thing};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_access::{Action, Facts, Kind};
use tidegate_service::products::{AcknowledgementRecord, DeliverRequest, Delivered, DeliveryRecord, PolicyRecord, ProductRequest, Stage};
use tidegate_service::{Domain, ServiceError};
use tidegate_terms::{Name, messages};

/// The longest package that goes through the interface, in bytes.
const PACKAGE_BYTES_MAX: u64 = 48 << 20;

messages! {
    /// Why nothing is delivered or received.
    pub enum DeliveryRefusal {
        Unknown { delivery: String } = "delivery.unknown" {
            en: "there is no delivery `{delivery}` for you: the operator names it",
            zh: "没有面向贵机构的交付“{delivery}”：编号由运营机构告知",
        },
        OtherAcknowledgement { product: String } = "delivery.other-acknowledgement" {
            en: "the file acknowledges another product than `{product}`, or is signed by a key that is not registered for your organisation: make it anew with a registered key",
            zh: "文件确认的不是产品“{product}”，或签名密钥未登记于贵机构：请用已登记的密钥重新生成",
        },
        NotAcknowledged { product: String, recipient: Name } = "delivery.not-acknowledged" {
            en: "`{recipient}` has not acknowledged the terms of product `{product}`: it does so with `deliveries.acknowledge` first",
            zh: "“{recipient}”尚未确认产品“{product}”的条款：请其先用 `deliveries.acknowledge` 确认",
        },
        OtherName { recipient: Name } = "delivery.other-name" {
            en: "the file names another recipient than the registered name of `{recipient}`: make it anew with that name",
            zh: "文件中的接收方与“{recipient}”的登记名称不一致：请以登记名称重新生成",
        },
        OtherReceipt { delivery: String } = "delivery.other-receipt" {
            en: "the receipt is for another delivery than `{delivery}`: send the one that was made from its package",
            zh: "该回执不属于交付“{delivery}”：请提交由其产品包生成的回执",
        },
        Ended { product: String } = "delivery.product-ended" {
            en: "product `{product}` was withdrawn or revoked: its package is not handed out any more; ask the operator",
            zh: "产品“{product}”已撤回或撤销，不再提供产品包：请联系运营机构",
        },
        Package { delivery: String } = "delivery.package-gone" {
            en: "the package of delivery `{delivery}` is not here any more: ask the operator to deliver again",
            zh: "交付“{delivery}”的产品包已不在此处：请运营机构重新交付",
        },
    }
}

/// A recipient that acknowledged the terms of a product, and what it got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryLink {
    /// The product.
    pub product: String,
    /// The operator.
    pub operator: Name,
    /// The organisation that receives.
    pub recipient: Name,
    /// Its name in the package, and its key.
    pub name: String,
    /// Its public key, base64.
    pub key: String,
    /// The delivery, once there is one.
    pub delivery: Option<String>,
    /// Whether it came.
    pub received: bool,
}

impl Kept for DeliveryLink {
    const KIND: Kind = Kind::Delivery;

    fn state(&self) -> &'static str {
        match (self.received, &self.delivery) {
            (true, _) => "received",
            (false, _) => "acknowledged",
        }
    }

    fn owner(&self) -> String {
        self.operator.to_string()
    }

    fn counterpart(&self) -> String {
        self.recipient.to_string()
    }
}

/// A signed acknowledgement or receipt.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeInput {
    /// The product.
    #[schemars(length(min = 1, max = 64))]
    pub product: String,
    /// The file that the recipient signed, base64.
    #[schemars(length(min = 1, max = 100_000))]
    pub file: String,
}

/// A signed receipt.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptInput {
    /// The delivery.
    #[schemars(length(min = 1, max = 64))]
    pub delivery: String,
    /// The file that the recipient signed, base64.
    #[schemars(length(min = 1, max = 100_000))]
    pub file: String,
}

/// A delivery to be made.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliverInput {
    /// The product.
    #[schemars(length(min = 1, max = 64))]
    pub product: String,
    /// The organisation that receives; it has acknowledged the terms.
    pub recipient: Name,
    /// The exchange.
    #[schemars(length(max = 200))]
    pub exchange: String,
    /// The number of the listing.
    #[schemars(length(max = 200))]
    pub listing: String,
    /// The number of the contract.
    #[schemars(length(max = 200))]
    pub contract: String,
}

/// A delivery.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneDelivery {
    /// Which.
    #[schemars(length(min = 1, max = 64))]
    pub delivery: String,
}

/// A package.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PackageView {
    /// The delivery.
    pub delivery: String,
    /// The package: a tar archive in base64. `tidegate product verify` verifies it.
    pub archive: String,
}

fn delivery_example() -> DeliveryRecord {
    example(include_str!("examples/delivery.json"))
}

operation! {
    AcknowledgeTerms = "deliveries.acknowledge" in "products";
    Post "/v1/products/{product}/acknowledgements" [keyed, binding];
    summary "Acknowledge the terms of a product, as its recipient", "作为接收方确认产品条款";
    says "Signed twice: the request, and the digest of the terms in the file that `tidegate product acknowledgement` makes.", "须双重签名：请求本身，以及 `tidegate product acknowledgement` 所生成文件中的条款摘要。";
    takes AcknowledgeInput, example AcknowledgeInput { product: "p3464a9f2669871a6f694".into(), file: "e30=".into() };
    gives AcknowledgementRecord, example example(r#"{ "id": "aa64c1c133ad414305039", "recipient": "bank", "recipient_key": "RfoERT6xaaP48l9YeNjOu9RvGIMQrt/9ncYAKCvEaeM=", "at": "2026-11-22T12:35:33Z", "log_position": 17 }"#);
    by acknowledge;
}

operation! {
    DeliverProduct = "deliveries.deliver" in "products";
    Post "/v1/products/{product}/deliveries" [keyed, created];
    summary "Make a package for a recipient and record its delivery", "为接收方制作产品包并登记交付";
    says "The operator. The recipient fetches the package with `deliveries.package`.", "由运营机构操作。接收方用 `deliveries.package` 领取产品包。";
    takes DeliverInput, example example(r#"{ "product": "p3464a9f2669871a6f694", "recipient": "bank", "exchange": "Harbin Data Exchange", "listing": "L-7", "contract": "C-2026-11" }"#);
    gives DeliveryRecord, example delivery_example();
    by deliver;
}

operation! {
    FetchPackage = "deliveries.package" in "products";
    Get "/v1/deliveries/{delivery}/package" [];
    summary "Fetch a delivered package, as its recipient", "作为接收方领取产品包";
    says "The recipient alone.", "仅限接收方。";
    takes OneDelivery, example OneDelivery { delivery: "daa531103a4b841e6bce0".into() };
    gives PackageView, example PackageView { delivery: "daa531103a4b841e6bce0".into(), archive: "ZGF0YQ==".into() };
    by package;
}

operation! {
    ReceivePackage = "deliveries.receive" in "products";
    Post "/v1/deliveries/{delivery}/receipt" [keyed];
    summary "Record a recipient's receipt", "登记接收方回执";
    says "The recipient, with the file that `tidegate product receipt` makes after verifying the package.", "由接收方提交 `tidegate product receipt` 在核验产品包后生成的文件。";
    takes ReceiptInput, example ReceiptInput { delivery: "daa531103a4b841e6bce0".into(), file: "e30=".into() };
    gives DeliveryRecord, example delivery_example();
    by receive;
}

fn link_id(product: &str, recipient: &Name) -> String {
    with_product('d', product, recipient)
}

/// What a delivery's product rests on.
pub(crate) async fn facts_of(
    desk: &Desk,
    act: &mut crate::Act,
    product: &str,
) -> Result<(Facts, tidegate_service::products::ProductRecord), Refused> {
    let record = record(desk, product).await?;
    let runs = || record.application.runs.iter().map(String::as_str);
    let datasets = datasets_of(desk, runs()).await?;
    let release_reviewed = reviewed(desk, runs()).await?;
    let policy: PolicyRecord = ask(desk, ProductRequest::PolicyShow).await?;
    let operator = record.application.operator.clone();
    let asked = ProductAsked { operator: &operator, author: &operator, datasets: &datasets, inputs: &[], delivered: &BTreeSet::new() };
    let facts = facts_of_product(desk, act, &asked).await?;
    let source_stated = has_sources(desk, &datasets).await?;
    let purpose_matches = purposes_match(desk, runs()).await?;
    let registered = record.stage == Stage::Coded || (!policy.coded_needed && matches!(record.stage, Stage::Reviewed | Stage::Notice));
    Ok((Facts { release_reviewed, registered, source_stated, purpose_matches, ..facts }, record))
}

/// Whether the notice that a package carries has a source for each dataset; the day of acquisition is that of the mount.
async fn has_sources(desk: &Desk, datasets: &[Name]) -> Result<bool, Refused> {
    for dataset in datasets {
        if desk.domain().dataset_view(dataset).await?.schema.source.trim().is_empty() {
            return Ok(false);
        }
    }
    Ok(!datasets.is_empty())
}

/// Whether a key is one of those that an organisation has today.
async fn has_key(desk: &Desk, organisation: &Name, key: &str) -> Result<bool, Refused> {
    let row: Option<Row<OrganisationRecord>> = desk.get(organisation.as_str()).await?;
    Ok(row.is_some_and(|row| row.record.keys.iter().any(|known| known.public_key == key)))
}

async fn acknowledge(desk: &mut Desk, input: AcknowledgeInput) -> Result<Done<AcknowledgementRecord>, Refused> {
    let recipient = organisation(desk)?;
    let file = bytes("file", &input.file)?;
    let product = record(desk, &input.product).await?;
    let id = link_id(&input.product, &recipient);
    let operator = product.application.operator.clone();
    let mut act = desk.begin().await?;
    let facts = act.facts(desk).await?;
    let link: Option<Row<DeliveryLink>> = act.get(&id).await?;
    let thing = Thing::alone(Kind::Delivery, &id, "offered").owned_by(operator.to_string()).with_counterpart(recipient.to_string());
    let decided = desk.decide(Action::AcknowledgeTerms, &thing, facts)?;
    drop(act);
    let signed = tidegate_product::read_acknowledgement(&file)
        .map_err(tidegate_service::products::ProductError::from)
        .map_err(ServiceError::from)?;
    if signed.product != input.product || !has_key(desk, &recipient, &signed.recipient_key).await? {
        return Err(DeliveryRefusal::OtherAcknowledgement { product: input.product }.into());
    }
    // The registered name goes into the package; nobody acknowledges as somebody else.
    let registered: Option<Row<OrganisationRecord>> = desk.get(recipient.as_str()).await?;
    if registered.is_none_or(|row| row.record.organisation.name.to_string() != signed.recipient) {
        return Err(DeliveryRefusal::OtherName { recipient }.into());
    }
    // The domain may have it from a try that was not ended here.
    let same = |known: &&AcknowledgementRecord| known.recipient == signed.recipient && known.recipient_key == signed.recipient_key;
    let known = product.acknowledgements.iter().find(same).cloned();
    let acknowledged = match known.filter(|known| link.is_none_or(|link| link.record.key != known.recipient_key)) {
        Some(known) => known,
        None => ask(desk, ProductRequest::Acknowledge { file }).await?,
    };
    let mut act = desk.begin().await?;
    let link = DeliveryLink {
        product: input.product,
        operator,
        recipient,
        name: acknowledged.recipient.clone(),
        key: acknowledged.recipient_key.clone(),
        delivery: None,
        received: false,
    };
    act.put(&id, &link).await?;
    act.commit(decided).await?;
    Ok(acknowledged.into())
}

async fn deliver(desk: &mut Desk, input: DeliverInput) -> Result<Done<DeliveryRecord>, Refused> {
    let id = link_id(&input.product, &input.recipient);
    let mut act = desk.begin().await?;
    let link: Option<Row<DeliveryLink>> = act.get(&id).await?;
    let (facts, product) = facts_of(desk, &mut act, &input.product).await?;
    let named = [&input.exchange, &input.listing, &input.contract].iter().all(|text| !text.trim().is_empty());
    let exchange_named = named && is_listed(&mut act, &input.product, &input.listing).await?;
    let needed = desk.rules().pack().rules().delivery.as_ref().is_some_and(|rule| rule.at_exchange == tidegate_rules::Exchange::Duty);
    let acknowledged = link.is_some();
    // What a recipient signed for itself counts while it has the key; of data whose provider consents.
    let signed_for_itself = match &link {
        Some(link) => has_key(desk, &input.recipient, &link.record.key).await?,
        None => true,
    };
    let facts = Facts {
        exchange_named: exchange_named || !needed,
        terms_acknowledged: acknowledged,
        recipient_bound: signed_for_itself && facts.provider_consents,
        ..facts
    };
    let thing = Thing::alone(Kind::Delivery, &id, "acknowledged")
        .owned_by(product.application.operator.to_string())
        .with_counterpart(input.recipient.to_string());
    let decided = desk.decide(Action::DeliverProduct, &thing, facts)?;
    let missing = || DeliveryRefusal::NotAcknowledged { product: input.product.clone(), recipient: input.recipient.clone() };
    let link = link.ok_or_else(missing)?.record;
    act.commit(decided).await?;
    let directory = desk.domain().packages_directory();
    std::fs::create_dir_all(&directory).map_err(|error| ServiceError::Files { path: "packages".into(), detail: error.to_string() })?;
    let made = directory.join(format!("{}.tar", Domain::identifier('t')?));
    let request = DeliverRequest {
        product: input.product,
        recipient: link.name.clone(),
        recipient_key: link.key.clone(),
        exchange: input.exchange,
        listing: input.listing,
        contract: input.contract,
        out: made.clone(),
    };
    let delivered: Delivered = ask(desk, ProductRequest::Deliver(request)).await?;
    let delivery = delivered.delivery.delivery.clone();
    let place = directory.join(format!("{delivery}.tar"));
    std::fs::rename(&made, &place).map_err(|error| ServiceError::Files { path: "packages".into(), detail: error.to_string() })?;
    // Where the package lies is a version of the link, so it has an entry of the same decision. The key is bound already.
    let done = desk.decide(Action::DeliverProduct, &thing, facts)?;
    let mut act = crate::Act::open(desk.domain(), &desk.caller().account, None).await?;
    // The recipient may have acknowledged with another key meanwhile.
    let link = act.get::<DeliveryLink>(&id).await?.map_or(link, |row| row.record);
    act.put(&id, &DeliveryLink { delivery: Some(delivery), received: false, ..link }).await?;
    act.commit(done).await?;
    Ok(delivered.delivery.into())
}

async fn of_delivery(desk: &Desk, delivery: &str) -> Result<Row<DeliveryLink>, Refused> {
    let rows = desk.read().all_governed("delivery", None, "", u32::MAX).await.map_err(ServiceError::from)?;
    for row in rows {
        let row = Row::<DeliveryLink>::of(row)?;
        if row.record.delivery.as_deref() == Some(delivery) {
            return Ok(row);
        }
    }
    Err(DeliveryRefusal::Unknown { delivery: delivery.chars().take(64).collect() }.into())
}

async fn package(desk: &mut Desk, input: OneDelivery) -> Result<Done<PackageView>, Refused> {
    use std::io::Read as _;
    let link = of_delivery(desk, &input.delivery).await?;
    let mut books = desk.read();
    let facts = facts_of_reading(desk, &mut books, &link.record).await?;
    let _allowed = desk.decide(Action::ReceivePackage, &Thing::of(&link), facts)?;
    // What has ended is handed out no more. That somebody has it already may still be confirmed.
    if matches!(record(desk, &link.record.product).await?.stage, Stage::Refused | Stage::Withdrawn | Stage::Revoked) {
        return Err(DeliveryRefusal::Ended { product: link.record.product }.into());
    }
    let gone = || DeliveryRefusal::Package { delivery: input.delivery.clone() };
    let path = desk.domain().packages_directory().join(format!("{}.tar", input.delivery));
    let mut archive = Vec::new();
    let file = std::fs::File::open(path).map_err(|_| gone())?;
    file.take(PACKAGE_BYTES_MAX).read_to_end(&mut archive).map_err(|_| gone())?;
    Ok(PackageView { delivery: input.delivery, archive: STANDARD.encode(archive) }.into())
}

async fn facts_of_reading(desk: &Desk, books: &mut tidegate_store::Books, link: &DeliveryLink) -> Result<Facts, Refused> {
    let record = record(desk, &link.product).await?;
    let datasets = datasets_of(desk, record.application.runs.iter().map(String::as_str)).await?;
    let asked =
        ProductAsked { operator: &link.operator, author: &link.operator, datasets: &datasets, inputs: &[], delivered: &BTreeSet::new() };
    let facts = facts_of_product(desk, books, &asked).await?;
    let recipient_bound = desk.caller().organisation.to_string() == link.recipient.to_string();
    // There is no link without an acknowledgement.
    Ok(Facts { recipient_bound, terms_acknowledged: true, ..facts })
}

async fn receive(desk: &mut Desk, input: ReceiptInput) -> Result<Done<DeliveryRecord>, Refused> {
    let link = of_delivery(desk, &input.delivery).await?;
    let file = bytes("file", &input.file)?;
    let mut books = desk.read();
    let facts = facts_of_reading(desk, &mut books, &link.record).await?;
    let decided = desk.decide(Action::ReceivePackage, &Thing::of(&link), facts)?;
    let signed =
        tidegate_product::read_receipt(&file).map_err(tidegate_service::products::ProductError::from).map_err(ServiceError::from)?;
    if signed.delivery != input.delivery {
        return Err(DeliveryRefusal::OtherReceipt { delivery: input.delivery }.into());
    }
    // The domain may have it from a try that was not ended here.
    let known: Option<DeliveryRecord> = desk.read().delivery(&input.delivery).await.map_err(ServiceError::from)?;
    let received = match known.filter(|known| known.received_at.is_some() && !link.record.received) {
        Some(known) => known,
        None => ask(desk, ProductRequest::Receive { file }).await?,
    };
    let mut act = desk.begin().await?;
    act.put(&link.id, &DeliveryLink { received: true, ..link.record }).await?;
    act.commit(decided).await?;
    Ok(received.into())
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers.with::<AcknowledgeTerms>().with::<DeliverProduct>().with::<FetchPackage>().with::<ReceivePackage>()
}
