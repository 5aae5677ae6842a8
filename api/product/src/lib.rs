//! Data products: applications, delivery packages, and their verification.
//!
//! Guarantee: a package is a pure function of its signed facts and of the releases that the log committed to.
//! [`verify()`] needs public keys alone; it opens the commitments, makes every file again and compares the bytes, so that
//! no number in a table is believed because the package says so. What the signature alone covers stands in docs/trust.md.
//!
//! Rejected: signing whatever files an operator puts together. A signature over a table says who is to blame for it, not
//! that it is the table that left the gate.

mod application;
mod archive;
mod chart;
mod contents;
mod dsse;
mod error;
mod facts;
#[doc(hidden)]
pub mod fuzzing;
mod instructions;
mod metadata;
mod mirror;
mod page;
mod privacy;
mod recipient;
mod release;
mod statement;
mod table;
mod terms;
mod verify;

pub use application::{Application, ApplicationError, Form, Metering, Price, PriceCap, Rights, RiskAssessment, UseClass};
pub use archive::{Files, read_package, tar_bytes};
pub use contents::{Opened, Proven, digests, package, with_delivery};
pub use dsse::{Envelope, PackageSigner, PublicKeys};
pub use error::{PackageError, PackageVerdict};
pub use facts::{Code, DatasetFacts, DeliveryFacts, Facts, LineageFacts, LogFacts, ProductFacts, ReleaseFacts, facts_schema};
pub use recipient::{Acknowledged, Received, acknowledge, read_acknowledgement, read_receipt, receive};
pub use release::{ReleaseContent, described_statistics};
pub use terms::{terms_digest, terms_text};
pub use verify::{Demands, VerifiedPackage, software, verify};
