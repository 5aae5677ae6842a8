//! Sums of exact tables against an obvious model, their merging, and what a hostile module or worker may send.

use super::*;
use crate::{Layout, Scratch, Sums};

const SCHEMA: &str = r#"
    title = { zh = "年", en = "Years" }
    source = "made up"
    acquired = "2026-01-01"
    lineage = "years"
    units_max = 1000
    privacy_unit = { kind = "person", column = "id", identifier = "integer" }
    [[tables]]
    name = "years"
    rows_per_unit_max = 5
    [[tables.columns]]
    name = "plan"
    type = "category"
    categories = ["a", "b", "c"]
    [[tables.columns]]
    name = "year"
    type = "integer"
    minimum = 1
    maximum = 2
"#;

const MANIFEST: &str = r#"
    contract = 1
    name = "tables"
    version = "1.0.0"
    title = { zh = "表", en = "Tables" }
    purpose = "research"
    [[inputs]]
    table = "years"
    columns = ["plan", "year"]
    [[reviewed.tables]]
    name = "persons"
    measure = "count"
    rows = { table = "years", column = "plan" }
    columns = { table = "years", column = "year", keys = ["1", "2"] }
    per_unit = 2
    [[reviewed.tables]]
    name = "cost"
    measure = "sum"
    quantity = "cost"
    upper = 10.0
    grid = 0.5
    rows = { table = "years", column = "plan" }
    columns = { table = "years", column = "year", keys = ["1", "2"] }
    per_unit = 2
    [resources]
    fuel_per_unit = 100000
    memory_bytes = 1048576
"#;

struct Cells(Vec<(usize, f64)>);

impl Sparse for Cells {
    fn visit(&self, _: usize, visit: &mut dyn FnMut(usize, f64) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
        self.0.iter().try_for_each(|(index, value)| visit(*index, *value))
    }

    fn visit_keyed(&self, _: &mut dyn FnMut(&str, &[f64]) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
        Err(NotAContribution)
    }

    fn dense(&self) -> Option<&[f64]> {
        None
    }
}

fn layout() -> Layout {
    let (manifest, schema) = (Manifest::parse(MANIFEST).expect("manifest"), PublicSchema::parse(SCHEMA).expect("schema"));
    Layout::seal(&manifest, &schema).expect("layout")
}

fn add(layout: &Layout, sums: &mut Sums, counts: &[(usize, f64)], costs: &[(usize, f64)]) -> bool {
    layout.add(Some(&[Cells(counts.to_vec()), Cells(costs.to_vec())]), sums, &mut Scratch::default())
}

fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

type Unit = Vec<(usize, f64)>;

/// Units with one or two cells each.
fn units(many: u64) -> Vec<Unit> {
    let mut state = 7;
    let mut unit = |_| {
        let first = random(&mut state) as usize % 6;
        let second = (first + 1 + random(&mut state) as usize % 5) % 6;
        let mut cells: Unit = vec![(first, random(&mut state) as f64 % 240.0 / 20.0)];
        if random(&mut state).is_multiple_of(2) {
            cells.push((second, random(&mut state) as f64 % 240.0 / 20.0));
        }
        cells
    };
    (0..many).map(&mut unit).collect()
}

fn sums_of(layout: &Layout, units: &[Unit]) -> Sums {
    let mut sums = layout.empty_sums();
    for unit in units {
        assert!(add(layout, &mut sums, unit, unit));
    }
    sums
}

