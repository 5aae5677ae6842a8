//! Policies held against levels, and matrices that contradict themselves.

use super::*;
use tidegate_terms::{DisclosureRules, Message as _, ReviewedAggregate, WitnessQuorum};

fn policy(lifetime: f64, run: f64, more: &str) -> ReleasePolicy {
    let text = format!("lifetime_epsilon = {lifetime}\ndelta = 1e-9\nrun_epsilon_max = {run}\n{more}");
    ReleasePolicy::parse(&text, 1_000).expect("policy")
}

fn codes(level: &str, policy: &ReleasePolicy) -> Vec<String> {
    let matrix = LevelMatrix::built_in().expect("matrix");
    matrix.limits_of(level).expect("level").exceeded_by(policy).iter().map(|excess| excess.code()).collect()
}

const ALL_WALLS: &str = "walls = [\"namespaces\", \"user\", \"no_new_privileges\", \"landlock\", \"limits\", \"seccomp\"]\n";

// clause: C2 both
#[test]
fn the_same_policy_fits_one_level_and_exceeds_the_next() {
    let open = policy(20.0, 4.0, "visibility = \"immediately\"\nwalls = [\"no_new_privileges\", \"limits\", \"seccomp\"]");
    assert_eq!(codes("l1", &open), Vec::<String>::new());
    assert_eq!(codes("l2", &open), ["level.lifetime", "level.run", "level.no-period", "level.immediately", "level.wall"]);
    let paced = policy(4.0, 1.0, &format!("visibility = \"at_slot\"\n{ALL_WALLS}[period]\ndays = 90\nepsilon = 2.0"));
    assert_eq!(codes("l3", &paced), ["level.witnesses"]);
    assert_eq!(codes("l4", &paced), ["level.lifetime", "level.run", "level.period", "level.witnesses"]);
    // A month at 0.4 may be a year at 4.8: the shorter window does not keep the longer cap.
    let monthly = policy(4.0, 1.0, &format!("visibility = \"at_slot\"\n{ALL_WALLS}[period]\ndays = 30\nepsilon = 0.4"));
    assert_eq!(codes("l3", &monthly), ["level.period", "level.witnesses"]);
    // What may never spend more than the cap of the period needs no period.
    assert_eq!(codes("l3", &policy(2.0, 1.0, &format!("visibility = \"at_slot\"\n{ALL_WALLS}"))), ["level.witnesses"]);
}

// clause: C2 both
#[test]
fn exact_tables_are_held_to_group_and_approvers() {
    let mut exact = policy(4.0, 1.0, &format!("visibility = \"at_slot\"\n{ALL_WALLS}"));
    let rules = DisclosureRules { min_contributors: 3, ..DisclosureRules::default() };
    exact.reviewed_aggregate = Some(ReviewedAggregate { approvers: vec!["a".into(), "b".into()], rules });
    exact.witnesses = Some(WitnessQuorum { quorum: 2, keys: vec![] });
    assert_eq!(codes("l1", &exact), ["level.group"]);
    assert_eq!(codes("l4", &exact), ["level.lifetime", "level.run", "level.no-period", "level.reviewed", "level.group", "level.approvers"]);
}

#[test]
fn a_matrix_only_tightens_and_does_not_contradict_itself() {
    let code = |from: &str, to: &str| {
        assert!(BUILT_IN.contains(from), "{from}");
        LevelMatrix::parse(&BUILT_IN.replacen(from, to, 1)).expect_err("refused").code()
    };
    assert_eq!(code("epsilon_total_max = 4.0", "epsilon_total_max = 11.0"), "levels.looser");
    assert_eq!(code("mechanisms = [\"gaussian\", \"laplace\"]", "mechanisms = [\"gaussian\"]"), "levels.looser");
    assert_eq!(code("witnesses = 1", "witnesses = 0\nwitnesses = 1"), "levels.syntax");
    assert_eq!(code("witnesses = 2", "witnesses = 0"), "levels.looser");
    assert_eq!(code("epsilon_period = { days = 365, epsilon = 0.5 }", ""), "levels.looser");
    assert_eq!(code("epsilon_run_max = 4.0", "epsilon_run_max = 21.0"), "levels.inside");
    assert_eq!(code("minimum_group = 5", "minimum_group = 2"), "levels.inside");
    assert_eq!(code("name = \"l2\"", "name = \"l1\""), "levels.twice");
    assert_eq!(code("encryption = false", "encryption = false\nencrypted = true"), "levels.syntax");
    assert_eq!(LevelMatrix::parse("format = 1\nlevel = []").expect_err("refused").code(), "levels.none");
    let matrix = LevelMatrix::built_in().expect("matrix");
    assert_eq!((matrix.rank("l1"), matrix.rank("l4"), matrix.rank("l9")), (Some(0), Some(3), None));
    assert_eq!(matrix.limits_of("核心").expect_err("unknown").code(), "levels.unknown");
    assert!(!matrix.limits_of("l4").expect("level").allows(Mechanism::Laplace));
}

#[test]
fn walls_are_named_as_policies_write_them() {
    for wall in [Wall::Namespaces, Wall::User, Wall::NoNewPrivileges, Wall::Landlock, Wall::Limits, Wall::Seccomp] {
        let text = format!("visibility = \"at_slot\"\nwalls = [\"{}\"]", wall_name(wall));
        assert_eq!(policy(1.0, 1.0, &text).walls, [wall]);
    }
}
