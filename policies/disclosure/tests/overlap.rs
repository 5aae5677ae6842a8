//! Earlier tables of the lineage.

use tidegate_disclosure::{Axis, Cell, DisclosureRules, Measure, Reason, Refusal, Remembered, Reviewed, Shown, Table, TableError, review};

fn axis(dimension: &str, keys: &[&str]) -> Axis {
    Axis { dimension: dimension.into(), keys: keys.iter().map(|key| (*key).to_owned()).collect() }
}

fn counts(values: &[i64]) -> Vec<Cell> {
    values.iter().map(|value| Cell { contributors: *value as u64, value: *value, supplied: 0, largest: vec![] }).collect()
}

/// Counts of three regions.
fn regions(values: [i64; 3]) -> Table {
    Table::of_disjoint_units(axis("region", &["A", "B", "C"]), None, Measure::Count, counts(&values)).expect("a table")
}

/// Equal contributions of many units in each of three regions.
fn sums(name: &str, upper: i64, units: [u64; 3], each: i64) -> Table {
    let cells = units.map(|units| Cell { contributors: units, value: units as i64 * each, supplied: 0, largest: vec![each; 2] });
    let measure = Measure::Sum { name: name.into(), lower: 0, upper };
    Table::of_disjoint_units(axis("region", &["A", "B", "C"]), None, measure, cells.to_vec()).expect("a table")
}

fn exact() -> DisclosureRules {
    DisclosureRules { count_base: 0, ..DisclosureRules::default() }
}

fn reviewed(table: &Table, earlier: &[&Remembered]) -> Result<Reviewed, Refusal> {
    let earlier: Vec<Remembered> = earlier.iter().map(|one| (*one).clone()).collect();
    review(&exact(), table, &earlier)
}

fn cells(reviewed: &Reviewed) -> Vec<Option<i64>> {
    let shown = |cell: &Shown| match cell {
        Shown::Value(value) => Some(*value),
        Shown::Suppressed => None,
    };
    reviewed.published.cells.iter().flatten().map(shown).collect()
}

// clause: G21 refused
#[test]
fn a_difference_of_fewer_than_the_threshold_is_not_shown() {
    let first = reviewed(&regions([40, 50, 60]), &[]).expect("first");
    assert_eq!(cells(&first), [Some(40), Some(50), Some(60), Some(150)]);
    // One person moved into A: A and the total would say so. B and C did not change.
    let moved = reviewed(&regions([41, 50, 60]), &[&first.remembered]);
    // A and the total are suppressed together; B and C are known anyway, so they cannot protect anything.
    let moved = moved.expect("A may hide in the total");
    assert_eq!(cells(&moved), [None, Some(50), Some(60), None]);
    assert_eq!(moved.reasons.of(0), [Reason::Overlap]);
    // Ten or more in each changed cell may be seen.
    let many = reviewed(&regions([50, 50, 60]), &[&first.remembered]).expect("ten");
    assert_eq!(cells(&many), [Some(50), Some(50), Some(60), Some(160)]);
    // From A to B: the total did not change and is known, so both hide in each other.
    let between = reviewed(&regions([41, 49, 60]), &[&first.remembered]).expect("both hide");
    assert_eq!(cells(&between), [None, None, Some(60), Some(150)]);
}

#[test]
fn what_one_earlier_table_showed_no_other_can_hide_again() {
    let first = reviewed(&regions([40, 50, 60]), &[]).expect("first");
    let second = reviewed(&regions([41, 50, 60]), &[&first.remembered]).expect("second");
    assert_eq!(cells(&second), [None, Some(50), Some(60), None]);
    // As in the first table again: A is known to be 40, though the second table suppressed it.
    let third = reviewed(&regions([40, 50, 60]), &[&first.remembered, &second.remembered]).expect("third");
    assert_eq!(third.published, first.published);
    // What is known protects nobody: B loses one, and nothing that is not known could hide that but the total.
    let fourth = reviewed(&regions([40, 49, 60]), &[&second.remembered, &first.remembered]).expect("fourth");
    assert_eq!(cells(&fourth), [Some(40), None, Some(60), None]);
}

