//! What anybody may count.
//!
//! Guarantee (attack A21): counters of answers by operation and class of status, connections, and how long *this layer*
//! took, in five buckets, never counting the time in which the backend worked, and not at all for operations that make
//! programs run on data. A finer or longer measurement would be a public clock for what runs on data. Status classes of
//! such operations are public: they are decided by public facts before data is opened.

use super::table::Table;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds, in seconds; the last bucket has none.
const BUCKETS: [f64; 4] = [0.001, 0.01, 0.1, 1.0];

#[derive(Debug, Default)]
struct Counted {
    classes: [AtomicU64; 5],
    buckets: [AtomicU64; 5],
    /// Sum in hundredths of a second, so that it says no more than the buckets do.
    hundredths: AtomicU64,
}

/// The counters of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Name, whether it is timed, and what was counted; the last is everything that is no operation.
    operations: Vec<(String, bool, Counted)>,
    pub(crate) connections: AtomicI64,
    pub(crate) connections_refused: AtomicU64,
}

impl Metrics {
    pub(crate) fn new(table: &Table) -> Self {
        let named = table.operations.iter().map(|operation| (operation.id.to_owned(), !operation.on_data, Counted::default()));
        let operations = named.chain([("none".to_owned(), true, Counted::default())]).collect();
        Self { operations, connections: AtomicI64::new(0), connections_refused: AtomicU64::new(0) }
    }

    /// Counts an answer. `own` is the time that this layer took.
    pub(crate) fn count(&self, operation: Option<&str>, status: u16, own: Duration) {
        let name = operation.unwrap_or("none");
        let Some((_, timed, counted)) = self.operations.iter().find(|(known, ..)| known == name) else { return };
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        counted.classes[class].fetch_add(1, Relaxed);
        if *timed {
            let seconds = own.as_secs_f64();
            let bucket = BUCKETS.iter().position(|bound| seconds <= *bound).unwrap_or(BUCKETS.len());
            counted.buckets[bucket].fetch_add(1, Relaxed);
            counted.hundredths.fetch_add(u64::try_from(own.as_millis() / 10).unwrap_or(0), Relaxed);
        }
    }

    /// In the text format of Prometheus.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        text.push_str(
            "# HELP tidegate_http_answers_total Answers by operation and class of status.\n# TYPE tidegate_http_answers_total counter\n",
        );
        for (name, _, counted) in &self.operations {
            for (class, count) in counted.classes.iter().enumerate() {
                let count = count.load(Relaxed);
                if count > 0 {
                    let _ = writeln!(text, "tidegate_http_answers_total{{operation=\"{name}\",class=\"{}xx\"}} {count}", class + 1);
                }
            }
        }
        text.push_str("# HELP tidegate_http_layer_seconds Time in the HTTP layer, without the backend's; not for operations on data.\n# TYPE tidegate_http_layer_seconds histogram\n");
        for (name, _, counted) in self.operations.iter().filter(|(_, timed, _)| *timed) {
            let counts = counted.buckets.each_ref().map(|bucket| bucket.load(Relaxed));
            let all: u64 = counts.iter().sum();
            if all == 0 {
                continue;
            }
            let mut below = 0;
            for (bound, count) in BUCKETS.iter().zip(counts) {
                below += count;
                let _ = writeln!(text, "tidegate_http_layer_seconds_bucket{{operation=\"{name}\",le=\"{bound}\"}} {below}");
            }
            let hundredths = counted.hundredths.load(Relaxed);
            let _ = writeln!(text, "tidegate_http_layer_seconds_bucket{{operation=\"{name}\",le=\"+Inf\"}} {all}");
            let _ = writeln!(text, "tidegate_http_layer_seconds_sum{{operation=\"{name}\"}} {}.{:02}", hundredths / 100, hundredths % 100);
            let _ = writeln!(text, "tidegate_http_layer_seconds_count{{operation=\"{name}\"}} {all}");
        }
        let _ = writeln!(
            text,
            "# HELP tidegate_http_connections Open connections.\n# TYPE tidegate_http_connections gauge\ntidegate_http_connections {}\n\
             # HELP tidegate_http_connections_refused_total Connections closed at once because of a limit.\n\
             # TYPE tidegate_http_connections_refused_total counter\ntidegate_http_connections_refused_total {}",
            self.connections.load(Relaxed),
            self.connections_refused.load(Relaxed),
        );
        text
    }
}
