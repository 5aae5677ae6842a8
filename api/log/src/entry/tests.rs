use super::*;

fn digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}

fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

fn at(event: Event) -> Entry {
    Entry { at: "2026-11-21T10:00:00Z".into(), event }
}

fn one_of_each() -> Vec<Entry> {
    let charge = Charge {
        statistic: name("visits"),
        part: "count".into(),
        mechanism: Mechanism::Gaussian,
        scale: 12.345678901234567,
        sensitivity: 1.0,
        cells: 48,
        rho: Rho::from_units(7),
        delta: DeltaCost::from_units(9),
        first_round: 1,
        rounds: 20,
    };
    vec![
        at(Event::Domain { origin: "log.example/潮闸".into(), software: "tidegate 0.1.0".into() }),
        at(Event::Mount {
            dataset: name("hospital"),
            version: 1,
            lineage: name("people"),
            units_max: 20_000,
            delta: 1e-7,
            lifetime_epsilon: 4.0,
            lifetime_rho: Rho::cap(0.1),
            lifetime_delta: DeltaCost::cap(1e-10),
            run_rho_max: Rho::cap(0.01),
            period: None,
            reviewed: None,
            witnesses: Some(tidegate_terms::WitnessQuorum { quorum: 1, keys: vec!["w.example+00000000+BA".into()] }),
            visibility: Visibility::AtSlot,
            schema: digest("schema"),
            policy: digest("policy"),
            shards_commitment: commit(&[1; 32], b"shards"),
        }),
        at(Event::Grant {
            grant: "g-1".into(),
            dataset: name("hospital"),
            operator: name("acme"),
            operator_key: "AAAA".into(),
            columns: vec!["visits.cost".into()],
            purpose: name("research"),
            rho: Rho::cap(0.05),
            valid_from: "2026-01-01".into(),
            valid_until: "2027-01-01".into(),
        }),
        at(Event::Calibration {
            engine: digest("engine"),
            machine: crate::entry::Machine { processor: "a processor".into(), architecture: "x86_64".into(), cores: 2 },
            rates: tidegate_terms::Rates::cautious(),
        }),
        at(Event::WitnessAdded { witness: "w.example+00000000+BA".into() }),
        at(Event::WitnessRemoved { witness: "w.example+00000000+BA".into() }),
        at(Event::Revoke { grant: "g-1".into(), reason_commitment: Digest([7; 32]) }),
        at(Event::Open { entry: 3, field: "reason_commitment".into(), reader: Reader::Regulator }),
        at(Event::Module {
            module: digest("seal"),
            component: digest("component"),
            manifest: digest("manifest"),
            name: name("tabulate"),
            operator: name("acme"),
        }),
        at(Event::Reserve {
            run: "r-1".into(),
            accounts: vec![payer("hospital", "g-1"), payer("insurer", "g-2")],
            module: digest("seal"),
            parameters_commitment: digest("parameters"),
            side_tables: vec![digest("codes")],
            rho: Rho::from_units(140),
            delta: DeltaCost::from_units(180),
            charges: vec![charge],
            rounds: 20,
            slot: "2026-11-21T11:00:00Z".into(),
            slot_seconds: 3_600,
            engine: digest("engine"),
        }),
        release("r-1"),
    ]
}

fn payer(dataset: &str, grant: &str) -> Payer {
    Payer { dataset: name(dataset), version: 1, lineage: name("people"), grant: grant.into() }
}

fn release(run: &str) -> Entry {
    let (release_commitment, totals_commitment) = (digest("a"), digest("b"));
    at(Event::Release { run: run.into(), round: 1, last: true, release_commitment, totals_commitment, pad: String::new() })
}

#[test]
fn every_kind_reads_back_as_it_was_written() {
    for entry in one_of_each() {
        let bytes = entry.encode().expect("encode");
        assert_eq!(Entry::decode(&bytes).expect("decode"), entry, "{}", String::from_utf8_lossy(&bytes));
    }
    let mut paced = one_of_each().remove(1);
    if let Event::Mount { period, .. } = &mut paced.event {
        *period = Some(PeriodCap { days: 30, rho: Rho::cap(0.01) });
    }
    assert_eq!(Entry::decode(&paced.encode().expect("encode")).expect("decode"), paced);
    let first = one_of_each()[0].encode().expect("encode");
    let expected = r#"{"v":1,"at":"2026-11-21T10:00:00Z","type":"domain","origin":"log.example/潮闸","software":"tidegate 0.1.0"}"#;
    assert_eq!(String::from_utf8(first).expect("text"), expected);
}

