//! What an operator may not do: over budget, and outside a grant. Each is refused before data is touched, with
//! what is left and what it costs; the account stays, and the log holds what happened and nothing else.

use std::fs;
use tidegate_tests::domain::{Domain, IMMEDIATELY, OPERATOR, days_from_today, question, text, units};
use tidegate_tests::unchanged::listing;

const MODEL: &str = "expensive-years";

fn policy(lifetime: &str, run: &str) -> String {
    IMMEDIATELY
        .replace("lifetime_epsilon = 10.0", &format!("lifetime_epsilon = {lifetime}"))
        .replace("run_epsilon_max = 10.0", &format!("run_epsilon_max = {run}"))
}

fn domain(lifetime: &str, run: &str) -> Domain {
    Domain::with_rand_hie(&policy(lifetime, run))
}

/// Refused, with everything as before: files, log, account.
#[track_caller]
fn refused(domain: &Domain, model: &str, epsilon: &str, code: &str) -> String {
    let (before, account, entries) = (listing(domain.directory()), domain.account(), domain.audit()["entries"].clone());
    let refusal = domain.run(model, epsilon, &[]).refused(code);
    assert_eq!(listing(domain.directory()), before, "{code} left something behind");
    assert_eq!((domain.account(), domain.audit()["entries"].clone()), (account, entries), "{code}");
    refusal.en
}

/// Shards that cannot be read: a run that opens one fails in another way than by its refusal.
fn hide_shards(domain: &Domain) -> impl FnOnce() {
    let (data, away) = (domain.directory().join("data"), domain.beside("shards-away"));
    let mount = fs::read_dir(&data).expect("data").flatten().next().expect("mounted version").path();
    let shards: Vec<_> =
        fs::read_dir(&mount).expect("shards").flatten().filter(|file| file.path().extension().is_some_and(|end| end == "shard")).collect();
    assert!(!shards.is_empty());
    fs::create_dir(&away).expect("directory");
    for shard in &shards {
        fs::rename(shard.path(), away.join(shard.file_name())).expect("hide");
    }
    move || {
        shards.iter().for_each(|shard| fs::rename(away.join(shard.file_name()), shard.path()).expect("bring back"));
        fs::remove_dir(away).expect("remove");
    }
}

// clause: G21 both
#[test]
fn over_budget() {
    let domain = domain("1.0", "0.8");
    domain.grant("person-years.meddol", "1");
    domain.upload_samples(&[MODEL]);
    // Refusals read no data: they are the same without it.
    let bring_back = hide_shards(&domain);
    let sentence = refused(&domain, MODEL, "0.9", "budget.run");
    assert!(sentence.contains("rho") && sentence.contains("--epsilon"), "{sentence}");
    bring_back();
    let first = domain.run(MODEL, "0.8", &[]).json();
    let bring_back = hide_shards(&domain);
    let quote = domain.ask(&question("quote", MODEL, "0.7", &[])).json();
    assert!(quote["share_of_lineage_left"].as_f64() > Some(1.0), "the quote says so beforehand: {quote}");
    let sentence = refused(&domain, MODEL, "0.7", "budget.grant");
    let account = domain.account();
    assert_eq!(units(&account["spent"]), units(&first["price"]["rho"]));
    for number in [&quote["price"]["rho"], &account["left"]] {
        let number = format!("{:.6}", number.as_f64().expect("number"));
        assert!(sentence.contains(&number), "it says what it costs and what is left ({number}): {sentence}");
    }
    bring_back();
    // A second grant does not bring a second budget: the lineage's account is one.
    domain.grant("person-years.meddol", "0.99");
    let sentence = refused(&domain, MODEL, "0.7", "budget.lineage");
    assert!(sentence.contains(&format!("{:.6}", account["left"].as_f64().expect("number"))), "{sentence}");
    // Nor does a second version of the data.
    domain.mount_rand_hie(&policy("1.0", "0.8"));
    refused(&domain, MODEL, "0.7", "budget.lineage");
    // What is paid stays answered.
    assert_eq!(domain.run(MODEL, "0.8", &["--version", "1"]).json()["stored"], true);
    // What fits still fits.
    domain.run(MODEL, "0.1", &[]).json();
}

// clause: G21 both
#[test]
fn the_share_of_a_grant() {
    let domain = domain("4.0", "4.0");
    domain.grant("person-years.meddol", "0.5");
    domain.upload_samples(&[MODEL]);
    refused(&domain, MODEL, "0.6", "budget.grant");
    domain.run(MODEL, "0.5", &[]).json();
    refused(&domain, MODEL, "0.01", "budget.grant");
    domain.grant_with(&["--columns", "person-years.meddol", "--epsilon", "5", "--until", &days_from_today(10)]).refused("grant.share");
}

