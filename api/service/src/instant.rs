//! Instants, to the second, as the log writes them.

use jiff::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};

/// By how many seconds the clock of this process differs from the machine's. Zero in every program of the product: nothing
/// but a test program of its own calls [`shift_clock`], which a test of the workspace asserts.
static SHIFT_SECONDS: AtomicI64 = AtomicI64::new(0);

/// Sets the clock of this process beside the machine's, for test programs that make old records. No option, no variable of
/// the environment and no file leads here: a clock that can be forged would forge retention.
#[doc(hidden)]
pub fn shift_clock(seconds: i64) {
    SHIFT_SECONDS.store(seconds, Ordering::Relaxed);
}

/// The clock of the domain.
pub(crate) fn precise() -> Timestamp {
    let shift = jiff::SignedDuration::from_secs(SHIFT_SECONDS.load(Ordering::Relaxed));
    Timestamp::now().checked_add(shift).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The clock of the domain, cut to the second.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(precise().as_second()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// An instant as text, such as `2026-11-21T10:00:00Z`.
pub(crate) fn text(at: Timestamp) -> String {
    at.to_string()
}

/// The date in UTC: grants begin and end with UTC days, as the audit of the log counts them.
pub(crate) fn today() -> jiff::civil::Date {
    precise().to_zoned(jiff::tz::TimeZone::UTC).date()
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
