//! What the log says about products: registration, delivery, and the keys that sign packages.
//!
//! Guarantee: what a rule decides on (states, identifiers, organisations, runs and their positions) stands in clear;
//! what people wrote (applications, opinions, prices, names of persons and recipients) enters as salted commitments,
//! each with a salt of its own, so that one can be opened to somebody without the others.

use crate::text::{digest_schema, identifier_schema, is_identifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_terms::{Digest, Name};

/// What the authority demands of deliveries from here on. Before the first one, a code is needed and a public notice
/// lasts ten working days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductPolicy {
    /// Whether only coded products may be delivered. Otherwise those that passed the form review may.
    pub coded_needed: bool,
    /// How many working days (Monday to Friday) must lie between the day of the public notice and that of the code.
    pub notice_days: u32,
    /// Who decided it.
    pub by: Name,
}

/// The keys that sign packages from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductKeys {
    /// The Ed25519 public key, base64 of 32 bytes.
    pub ed25519: String,
    /// The ECDSA P-256 public key, base64 of the uncompressed point of 65 bytes.
    pub p256: String,
    /// Whether what earlier keys signed must no longer be believed.
    pub earlier_revoked: bool,
}

/// A release that a product is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductSource {
    /// The run.
    #[schemars(schema_with = "identifier_schema")]
    pub run: String,
    /// The log position of its last release, or of its tables.
    pub position: u64,
}

/// An operator applied for the registration of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductApplication {
    /// The product's identifier in this domain.
    #[schemars(schema_with = "identifier_schema")]
    pub product: String,
    /// The operator that applied.
    pub operator: Name,
    /// Organisations that count as the operator.
    pub affiliates: Vec<Name>,
    /// The releases.
    pub sources: Vec<ProductSource>,
    /// The products that it was made from.
    pub inputs: Vec<String>,
    /// Salted commitment to the application.
    #[schemars(schema_with = "digest_schema")]
    pub application_commitment: Digest,
}

/// A step of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductStepKind {
    /// 受理.
    Accepted,
    /// 形式审核: the form review was passed.
    Reviewed,
    /// 公示: the public notice began.
    Notice,
    /// 赋码: the code was given.
    Coded,
    /// The application was refused.
    Refused,
    /// Somebody objected by name during the public notice.
    Objected,
    /// The objections were upheld, which ends the registration.
    ObjectionUpheld,
    /// The objections were dismissed.
    ObjectionDismissed,
    /// 注销.
    Withdrawn,
    /// 撤销.
    Revoked,
}

/// Something happened to a registration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductStep {
    /// The product.
    #[schemars(schema_with = "identifier_schema")]
    pub product: String,
    /// What.
    pub step: ProductStepKind,
    /// The organisation that did it.
    pub by: Name,
    /// Salted commitment to opinion, reason, code and evidence.
    #[schemars(schema_with = "digest_schema")]
    pub details_commitment: Digest,
}

/// A recipient acknowledged the terms of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductAcknowledgement {
    /// The product.
    #[schemars(schema_with = "identifier_schema")]
    pub product: String,
    /// The acknowledgement's identifier.
    #[schemars(schema_with = "identifier_schema")]
    pub acknowledgement: String,
    /// Salted commitment to what the recipient signed.
    #[schemars(schema_with = "digest_schema")]
    pub acknowledgement_commitment: Digest,
}

/// A package was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductDelivery {
    /// The product.
    #[schemars(schema_with = "identifier_schema")]
    pub product: String,
    /// The delivery's identifier.
    #[schemars(schema_with = "identifier_schema")]
    pub delivery: String,
    /// The recipient's acknowledgement of the terms.
    #[schemars(schema_with = "identifier_schema")]
    pub acknowledgement: String,
    /// Salted commitment to the recipient.
    #[schemars(schema_with = "digest_schema")]
    pub recipient_commitment: Digest,
    /// Salted commitment to the exchange.
    #[schemars(schema_with = "digest_schema")]
    pub exchange_commitment: Digest,
    /// Salted commitment to the number of the listing.
    #[schemars(schema_with = "digest_schema")]
    pub listing_commitment: Digest,
    /// Salted commitment to the number of the contract.
    #[schemars(schema_with = "digest_schema")]
    pub contract_commitment: Digest,
    /// Salted commitment to the signed statement, which names every file of the package by digest.
    #[schemars(schema_with = "digest_schema")]
    pub package_commitment: Digest,
}

/// A recipient confirmed that a package arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductReceipt {
    /// The product.
    #[schemars(schema_with = "identifier_schema")]
    pub product: String,
    /// The delivery.
    #[schemars(schema_with = "identifier_schema")]
    pub delivery: String,
    /// Salted commitment to what the recipient signed.
    #[schemars(schema_with = "digest_schema")]
    pub receipt_commitment: Digest,
}

impl ProductApplication {
    pub(super) fn identifiers(&self) -> impl Iterator<Item = &String> {
        [&self.product].into_iter().chain(&self.inputs).chain(self.sources.iter().map(|source| &source.run))
    }
}

impl ProductDelivery {
    pub(super) fn identifiers(&self) -> [&String; 3] {
        [&self.product, &self.delivery, &self.acknowledgement]
    }
}

/// The first text that cannot be an identifier.
pub(super) fn not_an_identifier<'a>(texts: impl IntoIterator<Item = &'a String>) -> Option<&'a String> {
    texts.into_iter().find(|text| !is_identifier(text))
}
