//! Products: registered step by step, delivered to who acknowledged the terms, traced back from any file.
//!
//! Each act reads and writes the product's record in the transaction that appends its log entry, so that two of them
//! cannot both follow from the same state.

mod deadlines;
mod deliver;
mod error;
mod export;
mod gather;
mod keys;
mod lineage;
mod record;
mod register;
mod staged;
mod steps;
mod trace;

pub use deadlines::{Deadline, ProductView};
pub use deliver::Delivered;
pub use error::ProductError;
pub use export::ExportView;
pub use record::{AcknowledgementRecord, DeliveryRecord, PolicyRecord, ProductRecord, Stage, StepRecord};
pub use trace::{Trace, TracedDelivery};

use crate::{Domain, ServiceError};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tidegate_log::ProductStepKind;
use tidegate_product::Code;
use tidegate_store::{StoreError, Transaction};
use tidegate_terms::{Digest, Name};

/// What a front asks about products.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ProductRequest {
    /// Decide what is demanded of products.
    Policy(PolicyRecord),
    /// Show what is demanded.
    PolicyShow,
    /// Apply for a registration.
    Register {
        /// The application, TOML.
        application: String,
    },
    /// Take a step of a registration.
    Step(Step),
    /// List products.
    List,
    /// Show one.
    Show {
        /// The product.
        product: String,
    },
    /// Record a recipient's acknowledgement.
    Acknowledge {
        /// The signed file.
        file: Vec<u8>,
    },
    /// Make and record a delivery.
    Deliver(DeliverRequest),
    /// Record a recipient's receipt.
    Receive {
        /// The signed file.
        file: Vec<u8>,
    },
    /// Trace a file back by its digest.
    Trace {
        /// The digest.
        digest: Digest,
    },
    /// The material for a registry.
    Export {
        /// The product.
        product: String,
    },
    /// Show the keys of packages; make new ones if asked for.
    Keys {
        /// Make new keys.
        renew: bool,
        /// And say that what earlier ones signed must not be believed.
        revoke_earlier: bool,
    },
}

/// A step of a registration.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// The product.
    pub product: String,
    /// What.
    pub kind: ProductStepKind,
    /// The organisation that takes it.
    pub by: Name,
    /// Its opinion, or the reason.
    pub opinion: Option<String>,
    /// The code that is given.
    pub code: Option<Code>,
    /// The real name of who objects.
    pub objector: Option<String>,
    /// The digest of the evidence.
    pub evidence: Option<Digest>,
}

/// What a delivery needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliverRequest {
    /// The product.
    pub product: String,
    /// The recipient.
    pub recipient: String,
    /// Its Ed25519 public key, base64.
    pub recipient_key: String,
    /// The exchange.
    pub exchange: String,
    /// The number of the listing.
    pub listing: String,
    /// The number of the contract.
    pub contract: String,
    /// Where the package goes: a directory, or a file that ends with `.tar`. It must not exist.
    pub out: PathBuf,
}

impl Domain {
    /// Answers what a front asks about products.
    pub async fn product(&self, request: ProductRequest) -> Result<serde_json::Value, ServiceError> {
        // Nothing goes on while the log lags behind the database.
        self.publish().await?;
        match request {
            ProductRequest::Policy(policy) => value(&self.decide_product_policy(policy).await?),
            ProductRequest::PolicyShow => value(&self.product_policy().await?),
            ProductRequest::Register { application } => value(&self.register_product(&application).await?),
            ProductRequest::Step(step) => value(&self.step_product(step).await?),
            ProductRequest::List => value(&self.books().products::<ProductRecord>().await?),
            ProductRequest::Show { product } => value(&self.product_view(&product).await?),
            ProductRequest::Acknowledge { file } => value(&self.acknowledge_product(&file).await?),
            ProductRequest::Deliver(request) => value(&self.deliver_product(request).await?),
            ProductRequest::Receive { file } => value(&self.receive_product(&file).await?),
            ProductRequest::Trace { digest } => value(&self.trace_file(digest).await?),
            ProductRequest::Export { product } => value(&self.export_product(&product).await?),
            ProductRequest::Keys { renew, revoke_earlier } => value(&self.show_product_keys(renew, revoke_earlier).await?),
        }
    }

    pub(crate) async fn product_record(&self, product: &str) -> Result<ProductRecord, ServiceError> {
        let record = self.books().product(product).await?;
        Ok(record.ok_or_else(|| ProductError::Unknown { product: product.to_owned() })?)
    }

    /// Refuses to write over what another act changed since a record was read.
    pub(crate) async fn check_unchanged(act: &mut Transaction, record: &ProductRecord) -> Result<(), ServiceError> {
        let now: Option<serde_json::Value> = act.product(&record.product).await?;
        if now == Some(value(record)?) { Ok(()) } else { Err(ProductError::Changed { product: record.product.clone() }.into()) }
    }
}

fn value(view: &impl Serialize) -> Result<serde_json::Value, ServiceError> {
    Ok(serde_json::to_value(view).map_err(StoreError::from)?)
}
