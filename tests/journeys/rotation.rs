//! The log's key changes, with a time in which both sign: whoever trusts any key of the log can verify it, whoever
//! trusts another cannot, and whatever dies on the way, the change is finished or was never begun.

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tidegate_log::{AuditReport, KeyChain, Verifier, key_links, prove, verify};
use tidegate_tests::domain::{Domain, IMMEDIATELY, days_from_today, place, text};
use tidegate_tests::keeper::{Answer, Fault, Keeper};
use tidegate_tests::products::Shop;
use tidegate_tests::program::tidegate;
use tidegate_tests::servers::Server;

fn vkey(log: &Path) -> String {
    fs::read_to_string(log.join("vkey")).expect("vkey").trim().to_owned()
}

fn signatures(log: &Path) -> usize {
    fs::read_to_string(log.join("checkpoint")).expect("checkpoint").lines().filter(|line| line.starts_with("— ")).count()
}

/// Verifies under a key; nothing may be found, and so many keys were followed.
#[track_caller]
fn verified(log: &Path, key: &str, keys: usize) -> AuditReport {
    let report = verify(log, Some(key)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((report.findings_total, report.keys.len()), (0, keys), "{:?}", report.findings);
    report
}

fn done(answer: Answer) -> Value {
    match answer {
        Answer::Done(value) => value,
        other => panic!("{other:?}"),
    }
}

fn grant(domain: &Domain, epsilon: f64) -> Value {
    let key = fs::read_to_string(domain.beside("operator.key.pub")).expect("key");
    json!({ "GrantAdd": {
        "dataset": "rand-hie", "operator": "city-health", "operator_key": key.trim(), "columns": ["person-years.meddol"],
        "purpose": "health-planning", "epsilon": epsilon, "valid_from": null, "valid_until": days_from_today(300),
    } })
}

fn rotate(days: u32) -> Value {
    json!({ "LogRotateKey": { "overlap_days": days } })
}

#[test]
fn the_log_is_verified_from_any_of_its_keys() {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    domain.grant("person-years.meddol", "4");
    domain.upload_samples(&["expensive-years"]);
    domain.run("expensive-years", "0.1", &[]).json();
    let log = domain.directory().join("log");
    let first = vkey(&log);
    domain.ask(&["log", "rotate-key", "--overlap-days", "0"]).refused("log.overlap-days");

    let rotated = domain.ask(&["log", "rotate-key", "--overlap-days", "2"]).json();
    let second = rotated["key"].as_str().expect("key").to_owned();
    assert!(rotated["before"] == first.as_str() && second != first);
    assert_eq!((vkey(&log), signatures(&log)), (first.clone(), 2), "both sign, the old name stays");
    domain.ask(&["log", "rotate-key", "--overlap-days", "2"]).refused("log.rotation-under-way");
    domain.run("expensive-years", "0.2", &[]).json();
    assert_eq!(signatures(&log), 2);
    verified(&log, &first, 2);
    // `vkey` is still the old key, to which the new one does not lead back; somebody who got only the new one waits, or
    // verifies a copy without that file.
    let copied = place();
    copy(&log, copied.path());
    fs::remove_file(copied.path().join("vkey")).expect("remove");
    verified(copied.path(), &second, 1);

    // Three days later the old key is gone, and only the new one signs.
    let old_secret = fs::read(domain.directory().join("keys/log.pk8")).expect("key");
    done(Keeper::ahead(domain.directory(), 3).ask(&grant(&domain, 2.0), &[]));
    assert_eq!((vkey(&log), signatures(&log)), (second.clone(), 1));
    for file in fs::read_dir(domain.directory().join("keys")).expect("keys").flatten() {
        assert_ne!(fs::read(file.path()).expect("key"), old_secret, "{:?}", file.file_name());
        assert!(["log.pk8", "unit.key", "cache.key"].contains(&file.file_name().to_str().expect("name")), "{:?}", file.file_name());
    }
    verified(&log, &first, 2);
    verified(&log, &second, 1);

    // And once more.
    done(Keeper::ahead(domain.directory(), 3).ask(&rotate(1), &[]));
    done(Keeper::ahead(domain.directory(), 5).ask(&grant(&domain, 3.0), &[]));
    let third = vkey(&log);
    assert!(third != second && third != first);
    for (key, keys) in [(&first, 3), (&second, 2), (&third, 1)] {
        verified(&log, key, keys);
        assert_eq!(tidegate(&["audit", "verify", text(&log), "--key", key]).code, Some(0));
    }
    // A proof from today convinces who trusts the first key only, with the files of the changes beside it.
    let parse = |key: &str| Verifier::parse(key).expect("key");
    let (links, proof) = (key_links(&log).expect("links"), prove(&log, &parse(&third), 3).expect("proof"));
    let entry = first_entries(&log).swap_remove(3);
    assert!(KeyChain::follow(&parse(&first), &links).verify_proof(&proof, &entry).is_ok());
    assert!(KeyChain::follow(&parse(&first), &links[..1]).verify_proof(&proof, &entry).is_err(), "one change is missing");
    // Somebody who trusts another key is refused, whatever lies there.
    let foreign = vkey(&Domain::empty().directory().join("log"));
    assert_eq!(tidegate(&["audit", "verify", text(&log), "--key", &foreign]).code, Some(3));

    // A changed or lost file of a change is noticed by whoever needs it.
    let link = log.join("keys/1");
    let good = fs::read_to_string(&link).expect("link");
    for at in (0..good.len()).step_by(23).chain([good.len() - 1]) {
        let mut bad = good.clone().into_bytes();
        bad[at] ^= 1;
        fs::write(&link, bad).expect("write");
        assert!(verify(&log, Some(&first)).is_err(), "byte {at}");
    }
    fs::remove_file(&link).expect("remove");
    assert!(verify(&log, Some(&first)).is_err());
    fs::write(&link, good).expect("write");
    verified(&log, &first, 3);
}

/// Mirrors, comparisons, searches and packages follow the changes too.
#[test]
fn outsiders_who_trust_an_earlier_key_can_go_on() {
    let shop = Shop::open();
    let log = shop.domain.directory().join("log");
    let (first, mirror, kept) = (vkey(&log), shop.domain.beside("mirror"), shop.domain.beside("kept"));
    let pull = |from: &str, to: &Path, key: &str| tidegate(&["--json", "audit", "pull", from, "--to", text(to), "--key", key]);
    pull(text(&log), &mirror, &first).json();
    fs::copy(log.join("checkpoint"), &kept).expect("keep a checkpoint");

    let rotated = shop.domain.ask(&["log", "rotate-key", "--overlap-days", "2"]).json();
    let second = rotated["key"].as_str().expect("key").to_owned();
    let (_, package) = shop.delivered("package");
    assert!(package.join("log/key-1.rotation").exists());
    for key in [&first, &second] {
        tidegate(&["--json", "product", "verify", text(&package), "--key", key]).json();
    }
    done(Keeper::ahead(shop.domain.directory(), 3).ask(&grant(&shop.domain, 2.0), &[]));
    assert_eq!(signatures(&log), 1, "the new key alone");

    // From a directory, and over HTTP into another mirror; then offline, with either key.
    let before = pull(text(&log), &mirror, &first).json();
    assert!(before["entries"].as_u64() > before["entries_before"].as_u64());
    let server = Server::start(&["log", "serve", text(&log)], "127.0.0.1:0");
    let fresh = shop.domain.beside("fresh");
    pull(&server.url(), &fresh, &first).json();
    server.stop();
    for copy in [&mirror, &fresh] {
        verified(copy, &first, 2);
    }
    pull(text(&log), &mirror, &second).json();
    let foreign = vkey(&Domain::empty().directory().join("log"));
    assert_ne!(pull(text(&log), &mirror, &foreign).code, Some(0));
    assert_ne!(pull(text(&log), &shop.domain.beside("none"), &foreign).code, Some(0));
    let since = ["--json", "audit", "consistency", text(&log), "--since", text(&kept), "--key", &first];
    assert_eq!(tidegate(&since).json()["consistent"], true);
    let search = ["--json", "audit", "search", "--log", text(&mirror), "--key", &first, "--kind", "rotate_key"];
    assert_eq!(tidegate(&search).json()["matches"].as_array().map(Vec::len), Some(1));
    tidegate(&["--json", "product", "verify", text(&package), "--key", &first, "--log", text(&mirror)]).json();
}

/// The first bundle's entries.
fn first_entries(log: &Path) -> Vec<Vec<u8>> {
    use tidegate_log::{Checkpoint, Tile, TileKind, decode_bundle};
    let note = fs::read_to_string(log.join("checkpoint")).expect("checkpoint");
    let head = Checkpoint::parse(note.split_once("\n\n").map(|(text, _)| format!("{text}\n")).expect("note").as_str()).expect("head");
    let tile = Tile::of_tree(TileKind::Entries, 0, head.size).expect("tile");
    let bytes = fs::read(log.join(tile.path())).expect("bundle");
    decode_bundle(&bytes, tile.width).expect("bundle").into_iter().map(<[u8]>::to_vec).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("directory");
    for entry in fs::read_dir(from).expect("directory").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copy");
        }
    }
}

