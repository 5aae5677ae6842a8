//! Rounds: training over noised releases, a clean half out of control, side tables, automatic bounds. What was never
//! opened costs nothing, what was opened is never refunded, and every round is in the log.

use serde_json::Value;
use std::time::Duration;
use tidegate_tests::domain::{Domain, IMMEDIATELY, question, text, units};
use tidegate_tests::processes::{children, kill};
use tidegate_tests::program::{Said, command};
use tidegate_tests::truth::Truth;

const COLUMNS: &str = "person-years.plan,person-years.year,person-years.mdvis,person-years.outpdol,person-years.drugdol,person-years.inpdol,\
    person-years.coins,person-years.xage,person-years.income,person-years.child,person-years.female,person-years.hlthg,person-years.hlthf,\
    person-years.hlthp,person-years.disea";

fn domain(models: &[&str]) -> Domain {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    domain.grant(COLUMNS, "10");
    domain.upload_samples(models);
    domain
}

fn spent(domain: &Domain) -> u64 {
    units(&domain.account()["spent"])
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

fn finding(release: &Value, name: &str) -> f64 {
    let report = release["report"].as_array().expect("report");
    number(&report.iter().find(|finding| finding["name"] == name).unwrap_or_else(|| panic!("no `{name}` in {report:?}"))["value"])
}

#[test]
fn training_pays_for_its_rounds_and_every_round_is_a_logged_release() {
    let domain = domain(&["any-visit-logistic"]);
    let before = domain.audit()["entries"].as_u64().expect("entries");
    let quote = domain.ask(&question("quote", "any-visit-logistic", "1", &[])).json();
    let most = quote["rounds_max"].as_u64().expect("rounds");
    assert!(most >= 10, "{quote}");
    let release = domain.run("any-visit-logistic", "1", &[]).json();
    let (rounds, run) = (release["round"]["number"].as_u64().expect("round"), release["run"].as_str().expect("run"));
    assert_eq!((release["round"]["last"].as_bool(), release["round"]["reserved"].as_u64()), (Some(true), Some(most)));
    assert_eq!(rounds, most, "it trains to the end");
    assert!(!release["report"].as_array().expect("report").is_empty(), "weights");
    assert_eq!(units(&release["price"]["rho"]), spent(&domain));
    assert!((number(&release["price"]["epsilon"]) - 1.0).abs() < 1e-6 && number(&release["price"]["epsilon"]) <= 1.0);
    let audit = domain.audit();
    assert_eq!(audit["entries"].as_u64(), Some(before + 1 + rounds), "one entry for the reservation, one for each round");
    // An earlier round is a release like any other, and gradients get smaller.
    let first = domain.ask(&["release", "show", run, "--round", "1"]).json();
    assert_eq!((first["round"]["number"].as_u64(), first["round"]["last"].as_bool()), (Some(1), Some(false)));
    let length = |release: &Value| {
        let entries = release["statistics"][0]["groups"][0]["vector"]["values"].as_array().expect("vector").iter().map(number);
        entries.map(|entry| entry * entry).sum::<f64>().sqrt()
    };
    assert!(length(&first) > 2.0 * length(&release), "{} {}", length(&first), length(&release));
    domain.ask(&["release", "show", run, "--round", "99"]).refused("run.not-released");
    // The same question again is the stored answer.
    let again = domain.run("any-visit-logistic", "1", &[]).json();
    assert_eq!((again["stored"].as_bool(), spent(&domain)), (Some(true), units(&release["price"]["rho"])));
}

#[test]
fn rounds_that_were_never_opened_cost_nothing() {
    let domain = domain(&["offender-conclude"]);
    let reserved = units(&domain.ask(&question("quote", "offender-conclude", "0.5", &["--param", "way=0"])).json()["price"]["rho"]);
    // It is done after the first of five rounds.
    let release = domain.run("offender-conclude", "0.5", &["--param", "way=0"]).json();
    assert_eq!((release["round"]["number"].as_u64(), finding(&release, "rounds")), (Some(1), 1.0));
    assert!((finding(&release, "persons") - 5912.0).abs() < 500.0);
    let one = spent(&domain);
    assert_eq!(units(&release["price"]["rho"]), one);
    assert!(one * 5 <= reserved && one * 5 + 50 >= reserved, "a fifth of {reserved}: {one}");
    assert_eq!(domain.audit()["lineages"]["rand-hie"]["spent"].as_u64(), Some(one), "the audit gives the rest back too");
}

/// A trap, a loop, a gigabyte, a report that is too long, a state that is too long or not a number: each ends the run with
/// what was released, is said in the release, and gives back what was not opened. Rounds that never end, end.
#[test]
fn a_clean_half_out_of_control_ends_its_run_and_nothing_else() {
    let domain = domain(&["offender-conclude"]);
    let mut total = 0;
    for (way, failure) in [(1, "trapped"), (2, "trapped"), (3, "trapped"), (4, "trapped"), (5, "out-of-bounds"), (6, "out-of-bounds")] {
        let way = format!("way={way}");
        let release = domain.run("offender-conclude", "0.5", &["--param", &way]).json();
        assert_eq!(release["failure"], failure, "{way}");
        assert_eq!((release["round"]["number"].as_u64(), release["round"]["last"].as_bool()), (Some(1), Some(true)), "{way}");
        assert_eq!(release["report"], Value::Array(vec![]), "{way}");
        total += units(&release["price"]["rho"]);
        assert_eq!(spent(&domain), total, "{way}");
    }
    let release = domain.run("offender-conclude", "0.5", &["--param", "way=7"]).json();
    assert_eq!((release["round"]["number"].as_u64(), release["failure"].clone()), (Some(5), Value::Null), "as many as were reserved");
    assert_eq!(spent(&domain), total + units(&release["price"]["rho"]));
    domain.audit();
}

/// A keeper that dies between rounds: the run goes on with the round after the last one in the log, at no new price.
#[test]
fn an_interrupted_run_goes_on_with_its_next_round() {
    let domain = domain(&["any-visit-logistic"]);
    let directory = domain.directory().display().to_string();
    let mut killed = 0;
    let release = loop {
        let mut front = command();
        front.args(question("run", "any-visit-logistic", "1", &["--domain", &directory, "--json"]));
        let mut front = front.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("tidegate");
        std::thread::sleep(Duration::from_millis(350 + 150 * killed));
        let keeper = children(front.id(), "keeper").first().copied();
        if killed < 4 && front.try_wait().expect("look").is_none() && keeper.is_some_and(kill) {
            killed += 1;
        }
        let said = Said::of(front.wait_with_output().expect("wait"));
        if said.code == Some(0) {
            break said.json();
        }
        said.refused("cli.keeper-gone");
    };
    assert!(killed >= 2, "some keepers must die while it runs: {killed}");
    assert_eq!(release["round"]["number"], release["round"]["reserved"]);
    assert_eq!(units(&release["price"]["rho"]), spent(&domain), "paid once");
    // Domain, mount, grant, module, reservation, and each round once.
    let audit = domain.audit();
    assert_eq!(audit["entries"].as_u64(), Some(5 + release["round"]["number"].as_u64().expect("rounds")));
    assert_eq!(audit["open_runs"], Value::Array(vec![]));
}

#[test]
fn a_public_side_table_reaches_both_halves_and_a_bad_one_is_refused() {
    let domain = domain(&["visits-cost"]);
    let run = |content: &str, epsilon: &str| {
        let side = domain.write("prices.csv", content);
        domain.run("visits-cost", epsilon, &["--side", &format!("prices={}", text(&side))])
    };
    let release = run("year,price\n1,10\n2,20\n3,0\n4,0\n5,30\n", "5").json();
    let expected = Truth::read().visits_cost(&[10.0, 20.0, 0.0, 0.0, 30.0], 2000.0);
    let estimate = &release["statistics"][0]["groups"][0]["estimates"][0];
    let slack = 4.0 * (number(&estimate["upper"]) - number(&estimate["value"]));
    assert!((number(&estimate["value"]) - expected).abs() < slack, "{estimate} {expected}");
    assert_eq!(finding(&release, "highest price"), 30.0);
    // Another table is another question, and each has its price.
    let before = spent(&domain);
    run("year,price\n1,1\n", "0.5").json();
    assert!(spent(&domain) > before);
    let paid = spent(&domain);
    run("price,year\n1,1\n", "0.5").refused("side-table.header");
    run("year,price\n6,1\n", "0.5").refused("side-table.value");
    run(&format!("year,price\n{}", "1,1\n".repeat(11)), "0.5").refused("side-table.rows");
    run("year,price\n1,11010519491231002X\n", "0.5").refused("side-table.identifier");
    domain.run("visits-cost", "0.5", &[]).refused("side-table.missing");
    let other = domain.write("other.csv", "year,price\n");
    let other = format!("others={}", text(&other));
    domain.run("visits-cost", "0.5", &["--side", &other]).refused("side-table.unknown");
    assert_eq!(spent(&domain), paid, "what is refused costs nothing");
}

#[test]
fn automatic_bounds_are_found_in_a_round_of_their_own() {
    let domain = domain(&["total-visits"]);
    let release = domain.run("total-visits", "1", &[]).json();
    assert_eq!((release["round"]["number"].as_u64(), release["round"]["reserved"].as_u64()), (Some(2), Some(2)));
    let run = release["run"].as_str().expect("run");
    let first = domain.ask(&["release", "show", run, "--round", "1"]).json();
    assert_eq!(first["round"]["finds_bounds"].as_bool(), Some(true));
    let sum = &release["statistics"][0];
    let (chosen, estimate) = (&sum["chosen_bounds"], &sum["groups"][0]["estimates"][0]);
    // Below 40 only if the count of some 150 persons beyond it is taken for noise: 4.5 deviations, 3 in a million.
    assert!((40.0..=1830.0).contains(&number(&chosen[1])), "{chosen}");
    // The interval is about the clamped sum; the clamp itself is chosen from noised counts and takes little away.
    let (truth, most) = (Truth::read(), number(&chosen[1]));
    let (clamped, whole) = (truth.total_visits(most), truth.total_visits(f64::INFINITY));
    let slack = 4.0 * (number(&estimate["upper"]) - number(&estimate["value"]));
    assert!((number(&estimate["value"]) - clamped).abs() < slack, "{estimate} {clamped}");
    assert!(clamped > 0.85 * whole, "{chosen}: {clamped} of {whole}");
    assert_eq!(spent(&domain), units(&release["price"]["rho"]));
    assert!(number(&release["price"]["epsilon"]) <= 1.0 && number(&release["price"]["epsilon"]) > 0.999);
}

#[test]
fn a_quote_says_what_a_wished_error_would_cost() {
    let domain = domain(&["total-visits", "visits-by-plan"]);
    let wish = |wish: &str| domain.ask(&question("quote", "total-visits", "0.5", &["--wish", wish]));
    let quote = wish("visits=20000").json();
    let needed = number(&quote["wanted"]["epsilon"]);
    let epsilon = format!("{needed}");
    let again = domain.ask(&question("quote", "total-visits", &epsilon, &[])).json();
    let error =
        again["errors"].as_array().expect("errors").iter().find(|error| error["statistic"] == "visits").expect("visits")["error_95"]
            .clone();
    assert!((number(&error) / 20_000.0 - 1.0).abs() < 0.01, "{error} at epsilon {needed}");
    assert_eq!(wish("visits=0.001").json()["wanted"]["epsilon"], Value::Null);
    wish("visits=-1").refused("cli.not-an-error");
    wish("nothing=1").refused("quote.no-expected-error");
    // The error of this mean follows from a count that nobody has declared; that of its count is no answer.
    wish("visits-per-person=1").refused("quote.no-expected-error");
    assert_eq!(spent(&domain), 0, "quotes are free");
}

#[test]
fn a_period_paces_spending() {
    let policy = format!("{IMMEDIATELY}[period]\ndays = 30\nepsilon = 1.0\n");
    let domain = Domain::with_rand_hie(&policy);
    domain.grant("person-years.meddol", "5");
    domain.upload_samples(&["expensive-years"]);
    domain.run("expensive-years", "0.9", &[]).json();
    let paid = spent(&domain);
    let refusal = domain.run("expensive-years", "0.8", &[]).refused("budget.period");
    assert!(refusal.en.contains("Wait"), "{}", refusal.en);
    assert_eq!(spent(&domain), paid);
    domain.audit();
}

/// Two commands at once for the last of a budget: one gets it, and the account is exact.
// clause: G21 both
#[test]
fn two_runs_race_for_the_last_of_the_budget() {
    let policy =
        IMMEDIATELY.replace("lifetime_epsilon = 10.0", "lifetime_epsilon = 1.0").replace("run_epsilon_max = 10.0", "run_epsilon_max = 1.0");
    let domain = Domain::with_rand_hie(&policy);
    domain.grant("person-years.meddol", "1");
    domain.upload_samples(&["expensive-years"]);
    let directory = domain.directory().display().to_string();
    let start = |epsilon: &str| {
        let mut front = command();
        front.args(question("run", "expensive-years", epsilon, &["--domain", &directory, "--json"]));
        front.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().expect("tidegate")
    };
    let (one, other) = (start("0.9"), start("0.91"));
    let said = [one, other].map(|front| Said::of(front.wait_with_output().expect("wait")));
    let won: Vec<_> = said.iter().filter(|said| said.code == Some(0)).collect();
    assert_eq!(won.len(), 1, "{said:?}");
    for lost in said.iter().filter(|said| said.code != Some(0)) {
        let refusal = lost.refusal();
        assert!(["domain.locked", "budget.lineage", "budget.grant"].contains(&refusal.code.as_str()), "{}", refusal.code);
    }
    assert_eq!(spent(&domain), units(&won[0].json()["price"]["rho"]));
    domain.run("expensive-years", "0.9", &["--param", "threshold=1"]).refusal();
    assert_eq!(domain.audit()["lineages"]["rand-hie"]["runs"].as_u64(), Some(1));
}
