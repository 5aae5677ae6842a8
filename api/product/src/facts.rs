//! What a package states: the predicate of its in-toto statement.
//!
//! Everything in a package follows from this and from the opened releases. Its JSON schema lies in
//! `docs/product-predicate.schema.json`.

use crate::application::Application;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_terms::{Bilingual, Digest, Name};

/// The version of the layout of packages.
pub(crate) const FORMAT: u32 = 1;

/// The predicate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Tidegate delivery predicate")]
pub struct Facts {
    /// The version of this form: 1.
    pub format: u32,
    /// Name and version of the software that made the package.
    pub software: String,
    /// The product.
    pub product: ProductFacts,
    /// The delivery.
    pub delivery: DeliveryFacts,
    /// Where the log has what.
    pub log: LogFacts,
    /// The releases.
    pub releases: Vec<ReleaseFacts>,
    /// The accounts on which they drew.
    pub lineages: Vec<LineageFacts>,
}

/// The product and its registration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductFacts {
    /// Its identifier in the domain.
    pub id: String,
    /// The application, as the log committed to it.
    pub application: Application,
    /// The code of the national or provincial registry, where there is one.
    pub code: Option<Code>,
    /// The last day of its registration, where it is coded.
    pub registered_until: Option<String>,
}

/// A registry's code: opaque text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The code.
    pub code: String,
    /// Who gave it.
    pub issuer: String,
    /// By which scheme.
    pub scheme: String,
}

/// To whom, when and how it was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryFacts {
    /// Its identifier.
    pub id: String,
    /// When.
    pub at: String,
    /// The recipient.
    pub recipient: String,
    /// The recipient's Ed25519 public key, base64.
    pub recipient_key: String,
    /// The exchange.
    pub exchange: String,
    /// The number of the listing there.
    pub listing: String,
    /// The number of the contract.
    pub contract: String,
    /// The acknowledgement of the terms.
    pub acknowledgement: String,
    /// The terms that were acknowledged.
    #[schemars(with = "String")]
    pub terms_sha256: Digest,
}

/// Where the log has what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogFacts {
    /// The origin of the log.
    pub origin: String,
    /// The position of the keys that sign this package.
    pub keys: u64,
    /// The position of the application.
    pub application: u64,
    /// The position of the code, where there is one.
    pub coded: Option<u64>,
}

/// A release in the package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseFacts {
    /// The run.
    pub run: String,
    /// The round; 1 for exact tables.
    pub round: u32,
    /// The position of the release in the log.
    pub position: u64,
    /// The digest of the module's seal.
    #[schemars(with = "String")]
    pub module: Digest,
    /// The module's name.
    pub module_name: Name,
    /// The engine that ran it.
    #[schemars(with = "String")]
    pub engine: Digest,
    /// For what the data were used.
    pub purpose: Name,
    /// The datasets.
    pub datasets: Vec<DatasetFacts>,
    /// The price in rho, epsilon and delta; absent for exact tables, which have none.
    pub price: Option<serde_json::Value>,
    /// The statistics with their bounds, mechanism and noise; the tables' rules for exact tables.
    pub statistics: serde_json::Value,
}

/// A dataset that a release is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetFacts {
    /// Its name.
    pub dataset: Name,
    /// Its version.
    pub version: u32,
    /// Its title.
    pub title: Bilingual,
    /// Where the data come from.
    pub source: String,
    /// When they were acquired.
    pub acquired: String,
    /// The population.
    pub lineage: Name,
    /// Whom the guarantee protects.
    pub privacy_unit: String,
    /// The declared bound on units.
    pub units_max: u64,
    /// The columns of the public schema, as `table.column` with their type.
    pub columns: Vec<(String, String)>,
    /// The digest of the release policy.
    #[schemars(with = "String")]
    pub policy_sha256: Digest,
    /// The grant.
    pub grant: String,
}

/// The account of a lineage when the package was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineageFacts {
    /// The lineage.
    pub lineage: Name,
    /// What all releases since the first one cost together, in units of 1e-12 of rho.
    pub rho_spent: u64,
    /// The same as epsilon.
    pub epsilon_spent: f64,
    /// The most that it may ever be.
    pub epsilon_cap: f64,
    /// The delta of both.
    pub delta: f64,
    /// Whether exact tables of the lineage were published, which no epsilon covers.
    pub exact_tables_released: bool,
}

/// The JSON schema of the predicate.
pub fn facts_schema() -> serde_json::Value {
    tidegate_terms::sorted(schemars::schema_for!(Facts).to_value())
}
