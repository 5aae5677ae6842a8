//! A module as it is uploaded: any bytes. What the gate accepts is compiled, loaded and called.

use std::sync::OnceLock;
use tidegate_engine::{Generator, mock_unit};
use tidegate_sandbox::contract::{Contribution, Inputs, Unit};
use tidegate_sandbox::{CompiledModule, Limits, Sandbox, check_component, compile};
use tidegate_statistics::{Layout, Scratch};
use tidegate_terms::{Manifest, PublicSchema};

/// What is compiled here; a larger component is only looked at.
const COMPILED_BYTES_MAX: usize = 64 << 10;
const LIMITS: Limits = Limits { fuel: 100_000, memory_bytes: 1 << 20, answer_bytes: 128 << 10 };

const MANIFEST: &str = "contract = 1\nname = \"generated\"\nversion = \"1\"\ntitle = { zh = \"\", en = \"\" }\npurpose = \"p\"\n\
    [[inputs]]\ntable = \"t\"\ncolumns = [\"value\"]\n[[statistics]]\nname = \"s\"\nmeasure = \"sum\"\nbounds = [0.0, 16.0]\ngrid = 1.0\n\
    [resources]\nfuel_per_unit = 100000\nmemory_bytes = 1048576";
const SCHEMA: &str = "title = { zh = \"\", en = \"\" }\nsource = \"\"\nacquired = \"2026-01-01\"\nlineage = \"l\"\nunits_max = 100\n\
    privacy_unit = { kind = \"person\", column = \"id\", identifier = \"integer\" }\n[[tables]]\nname = \"t\"\nrows_per_unit_max = 3\n\
    [[tables.columns]]\nname = \"value\"\ntype = \"float\"\nminimum = 0.0\nmaximum = 16.0\n";

/// What every module is called with, and the shape that its answers are forced into.
struct Scene {
    layout: Layout,
    units: Vec<Unit>,
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let (manifest, schema) = (Manifest::parse(MANIFEST).expect("manifest"), PublicSchema::parse(SCHEMA).expect("schema"));
        let mut generator = Generator::new(7);
        let units = (0..3).map(|_| mock_unit(&manifest, &schema, &mut generator)).collect();
        Scene { layout: Layout::seal(&manifest, &schema).expect("layout"), units }
    })
}

/// Any bytes.
pub fn run(bytes: &[u8]) {
    if check_component(bytes).is_ok()
        && bytes.len() <= COMPILED_BYTES_MAX
        && let Ok(module) = compile(bytes)
    {
        call(&module);
    }
}

/// What a module came to, over all units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Units whose answer had the declared shape.
    pub answered: u32,
    /// Units that trapped, ran out of something, or answered in no shape of the contract.
    pub defaults: u32,
}

/// Calls a compiled module for each unit, twice, in two sandboxes and in opposite order.
///
/// # Panics
/// If a call is a fault of the host, differs from the other one, takes more fuel than it has, or brings totals out of
/// their range or shape.
pub fn call(module: &CompiledModule) -> Calls {
    let Scene { layout, units } = scene();
    let inputs = || Inputs::new(&[], Vec::new());
    // A module that does not fit its memory is refused at upload, where it is loaded under its limits.
    let (Ok(one), Ok(other)) = (Sandbox::new(module, inputs(), LIMITS, false), Sandbox::new(module, inputs(), LIMITS, false)) else {
        return Calls::default();
    };
    let contribute = |sandbox: &Sandbox, unit: &Unit| {
        let (answer, fuel) = sandbox.contribute_metered(unit);
        assert!(fuel <= LIMITS.fuel, "{fuel} of fuel");
        match answer {
            Ok(answer) => (Some(answer), fuel),
            Err(trap) => {
                assert!(!trap.is_host_fault(), "a fault of the host: {}", trap.explain());
                (None, fuel)
            }
        }
    };
    let forwards: Vec<_> = units.iter().map(|unit| contribute(&one, unit)).collect();
    let mut backwards: Vec<_> = units.iter().rev().map(|unit| contribute(&other, unit)).collect();
    backwards.reverse();
    let mut calls = Calls::default();
    let (mut sums, mut scratch) = (layout.empty_sums(), Scratch::default());
    for ((one, fuel), (other, again)) in forwards.iter().zip(&backwards) {
        assert_eq!((one.as_deref().map(bits), fuel), (other.as_deref().map(bits), again), "the same unit, another answer");
        let taken = layout.add(one.as_deref(), &mut sums, &mut scratch);
        if taken { calls.answered += 1 } else { calls.defaults += 1 }
    }
    assert!(layout.in_range(&sums, units.len() as u64), "totals out of range");
    assert_eq!(layout.encode_sums(&sums, units.len() as u64).len() as u64, layout.sums_bytes(units.len() as u64), "another length");
    calls
}

/// An answer to the last bit: numbers that are not equal to themselves included.
fn bits(answer: &[Contribution]) -> Vec<(String, Vec<(u32, u64)>)> {
    let of = |contribution: &Contribution| match contribution {
        Contribution::Dense(values) => vec![("dense".to_owned(), values.iter().map(|value| (0, value.to_bits())).collect())],
        Contribution::Sparse(cells) => vec![("sparse".to_owned(), cells.iter().map(|cell| (cell.index, cell.value.to_bits())).collect())],
        Contribution::Keyed(keyed) => {
            keyed.iter().map(|key| (key.key.clone(), key.values.iter().map(|value| (0, value.to_bits())).collect())).collect()
        }
    };
    answer.iter().flat_map(of).collect()
}
