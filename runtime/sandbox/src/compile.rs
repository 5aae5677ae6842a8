//! Compilation, and the cache of native code.
//!
//! Loading native code is as dangerous as running it. A cache entry is therefore bound by HMAC to a key of
//! the domain, to the digest of the component and to the exact engine; anything else is compiled anew.

use crate::admission::shown;
use crate::checkpoints::with_checkpoints;
use crate::features::NEEDED;
use crate::signature::check_signature;
use crate::{UploadError, check_component, fuel};
use ring::hmac;
use std::hash::{Hash as _, Hasher};
use tidegate_terms::{Digest, Guard, messages, stands};
use wasmtime::component::Component;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

messages! {
    /// Why a cache entry is not used.
    pub enum CacheError {
        Forged = "cache.forged" {
            en: "the compiled module in the cache was not made by this domain and engine; it is compiled anew",
            zh: "缓存中的已编译模型不是由本域和本引擎生成的；将重新编译",
        },
    }
}

/// Memory that stays mapped in a slot between units. Small, because what one unit leaves dirty above it is
/// paid for by the next one (attack A33); more only where the sealed shape of an answer needs it, or each call would
/// fault those pages in again.
fn keep_resident(memory_bytes: u64, answer_bytes: u64) -> usize {
    const LEAST: u64 = 128 << 10;
    const MOST: u64 = 4 << 20;
    // An answer is at most half of what may be copied out of it (cells of 16 bytes, entries of 8).
    let wanted = LEAST + answer_bytes.saturating_sub(128 << 10) / 2;
    usize::try_from(wanted.min(MOST).min(memory_bytes.max(LEAST))).unwrap_or(LEAST as usize)
}

/// The engine's settings; every one is public and part of [`engine_digest`].
pub(crate) fn engine(memory_bytes: u64, answer_bytes: u64, backtrace: bool) -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(2)
        .total_core_instances(32)
        .max_core_instances_per_component(16)
        .total_memories(8)
        .max_memories_per_component(4)
        .total_tables(16)
        .max_tables_per_component(8)
        .table_elements(8_000)
        .max_unused_warm_slots(8)
        .max_memory_size(usize::try_from(memory_bytes)?)
        .linear_memory_keep_resident(keep_resident(memory_bytes, answer_bytes))
        .table_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = base_config();
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(20).filter(|_| backtrace));
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// What decides the native code and its behaviour: deterministic, metered, without features that the
/// contract does not need.
pub(crate) fn base_config() -> Config {
    let mut config = Config::new();
    config.consume_fuel(true).cranelift_nan_canonicalization(true).max_wasm_stack(256 << 10).memory_init_cow(true);
    if stands(Guard::UploadGate) {
        config.wasm_features(NEEDED.complement(), false).wasm_features(NEEDED, true);
    }
    if stands(Guard::FuelPrices) {
        config.operator_cost(fuel::prices());
    }
    config
}

/// What decides whether a guest traps and is no part of the native code, in words that change whenever it does: the stack,
/// the pool's limits on tables and instances, where checkpoints stand. The fuel table comes beside it.
const SETTINGS: &str = "tidegate engine 3: stack 262144, table elements 8000, tables 8, memories 4, instances 16, a checkpoint after \
    calls and each 1000 of fuel\n";

/// The digest of the engine: version, target, CPU features, settings and fuel table. Replay demands the same.
pub fn engine_digest() -> wasmtime::Result<Digest> {
    let mut hasher = DigestHasher(ring::digest::Context::new(&ring::digest::SHA256));
    hasher.write(SETTINGS.as_bytes());
    hasher.write(format!("{:?}\n", fuel::prices()).as_bytes());
    hasher.write(std::env::consts::ARCH.as_bytes());
    Engine::new(&base_config())?.precompile_compatibility_hash().hash(&mut hasher);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hasher.0.finish().as_ref());
    Ok(Digest(bytes))
}

struct DigestHasher(ring::digest::Context);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// The longest native code that is taken from a compiler. What guests of 18 MB become has less than half of it.
pub const CODE_BYTES_MAX: u64 = 256 << 20;

/// Native code of a component, made by this very program.
pub struct CompiledModule(pub(crate) Vec<u8>);

