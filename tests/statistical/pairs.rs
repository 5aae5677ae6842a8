//! Neighbouring pairs that an adversary would choose: hostile contributions, through the layout's own `add`.

use tidegate_statistics::{Layout, NotAContribution, Scratch, Sparse, Sums};
use tidegate_terms::{Manifest, PublicSchema};

type Taken = Result<(), NotAContribution>;

/// What a hostile module returns for one statistic.
#[derive(Debug, Clone, Copy)]
pub enum Given {
    Dense(&'static [f64]),
    Cells(&'static [(usize, f64)]),
    Keyed(&'static [(&'static str, &'static [f64])]),
}

impl Sparse for Given {
    fn visit(&self, cells: usize, visit: &mut dyn FnMut(usize, f64) -> Taken) -> Taken {
        match self {
            Self::Dense(given) if given.len() == cells => given.iter().enumerate().try_for_each(|(index, value)| visit(index, *value)),
            Self::Cells(given) => given.iter().try_for_each(|(index, value)| visit(*index, *value)),
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

/// A pair: what everybody gives, and what one more unit gives (or one block instead of another).
pub struct Pair {
    pub name: &'static str,
    statistic: &'static str,
    others: Given,
    hostile: Given,
    blocks: bool,
    bounds_round: bool,
    /// Whether no pair tells more.
    pub worst: bool,
}

const UNIT: Pair = Pair {
    name: "",
    statistic: "",
    others: Given::Cells(&[]),
    hostile: Given::Cells(&[]),
    blocks: false,
    bounds_round: false,
    worst: true,
};

pub const PAIRS: &[Pair] = &[
    Pair { name: "count", statistic: "measure = \"count\"\nper_unit = 3", hostile: Given::Dense(&[1e300]), ..UNIT },
    Pair {
        name: "sum",
        statistic: "measure = \"sum\"\nbounds = [-3.0, 10.0]",
        others: Given::Dense(&[-1.0]),
        hostile: Given::Dense(&[1e300]),
        ..UNIT
    },
    Pair {
        name: "mean",
        statistic: "measure = \"mean\"\nbounds = [-3.0, 10.0]\nvalues_per_unit = 4",
        others: Given::Dense(&[2.0, 7.0]),
        hostile: Given::Dense(&[1e9, -1e300]),
        ..UNIT
    },
    Pair {
        name: "histogram",
        statistic: "measure = \"histogram\"\nvalues_per_unit = 5\ngroups = { keys = [\"a\", \"b\"] }",
        others: Given::Dense(&[1.0, 1.0]),
        hostile: Given::Cells(&[(1, 1e300)]),
        ..UNIT
    },
    Pair {
        name: "grouped count, joint L2",
        statistic: "measure = \"count\"\ngroups = { keys = [\"a\", \"b\", \"c\"], per_unit = 2 }",
        hostile: Given::Cells(&[(0, 9.0), (2, 9.0)]),
        ..UNIT
    },
    Pair {
        name: "variance",
        statistic: "measure = \"variance\"\nbounds = [0.0, 10.0]\nvalues_per_unit = 2",
        others: Given::Dense(&[1.0, 3.0, 9.0]),
        hostile: Given::Dense(&[2.0, 1e300, 1e300]),
        ..UNIT
    },
    Pair {
        name: "quantiles, factorised",
        statistic: "measure = \"quantiles\"\ncandidates = [1.0, 2.0, 3.0]\nprobabilities = [0.5]\nvalues_per_unit = 3",
        others: Given::Cells(&[(2, 1.0), (3, 1.0)]),
        hostile: Given::Cells(&[(0, 1e300)]),
        ..UNIT
    },
    Pair {
        name: "most common",
        statistic: "measure = \"most_common\"\nk = 1\nvalues_per_unit = 2\ngroups = { keys = [\"a\", \"b\"] }",
        hostile: Given::Cells(&[(1, 2.0)]),
        ..UNIT
    },
    Pair {
        name: "vector, L1",
        statistic: "measure = \"vector_sum\"\ndimension = 2\nnorm = \"l1\"\nbound = 2.0",
        hostile: Given::Dense(&[0.0, -1e300]),
        ..UNIT
    },
    Pair {
        name: "vector, L2",
        statistic: "measure = \"vector_sum\"\ndimension = 2\nnorm = \"l2\"\nbound = 0.7",
        hostile: Given::Dense(&[1e300, -1e300]),
        ..UNIT
    },
    Pair {
        name: "vector, L-infinity",
        statistic: "measure = \"vector_sum\"\ndimension = 2\nnorm = \"linf\"\nbound = 3.0",
        hostile: Given::Dense(&[1e300, -9.0]),
        ..UNIT
    },
    Pair {
        name: "block mean",
        statistic: "measure = \"block_mean\"\nbounds = [-4.0, 6.0]",
        others: Given::Dense(&[-1e300]),
        hostile: Given::Dense(&[1e300]),
        blocks: true,
        ..UNIT
    },
    Pair {
        name: "block median",
        statistic: "measure = \"block_median\"\ncandidates = [1.0, 2.0, 3.0]",
        others: Given::Dense(&[-1e300]),
        hostile: Given::Dense(&[1e300]),
        blocks: true,
        worst: false,
        ..UNIT
    },
    Pair {
        name: "block median, two candidates, Laplace",
        statistic: "measure = \"block_median\"\ncandidates = [1.0, 2.0]\nmechanism = \"laplace\"",
        others: Given::Dense(&[-1e300]),
        hostile: Given::Dense(&[1e300]),
        blocks: true,
        ..UNIT
    },
    Pair {
        name: "discovered keys",
        statistic: "measure = \"sum\"\nbounds = [0.0, 5.0]\ngroups = { discovered = {}, per_unit = 2 }",
        others: Given::Keyed(&[("a", &[1.0]), ("b", &[0.0])]),
        hostile: Given::Keyed(&[("a", &[1e300]), ("b", &[1e300])]),
        ..UNIT
    },
    Pair {
        name: "choice of bounds",
        statistic: "measure = \"sum\"\nbounds = [0.0, 1000.0]\nautomatic = { share = 0.2, levels = 4 }",
        others: Given::Dense(&[3.0]),
        hostile: Given::Dense(&[1e300]),
        bounds_round: true,
        ..UNIT
    },
    Pair { name: "count, Laplace", statistic: "measure = \"count\"\nmechanism = \"laplace\"", hostile: Given::Dense(&[1e300]), ..UNIT },
    Pair {
        name: "sum, Laplace",
        statistic: "measure = \"sum\"\nbounds = [-9.0, 1.0]\nmechanism = \"laplace\"",
        hostile: Given::Dense(&[-1e300]),
        ..UNIT
    },
    Pair {
        name: "mean, Laplace, both of the pair",
        statistic: "measure = \"mean\"\nbounds = [0.0, 8.0]\nvalues_per_unit = 3\nmechanism = \"laplace\"",
        others: Given::Dense(&[1.0, 2.0]),
        hostile: Given::Dense(&[3.0, 9.0]),
        ..UNIT
    },
    Pair {
        name: "vector, L1, Laplace",
        statistic: "measure = \"vector_sum\"\ndimension = 2\nnorm = \"l1\"\nbound = 2.0\nmechanism = \"laplace\"",
        hostile: Given::Dense(&[1e300, -1e300]),
        ..UNIT
    },
];

const SCHEMA: &str = "title = { zh = \"\", en = \"\" }\nsource = \"\"\nacquired = \"2024-01-01\"\nlineage = \"l\"\nunits_max = 1000\n\
     privacy_unit = { kind = \"person\", column = \"id\", identifier = \"integer\" }\n\
     [[tables]]\nname = \"t\"\nrows_per_unit_max = 5\n[[tables.columns]]\nname = \"x\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 1.0";

fn layout(statistic: &str, more: &str) -> Layout {
    let manifest = format!(
        "contract = 1\nname = \"m\"\nversion = \"1\"\ntitle = {{ zh = \"\", en = \"\" }}\npurpose = \"p\"\n[[inputs]]\ntable = \"t\"\n\
         columns = [\"x\"]\n[[statistics]]\nname = \"s\"\n{statistic}\n[resources]\nfuel_per_unit = 1000\nmemory_bytes = 65536\n{more}"
    );
    let schema = PublicSchema::parse(SCHEMA).expect("schema");
    Layout::seal(&Manifest::parse(&manifest).expect("manifest"), &schema).expect("layout")
}

impl Pair {
    /// The layout, and the totals of both sides.
    pub fn make(&self) -> (Layout, Sums, Sums) {
        let layout = layout(self.statistic, if self.blocks { "[blocks]\ncount = 10" } else { "" });
        let layout = if self.bounds_round { layout.bounds_round().expect("a first round") } else { layout };
        let (mut without, mut scratch) = (layout.empty_sums(), Scratch::default());
        for _ in 0..9 {
            layout.add(Some(&[self.others]), &mut without, &mut scratch);
        }
        let mut with = without.clone();
        assert!(layout.add(Some(&[self.hostile]), &mut with, &mut scratch), "{}: the hostile contribution is taken", self.name);
        if self.blocks {
            layout.add(Some(&[self.others]), &mut without, &mut scratch);
        }
        (layout, without, with)
    }
}

/// A layout with discovered keys, and totals in which each key has one unit alone.
pub fn lonely_keys(mechanism: &str, delta: f64) -> (Layout, Sums) {
    let layout = layout(
        &format!("measure = \"count\"\nmechanism = \"{mechanism}\"\ngroups = {{ discovered = {{ delta = {delta:?} }}, per_unit = 3 }}"),
        "",
    );
    let mut sums = layout.empty_sums();
    let keys = Given::Keyed(&[("a", &[1.0]), ("b", &[1.0]), ("c", &[1.0])]);
    assert!(layout.add(Some(&[keys]), &mut sums, &mut Scratch::default()));
    (layout, sums)
}