/// Killed before and after each durable call of the change, and of its end.
#[test]
fn a_change_that_dies_is_finished_or_was_never_begun() {
    let domain = Domain::with_rand_hie(IMMEDIATELY);
    let first = vkey(&domain.directory().join("log"));
    let rotated = place();
    copy(domain.directory(), &rotated.path().join("domain"));
    done(Keeper::start(&rotated.path().join("domain")).ask(&rotate(2), &[]));
    let begin = (domain.directory().to_owned(), rotate(2), 0);
    let end = (rotated.path().join("domain"), json!("GrantList"), 3);
    for (base, request, days) in [begin, end] {
        let counted = place();
        copy(&base, &counted.path().join("domain"));
        let count = counted.path().join("count");
        done(Keeper::counting(&counted.path().join("domain"), &count, days).ask(&request, &[]));
        let calls: usize = fs::read_to_string(count).expect("count").trim().parse().expect("number");
        let (mut finished, mut never) = (0, 0);
        let faults = (1..=calls).flat_map(|at| [(at, "kill-before"), (at, "kill-after"), (at, "error")]);
        // Coprime to the three kinds, so that each is met everywhere; all of them with `tests/run --long`.
        let stride = if std::env::var_os("TIDEGATE_LONG").is_some() { 1 } else { 7 };
        for (at, kind) in faults.step_by(stride) {
            let place = place();
            let directory = place.path().join("domain");
            copy(&base, &directory);
            let _ = Keeper::with_fault(&directory, Fault { at, kind }, days).ask(&request, &[]);
            // Opened again before the overlap ends, and after.
            for later in [days, 3, 3] {
                done(Keeper::ahead(&directory, later).ask(&json!("GrantList"), &[]));
            }
            let log = directory.join("log");
            let report = verify(&log, Some(&first)).unwrap_or_else(|error| panic!("{kind} at {at} of {calls}: {error}"));
            assert_eq!(report.findings_total, 0, "{kind} at {at}: {:?}", report.findings);
            let keys = fs::read_dir(directory.join("keys")).expect("keys").count();
            assert_eq!(keys, 3, "no secret is left over: {kind} at {at}");
            match report.keys.len() {
                1 => {
                    assert_eq!(vkey(&log), first, "{kind} at {at}");
                    never += 1;
                }
                _ => {
                    assert_ne!(vkey(&log), first, "{kind} at {at}");
                    finished += 1;
                }
            }
            // It goes on: a grant by the keys that are there.
            done(Keeper::ahead(&directory, 3).ask(&grant(&domain, 1.0), &[]));
            assert_eq!((verify(&log, Some(&first)).expect("verifies").findings_total, signatures(&log)), (0, 1), "{kind} at {at}");
        }
        println!("{calls} calls: {finished} finished, {never} never begun");
        assert!(finished >= 5 && (days == 3 || never >= 5));
    }
}
