//! The second wall, tried from inside (attack A27), and policies that demand it.

use serde_json::Value;
use tidegate_tests::domain::{Domain, IMMEDIATELY};
use tidegate_tests::program::{repository, tidegate};

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Nothing gets through, whichever walls this kernel has; that the same attempts succeed without walls is
/// tested beside them, in `runtime/walls`.
#[test]
fn nothing_gets_through_the_walls_of_this_machine() {
    let said = tidegate(&["doctor", "--json"]);
    let doctor: Value = serde_json::from_str(&said.out).expect("JSON");
    let attempts = list(&doctor, "attempts");
    assert_eq!(attempts.len(), 6, "{doctor}");
    for tried in attempts {
        assert_ne!(tried["outcome"], "through", "{tried}");
    }
    let down: Vec<_> = list(&doctor, "walls").iter().filter(|wall| wall["stands"] != true).collect();
    println!("walls that do not stand here: {down:?}");
    assert_eq!(said.code, Some(i32::from(!down.is_empty())), "the exit code says whether all stand");
}

/// A policy that demands walls admits a run where they stand; where one does not, it is refused uncharged.
#[test]
fn a_policy_can_demand_walls() {
    let doctor: Value = serde_json::from_str(&tidegate(&["doctor", "--json"]).out).expect("JSON");
    let all_stand = list(&doctor, "walls").iter().all(|wall| wall["stands"] == true);
    let policy = format!("{IMMEDIATELY}walls = [\"namespaces\", \"user\", \"no_new_privileges\", \"landlock\", \"limits\", \"seccomp\"]\n");
    let domain = Domain::with_rand_hie(&policy);
    domain.grant("person-years.meddol", "10");
    domain.upload_samples(&["expensive-years"]);
    let said = domain.run("expensive-years", "1", &[]);
    if all_stand {
        assert_eq!(said.code, Some(0), "{}", said.err);
    } else {
        assert!(said.err.contains("run.wall-down"), "{}", said.err);
        assert_eq!(domain.account()["spent"], 0.0, "nothing was charged");
    }
}

#[test]
fn a_wall_that_does_not_exist_cannot_be_demanded() {
    let domain = Domain::empty();
    let schema = std::fs::read_to_string(repository("sample-models/datasets/rand-hie/schema.toml")).expect("schema");
    let data = repository("sample-models/datasets/rand-hie/rand_hie.csv");
    let said = domain.mount("rand-hie", &schema, &format!("{IMMEDIATELY}walls = [\"moat\"]\n"), &data);
    assert!(said.err.contains("policy.syntax"), "{}", said.err);
}