#[test]
fn sums_agree_with_an_obvious_model() {
    let (layout, units) = (layout(), units(300));
    let sums = sums_of(&layout, &units);
    // Cells and margins by what a unit gives to each: a set of inner cells each.
    for (row, column) in (0..4).flat_map(|row| (0..3).map(move |column| (row, column))) {
        let inside = |cell: usize| (row == 3 || cell / 2 == row) && (column == 2 || cell % 2 == column);
        let (mut persons, mut cells, mut costs) = (0, 0, Vec::new());
        for unit in &units {
            let own: Vec<f64> = unit.iter().filter(|(cell, value)| inside(*cell) && *value != 0.0).map(|(_, value)| *value).collect();
            persons += u64::from(!own.is_empty());
            cells += own.len() as i64;
            let steps: i64 = own.iter().map(|value| (value.min(10.0) * 2.0).round() as i64).sum();
            costs.extend((steps > 0).then_some(steps));
        }
        costs.sort_unstable_by(|one, other| other.cmp(one));
        let (count, sum) = (&sums.reviewed[0].cells[row * 3 + column], &sums.reviewed[1].cells[row * 3 + column]);
        assert_eq!((count.contributors, count.value, count.largest.len()), (persons, cells, 0));
        assert_eq!((sum.contributors, sum.value), (costs.len() as u64, costs.iter().sum::<i64>()));
        assert_eq!(sum.largest, costs[..LARGEST.min(costs.len())]);
    }
}

#[test]
fn merging_depends_neither_on_order_nor_on_parts() {
    let (layout, units) = (layout(), units(200));
    let whole = sums_of(&layout, &units);
    for parts in [2, 3, 7] {
        let mut merged = layout.empty_sums();
        for part in units.chunks(units.len().div_ceil(parts)).rev() {
            let sums = sums_of(&layout, part);
            let bytes = layout.encode_sums(&sums, part.len() as u64);
            assert_eq!(bytes.len() as u64, layout.sums_bytes(part.len() as u64));
            merged.merge(&layout.decode_sums(&bytes, part.len() as u64).expect("sums"));
        }
        assert_eq!(merged.canonical_bytes(), whole.canonical_bytes());
        assert!(layout.in_range(&merged, 200));
    }
}

#[test]
fn a_contribution_of_the_wrong_shape_adds_nothing() {
    let layout = layout();
    let mut sums = layout.empty_sums();
    let good: &[(usize, f64)] = &[(0, 1.0)];
    let wrong: [&[(usize, f64)]; 5] =
        [&[(6, 1.0)], &[(0, 1.0), (0, 1.0)], &[(0, f64::NAN)], &[(0, f64::INFINITY)], &[(0, 1.0), (1, 1.0), (2, 1.0)]];
    for wrong in wrong {
        assert!(!add(&layout, &mut sums, good, wrong) && !add(&layout, &mut sums, wrong, good));
    }
    assert!(!layout.add(Some(&[Cells(vec![])]), &mut sums, &mut Scratch::default()));
    assert!(!layout.add::<Cells>(None, &mut sums, &mut Scratch::default()));
    assert_eq!(sums, layout.empty_sums());
    // Values outside the bounds are clamped, and what clamps to nothing is no contribution.
    assert!(add(&layout, &mut sums, &[(0, -3.0)], &[(0, 1e300), (1, -5.0)]));
    assert_eq!((sums.reviewed[1].cells[0].value, sums.reviewed[1].cells[1].contributors), (20, 0));
    assert_eq!(sums.reviewed[0].cells[0].value, 1);
}

#[test]
fn sums_that_units_cannot_have_are_refused() {
    let (layout, units) = (layout(), units(40));
    let sums = sums_of(&layout, &units);
    assert!(layout.in_range(&sums, 40) && !layout.in_range(&sums, 1));
    let broken = |change: &dyn Fn(&mut Sums)| {
        let mut sums = sums.clone();
        change(&mut sums);
        layout.decode_sums(&layout.encode_sums(&sums, 40), 40).is_err()
    };
    assert!(broken(&|sums| sums.reviewed[1].cells[0].contributors += 1000));
    assert!(broken(&|sums| sums.reviewed[1].cells[0].value = -1));
    assert!(broken(&|sums| sums.reviewed[1].cells[0].value += 1_000_000));
    assert!(broken(&|sums| sums.reviewed[1].cells[0].largest[0] = 21));
    assert!(broken(&|sums| sums.reviewed[1].cells[0].largest.reverse()));
    assert!(broken(&|sums| sums.reviewed[1].cells[0].largest.truncate(1)));
    assert!(broken(&|sums| sums.reviewed[0].cells[0].largest.push(1)));
    assert!(broken(&|sums| drop(sums.reviewed.pop())));
}
