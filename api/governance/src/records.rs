//! What governance keeps, one file per kind.
//!
//! A record says its state in the words of the access rules, whose it is and who stands on the other side; everything
//! else is the pure machine of `policies/`. Content stays in the domain: the log takes a commitment.

mod agreement;
mod application;
mod dataset;
mod entry;
mod grant;
mod module;
mod plan;
mod scenario;
mod stop;
mod ticket;

pub use agreement::{AgreementRecord, Stage};
pub use application::ApplicationRecord;
pub use dataset::{DatasetLink, Standing};
pub use entry::{EntryRecord, SecrecyReview};
pub use grant::{GrantLink, GrantStanding};
pub use module::ModuleLink;
pub use plan::{PlanRecord, PlanStage};
pub use scenario::ScenarioRecord;
pub use stop::{IncidentRecord, ObjectionRecord, RectificationRecord, SwitchRecord};
pub use ticket::{AttemptsRecord, ComplaintRecord, CorrectionRecord, InspectionRecord, NoticedRecord};
