//! Slots follow from public facts: declared fuel and memory, and what was measured of the machine and logged. No test here
//! depends on how fast anything is.

use serde_json::Value;
use tidegate_tests::domain::{Domain, question, text};
use tidegate_tests::program::{command, is_chinese};

/// Results wait for their slot.
const AT_SLOT: &str = "lifetime_epsilon = 10.0\ndelta = 1e-6\nrun_epsilon_max = 10.0\nvisibility = \"at_slot\"\n";

fn domain() -> Domain {
    let domain = Domain::with_rand_hie(AT_SLOT);
    domain.grant("person-years.meddol", "8");
    domain
}

/// Uploads a model that declares so much, under a name of its own.
fn upload(domain: &Domain, name: &str, fuel: u64, memory_bytes: u64) {
    let declare = |manifest: &str| {
        let line = |line: &str| match line.split(" = ").next() {
            Some("fuel_per_unit") => format!("fuel_per_unit = {fuel}"),
            Some("memory_bytes") => format!("memory_bytes = {memory_bytes}"),
            Some("name") if line.contains("expensive-years\"") => format!("name = \"{name}\""),
            _ => line.to_owned(),
        };
        manifest.lines().map(line).collect::<Vec<_>>().join("\n")
    };
    domain.upload(&domain.model("expensive-years", declare)).json();
}

fn quote(domain: &Domain, model: &str) -> Value {
    domain.ask(&question("quote", model, "1", &[])).json()
}

fn seconds(quote: &Value) -> u64 {
    quote["slot_seconds"].as_u64().expect("seconds")
}

#[test]
fn less_fuel_and_less_memory_make_a_slot_shorter() {
    let domain = domain();
    upload(&domain, "much", 100_000_000, 16 << 20);
    upload(&domain, "less-fuel", 10_000_000, 16 << 20);
    upload(&domain, "less-memory", 100_000_000, 1 << 20);
    let much = quote(&domain, "much");
    let [less_fuel, less_memory] = ["less-fuel", "less-memory"].map(|name| seconds(&quote(&domain, name)));
    assert!(less_fuel < seconds(&much) && less_memory < seconds(&much), "{less_fuel} and {less_memory} of {}", seconds(&much));
    // What a quote says about less is what another module gets that declares it.
    let shorter = much["slot"]["shorter"].as_array().expect("shorter slots");
    let tenth = shorter.iter().find(|less| less["fuel_per_unit"] == 10_000_000 && less["memory_bytes"] == 16 << 20);
    assert_eq!(tenth.expect("a tenth of the fuel")["slot_seconds"], less_fuel);
    assert!(shorter.iter().all(|less| less["slot_seconds"].as_u64().expect("seconds") < seconds(&much)), "{much}");
    // The parts are the whole.
    let parts = much["slot"]["parts_milliseconds"].as_object().expect("parts");
    let sum: u64 = parts.values().map(|part| part.as_u64().expect("milliseconds")).sum();
    assert_eq!(sum.div_ceil(1_000), seconds(&much));
    assert_eq!(much["slot"]["calibrated"], false);
    // People read the same, in their language.
    let directory = domain.directory().display().to_string();
    let said = |language: &str| {
        let more = ["--domain", &directory, "--lang", language];
        let said = command().args(question("quote", "much", "1", &more)).output().expect("quote");
        String::from_utf8(said.stdout).expect("text")
    };
    assert!(said("en").contains("Not calibrated on this machine") && said("en").contains("10000000"));
    assert!(said("zh").contains("本机尚未校准") && is_chinese(&said("zh")));
}

#[test]
fn a_calibration_is_logged_and_slots_follow_from_it() {
    let domain = domain();
    upload(&domain, "first", 1_000_000, 1 << 20);
    let before = quote(&domain, "first");
    assert_eq!((&before["slot"]["calibrated"], &before["slot"]["calibration_entry"]), (&Value::Bool(false), &Value::Null));
    // Walls may be missing on this machine; the numbers are measured all the same.
    let said = domain.ask(&["doctor", "--calibrate"]);
    assert!(said.code == Some(0) || said.code == Some(1), "{said:?}");
    let doctor: Value = serde_json::from_str(&said.out).expect("JSON");
    let known = &doctor["calibration"];
    assert_eq!(known["calibrated"], true, "{known}");
    let rates = &known["calibration"]["rates"];
    let memory: Vec<(u64, u64)> = rates["memory"].as_array().expect("rates").iter().map(rate).collect();
    assert!(memory.len() > 5 && memory.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{memory:?}");
    // The quote names the entry, and its parts are products of what that entry says.
    let after = quote(&domain, "first");
    let slot = &after["slot"];
    assert_eq!((&slot["calibrated"], &slot["calibration_entry"]), (&Value::Bool(true), &known["log_position"]));
    assert_eq!(slot["parts_milliseconds"]["fixed"], rates["fixed_milliseconds"]);
    let picoseconds = memory.iter().find(|(bytes, _)| *bytes > 1 << 20).expect("a size above the declared one").1;
    let (fuel, pages) = (part(slot, "fuel"), part(slot, "pages"));
    // Both are for the same number of calls, each rounded up to a millisecond.
    let calls = |milliseconds: u64, each_picoseconds: u64| u128::from(milliseconds) * 1_000_000_000 / u128::from(each_picoseconds);
    let page = rates["page_nanoseconds"].as_u64().expect("rate");
    let (by_fuel, by_pages) = (calls(fuel, 1_000_000 * picoseconds), calls(pages, 256 * page * 1_000));
    assert!((by_pages * 9 / 10..=by_pages * 11 / 10 + 50).contains(&by_fuel), "{by_fuel} and {by_pages} calls");
    // It stands in the log, and a later look at the machine shows it.
    let found = domain.ask(&["audit", "search", "--log", text(&domain.directory().join("log")), "--kind", "calibration"]).json();
    assert!(found.to_string().contains("fuel_picoseconds"), "{found}");
    domain.audit();
    let looked: Value = serde_json::from_str(&domain.ask(&["doctor"]).out).expect("JSON");
    assert_eq!(&looked["calibration"], known);
}

fn rate(rate: &Value) -> (u64, u64) {
    let number = |name: &str| rate[name].as_u64().expect("a number");
    (number("bytes"), number("fuel_picoseconds"))
}

fn part(slot: &Value, name: &str) -> u64 {
    slot["parts_milliseconds"][name].as_u64().expect("milliseconds")
}
