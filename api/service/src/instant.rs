//! Instants, to the second, as the log writes them.

use jiff::Timestamp;

/// The clock of the domain, cut to the second.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// An instant as text, such as `2026-11-21T10:00:00Z`.
pub(crate) fn text(at: Timestamp) -> String {
    at.to_string()
}

/// The date in UTC: grants begin and end with UTC days, as the audit of the log counts them.
pub(crate) fn today() -> jiff::civil::Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// So many whole seconds later.
pub(crate) fn later(at: Timestamp, seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    at.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// So many whole seconds earlier.
pub(crate) fn earlier(at: Timestamp, seconds: u64) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    at.checked_sub(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
}

/// Reads what [`text`] wrote.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
