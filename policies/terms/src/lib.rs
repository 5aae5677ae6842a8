//! The nouns of Tidegate and how they are read from what people typed.
//!
//! Everything here is pure: no files, no clock, no randomness. A value that exists has been checked; what
//! is wrong with a text is said by the `parse_` function that refused it, in English and in Chinese.

#[macro_use]
mod messages;

mod approval;
mod budget;
mod column;
mod digest;
mod disclosure;
mod guard;
mod identifier;
mod manifest;
mod name;
mod parameter;
mod plain;
mod policy;
mod rates;
mod schema;
mod seal;
mod sorted;
mod witnesses;

pub use approval::{ApprovalError, approval_message, check_approval, sign_approval};
pub use budget::{BudgetError, Delta, DeltaCost, Epsilon, Rho};
pub use column::{Column, ColumnType, ExcessRows, MissingRule, OutsideRule};
pub use digest::{Digest, DigestError};
pub use disclosure::{DisclosureRules, DisclosureRulesError, Dominance};
pub use guard::{Guard, WEAKENED, environment_of_children, environment_without, rule_stands, stands};
pub use identifier::{IdentifierKind, canonical_identifier, made_up_identifier};
pub use manifest::{
    Automatic, Blocks, CANDIDATES_MAX, CandidateRange, Candidates, Discovered, Expected, Grouping, Hierarchy, Input, Manifest,
    ManifestError, Measure, Mechanism, Norm, Resources, Reviewed, ReviewedAxis, ReviewedMeasure, ReviewedTable, Rounds, SideTable, Spacing,
    Statistic,
};
pub use messages::{Language, Message, Spoken};
pub use name::{Name, NameError};
pub use parameter::{Parameter, ParameterError, ParameterType, ParameterValue};
pub use plain::{is_plain, made_plain};
pub use policy::{Period, PolicyError, ReleasePolicy, ReviewedAggregate, Visibility, Wall};
pub use rates::{MemoryRate, Rates};
pub use schema::{Bilingual, PrivacyUnit, PublicSchema, SchemaError, Table, UnitKind};
pub use seal::{Seal, SealError, seal_message};
pub use sorted::sorted;
pub use witnesses::{WitnessQuorum, WitnessQuorumError};

/// Days since 1970-01-01 of an ISO 8601 calendar date, or `None` where the text is not one.
pub fn parse_date(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    let epoch = jiff::civil::Date::constant(1970, 1, 1);
    date.since(epoch).ok().map(|span| span.get_days())
}

/// The ISO 8601 calendar date of a number of days since 1970-01-01, or `None` outside years 1 to 9999.
pub fn date_text(days: i32) -> Option<String> {
    let epoch = jiff::civil::Date::constant(1970, 1, 1);
    let span = jiff::Span::new().try_days(days).ok()?;
    let date = epoch.checked_add(span).ok()?;
    (date.year() >= 1).then(|| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_since_1970_and_nothing_else() {
        assert_eq!(parse_date("1970-01-01"), Some(0));
        assert_eq!(parse_date("2026-11-21"), Some(20_778));
        assert_eq!(parse_date("2024-02-29"), Some(19_782));
        assert_eq!(date_text(19_782).as_deref(), Some("2024-02-29"));
        for wrong in ["2023-02-29", "2024-2-9", "20240229", "2024-13-01", "", "2024-02-29T00:00"] {
            assert_eq!(parse_date(wrong), None, "{wrong}");
        }
    }
}
