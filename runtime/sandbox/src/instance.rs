//! One unit, one fresh instance.

use crate::MODEL_INTERFACE;
use crate::compile::{CompiledModule, engine};
use crate::contract::{Conclusion, Contribution, Inputs, Parameter, Released, Table, Unit};
use std::sync::{Mutex, PoisonError};
use tidegate_statistics::{NotAContribution, Sparse};
use tidegate_terms::{Guard, ParameterValue, messages, stands};
use wasmtime::component::{Component, ComponentExportIndex, Instance, InstancePre, Linker};
use wasmtime::{Engine, ResourceLimiter, Store};

messages! {
    /// Why a compiled module cannot be set up. A fault of the host or of the upload, never of one unit.
    pub enum SandboxError {
        Setup { detail: String } = "sandbox.setup" {
            en: "the module cannot be loaded under its limits: {detail}. Raise `resources.memory_bytes`, or make the module smaller",
            zh: "模型无法在其限制下加载：{detail}。请提高 `resources.memory_bytes`，或缩小模型",
        },
    }
}

/// What one call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Fuel, start function included; what it costs stands in `fuel.rs`.
    pub fuel: u64,
    /// Linear memory in bytes, over all memories of the component together.
    pub memory_bytes: u64,
    /// Most bytes that the host copies out of the guest for one answer.
    pub answer_bytes: u64,
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
        is_host_fault(&self.0)
    }

    /// Whether the fuel was spent.
    pub(crate) fn is_out_of_fuel(&self) -> bool {
        self.0.downcast_ref::<wasmtime::Trap>() == Some(&wasmtime::Trap::OutOfFuel)
    }
}

/// What one instance has taken, over all its memories and tables together.
struct State {
    memory_bytes_left: usize,
    table_elements_left: usize,
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(take(&mut self.memory_bytes_left, current, desired))
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        // A guest that asks for too much is told so; where the host has none to give, the call must end, or the
        // guest's answer would depend on the host.
        if is_host_fault(&error) { Err(error) } else { Ok(()) }
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(take(&mut self.table_elements_left, current, desired))
    }

    fn instances(&self) -> usize {
        16
    }

    fn tables(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        4
    }
}

fn take(left: &mut usize, current: usize, desired: usize) -> bool {
    let more = desired.saturating_sub(current);
    let fits = more <= *left;
    if fits {
        *left -= more;
    }
    fits
}