#[test]
fn real_numbers_lose_nothing() {
    let mut state = 1_u64;
    for _ in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let value = f64::from_bits(state);
        if !value.is_finite() {
            continue;
        }
        let charge = Charge {
            statistic: name("x"),
            part: "sum".into(),
            mechanism: Mechanism::Laplace,
            scale: value,
            sensitivity: -value,
            cells: 1,
            rho: Rho::ZERO,
            delta: DeltaCost::ZERO,
            first_round: 1,
            rounds: 1,
        };
        let text = serde_json::to_string(&charge).expect("text");
        assert_eq!(serde_json::from_str::<Charge>(&text).expect("charge"), charge, "{text}");
    }
}

#[test]
fn a_release_has_one_length_whatever_it_says() {
    for (run_named, of_round, is_last) in
        [("1", 1, true), ("run-000000000000000000000000000000000000000000000000000000000001", u32::MAX, false)]
    {
        let mut release = release(run_named);
        if let Event::Release { round, last, .. } = &mut release.event {
            (*round, *last) = (of_round, is_last);
        }
        assert_eq!(release.encode().expect("encode").len(), RELEASE_BYTES);
    }
    let text = String::from_utf8(release("r").encode().expect("encode")).expect("text");
    for wrong in [text.replacen("..", ".", 1), text.replacen("..", ".-", 1), text.replacen("..", "...", 1)] {
        assert!(matches!(Entry::decode(wrong.as_bytes()), Err(EntryError::NotCanonical)), "{wrong}");
    }
}

#[test]
fn only_the_one_encoding_is_read() {
    let text = String::from_utf8(one_of_each()[1].encode().expect("encode")).expect("text");
    let changes = [
        ("{\"v\":1", "{ \"v\":1"),
        ("\"v\":1,", "\"v\":1,\"hidden\":7,"),
        ("\"v\":1,", "\"v\":1,\"version\":1,"),
        ("\"version\":1,", "\"version\":1,\"version\":1,"),
        ("\"1e-7\"", "\"0.0000001\""),
        ("\"1e-7\"", "1e-7"),
        ("\"1e-7\"", "\"NaN\""),
        ("\"hospital\"", "\"hospi\\u0074al\""),
        ("\"version\":1,\"lineage\":\"people\"", "\"lineage\":\"people\",\"version\":1"),
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00z"),
        ("\"at_slot\"", "\"whenever\""),
        ("\"visibility\"", "\"period\":null,\"visibility\""),
    ];
    for (from, to) in changes {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(Entry::decode(changed.as_bytes()).is_err(), "{to}");
    }
    assert!(Entry::decode(format!("{text}\n").as_bytes()).is_err());
    let newer = text.replacen("\"v\":1", "\"v\":2", 1);
    assert!(matches!(Entry::decode(newer.as_bytes()), Err(EntryError::Version { version: 2 })));
}

#[test]
fn what_cannot_be_an_entry_is_not_written() {
    let long = at(Event::Domain { origin: "o".into(), software: "s".repeat(ENTRY_BYTES_MAX) });
    assert!(matches!(long.encode(), Err(EntryError::TooLong { .. })));
    assert!(matches!(release("a b").encode(), Err(EntryError::Identifier { .. })));
    assert!(matches!(release("").encode(), Err(EntryError::Identifier { .. })));
    assert!(matches!(Entry { at: "now".into(), ..release("r") }.encode(), Err(EntryError::Instant { .. })));
    let mut mount = one_of_each().remove(1);
    if let Event::Mount { delta, .. } = &mut mount.event {
        *delta = f64::NAN;
    }
    assert!(matches!(mount.encode(), Err(EntryError::Syntax { .. })));
}

#[test]
fn a_commitment_depends_on_salt_and_bytes() {
    assert_eq!(commit(&[1; 32], b"7"), commit(&[1; 32], b"7"));
    assert_ne!(commit(&[1; 32], b"7"), commit(&[2; 32], b"7"));
    assert_ne!(commit(&[1; 32], b"7"), commit(&[1; 32], b"8"));
}

#[test]
fn the_committed_schema_is_the_generated_one() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/log-entry.schema.json");
    if std::env::var_os("UPDATE_SCHEMAS").is_some_and(|value| value == "1") {
        std::fs::write(path, entry_schema()).expect("write schema");
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == entry_schema(), "docs/log-entry.schema.json is old: run the tests with UPDATE_SCHEMAS=1");
}