#[test]
fn where_all_others_are_known_the_table_is_refused() {
    let first = reviewed(&regions([12, 50, 60]), &[]).expect("first");
    let by_sex = |values: &[i64]| {
        let columns = Some(axis("sex", &["f", "m"]));
        Table::of_disjoint_units(axis("region", &["A", "B", "C"]), columns, Measure::Count, counts(values)).expect("a table")
    };
    // Each cell of A may hide in the other: 0 to 12 of them. The margins are known from the first table.
    let halves = reviewed(&by_sex(&[6, 6, 25, 25, 30, 30]), &[&first.remembered]).expect("a table");
    assert_eq!(halves.published.cells[0], [Shown::Suppressed, Shown::Suppressed, Shown::Value(12)]);
    // A stricter threshold asks for more than A, whose size is known, can hide; a new lineage can hide A itself.
    let strict = DisclosureRules { min_contributors: 13, ..exact() };
    let table = by_sex(&[6, 6, 25, 25, 30, 30]);
    assert!(matches!(review(&strict, &table, std::slice::from_ref(&first.remembered)), Err(Refusal::CannotBeProtected)));
    assert_eq!(review(&strict, &table, &[]).expect("a table").published.cells[0], [Shown::Suppressed; 3]);
}

#[test]
fn what_was_suppressed_stays_suppressed_until_it_has_really_changed() {
    let first = reviewed(&regions([4, 50, 60]), &[]).expect("first");
    assert_eq!(cells(&first), [None, None, Some(60), Some(114)]);
    // A has grown past the threshold by a few: shown now, it would bound what was hidden.
    let grown = reviewed(&regions([11, 50, 60]), &[&first.remembered]).expect("a table");
    assert_eq!(cells(&grown)[0], None);
    assert!(grown.reasons.of(0).contains(&Reason::SuppressedBefore));
    let other = reviewed(&regions([40, 90, 60]), &[&first.remembered]).expect("a table");
    assert_eq!(cells(&other), [Some(40), Some(90), Some(60), Some(190)]);
}

#[test]
fn sums_overlap_by_name_bounds_and_unknown_changes() {
    let first = reviewed(&sums("cost", 100, [40, 50, 60], 7), &[]).expect("first");
    assert!(cells(&first).iter().all(Option::is_some));
    // The same table again.
    assert_eq!(cells(&reviewed(&sums("cost", 100, [40, 50, 60], 7), &[&first.remembered]).expect("same")), cells(&first));
    // Other bounds isolate those beyond them.
    let clamped = reviewed(&sums("cost", 50, [40, 50, 60], 7), &[&first.remembered]).expect("all hidden");
    assert!(cells(&clamped).iter().all(Option::is_none));
    // As many contributors with other values: of how many is unknown.
    let changed = reviewed(&sums("cost", 100, [40, 50, 60], 8), &[&first.remembered]).expect("all hidden");
    assert!(cells(&changed).iter().all(Option::is_none));
    // Another statistic, or counts, do not overlap.
    assert!(cells(&reviewed(&sums("fee", 50, [40, 50, 60], 7), &[&first.remembered]).expect("other")).iter().all(Option::is_some));
    assert!(cells(&reviewed(&regions([40, 50, 60]), &[&first.remembered]).expect("counts")).iter().all(Option::is_some));
}

#[test]
fn the_memory_survives_the_store_and_damage_is_noticed() {
    let first = reviewed(&regions([40, 50, 60]), &[]).expect("first");
    let text = first.remembered.to_private_json();
    assert!(Remembered::parse_private_json(&text).expect("readable") == first.remembered);
    for damaged in ["", "{}", &text[..text.len() - 2], &text.replace("40", "-40"), &text.replace("true", "7")] {
        assert!(Remembered::parse_private_json(damaged).is_err(), "{damaged}");
    }
    assert_eq!(format!("{:?} {:?}", first.remembered, first.reasons), "Remembered(..) Reasons(..)");
}

