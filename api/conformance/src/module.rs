//! Offenders: core modules as readable text, made components by one shared text.

use crate::error::Broken;

/// What makes a component of a core module.
const COMPONENT: &str = include_str!("../../../sample-models/offenders/component.wat");
/// The beginning of the core module.
const PRELUDE: &str = include_str!("../../../sample-models/offenders/prelude.wat");
/// Where the core module stands in the component.
const PLACE: &str = "    ;; ......\n";

/// A hostile module with its manifest, which is uploaded and run.
#[derive(Debug, Clone, Copy)]
pub struct Offender {
    /// The core module after the prelude: a file of `sample-models/offenders`.
    pub core: &'static str,
    /// The manifest from its statistics on, up to its resources.
    pub statistics: &'static str,
    /// Fuel for one call.
    pub fuel: u64,
    /// Memory in bytes.
    pub memory: u64,
    /// Further arguments of `run`, such as `--param`.
    pub arguments: &'static [&'static str],
    /// How far the released numbers may move together for one person, where noise is off.
    pub moves: f64,
}

/// One sum between 0 and 1.
pub const ONE_SUM: &str = "[[statistics]]\nname = \"total\"\nmeasure = \"sum\"\nbounds = [0.0, 1.0]\n";

impl Offender {
    /// An offender with one sum between 0 and 1, and ordinary limits.
    pub const fn of(core: &'static str) -> Self {
        Self { core, statistics: ONE_SUM, fuel: 100_000, memory: 1 << 20, arguments: &[], moves: 1.0 }
    }

    /// With other statistics, whose numbers may move so far together.
    pub const fn with(self, statistics: &'static str, moves: f64) -> Self {
        Self { statistics, moves, ..self }
    }

    /// With so much memory.
    pub const fn memory(self, memory: u64) -> Self {
        Self { memory, ..self }
    }

    /// With so much fuel.
    pub const fn fuel(self, fuel: u64) -> Self {
        Self { fuel, ..self }
    }

    /// With further arguments of `run`.
    pub const fn arguments(self, arguments: &'static [&'static str]) -> Self {
        Self { arguments, ..self }
    }
}

/// The component of a core module that begins with the prelude.
pub fn component(name: &str, core: &str) -> Result<Vec<u8>, Broken> {
    assemble(name, &[PRELUDE, core].concat())
}

/// The component of a whole core module's fields.
pub fn assemble(name: &str, fields: &str) -> Result<Vec<u8>, Broken> {
    let text = COMPONENT.replacen(PLACE, fields, 1);
    wat::parse_str(&text).map_err(|error| Broken::Offender { name: name.to_owned(), detail: error.to_string() })
}

/// The component of a core module that begins with the prelude, with something more in the component itself.
pub fn assemble_component(name: &str, core: &str, more: &str) -> Result<Vec<u8>, Broken> {
    const SHIM: &str = "  (component $shim";
    let text = COMPONENT.replacen(PLACE, &[PRELUDE, core].concat(), 1).replacen(SHIM, &[more, "\n", SHIM].concat(), 1);
    wat::parse_str(&text).map_err(|error| Broken::Offender { name: name.to_owned(), detail: error.to_string() })
}

/// A manifest that reads mark and amount.
pub fn manifest(name: &str, statistics: &str, fuel: u64, memory: u64) -> String {
    let purpose = crate::scene::PURPOSE;
    format!(
        "contract = 1\nname = \"{name}\"\nversion = \"1.0.0\"\ntitle = {{ zh = \"攻击模型\", en = \"An offender\" }}\npurpose = \"{purpose}\"\n\n\
         [[inputs]]\ntable = \"visits\"\ncolumns = [\"mark\", \"amount\"]\n\n{statistics}\n\
         [resources]\nfuel_per_unit = {fuel}\nmemory_bytes = {memory}\n"
    )
}
