//! What WebAssembly and of the component model the contract needs; everything else is off, for the validator and for
//! the engine alike.
//!
//! The list says what is on. What it does not name is switched off explicitly, so that a later version of the engine
//! which turns a proposal on by default turns nothing on here; and a test names every proposal that this version
//! knows, so that a new one is looked at before it passes unnoticed.

use wasmparser::WasmFeatures;

/// Everything that is on. Compilers for Rust, C, Python and JavaScript use no more without being told to.
pub(crate) const NEEDED: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::COMPONENT_MODEL);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::base_config;
    use wasmtime::Engine;

    /// What is off, and why.
    const OFF: &[(&str, &str)] = &[
        ("RELAXED_SIMD", "results depend on the processor"),
        ("THREADS", "shared memory is a clock"),
        ("SHARED_EVERYTHING_THREADS", "the same"),
        ("TAIL_CALL", "no compiler needs it"),
        ("MULTI_MEMORY", "no compiler needs it"),
        ("EXCEPTIONS", "need a collector on the host"),
        ("LEGACY_EXCEPTIONS", "the same"),
        ("MEMORY64", "a unit's rows fit into 32 bits; checks in software are slower"),
        ("EXTENDED_CONST", "no compiler needs it"),
        ("FUNCTION_REFERENCES", "no compiler needs it"),
        ("MEMORY_CONTROL", "changes the host's mappings"),
        ("GC", "a collector is state that fuel does not price"),
        ("GC_TYPES", "the same"),
        ("CUSTOM_PAGE_SIZES", "the pool counts in pages"),
        ("STACK_SWITCHING", "a second stack beside the bounded one"),
        ("WIDE_ARITHMETIC", "no compiler needs it"),
        ("CUSTOM_DESCRIPTORS", "part of collection"),
        ("COMPACT_IMPORTS", "nothing is imported"),
        ("CM_VALUES", "no start functions with values in the contract"),
        ("CM_NESTED_NAMES", "one interface"),
        ("CM_ASYNC", "a call begins and ends"),
        ("CM_ASYNC_STACKFUL", "the same"),
        ("CM_MORE_ASYNC_BUILTINS", "the same"),
        ("CM_THREADING", "as threads"),
        ("CM_ERROR_CONTEXT", "errors say nothing here"),
        ("CM_FIXED_LENGTH_LISTS", "not in the contract"),
        ("CM_GC", "as GC"),
        ("CM_MAP", "not in the contract"),
        ("CM64", "as MEMORY64"),
        ("CM_IMPLEMENTS", "one interface"),
        ("CM_CANON_NAMES", "one interface"),
    ];

    /// A proposal that a new version brings fails here until somebody decides about it.
    #[test]
    fn every_proposal_that_this_version_knows_is_decided_upon() {
        let mut undecided = Vec::new();
        for (name, feature) in WasmFeatures::all().iter_names() {
            let off = OFF.iter().any(|(known, _)| *known == name);
            if NEEDED.contains(feature) == off {
                undecided.push(name);
            }
        }
        assert!(undecided.is_empty(), "decide about {undecided:?} in this file");
        for (name, why) in OFF {
            assert!(WasmFeatures::from_name(name).is_some() && !why.is_empty(), "{name} is no longer known");
        }
    }

    /// The engine knows exactly what the gate lets through.
    #[test]
    fn the_engine_has_on_what_the_list_has_on() {
        let engine = Engine::new(&base_config()).expect("engine");
        assert_eq!(engine.get_wasm_features(), NEEDED);
        let unwatched = Engine::default();
        assert_ne!(unwatched.get_wasm_features(), NEEDED, "left alone, the engine has more on");
    }
}
