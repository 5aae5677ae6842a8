//! Authorised operation, from the plan to the end of an agreement, and the procedures that stop it.
//!
//! Pure: records that are checked, and machines that take a state, an event, the time and a rule pack and give the next
//! state with what must be done. Guarantee: the three stops stay three. Rectification runs to a date before anything is
//! cut off; an objection with evidence stops at once where the city says so; a closing concerns one organisation and
//! everything it holds. Rejected: one machine with flags, in which the date of the first would delay the second
//! (decision 0034).

mod agreement;
mod application;
mod closing;
mod effect;
mod finding;
mod incident;
mod objection;
mod plan;
mod price;
mod rectification;
mod scenario;
mod scope;
mod selection;
mod ticket;

#[cfg(test)]
mod tests;

pub use agreement::{Agreement, AgreementError, AgreementItem, Developer, TERM_YEARS_MAX};
pub use application::{Answer, Application, ApplicationError, Applied, Progress, Step};
pub use closing::{Closing, ClosingError, ClosingEvent, Ground, close, open_again};
pub use effect::{Effect, Party};
pub use finding::{Anomaly, Finding, Use, findings};
pub use incident::{Incident, IncidentError, IncidentEvent, KillSwitch, Severity, Stage};
pub use objection::{Objection, ObjectionError, ObjectionEvent, ObjectionState, Outcome, file_objection};
pub use plan::{Approval, Plan, PlanError, PlanItem};
pub use price::{Price, PriceError, Redevelopment, UseClass, check_inputs};
pub use rectification::{Rectification, RectificationError, RectificationEvent, RectificationState, order};
pub use scenario::{Scenario, ScenarioError, Verdict};
pub use scope::{Mode, Question, Rights, RightsError, Scope, ScopeError};
pub use selection::{Filing, FilingLevel, Qualification, Selection, SelectionError, missing_filings};
pub use ticket::{Correction, CorrectionEvent, CorrectionState, Inspection, InspectionState, TicketError, forward_due, open_correction};