/// Whether a system call of the host failed, or its pool ran out.
fn is_host_fault(error: &wasmtime::Error) -> bool {
    let system_call = |error: &(dyn std::error::Error + 'static)| error.is::<std::io::Error>() || error.is::<rustix::io::Errno>();
    error.is::<wasmtime::PoolConcurrencyLimitError>() || error.chain().any(system_call)
}

type Contribute<'a> = (&'a Inputs, &'a Unit);
type Conclude<'a> = (&'a Inputs, &'a [Released]);

/// A compiled module, ready to be called for one unit after the other.
pub struct Sandbox {
    engine: Engine,
    pre: InstancePre<State>,
    contribute: ComponentExportIndex,
    conclude: ComponentExportIndex,
    inputs: Inputs,
    limits: Limits,
    /// Always empty, but where instances are not fresh.
    kept: Mutex<Option<(Store<State>, Instance)>>,
}

impl Sandbox {
    /// Loads a compiled module. `explain` keeps the frames of a trap, for dry runs.
    pub fn new(module: &CompiledModule, inputs: Inputs, limits: Limits, explain: bool) -> Result<Self, SandboxError> {
        Self::load(module, inputs, limits, explain).map_err(|error| SandboxError::Setup { detail: format!("{error:#}") })
    }

    fn load(module: &CompiledModule, inputs: Inputs, limits: Limits, explain: bool) -> wasmtime::Result<Self> {
        let engine = engine(limits.memory_bytes, limits.answer_bytes, explain)?;
        // SAFETY: a `CompiledModule` comes from this program's own compiler, directly, through a private
        // pipe, or out of an authenticated cache.
        let component = unsafe { Component::deserialize(&engine, &module.0)? };
        let find = |name: &str| find_export(&component, name).ok_or_else(|| wasmtime::Error::msg(format!("`{name}` is missing")));
        let (contribute, conclude) = (find("contribute")?, find("conclude")?);
        let pre = Linker::new(&engine).instantiate_pre(&component)?;
        Ok(Self { engine, pre, contribute, conclude, inputs, limits, kept: Mutex::new(None) })
    }

    /// Begins another round with the public state that `conclude` passed on.
    pub fn begin_round(&mut self, round: u32, state: Vec<f64>) {
        self.inputs.round = round;
        self.inputs.state = state;
    }

    /// Makes the images from which fresh memories are mapped. They are anonymous files, so this must happen
    /// while the process may still write files; it runs no code of the guest.
    pub fn prepare_memory_images(&self) -> Result<(), SandboxError> {
        let prepared = self.pre.component().initialize_copy_on_write_image();
        prepared.map_err(|error| SandboxError::Setup { detail: format!("{error:#}") })
    }

    /// Calls `contribute` for one unit in an instance that has seen nothing else.
    pub fn contribute(&self, unit: &Unit) -> Result<Vec<Contribution>, Trap> {
        if !stands(Guard::FreshInstance) {
            return self.contribute_in_kept_instance(unit);
        }
        let mut store = self.fresh_store()?;
        self.call(&mut store, unit).map_err(Trap)
    }

    /// The same with other fuel than the manifest's: to measure how long fuel lasts.
    pub(crate) fn contribute_with(&self, unit: &Unit, fuel: u64) -> Result<Vec<Contribution>, Trap> {
        let mut store = self.fresh_store()?;
        store.set_fuel(fuel).map_err(Trap)?;
        self.call(&mut store, unit).map_err(Trap)
    }

    /// What a host without fresh instances does: the instance of the unit before, as long as it does not break.
    fn contribute_in_kept_instance(&self, unit: &Unit) -> Result<Vec<Contribution>, Trap> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut store, instance) = match kept.take() {
            Some((mut store, instance)) => {
                self.allow(&mut store)?;
                (store, instance)
            }
            None => {
                let mut store = self.fresh_store()?;
                let instance = self.pre.instantiate(&mut store).map_err(Trap)?;
                (store, instance)
            }
        };
        let contributions = self.call_in(&mut store, instance, unit).map_err(Trap)?;
        *kept = Some((store, instance));
        Ok(contributions)
    }

    /// Calls `conclude`, in an instance that has seen nothing but what is public and released.
    pub fn conclude(&self, releases: &[Released]) -> Result<Conclusion, Trap> {
        let mut store = self.fresh_store()?;
        let mut call = || -> wasmtime::Result<Conclusion> {
            let instance = self.pre.instantiate(&mut store)?;
            let function = instance.get_typed_func::<Conclude<'_>, (Conclusion,)>(&mut store, &self.conclude)?;
            Ok(function.call(&mut store, (&self.inputs, releases))?.0)
        };
        call().map_err(Trap)
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
        let mut store = Store::new(&self.engine, State { memory_bytes_left: memory, table_elements_left: 8_000 });
        store.limiter(|state| state);
        self.allow(&mut store)?;
        Ok(store)
    }

    /// What one call may use.
    fn allow(&self, store: &mut Store<State>) -> Result<(), Trap> {
        store.set_fuel(self.limits.fuel).map_err(Trap)?;
        // Bounds what the host copies out of the guest, before it copies it.
        let answer_bytes = if stands(Guard::AnswerLimit) { self.limits.answer_bytes } else { u64::MAX };
        store.set_hostcall_fuel(usize::try_from(answer_bytes).unwrap_or(usize::MAX));
        Ok(())
    }

    fn call(&self, store: &mut Store<State>, unit: &Unit) -> wasmtime::Result<Vec<Contribution>> {
        let instance = self.pre.instantiate(&mut *store)?;
        self.call_in(store, instance, unit)
    }

    fn call_in(&self, store: &mut Store<State>, instance: Instance, unit: &Unit) -> wasmtime::Result<Vec<Contribution>> {
        let function = instance.get_typed_func::<Contribute<'_>, (Vec<Contribution>,)>(&mut *store, &self.contribute)?;
        let (contributions,) = function.call(&mut *store, (&self.inputs, unit))?;
        Ok(contributions)
    }

    /// Calls `contribute` again and again in one instance: only to measure what isolation costs. A module
    /// could carry anything from call to call, so no run ever does this.
    pub fn time_reused_instance(&self, unit: &Unit, calls: u32) -> Result<std::time::Duration, Trap> {
        let mut store = self.fresh_store()?;
        let mut run = || -> wasmtime::Result<std::time::Duration> {
            store.set_fuel(u64::MAX)?;
            let instance = self.pre.instantiate(&mut store)?;
            let function = instance.get_typed_func::<Contribute<'_>, (Vec<Contribution>,)>(&mut store, &self.contribute)?;
            let start = std::time::Instant::now();
            for _ in 0..calls {
                function.call(&mut store, (&self.inputs, unit))?;
            }
            Ok(start.elapsed())
        };
        run().map_err(Trap)
    }
}

impl From<&ParameterValue> for Parameter {
    fn from(value: &ParameterValue) -> Self {
        match value {
            ParameterValue::Integer(value) => Self::Integer(*value),
            ParameterValue::Float(value) => Self::Float(*value),
            ParameterValue::Text(value) => Self::Text(value.clone()),
            ParameterValue::Boolean(value) => Self::Boolean(*value),
            ParameterValue::Date(value) => Self::Date(*value),
        }
    }
}

impl Inputs {
    /// The inputs of a first round.
    pub fn new(parameters: &[ParameterValue], side_tables: Vec<Table>) -> Self {
        Self { parameters: parameters.iter().map(Parameter::from).collect(), side_tables, round: 1, state: Vec::new() }
    }
}

fn find_export(component: &Component, name: &str) -> Option<ComponentExportIndex> {
    let interface = component.get_export_index(None, MODEL_INTERFACE)?;
    component.get_export_index(Some(&interface), name)
}

impl Sparse for Contribution {
    fn visit(&self, cells: usize, visit: &mut dyn FnMut(usize, f64) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
        match self {
            Self::Dense(values) if values.len() != cells => Err(NotAContribution),
            Self::Dense(values) => values.iter().enumerate().try_for_each(|(index, value)| visit(index, *value)),
            Self::Sparse(given) => given.iter().try_for_each(|cell| visit(cell.index as usize, cell.value)),
            Self::Keyed(_) => Err(NotAContribution),
        }
    }

    fn visit_keyed(&self, visit: &mut dyn FnMut(&str, &[f64]) -> Result<(), NotAContribution>) -> Result<(), NotAContribution> {
        match self {
            Self::Keyed(given) => given.iter().try_for_each(|keyed| visit(&keyed.key, &keyed.values)),
            Self::Dense(_) | Self::Sparse(_) => Err(NotAContribution),
        }
    }

    fn dense(&self) -> Option<&[f64]> {
        if let Self::Dense(values) = self { Some(values) } else { None }
    }
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
