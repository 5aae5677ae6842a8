//! libFuzzer over one target, which `TIDEGATE_FUZZ_TARGET` names. `tests/fuzz/run` builds and calls it.
//!
//! One program for all targets: linked once, not seven times.

#![no_main]

use std::sync::OnceLock;
use tidegate_fuzz::{Target, target};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    static TARGET: OnceLock<&Target> = OnceLock::new();
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("TIDEGATE_FUZZ_TARGET").unwrap_or_default();
        target(&name).unwrap_or_else(|| panic!("TIDEGATE_FUZZ_TARGET names no target: `{name}`"))
    });
    (target.run)(bytes);
});