// clause: A1, E9, F2, G2 both
// clause: F12 refused
#[test]
fn outside_the_grant() {
    let domain = domain("4.0", "4.0");
    let until = days_from_today(100);
    let grant = |more: &[&str]| {
        let said = domain.grant_with(&[&["--epsilon", "1", "--until", &until], more].concat());
        said.json()[0]["id"].as_str().expect("id").to_owned()
    };
    let revoke = |id: &str| drop(domain.ask(&["grant", "revoke", id, "--reason", "objection of a subject"]).json());

    let id = grant(&["--columns", "person-years.plan"]);
    domain.upload_samples(&[MODEL]);
    assert!(refused(&domain, MODEL, "0.1", "denied.column").contains("person-years.meddol"));
    revoke(&id);
    assert!(refused(&domain, MODEL, "0.1", "denied.revoked").contains("objection of a subject"));
    domain.ask(&["grant", "revoke", &id, "--reason", "again"]).refused("grant.revoked-already");

    let id = grant(&["--columns", "person-years.meddol", "--purpose", "marketing"]);
    assert!(refused(&domain, MODEL, "0.1", "denied.purpose").contains("marketing"));
    revoke(&id);
    let id = grant(&["--columns", "person-years.meddol", "--from", &days_from_today(2)]);
    assert!(refused(&domain, MODEL, "0.1", "denied.not-yet").contains(&days_from_today(2)));
    revoke(&id);
    domain.key("second.key");
    let second = domain.beside("second.key.pub");
    let id = grant(&["--columns", "person-years.meddol", "--operator-key", text(&second)]);
    refused(&domain, MODEL, "0.1", "denied.other-key");
    revoke(&id);
    // Another operator has a grant, but not this module; and a name is not enough to have it.
    let other =
        |operator: &str| domain.ask(&["run", "--dataset", "rand-hie", "--model", MODEL, "--operator", operator, "--epsilon", "0.1"]);
    grant(&["--columns", "person-years.meddol", "--operator", "rival", "--operator-key", text(&second)]);
    other("rival").refused("module.unknown");
    other("nobody").refused("module.unknown");
    let model = domain.beside(MODEL);
    domain.ask(&["model", "upload", text(&model), "--operator", "rival"]).refused("module.unknown-signer");
    // At last one that allows it.
    grant(&["--columns", "person-years.meddol"]);
    domain.run(MODEL, "0.1", &[]).json();
    // Revoked between two runs: the stored answer is not given out any more either.
    let grants = domain.ask(&["grant", "list"]).json();
    for grant in grants.as_array().expect("grants").iter().filter(|grant| grant["revoked"].is_null() && grant["operator"] == OPERATOR) {
        revoke(grant["id"].as_str().expect("id"));
    }
    refused(&domain, MODEL, "0.1", "denied.revoked");
    // Domain, mount, seven grants of which six revoked... counted from what was done, and nothing for refusals.
    let entries = domain.audit()["entries"].as_u64().expect("entries");
    let all = grants.as_array().expect("grants").len() as u64;
    let revoked =
        domain.ask(&["grant", "list"]).json().as_array().expect("grants").iter().filter(|grant| !grant["revoked"].is_null()).count() as u64;
    assert_eq!(entries, 2 + all + revoked + 1 + 2, "domain, mount, grants, revocations, module, reservation, release");
}

#[test]
fn grants_that_cannot_be_made() {
    let domain = domain("4.0", "4.0");
    let before = listing(domain.directory());
    let (soon, past, far) = (days_from_today(5), days_from_today(-1), days_from_today(3000));
    let ask = |more: &[&str]| domain.grant_with(&[&["--columns", "person-years.meddol", "--epsilon", "1"], more].concat());
    ask(&["--until", &past]).refused("grant.period");
    ask(&["--from", &days_from_today(-2), "--until", &past]).refused("grant.over");
    ask(&["--until", &far]).refused("grant.too-long");
    ask(&["--until", "2027-02-30"]).refused("grant.period");
    ask(&["--until", "tomorrow"]).refused("grant.period");
    ask(&["--until", &soon, "--from", &days_from_today(6)]).refused("grant.period");
    domain.grant_with(&["--columns", "person-years.salary", "--epsilon", "1", "--until", &soon]).refused("grant.unknown-column");
    let bad = domain.write("bad.pub", "AAAA\n");
    ask(&["--until", &soon, "--operator-key", text(&bad)]).refused("grant.operator-key");
    ask(&["--until", &soon, "--dataset", "others"]).refused("dataset.unknown");
    domain.ask(&["grant", "revoke", "g-none", "--reason", "x"]).refused("grant.unknown");
    domain.ask(&question("run", MODEL, "1", &[])).refused("module.unknown");
    assert_eq!(listing(domain.directory()), before);
}
