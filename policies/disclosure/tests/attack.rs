//! Attacks on thousands of made-up tables, by a simplex and by trying everything.

mod common;

use common::{Dice, Population, axis, broken, shown, sums};
use tidegate_disclosure::{Cell, DisclosureRules, Measure, Reason, Refusal, Shown, Table, review};

// clause: G21 refused
#[test]
fn no_suppressed_cell_can_be_computed_back_and_without_the_further_cells_many_could() {
    let mut dice = Dice(1);
    let (mut tables, mut refused, mut primaries, mut secondaries, mut open_without, mut bites, mut singles) = (0, 0, 0, 0, 0, 0, 0);
    for round in 0..4_000 {
        let mut population = Population::draw(&mut dice, 5, 40);
        if round % 3 == 0 {
            population.share_units(&mut dice);
        }
        let measure = if round % 2 == 0 { Measure::Count } else { sums() };
        let rules = DisclosureRules { min_contributors: 3 + dice.below(10), ..DisclosureRules::default() };
        let reviewed = match review(&rules, &population.table(measure.clone()), &[]) {
            Ok(reviewed) => reviewed,
            Err(Refusal::CannotBeProtected) => {
                refused += 1;
                continue;
            }
            Err(other) => panic!("{other}"),
        };
        tables += 1;
        let reasons = &reviewed.reasons;
        primaries += reasons.requirements().count();
        let cells = shown(&reviewed.published).len();
        secondaries += (0..cells).filter(|index| reasons.of(*index) == [Reason::Secondary]).count();
        let broken_after = broken(&population, &measure, &reviewed, |index| reasons.is_suppressed(index));
        assert!(broken_after.is_empty(), "table {round}: cells {broken_after:?}");
        // Who is alone in a cell of a sum knows it, and must learn no more about the others.
        let alone = if measure == Measure::Count { Vec::new() } else { population.alone() };
        for (known, own) in &alone {
            singles += 1;
            let others = broken(&population, &measure, &reviewed, |index| index != *known && reasons.is_suppressed(index));
            assert!(others.iter().all(|index| own.contains(index)), "table {round}: who is alone in cell {known} learns {others:?}");
        }
        let required: Vec<usize> = reasons.requirements().map(|(index, _)| index).collect();
        let broken_before = broken(&population, &measure, &reviewed, |index| required.contains(&index));
        open_without += broken_before.len();
        bites += usize::from(!broken_before.is_empty());
    }
    println!(
        "{tables} tables, {refused} refused, {primaries} primary and {secondaries} secondary cells, {singles} single contributors; \
         without the latter {open_without} primary cells of {bites} tables can be computed back"
    );
    assert!(tables > 3_900 && bites > 1_000 && open_without > 2_000 && secondaries > 3_000 && singles > 100);
}

/// Every table that the published one could come from, found by trying all.
#[test]
fn trying_every_table_finds_no_suppressed_cell_either() {
    let mut dice = Dice(2);
    let rules = DisclosureRules { min_contributors: 3, count_base: 2, ..DisclosureRules::default() };
    const MOST: i64 = 14;
    let mut checked = 0;
    for _ in 0..400 {
        let inner: Vec<i64> = (0..4).map(|_| [0, 1, 2, 3, 4, 6, 8][dice.below(7) as usize]).collect();
        let cells = inner.iter().map(|value| Cell { contributors: *value as u64, value: *value, supplied: 0, largest: vec![] }).collect();
        let table = Table::of_disjoint_units(axis("region", 2), Some(axis("sex", 2)), Measure::Count, cells).expect("a table");
        let reviewed = review(&rules, &table, &[]).expect("counts of this size can be protected");
        let published = shown(&reviewed.published);
        let mut seen = [(i64::MAX, i64::MIN); 9];
        let fits = |value: i64, cell: usize| match published[cell] {
            Shown::Suppressed => true,
            // The attacker knows how rounding works: to even numbers, halves to multiples of four.
            Shown::Value(shown) => value == shown || ((value - shown).abs() == 1 && shown % 4 == 0),
        };
        for code in 0..(MOST + 1).pow(4) {
            let at = |digit: u32| code / (MOST + 1).pow(digit) % (MOST + 1);
            let (a, b, c, d) = (at(0), at(1), at(2), at(3));
            let candidate = [a, b, a + b, c, d, c + d, a + c, b + d, a + b + c + d];
            if candidate.iter().enumerate().all(|(cell, value)| fits(*value, cell)) {
                for (range, value) in seen.iter_mut().zip(candidate) {
                    *range = (range.0.min(value), range.1.max(value));
                }
            }
        }
        for (index, demand) in reviewed.reasons.requirements() {
            checked += 1;
            let (least, most) = seen[index];
            assert!(i128::from(least) <= demand.lower && i128::from(most) >= demand.upper.min(i128::from(MOST)), "{inner:?} cell {index}");
            assert!(least == 0 && most >= 3, "empty and passing the threshold must both stay possible");
        }
    }
    assert!(checked > 800, "{checked}");
}

#[test]
fn what_is_shown_is_the_rounded_value_and_the_same_every_time() {
    let mut dice = Dice(3);
    for _ in 0..500 {
        let population = Population::draw(&mut dice, 6, 40);
        for (measure, base) in [(Measure::Count, 5), (sums(), 7)] {
            let rules = DisclosureRules { count_base: 5, sum_base: 7, ..DisclosureRules::default() };
            let Ok(reviewed) = review(&rules, &population.table(measure.clone()), &[]) else { continue };
            for (shown, exact) in shown(&reviewed.published).iter().zip(population.values(&measure)) {
                if let Shown::Value(value) = shown {
                    assert!(value % base == 0 && 2 * (value - exact).abs() <= base, "{exact} shown as {value}");
                }
            }
            let again = review(&rules, &population.table(measure.clone()), &[]).expect("the same");
            assert_eq!(again.published, reviewed.published);
            // Asked again with its own memory, it is the same table again.
            let repeated = review(&rules, &population.table(measure), &[reviewed.remembered]).expect("the same");
            assert_eq!(repeated.published, again.published);
        }
    }
}

#[test]
fn a_large_table_takes_seconds() {
    let mut dice = Dice(4);
    let mut contributions = Vec::new();
    for row in 0..70 {
        for column in 0..70 {
            for _ in 0..dice.below(60) {
                let unit = contributions.len() as u64;
                contributions.push(common::Contribution { unit, row, column, value: dice.below(1_000) as i64 });
            }
        }
    }
    let population = Population { height: 70, width: 70, contributions };
    for measure in [Measure::Count, sums()] {
        let table = population.table(measure);
        let begin = std::time::Instant::now();
        let reviewed = review(&DisclosureRules::default(), &table, &[]).expect("a table");
        println!("{} cells to protect, {:?}", reviewed.reasons.requirements().count(), begin.elapsed());
        assert!(begin.elapsed().as_secs() < 60);
    }
}
