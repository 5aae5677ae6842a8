//! Tickets: corrections, findings of inspections and of the system, complaints.

use crate::Kept;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_access::Kind;
use tidegate_operation::{Correction, CorrectionState, Finding, Inspection, InspectionState};
use tidegate_terms::{Bilingual, Name};

/// A request for correction (rules I1 to I3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionRecord {
    /// The procedure.
    pub correction: Correction,
    /// The organisation that asks.
    pub organisation: Name,
    /// The organisation whose data they are.
    pub provider: Name,
    /// What is wrong.
    pub text: String,
    /// Who asks for more time, and why.
    pub asked: Option<(Name, String)>,
}

/// A finding of an inspection (rule K1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectionRecord {
    /// The procedure.
    pub inspection: Inspection,
    /// The organisation that inspects.
    pub organisation: Name,
    /// The person who opened it.
    pub opened_by: Name,
}

/// What the system itself noticed about a grant (rule F9). It orders nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticedRecord {
    /// The grant.
    pub grant: String,
    /// Who holds it.
    pub operator: Name,
    /// Whose data it covers.
    pub provider: Name,
    /// What was found.
    pub finding: Finding,
    /// Under which rule.
    pub clause: Bilingual,
    /// The day.
    pub on: Date,
    /// The order to rectify that rests on it.
    pub order: Option<String>,
}

/// A report of an unlawful use (rule K4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComplaintRecord {
    /// The organisation through which it came.
    pub organisation: Name,
    /// What is reported.
    pub text: String,
    /// The channel, such as 12345.
    pub channel: String,
    /// What was answered.
    pub reply: Option<String>,
}

impl Kept for CorrectionRecord {
    const KIND: Kind = Kind::Ticket;
    const NAME: &'static str = "correction";

    fn state(&self) -> &'static str {
        match self.correction.state {
            CorrectionState::Open => "open",
            CorrectionState::Extended { .. } => "extended",
            CorrectionState::Answered { .. } => "closed",
        }
    }

    fn owner(&self) -> String {
        self.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        self.provider.to_string()
    }
}

impl Kept for InspectionRecord {
    const KIND: Kind = Kind::Ticket;
    const NAME: &'static str = "finding";

    fn state(&self) -> &'static str {
        match self.inspection.state {
            InspectionState::Open => "open",
            InspectionState::Answered => "answered",
            InspectionState::Closed => "closed",
        }
    }

    fn owner(&self) -> String {
        self.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        self.inspection.owner.to_string()
    }
}

impl Kept for NoticedRecord {
    const KIND: Kind = Kind::Ticket;
    const NAME: &'static str = "noticed";

    fn state(&self) -> &'static str {
        if self.order.is_none() { "open" } else { "closed" }
    }

    fn owner(&self) -> String {
        self.provider.to_string()
    }

    fn counterpart(&self) -> String {
        self.operator.to_string()
    }
}

impl Kept for ComplaintRecord {
    const KIND: Kind = Kind::Ticket;
    const NAME: &'static str = "complaint";

    fn state(&self) -> &'static str {
        if self.reply.is_none() { "open" } else { "closed" }
    }

    fn owner(&self) -> String {
        self.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

/// What was asked for under a grant and refused. Never in the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptsRecord {
    /// The day of the newest.
    pub day: Option<Date>,
    /// How many on that day.
    pub denials: u32,
    /// Columns that were asked for.
    pub columns: BTreeSet<String>,
    /// Purposes that were stated.
    pub purposes: BTreeSet<Name>,
}

impl Kept for AttemptsRecord {
    const KIND: Kind = Kind::Ticket;
    const NAME: &'static str = "attempts";

    fn state(&self) -> &'static str {
        "open"
    }

    fn owner(&self) -> String {
        String::new()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}