#[test]
fn what_the_outside_reads_has_no_reasons_and_says_what_it_is_not() {
    let table = reviewed(&regions([4, 50, 60]), &[]).expect("a table");
    let text = serde_json::to_string(&table.published).expect("JSON");
    for word in ["threshold\":", "secondary", "dominance\":\"", "overlap"] {
        assert!(!text.to_lowercase().contains(word), "{text}");
    }
    assert!(text.contains("NOT differentially private") && text.contains("不具备差分隐私保护"), "{text}");
    assert!(text.contains("\"differentially_private\":false") && text.contains("\"suppressed\""), "{text}");
}

#[test]
fn units_of_the_operator_neither_count_nor_hide_anybody() {
    // 20 units, 15 of them the operator's: 5 contributors.
    let mut cells_of = counts(&[5, 50, 60]);
    (cells_of[0].value, cells_of[0].supplied) = (20, 15);
    let table = Table::of_disjoint_units(axis("region", &["A", "B", "C"]), None, Measure::Count, cells_of).expect("a table");
    let reviewed = reviewed(&table, &[]).expect("a table");
    assert_eq!(cells(&reviewed), [None, None, Some(60), Some(130)]);
    let (_, demand) = reviewed.reasons.requirements().next().expect("one");
    assert_eq!((demand.lower.max(0), demand.upper), (0, 10));
}

#[test]
fn tables_that_do_not_fit_together_are_refused() {
    let rows = || axis("region", &["A", "B"]);
    let parse = |cells: &[i64]| Table::parse(rows(), None, Measure::Count, counts(cells)).map(|_| ());
    assert!(parse(&[20, 30, 50]).is_ok());
    assert_eq!(parse(&[20, 30, 51]).expect_err("margin"), TableError::Margin);
    assert!(matches!(parse(&[20, 30]), Err(TableError::Shape { expected: 3, found: 2 })));
    let of = |measure: Measure, cell: Cell| Table::of_disjoint_units(axis("region", &["A"]), None, measure, vec![cell]).map(|_| ());
    let sum = |lower: i64, upper: i64| Measure::Sum { name: "cost".into(), lower, upper };
    let good = Cell { contributors: 3, value: 12, supplied: 0, largest: vec![6, 4] };
    assert!(of(sum(0, 6), good.clone()).is_ok());
    assert_eq!(of(sum(-1, 6), good.clone()).expect_err("negative"), TableError::NegativeBounds);
    assert_eq!(of(sum(7, 6), good.clone()).expect_err("inverted"), TableError::BoundsInverted);
    assert_eq!(of(sum(0, 5), good.clone()).expect_err("beyond the bounds"), TableError::Cell);
    assert_eq!(of(sum(3, 6), Cell { value: 11, ..good.clone() }).expect_err("a contribution of 1"), TableError::Cell);
    for largest in [vec![4, 6], vec![6, 4, 1], vec![6, 4, 2, 0], vec![6, 7], vec![5, 1]] {
        assert_eq!(of(sum(0, 9), Cell { largest: largest.clone(), ..good.clone() }).expect_err("largest"), TableError::Cell, "{largest:?}");
    }
    assert_eq!(of(Measure::Count, good.clone()).expect_err("a count of other than units"), TableError::Cell);
    assert_eq!(of(sum(0, 6), Cell { supplied: -1, ..good.clone() }).expect_err("negative part"), TableError::Cell);
    let twice = Table::of_disjoint_units(axis("region", &["A", "A"]), None, Measure::Count, counts(&[1, 2]));
    assert_eq!(twice.map(|_| ()).expect_err("keys"), TableError::Keys);
    let same = Table::of_disjoint_units(rows(), Some(rows()), Measure::Count, counts(&[1, 2, 3, 4]));
    assert_eq!(same.map(|_| ()).expect_err("dimensions"), TableError::Keys);
    let short = Cell { contributors: 3, value: 12, supplied: 0, largest: vec![6] };
    let table = Table::of_disjoint_units(axis("region", &["A"]), None, sum(0, 6), vec![short]).expect("fits together");
    assert!(matches!(review(&exact(), &table, &[]), Err(Refusal::LargestMissing { needed: 2 })));
}
