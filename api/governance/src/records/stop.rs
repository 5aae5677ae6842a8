//! The procedures that stop use: an objection, an order to rectify, an incident, the switch. Records of their own, never one
//! with flags; closings of organisations stand with the organisations.

use crate::Kept;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tidegate_access::Kind;
use tidegate_operation::{Incident, KillSwitch, Objection, ObjectionState, Rectification, RectificationState};
use tidegate_terms::Name;

/// An objection with evidence (rule I9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectionRecord {
    /// The procedure; its persons are accounts.
    pub objection: Objection,
    /// The organisation that objects.
    pub objector: Name,
    /// The organisation whose data they are.
    pub provider: Name,
    /// The entry of the data.
    pub entry: Name,
    /// What is wrong.
    pub statement: String,
    /// What was handed in.
    pub evidence: String,
    /// The salt of the commitment to it, hexadecimal.
    pub salt: String,
    /// What was said at each step.
    pub reasons: Vec<String>,
}

/// An order to rectify by a date (rule F9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RectificationRecord {
    /// The procedure.
    pub rectification: Rectification,
    /// The organisation whose data the grant covers.
    pub provider: Name,
    /// Who reported that it is done.
    pub reported_by: Option<Name>,
    /// The day of the order.
    pub ordered: Date,
    /// What was said at each step.
    pub reasons: Vec<String>,
}

/// An incident (rule J5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentRecord {
    /// The procedure.
    pub incident: Incident,
    /// The organisation that reported it.
    pub organisation: Name,
    /// What happened.
    pub text: String,
}

impl Kept for ObjectionRecord {
    const KIND: Kind = Kind::Stop;
    const NAME: &'static str = "objection";

    fn state(&self) -> &'static str {
        match self.objection.state {
            ObjectionState::Open => "open",
            ObjectionState::Decided => "decided",
            ObjectionState::Appealed => "appealed",
            ObjectionState::Closed => "closed",
        }
    }

    fn owner(&self) -> String {
        self.objector.to_string()
    }

    fn counterpart(&self) -> String {
        self.provider.to_string()
    }
}

impl Kept for RectificationRecord {
    const KIND: Kind = Kind::Stop;
    const NAME: &'static str = "rectification";

    fn state(&self) -> &'static str {
        match self.rectification.state {
            RectificationState::Ordered | RectificationState::Reported => "open",
            RectificationState::Accepted | RectificationState::CutOff => "closed",
        }
    }

    fn owner(&self) -> String {
        self.rectification.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        self.provider.to_string()
    }
}

impl Kept for IncidentRecord {
    const KIND: Kind = Kind::Stop;
    const NAME: &'static str = "security-incident";

    fn state(&self) -> &'static str {
        if self.incident.closed_at.is_none() { "open" } else { "closed" }
    }

    fn owner(&self) -> String {
        self.organisation.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}

/// The switch that stops everything (rule J5).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchRecord {
    /// Where it stands.
    pub switch: KillSwitch,
}

impl SwitchRecord {
    /// Its only record, and the stop in whose name everything rests.
    pub const ID: &'static str = "switch";
}

impl Kept for SwitchRecord {
    const KIND: Kind = Kind::Domain;
    const NAME: &'static str = "switch";

    fn state(&self) -> &'static str {
        match self.switch {
            KillSwitch::Open => "open",
            KillSwitch::Stopped { .. } => "stopped",
        }
    }

    fn owner(&self) -> String {
        String::new()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}
