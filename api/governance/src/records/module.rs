//! Who wrote a module.

use crate::Kept;
use serde::{Deserialize, Serialize};
use tidegate_access::Kind;
use tidegate_terms::Name;

/// What its operator said of a module when it was uploaded. A run is held to it (rule G2): what was written by somebody whose
/// agreement has ended since does not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleLink {
    /// Who uploaded it.
    pub operator: Name,
    /// Who wrote it.
    pub author: Name,
    /// Why it was withdrawn, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<String>,
}

impl Kept for ModuleLink {
    const KIND: Kind = Kind::Module;

    fn state(&self) -> &'static str {
        if self.withdrawn.is_some() { "withdrawn" } else { "uploaded" }
    }

    fn owner(&self) -> String {
        self.operator.to_string()
    }

    fn counterpart(&self) -> String {
        String::new()
    }
}
