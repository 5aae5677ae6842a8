//! Code that does its work where the engine does not look at the fuel.

use super::*;
use crate::compile::translate;
use crate::contract::{Inputs, Unit};
use crate::{CompiledModule, Limits, Sandbox, compile};

/// A component whose `contribute` has this body, with more functions beside it.
fn component(functions: &str, body: &str) -> Vec<u8> {
    let text = include_str!("../calibration/component.wat");
    let module = crate::calibration::guest_module(functions, body);
    wat::parse_str(text.replacen("(; guest ;)", &module, 1)).expect("wat")
}

fn ends(module: &CompiledModule, fuel: u64) -> bool {
    let limits = Limits { fuel, memory_bytes: 1 << 20, answer_bytes: 1 << 16 };
    let sandbox = Sandbox::new(module, Inputs::new(&[], Vec::new()), limits, false).expect("loads");
    match sandbox.contribute(&Unit { tables: Vec::new() }) {
        Ok(_) => true,
        Err(trap) => {
            assert!(trap.is_out_of_fuel(), "{}", trap.explain());
            false
        }
    }
}

/// Each costs far more than the fuel it is given. As it came in, it ends as if it had paid; with checkpoints it does not.
#[test]
fn code_without_loops_and_calls_is_looked_at_too() {
    let work = "global.get $sum f64.const 1.5 f64.sqrt f64.add global.set $sum ".repeat(900);
    let sum = "(global $sum (mut f64) (f64.const 0))";
    // After each return, without a call or a loop.
    let deep =
        format!("{sum} (func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))) {work})");
    // A long straight line.
    let line = work.repeat(2);
    // Branches over all places where a checkpoint in a straight line would stand.
    let skipped = "(block (br_if 0 (local.get 4)) ".to_owned() + &"global.get $sum f64.const 2 f64.mul global.set $sum ".repeat(120) + ") ";
    let short = "global.get $sum f64.const 1.5 f64.sqrt f64.add global.set $sum ".repeat(25);
    let hopping = (skipped + &short).repeat(60);
    // The same with both arms of a condition.
    let arm = "global.get $sum f64.const 2 f64.mul global.set $sum ".repeat(90);
    let arms = format!("(if (local.get 4) (then {arm}) (else {arm})) ").repeat(60);
    for (name, functions, body, fuel) in [
        ("after returns", deep.as_str(), "(call $deep (i32.const 1000))".to_owned(), 60_000),
        ("a straight line", sum, line, 20_000),
        ("branches over", sum, hopping, 20_000),
        ("arms", sum, arms, 20_000),
    ] {
        let component = component(functions, &format!("{body} i32.const 16"));
        assert!(ends(&translate(&component).expect("compiles"), fuel), "{name}: as it came in, it runs on without fuel");
        let watched = compile(&component).expect("compiles");
        assert!(!ends(&watched, fuel), "{name}: with checkpoints it stops");
        assert!(ends(&watched, 100_000_000), "{name}: with enough fuel it ends");
    }
}

#[test]
fn honest_modules_are_the_same_but_for_the_looks() {
    let prices = crate::fuel::prices();
    for component in [
        include_bytes!("../../../../sample-models/built/visits-ols.wasm").as_slice(),
        include_bytes!("../../../../sample-models/built/any-visit-logistic.wasm").as_slice(),
    ] {
        let watched = with_checkpoints(component, &prices).expect("valid");
        crate::check_component(&watched).expect("still valid");
        assert!(watched.len() > component.len() && watched.len() < component.len() * 3 / 2, "{} of {}", watched.len(), component.len());
        assert!(with_checkpoints(&component[..component.len() - 9], &prices).is_err(), "what is torn is refused");
    }
}
