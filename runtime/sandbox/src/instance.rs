//! One unit, one fresh instance.

use crate::MODEL_INTERFACE;
use crate::compile::{CompiledModule, engine};
use crate::contract::{Contribution, Parameter, Unit};
use tidegate_statistics::{NotAContribution, Sparse};
use tidegate_terms::{ParameterValue, messages};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};
use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder};

messages! {
    /// Why a compiled module cannot be set up. A fault of the host or of the upload, never of one unit.
    pub enum SandboxError {
        Setup { detail: String } = "sandbox.setup" {
            en: "the sandbox cannot be set up: {detail}",
            zh: "无法建立沙箱：{detail}",
        },
    }
}

/// What one call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fuel: about one for each WebAssembly instruction, start function included.
    pub fuel: u64,
    /// Linear memory in bytes.
    pub memory_bytes: u64,
    /// Most cells that an answer may have, over all statistics.
    pub cells_max: u64,
}

/// Why a call gave no answer. The text is for `model dry-run` on made-up data; workers drop it unread.
#[derive(Debug)]
pub struct Trap(wasmtime::Error);

impl Trap {
    /// Where and why, with the guest's frames if it was built with names.
    pub fn explain(&self) -> String {
        format!("{:?}", self.0)
    }

    /// Whether the host failed and not the guest: then the unit must be run again, and never gets a default.
    ///
    /// The guest can cause traps, failed growth and malformed answers; it cannot make the pool run out or a
    /// system call fail.
    pub fn is_host_fault(&self) -> bool {
        let system_call = |error: &(dyn std::error::Error + 'static)| error.is::<std::io::Error>();
        self.0.is::<wasmtime::PoolConcurrencyLimitError>() || self.0.chain().any(system_call)
    }
}

struct State {
    limits: StoreLimits,
}

type Arguments<'a> = (&'a [Parameter], &'a Unit);

/// A compiled module, ready to be called for one unit after the other.
pub struct Sandbox {
    engine: Engine,
    pre: InstancePre<State>,
    contribute: ComponentExportIndex,
    parameters: Vec<Parameter>,
    limits: Limits,
}

impl Sandbox {
    /// Loads a compiled module. `explain` keeps the frames of a trap, for dry runs.
    pub fn new(module: &CompiledModule, parameters: &[ParameterValue], limits: Limits, explain: bool) -> Result<Self, SandboxError> {
        Self::load(module, parameters, limits, explain).map_err(|error| SandboxError::Setup { detail: format!("{error:#}") })
    }

    fn load(module: &CompiledModule, parameters: &[ParameterValue], limits: Limits, explain: bool) -> wasmtime::Result<Self> {
        let engine = engine(limits.memory_bytes, explain)?;
        // SAFETY: a `CompiledModule` comes from this program's own compiler, directly, through a private
        // pipe, or out of an authenticated cache.
        let component = unsafe { Component::deserialize(&engine, &module.0)? };
        let contribute = find_contribute(&component).ok_or_else(|| wasmtime::Error::msg("`contribute` is missing"))?;
        let pre = Linker::new(&engine).instantiate_pre(&component)?;
        let parameters = parameters.iter().map(lower_parameter).collect();
        Ok(Self { engine, pre, contribute, parameters, limits })
    }

    /// Calls `contribute` for one unit in an instance that has seen nothing else.
    pub fn contribute(&self, unit: &Unit) -> Result<Vec<Contribution>, Trap> {
        let mut store = self.fresh_store()?;
        self.call(&mut store, unit).map_err(Trap)
    }

    /// Like [`contribute`](Self::contribute), and says how much fuel was used: for dry runs on made-up data.
    pub fn contribute_metered(&self, unit: &Unit) -> (Result<Vec<Contribution>, Trap>, u64) {
        let mut store = match self.fresh_store() {
            Ok(store) => store,
            Err(trap) => return (Err(trap), 0),
        };
        let answer = self.call(&mut store, unit).map_err(Trap);
        let left = store.get_fuel().unwrap_or(0);
        (answer, self.limits.fuel - left)
    }

    fn fresh_store(&self) -> Result<Store<State>, Trap> {
        let memory = usize::try_from(self.limits.memory_bytes).unwrap_or(usize::MAX);
        let limits = StoreLimitsBuilder::new().memory_size(memory).table_elements(8_000).instances(16).memories(4).tables(8).build();
        let mut store = Store::new(&self.engine, State { limits });
        store.limiter(|state| &mut state.limits);
        store.set_fuel(self.limits.fuel).map_err(Trap)?;
        // Bounds what the host copies out of the guest, before it copies it.
        let answer_bytes = (self.limits.cells_max.saturating_mul(16)).saturating_add(64 << 10);
        store.set_hostcall_fuel(usize::try_from(answer_bytes).unwrap_or(usize::MAX));
        Ok(store)
    }

    fn call(&self, store: &mut Store<State>, unit: &Unit) -> wasmtime::Result<Vec<Contribution>> {
        let instance = self.pre.instantiate(&mut *store)?;
        let function = instance.get_typed_func::<Arguments<'_>, (Vec<Contribution>,)>(&mut *store, &self.contribute)?;
        let (contributions,) = function.call(&mut *store, (&self.parameters, unit))?;
        Ok(contributions)
    }

    /// Calls `contribute` again and again in one instance: only to measure what isolation costs. A module
    /// could carry anything from call to call, so no run ever does this.
    pub fn time_reused_instance(&self, unit: &Unit, calls: u32) -> Result<std::time::Duration, Trap> {
        let mut store = self.fresh_store()?;
        let mut run = || -> wasmtime::Result<std::time::Duration> {
            store.set_fuel(u64::MAX)?;
            let instance = self.pre.instantiate(&mut store)?;
            let function = instance.get_typed_func::<Arguments<'_>, (Vec<Contribution>,)>(&mut store, &self.contribute)?;
            let start = std::time::Instant::now();
            for _ in 0..calls {
                function.call(&mut store, (&self.parameters, unit))?;
            }
            Ok(start.elapsed())
        };
        run().map_err(Trap)
    }
}

fn lower_parameter(value: &ParameterValue) -> Parameter {
    match value {
        ParameterValue::Integer(value) => Parameter::Integer(*value),
        ParameterValue::Float(value) => Parameter::Float(*value),
        ParameterValue::Text(value) => Parameter::Text(value.clone()),
        ParameterValue::Boolean(value) => Parameter::Boolean(*value),
        ParameterValue::Date(value) => Parameter::Date(*value),
    }
}

fn find_contribute(component: &Component) -> Option<ComponentExportIndex> {
    let interface = component.get_export_index(None, MODEL_INTERFACE)?;
    component.get_export_index(Some(&interface), "contribute")
}

impl Sparse for Contribution {
    fn visit(&self, cells: usize, visit: &mut dyn FnMut(usize, f64) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
        match self {
            Self::Dense(values) if values.len() != cells => Err(NotAContribution),
            Self::Dense(values) => values.iter().enumerate().try_for_each(|(index, value)| visit(index, *value)),
            Self::Sparse(given) => given.iter().try_for_each(|cell| visit(cell.index as usize, cell.value)),
        }
    }
}