impl CompiledModule {
    /// The code, to hand it to a worker over a pipe that nobody else can write.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Code that this program received from its own parent or child over a private pipe.
    ///
    /// # Safety
    /// The bytes must come unchanged from [`compile`]: they are run as native code.
    pub unsafe fn from_trusted_pipe(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// Checks and compiles a component. Run it in a process with limits: the input is hostile.
pub fn compile(component: &[u8]) -> Result<CompiledModule, UploadError> {
    check_component(component)?;
    if stands(Guard::FuelPrices) { translate(&with_checkpoints(component, &fuel::prices())?) } else { translate(component) }
}

/// Compiles what was checked, as it is.
pub(crate) fn translate(component: &[u8]) -> Result<CompiledModule, UploadError> {
    let failed = |error: wasmtime::Error| UploadError::Compile { detail: shown(&format!("{error:#}"), 300) };
    let engine = Engine::new(&base_config()).map_err(failed)?;
    let compiled = Component::new(&engine, component).map_err(failed)?;
    check_signature(&compiled)?;
    compiled.serialize().map(CompiledModule).map_err(failed)
}

/// The domain's key that authenticates its cache.
pub struct CacheKey(hmac::Key);

impl CacheKey {
    /// From 32 secret bytes.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    fn context(&self, component: Digest, engine: Digest, code: &[u8]) -> hmac::Context {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"tidegate compiled module v1\n");
        context.update(&component.0);
        context.update(&engine.0);
        context.update(code);
        context
    }
}

/// A cache entry: tag, then code.
pub fn seal_cached(key: &CacheKey, component: Digest, engine: Digest, module: &CompiledModule) -> Vec<u8> {
    let tag = key.context(component, engine, &module.0).sign();
    [tag.as_ref(), &module.0].concat()
}

/// Opens a cache entry that [`seal_cached`] made for the same component and engine.
pub fn open_cached(key: &CacheKey, component: Digest, engine: Digest, entry: &[u8]) -> Result<CompiledModule, CacheError> {
    let (tag, code) = entry.split_at_checked(32).ok_or(CacheError::Forged)?;
    let expected = key.context(component, engine, code).sign();
    // A comparison in constant time is not needed for safety here, but costs nothing.
    let equal = expected.as_ref().iter().zip(tag).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0;
    if equal || !stands(Guard::UploadGate) { Ok(CompiledModule(code.to_vec())) } else { Err(CacheError::Forged) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_entry_opens_only_for_its_own_component_engine_and_key() {
        let key = CacheKey::new(&[7; 32]);
        let (component, engine) = (Digest::of(b"c"), Digest::of(b"e"));
        let entry = seal_cached(&key, component, engine, &CompiledModule(vec![1, 2, 3]));
        assert_eq!(open_cached(&key, component, engine, &entry).expect("own").bytes(), [1, 2, 3]);
        assert!(open_cached(&key, engine, engine, &entry).is_err());
        assert!(open_cached(&key, component, component, &entry).is_err());
        assert!(open_cached(&CacheKey::new(&[8; 32]), component, engine, &entry).is_err());
        assert!(open_cached(&key, component, engine, &entry[..31]).is_err());
        for at in 0..entry.len() {
            let mut changed = entry.clone();
            changed[at] ^= 1;
            assert!(open_cached(&key, component, engine, &changed).is_err(), "byte {at}");
        }
    }

    /// The words of `SETTINGS` are what the code above does.
    #[test]
    fn the_settings_in_the_digest_are_those_in_use() {
        let source = include_str!("compile.rs");
        for setting in
            [".max_wasm_stack(256 << 10)", ".table_elements(8_000)", ".max_tables_per_component(8)", ".max_memories_per_component(4)"]
        {
            assert!(source.contains(setting), "{setting} changed: change SETTINGS with it");
        }
        assert!(source.contains(".max_core_instances_per_component(16)") && SETTINGS.contains("stack 262144"));
    }

    /// Another price would let another unit run out of fuel, so it is another engine.
    #[test]
    fn the_fuel_table_is_part_of_the_engine_digest() {
        let source = include_str!("compile.rs");
        assert!(source.contains("hasher.write(format!(\"{:?}\\n\", fuel::prices()).as_bytes());"));
        let (table, mut other) = (fuel::prices(), fuel::prices());
        other.F64Sqrt += 1;
        assert_ne!(format!("{table:?}"), format!("{other:?}"), "each price is written");
        assert!(format!("{table:?}").contains("memory_grow_per_page: 255"));
    }

    #[test]
    fn the_engine_digest_is_stable() {
        assert_eq!(engine_digest().expect("engine"), engine_digest().expect("engine"));
    }
}
