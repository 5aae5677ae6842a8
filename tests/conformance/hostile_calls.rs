//! `tidegate bench hostile`, shortened: nothing is left of hostile calls. Speed is not tested here; a shared machine has none.

use serde_json::Value;
use tidegate_tests::program::tidegate;

/// Memory of a process may grow by what allocators round up to, not with the calls: what leaked a kilobyte for each would double it.
const GROWTH_MAX: f64 = 1.5;

fn figure<'a>(report: &'a Value, id: &str) -> Option<&'a Value> {
    report["figures"].as_array().expect("figures").iter().find(|figure| figure["id"] == id)
}

#[test]
fn nothing_is_left_of_many_thousand_hostile_calls() {
    let calls = if std::env::var_os("TIDEGATE_LONG").is_some() { "1000000" } else { "160000" };
    let report = tidegate(&["bench", "hostile", "--calls", calls, "--pairs", "1", "--json"]).json();
    assert!(report["calls"].as_u64() >= calls.parse().ok(), "{}", report["calls"]);
    let runs = report["runs"].as_array().expect("runs");
    assert!(runs.len() >= 4 && report["ways"].as_u64().is_some_and(|ways| ways >= 10));
    let median = |id: &str| figure(&report, id).and_then(|figure| figure["median"].as_f64());
    assert_eq!(median("processes.left"), Some(0.0), "no process is left over");
    assert_eq!(median("keeper.descriptors"), Some(0.0), "the keeper has as many descriptors as after its first hostile run");
    // Where a worker ended before it was looked at twice, or its descriptors are hidden, there is no figure.
    assert!(median("worker.descriptors").is_none_or(|more| more == 0.0), "a worker has as many descriptors as at its beginning");
    for id in ["keeper.memory", "worker.memory"] {
        assert!(median(id).is_none_or(|growth| growth <= GROWTH_MAX), "{id}: {:?}", median(id));
    }
    assert!(median("keeper.memory").is_some());
}
