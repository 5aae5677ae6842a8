//! Real components against the wall, one call at a time.

use super::*;
use crate::compile;
use crate::contract::{Column, Table, Values};

macro_rules! built {
    ($name:literal) => {
        include_bytes!(concat!("../../../../sample-models/built/", $name, ".wasm"))
    };
}

const LIMITS: Limits = Limits { fuel: 2_000_000, memory_bytes: 1 << 20, answer_bytes: 1 << 16 };

fn sandbox(component: &[u8], parameters: &[ParameterValue]) -> Sandbox {
    let module = compile(component).expect("compiles");
    Sandbox::new(&module, Inputs::new(parameters, Vec::new()), LIMITS, false).expect("loads")
}

fn floats(columns: Vec<Vec<f64>>) -> Unit {
    let row_count = columns.first().map_or(0, Vec::len) as u32;
    let columns = columns.into_iter().map(|values| Column { values: Values::Floats(values), missing: None }).collect();
    Unit { tables: vec![Table { row_count, columns }] }
}

fn cells(contributions: &[Contribution]) -> Vec<(usize, f64)> {
    let mut cells = Vec::new();
    for contribution in contributions {
        let dense = match contribution {
            Contribution::Dense(values) => values.len(),
            Contribution::Sparse(_) | Contribution::Keyed(_) => 0,
        };
        contribution
            .visit(dense, &mut |index, value| {
                cells.push((index, value));
                Ok(())
            })
            .expect("takes all");
    }
    cells
}

#[test]
fn a_module_computes_on_the_rows_it_is_given() {
    let sandbox = sandbox(built!("bench-row-sum"), &[]);
    let unit = floats(vec![vec![1.0, 2.0], vec![10.0, 20.0], vec![100.0, 200.0], vec![0.5, 0.25]]);
    let total: f64 = cells(&sandbox.contribute(&unit).expect("answers")).iter().map(|(_, value)| value).sum();
    assert!((total - 333.75).abs() < 1e-9, "{total}");
    let empty = floats(vec![vec![], vec![], vec![], vec![]]);
    assert!(cells(&sandbox.contribute(&empty).expect("answers")).iter().all(|(_, value)| *value == 0.0));
}

/// Attack A1: whatever units ran before, the contribution is the same.
#[test]
fn nothing_is_left_of_the_unit_before() {
    let sandbox = sandbox(built!("offender-keeps-state"), &[]);
    let unit = floats(vec![vec![1.0]]);
    let first = cells(&sandbox.contribute(&unit).expect("answers"));
    assert_eq!(first, [(0, 1.0), (0, 1.0), (0, 1.0)]);
    for _ in 0..200 {
        assert_eq!(cells(&sandbox.contribute(&unit).expect("answers")), first);
    }
    assert!(sandbox.time_reused_instance(&unit, 2).is_ok(), "the same instance twice is possible, but no run does it");
}

#[test]
fn fuel_ends_what_does_not_end_and_that_is_the_guest_s_doing() {
    let parameters = [ParameterValue::Float(13_748.76), ParameterValue::Float(42.877_48)];
    let sandbox = sandbox(built!("offender-loops"), &parameters);
    let trap = sandbox.contribute(&floats(vec![vec![13_748.76], vec![42.877_48]])).expect_err("loops");
    assert!(!trap.is_host_fault(), "{}", trap.explain());
    assert!(sandbox.contribute(&floats(vec![vec![1.0], vec![42.877_48]])).is_ok());
}

#[test]
fn memory_is_bounded_over_all_memories_together() {
    let growing = |memory_bytes| {
        let module = compile(built!("bench-grows-memory")).expect("compiles");
        let limits = Limits { memory_bytes, ..LIMITS };
        let sandbox = Sandbox::new(&module, Inputs::new(&[], Vec::new()), limits, false).expect("loads");
        sandbox.contribute(&floats(vec![vec![1.0]; 4])).is_ok()
    };
    assert!(growing(1 << 20));
    let mut state = State { memory_bytes_left: 100, table_elements_left: 10 };
    assert!(state.memory_growing(0, 60, None).expect("decides"), "the first memory");
    assert!(!state.memory_growing(0, 60, None).expect("decides"), "a second one pays from the same purse");
    assert!(state.memory_growing(60, 100, None).expect("decides"));
    assert!(!state.table_growing(0, 11, None).expect("decides"));
}

#[test]
fn only_faults_of_the_host_are_faults_of_the_host() {
    let trap = |error: wasmtime::Error| Trap(error).is_host_fault();
    assert!(trap(wasmtime::Error::from(std::io::Error::from_raw_os_error(12))));
    assert!(trap(wasmtime::Error::from(rustix::io::Errno::NOMEM).context("growing")));
    assert!(!trap(wasmtime::Error::from(wasmtime::Trap::OutOfFuel)));
    assert!(!trap(wasmtime::Error::msg("invalid utf-8")));
}

/// An answer larger than the sealed shape could be is refused before it is copied.
#[test]
fn an_enormous_answer_is_not_lifted() {
    let way = |way: i64| {
        let module = compile(built!("offender-out-of-range")).expect("compiles");
        let limits = Limits { fuel: 50_000_000, memory_bytes: 8 << 20, answer_bytes: 1 << 16 };
        let sandbox = Sandbox::new(&module, Inputs::new(&[ParameterValue::Integer(way)], Vec::new()), limits, false).expect("loads");
        let plan = Column { values: Values::Categories(vec![0]), missing: None };
        sandbox.contribute(&Unit { tables: vec![Table { row_count: 1, columns: vec![plan] }] })
    };
    assert!(way(0).is_ok());
    let trap = way(17).expect_err("100,000 cells");
    assert!(!trap.is_host_fault(), "{}", trap.explain());
}
