//! Core modules that nobody wrote: `generator DIRECTORY FIRST COUNT` writes the modules of so many numbers.
//!
//! A number always gives the same module. Each has the imports and exports that `tests/fuzz/src/generated.rs` wraps into a
//! component of the contract; everything inside is wasm-smith's.

use arbitrary::Unstructured;
use std::path::Path;
use wasm_smith::{Config, Module};

/// What every module imports and exports.
const SHAPE: &str = r#"(module
    (import "host" "memory" (memory 1 16))
    (func (export "contribute") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32) unreachable))"#;

fn config(shape: &[u8], number: u64) -> Config {
    Config {
        module_shape: Some(shape.to_vec()),
        // Some loop and grow more, some hardly do anything.
        max_instructions: 20 << (number % 5),
        max_funcs: 1 + (number % 7) as usize,
        max_memories: 1,
        max_tables: 2,
        max_table_elements: 100,
        table_max_size_required: true,
        bulk_memory_enabled: true,
        // The contract has no references to objects of the host.
        reference_types_enabled: false,
        multi_value_enabled: true,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        simd_enabled: true,
        custom_page_sizes_enabled: false,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        memory64_enabled: false,
        relaxed_simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        allow_start_export: number.is_multiple_of(3),
        ..Config::default()
    }
}

/// SplitMix64.
fn bytes(mut state: u64, count: usize) -> Vec<u8> {
    let next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_le_bytes()
    };
    std::iter::repeat_with(next).take(count / 8).flatten().collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, directory, first, count] = arguments.as_slice() else { return Err("usage: generator DIRECTORY FIRST COUNT".into()) };
    let (first, count): (u64, u64) = (first.parse()?, count.parse()?);
    let shape = wat::parse_str(SHAPE)?;
    std::fs::create_dir_all(directory)?;
    for number in first..first + count {
        let entropy = bytes(number.wrapping_mul(0x1234_5678_9abc_def1), 8_192);
        let module = Module::new(config(&shape, number), &mut Unstructured::new(&entropy))?;
        std::fs::write(Path::new(directory).join(format!("{number:08}.wasm")), module.to_bytes())?;
    }
    Ok(())
}
