//! What a transition demands of whoever carries it out, in the same transaction.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tidegate_rules::Clause;
use tidegate_terms::Name;

/// Whom to tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// An organisation.
    Organisation(Name),
    /// The authority.
    Authority,
    /// 网信, 公安 and other competent departments.
    Competent,
    /// Users whom it concerns.
    Users,
}

/// Something that must be done. What stops comes before what is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// No run on this dataset is admitted, no product of it is delivered.
    SuspendDataset(Name),
    /// The dataset is in use again.
    RestoreDataset(Name),
    /// The dataset leaves the catalogue.
    WithdrawDataset(Name),
    /// What runs or waits under this grant is stopped; nothing of it commits afterwards.
    StopRunsOfGrant(String),
    /// What runs or waits on this dataset is stopped.
    StopRunsOnDataset(Name),
    /// What runs or waits for this organisation is stopped.
    StopRunsOf(Name),
    /// Everything that runs or waits is stopped, and nothing new begins.
    StopEverything,
    /// The grant ends.
    RevokeGrant(String),
    /// All authorisations, tokens and sessions of an organisation rest.
    CloseAccess(Name),
    /// They work again.
    OpenAccess(Name),
    /// The accounts, tokens and keys of an organisation end for good (rule J9).
    DisableAccounts(Name),
    /// What an organisation holds of the data is destroyed, with a certificate (rule J10).
    DestroyHoldings(Name),
    /// New grants under this plan wait.
    FreezeNewGrants,
    /// Related records are kept until this is over (rule H8).
    HoldRecords,
    /// Somebody is told.
    Notify {
        /// Who.
        whom: Party,
        /// Why.
        clause: Clause,
    },
    /// Something is due.
    Remind {
        /// On this day.
        on: Date,
        /// Why.
        clause: Clause,
    },
}
