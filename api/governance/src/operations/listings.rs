//! Listings: a data exchange says under which number it offers a registered product (rule G29, Zibo Art. 40). Where the place
//! demands delivery at an exchange (rule G24, Shuangyashan Art. 56), a delivery names a listing that stands here.

use super::deliveries::facts_of;
use super::products::thing;
use super::shared::example_name;
use super::through::organisation;
use crate::operations::reads::Reads;
use crate::{Desk, Done, Kept, Refused};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_access::{Action, Kind};
use tidegate_terms::{Digest, Name};

/// A product under the number of an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListingRecord {
    /// The product.
    pub product: String,
    /// The exchange.
    pub exchange: Name,
    /// The number of the listing.
    pub listing: String,
    /// Whose product it is.
    pub operator: Name,
}

impl Kept for ListingRecord {
    const KIND: Kind = Kind::Product;
    const NAME: &'static str = "listing";

    fn state(&self) -> &'static str {
        "registered"
    }

    fn owner(&self) -> String {
        self.operator.to_string()
    }

    fn counterpart(&self) -> String {
        self.exchange.to_string()
    }
}

/// A product that is to be listed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListingInput {
    /// The product.
    #[schemars(length(min = 1, max = 64))]
    pub product: String,
    /// The number under which the exchange offers it.
    #[schemars(length(min = 1, max = 200))]
    pub listing: String,
}

operation! {
    ListAtExchange = "products.list_at_exchange" in "products";
    Post "/v1/products/{product}/listings" [keyed, created];
    summary "List a registered product at an exchange", "产品挂牌";
    says "The exchange, under its own number; a new number replaces the one before.", "由数据交易机构以自己的挂牌号登记；新挂牌号取代原号。";
    takes ListingInput, example ListingInput { product: "p3464a9f2669871a6f694".into(), listing: "L-7".into() };
    gives ListingRecord, example ListingRecord { product: "p3464a9f2669871a6f694".into(), exchange: example_name("data-exchange"), listing: "L-7".into(), operator: example_name("city-health") };
    by list_at_exchange;
}

/// The name of what one organisation has with a product. Names of organisations can be as long as an identifier of the log may
/// be, so it is made of a digest.
pub(crate) fn with_product(letter: char, product: &str, organisation: &Name) -> String {
    let digest = Digest::of(format!("{product}\n{organisation}").as_bytes()).to_string();
    format!("{letter}{}", &digest[..40])
}

/// Whether an exchange lists a product under a number.
pub(crate) async fn is_listed(reads: &mut impl Reads, product: &str, listing: &str) -> Result<bool, Refused> {
    let all = reads.every::<ListingRecord>().await?;
    Ok(all.iter().any(|row| row.record.product == product && row.record.listing == listing.trim()))
}

async fn list_at_exchange(desk: &mut Desk, input: ListingInput) -> Result<Done<ListingRecord>, Refused> {
    let exchange = organisation(desk)?;
    let mut act = desk.begin().await?;
    let (facts, product) = facts_of(desk, &mut act, &input.product).await?;
    let decided = desk.decide(Action::ListProduct, &thing(&product), facts)?;
    let id = with_product('l', &input.product, &exchange);
    let listing = input.listing.trim().to_owned();
    let record = ListingRecord { product: input.product, exchange, listing, operator: product.application.operator.clone() };
    let version = act.put(&id, &record).await?;
    act.commit(decided).await?;
    Ok(Done::from(record).version(version))
}

/// What this file offers.
pub(crate) fn offers(offers: crate::offers::Offers) -> crate::offers::Offers {
    offers.with::<ListAtExchange>()
}
