use super::*;
use tidegate_terms::{Manifest, PublicSchema};

pub(crate) enum Given {
    Cells(Vec<(usize, f64)>),
    Keyed(Vec<(&'static str, Vec<f64>)>),
    Dense(Vec<f64>),
}

impl Sparse for Given {
    fn visit(&self, cells: usize, visit: &mut dyn FnMut(usize, f64) -> Taken) -> Taken {
        match self {
            Self::Cells(given) => given.iter().try_for_each(|(index, value)| visit(*index, *value)),
            Self::Dense(given) if given.len() == cells => given.iter().enumerate().try_for_each(|(index, value)| visit(index, *value)),
            _ => Err(NotAContribution),
        }
    }
    fn visit_keyed(&self, visit: &mut dyn FnMut(&str, &[f64]) -> Taken) -> Taken {
        match self {
            Self::Keyed(given) => given.iter().try_for_each(|(key, values)| visit(key, values)),
            _ => Err(NotAContribution),
        }
    }
    fn dense(&self) -> Option<&[f64]> {
        if let Self::Dense(values) = self { Some(values) } else { None }
    }
}

pub(crate) fn layout_with(statistics: &str, more: &str) -> Layout {
    try_layout(statistics, more).expect("layout")
}

fn try_layout(statistics: &str, more: &str) -> Result<Layout, crate::LayoutError> {
    let schema = PublicSchema::parse(
        "title = { zh = \"\", en = \"\" }\nsource = \"\"\nacquired = \"2024-01-01\"\nlineage = \"l\"\nunits_max = 1000\n\
         privacy_unit = { kind = \"person\", column = \"id\", identifier = \"integer\" }\n\
         [[tables]]\nname = \"t\"\nrows_per_unit_max = 5\n[[tables.columns]]\nname = \"x\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 1.0",
    )
    .expect("schema");
    let manifest = format!(
        "contract = 1\nname = \"m\"\nversion = \"1\"\ntitle = {{ zh = \"\", en = \"\" }}\npurpose = \"p\"\n\
         [[inputs]]\ntable = \"t\"\ncolumns = [\"x\"]\n{statistics}\n[resources]\nfuel_per_unit = 1000\nmemory_bytes = 65536\n{more}"
    );
    Layout::seal(&Manifest::parse(&manifest).expect("manifest"), &schema)
}

fn layout(statistics: &str) -> Layout {
    layout_with(statistics, "")
}

fn sums(layout: &Layout, contributions: Option<Vec<Given>>) -> Sums {
    let mut sums = layout.empty_sums();
    layout.add(contributions.as_deref(), &mut sums, &mut Scratch::default());
    assert!(layout.in_range(&sums, 1));
    sums
}

fn totals(layout: &Layout, contributions: Option<Vec<Given>>) -> Vec<i64> {
    sums(layout, contributions).fixed
}

const COUNTS: &str = "[[statistics]]\nname = \"c\"\nmeasure = \"count\"\ngroups = { keys = [\"a\", \"b\", \"c\"], per_unit = 2 }";
const FOUND: &str = "[[statistics]]\nname = \"f\"\nmeasure = \"sum\"\nbounds = [0.0, 4.0]\ngrid = 1.0\ngroups = { discovered = { bytes_max = 8 }, per_unit = 2 }";

#[test]
fn what_does_not_fit_the_shape_is_the_default() {
    let layout = layout(COUNTS);
    let one = |cells: &[(usize, f64)]| totals(&layout, Some(vec![Given::Cells(cells.to_vec())]));
    assert_eq!(one(&[(0, 1.0), (2, 9.0)]), [1, 0, 1]);
    assert_eq!(one(&[(2, 1.0), (0, 1.0)]), [1, 0, 1]);
    let default = [0, 0, 0];
    assert_eq!(one(&[(0, 1.0), (1, 1.0), (2, 1.0)]), default, "too many groups");
    assert_eq!(one(&[(0, 1.0), (0, 1.0)]), default, "duplicate");
    assert_eq!(one(&[(0, 0.0), (0, 1.0)]), default, "duplicate after a zero");
    assert_eq!(one(&[(3, 1.0)]), default, "out of range");
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(one(&[(0, 1.0), (1, value)]), default, "{value}");
    }
    assert_eq!(totals(&layout, None), default);
    assert_eq!(totals(&layout, Some(vec![])), default, "missing statistic");
    assert_eq!(totals(&layout, Some(vec![Given::Cells(vec![(0, 1.0)]), Given::Cells(vec![])])), default, "extra statistic");
    assert_eq!(totals(&layout, Some(vec![Given::Keyed(vec![("a", vec![1.0])])])), default, "keys where none are found");
}

#[test]
fn one_bad_statistic_defaults_them_all() {
    let layout = layout(&format!("{COUNTS}\n[[statistics]]\nname = \"s\"\nmeasure = \"sum\"\nbounds = [1.0, 2.0]\ngrid = 1.0"));
    let good = || Given::Cells(vec![(0, 1.0)]);
    assert_eq!(totals(&layout, Some(vec![good(), Given::Cells(vec![(0, 2.0)])])), [1, 0, 0, 2]);
    assert_eq!(totals(&layout, Some(vec![good(), Given::Cells(vec![(0, f64::NAN)])])), [0, 0, 0, 1], "default passes the clamp");
}

#[test]
fn values_are_shared_out_over_groups() {
    let layout =
        layout("[[statistics]]\nname = \"h\"\nmeasure = \"histogram\"\nvalues_per_unit = 4\ngroups = { keys = [\"a\", \"b\", \"c\"] }");
    let one = |cells: &[(usize, f64)]| totals(&layout, Some(vec![Given::Cells(cells.to_vec())]));
    assert_eq!(one(&[(0, 1.0), (1, 1.0), (2, 2.0)]), [1, 1, 2]);
    assert_eq!(one(&[(0, 8.0), (1, 4.0), (2, 4.0)]), [2, 1, 1]);
    assert_eq!(one(&[(0, 1e300), (1, -1e300)]), [4, 0, 0]);
    assert!(one(&[(0, 1e9), (1, 1e9), (2, 1e9)]).iter().sum::<i64>() <= 4);
}

#[test]
fn a_mean_lies_in_pairs_and_quantiles_bin_by_bin() {
    let means = layout(
        "[[statistics]]\nname = \"m\"\nmeasure = \"mean\"\nbounds = [0.0, 8.0]\nvalues_per_unit = 3\ngrid = 1.0\ngroups = { keys = [\"a\", \"b\"], per_unit = 2 }",
    );
    assert_eq!(totals(&means, Some(vec![Given::Dense(vec![1.0, 3.0, 2.0, 16.0])])), [3, 5, 16, 0]);
    let quantiles = layout(
        "[[statistics]]\nname = \"q\"\nmeasure = \"quantiles\"\ncandidates = [1.0, 2.0]\nprobabilities = [0.5]\nvalues_per_unit = 2\ngroups = { keys = [\"a\", \"b\"], per_unit = 2 }",
    );
    assert_eq!(totals(&quantiles, Some(vec![Given::Cells(vec![(1, 1.0), (5, 1.0)])])), [0, 1, 0, 0, 0, 1]);
    assert_eq!(totals(&quantiles, Some(vec![Given::Cells(vec![(0, 1.0), (1, 1.0), (5, 1.0)])])), [0; 6], "more bins than values");
}

#[test]
fn discovered_keys_are_held_to_their_rule() {
    let layout = layout(FOUND);
    let keys = |given: Vec<(&'static str, Vec<f64>)>| sums(&layout, Some(vec![Given::Keyed(given)])).keyed.remove(0);
    let good = keys(vec![("区", vec![9.0]), ("b", vec![1.0])]);
    assert_eq!(good.into_iter().collect::<Vec<_>>(), [("b".to_owned(), vec![1, 1]), ("区".to_owned(), vec![1, 4])]);
    for wrong in [
        vec![("a", vec![1.0]), ("a", vec![1.0])],
        vec![("a", vec![1.0]), ("b", vec![1.0]), ("c", vec![1.0])],
        vec![("", vec![1.0])],
        vec![("123456789", vec![1.0])],
        vec![("e\u{301}", vec![1.0])],
        vec![(" a", vec![1.0])],
        vec![("a", vec![f64::NAN])],
        vec![("a", vec![1.0, 2.0])],
    ] {
        assert!(keys(wrong.clone()).is_empty(), "{wrong:?}");
    }
    assert!(sums(&layout, Some(vec![Given::Cells(vec![])])).keyed[0].is_empty(), "a dense contribution");
}

#[test]
fn totals_travel_in_as_many_bytes_as_is_public_and_come_back() {
    let layout = layout(&format!("{COUNTS}\n{FOUND}"));
    let mut total = layout.empty_sums();
    for key in ["a", "b", "区"] {
        let one = sums(&layout, Some(vec![Given::Cells(vec![(0, 1.0)]), Given::Keyed(vec![(key, vec![2.0])])]));
        total.merge(&one);
    }
    let bytes = layout.encode_sums(&total, 5);
    assert_eq!(bytes.len() as u64, layout.sums_bytes(5));
    assert_eq!(layout.encode_sums(&layout.empty_sums(), 5).len(), bytes.len());
    assert_eq!(layout.decode_sums(&bytes, 5).expect("sums"), total);
    assert!(layout.decode_sums(&bytes, 4).is_err());
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x80;
        if let Ok(other) = layout.decode_sums(&damaged, 5) {
            assert!(other != total && layout.in_range(&other, 5), "{place}");
        }
    }
    assert!(layout.decode_sums(&layout.encode_sums(&total, 5), 5).is_ok_and(|sums| sums.canonical_bytes() == total.canonical_bytes()));
}

#[test]
fn more_keys_than_can_be_held_are_refused_beforehand() {
    let found = |per_unit: u32| {
        let manifest = format!(
            "[[statistics]]\nname = \"f\"\nmeasure = \"count\"\nper_unit = 2\ngroups = {{ discovered = {{}}, per_unit = {per_unit} }}"
        );
        try_layout(&manifest, "").map(|_| ()).map_err(|error| tidegate_terms::Message::code(&error))
    };
    assert_eq!(found(8_000), Ok(()));
    assert_eq!(found(8_001), Err("layout.too-many-keys".into()));
}

#[test]
fn totals_outside_units_times_bound_are_noticed() {
    let layout = layout(COUNTS);
    let of = |fixed: &[i64]| Sums { fixed: fixed.to_vec(), keyed: vec![], reviewed: vec![] };
    assert!(layout.in_range(&of(&[10, 0, 10]), 10));
    assert!(!layout.in_range(&of(&[11, 0, 0]), 10));
    assert!(!layout.in_range(&of(&[0, 0]), 10));
}

#[test]
fn every_block_gives_to_every_group_and_an_empty_one_the_default() {
    let layout = layout_with(
        "[[statistics]]\nname = \"m\"\nmeasure = \"block_mean\"\nbounds = [-2.0, 2.0]\ngroups = { keys = [\"a\", \"b\"] }\n\
         [[statistics]]\nname = \"v\"\nmeasure = \"block_median\"\ncandidates = [-1.0, 1.0, 3.0]",
        "[blocks]\ncount = 10",
    );
    let width = layout.statistics()[0].parts[0].cell_max as i64;
    assert_eq!(totals(&layout, None), [width / 2, width / 2, 1, 0, 0]);
    let given = vec![Given::Cells(vec![(1, 9.0)]), Given::Dense(vec![2.5])];
    assert_eq!(totals(&layout, Some(given)), [width / 2, width, 0, 0, 1]);
}

#[test]
fn a_first_round_counts_among_bounds_and_the_main_one_costs_the_same_whatever_is_chosen() {
    let layout = layout(&format!(
        "[[statistics]]\nname = \"s\"\nmeasure = \"sum\"\nbounds = [0.0, 1000.0]\nautomatic = {{ share = 0.2 }}\nclamped_share = true\n{COUNTS}"
    ));
    let first = layout.bounds_round().expect("a first round");
    let given = || Some(vec![Given::Cells(vec![(0, 600.0)]), Given::Cells(vec![(0, 1.0)])]);
    let mut expected = vec![0; first.totals_len()];
    expected[1] = 1;
    assert_eq!(totals(&first, given()), expected);
    assert_eq!(first.guest_cells(), layout.guest_cells());
    let chosen = crate::ChosenBounds { bounds: vec![Some([0.0, 500.0]), None] };
    let main = layout.within(&chosen).expect("main layout");
    let of = |layout: &Layout| layout.parts().map(|(_, part)| part.sensitivity).collect::<Vec<_>>();
    assert_eq!(of(&main), of(&layout));
    assert_eq!(totals(&main, given()), [1 << 20, 1, 1, 0, 0], "clamped, and counted as clamped");
    assert!(layout.within(&crate::ChosenBounds { bounds: vec![Some([0.0, 1001.0]), None] }).is_err());
    assert!(layout.within(&crate::ChosenBounds { bounds: vec![None, Some([0.0, 1.0])] }).is_err());
}
