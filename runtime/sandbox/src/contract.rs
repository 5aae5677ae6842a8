//! The values that cross the module contract (`runtime/wit/analysis.wit`), as the host holds them.
//!
//! These types hold raw data: they have no `Serialize` and no `Display`, and their `Debug` shows nothing.

use wasmtime::component::{ComponentType, Lift, Lower};

/// The values of one column of one unit, one entry for each row.
#[derive(Clone, PartialEq, ComponentType, Lower)]
#[component(variant)]
pub enum Values {
    /// 64-bit signed integers.
    #[component(name = "integers")]
    Integers(Vec<i64>),
    /// 64-bit floating-point numbers.
    #[component(name = "floats")]
    Floats(Vec<f64>),
    /// UTF-8 texts.
    #[component(name = "texts")]
    Texts(Vec<String>),
    /// Truth values.
    #[component(name = "booleans")]
    Booleans(Vec<bool>),
    /// Days since 1970-01-01.
    #[component(name = "dates")]
    Dates(Vec<i32>),
    /// Indices into the public list of categories.
    #[component(name = "categories")]
    Categories(Vec<u32>),
}

/// A column of one unit.
#[derive(Clone, PartialEq, ComponentType, Lower)]
#[component(record)]
pub struct Column {
    /// Its values; what stands at a missing row means nothing.
    pub values: Values,
    /// One flag for each row, true where the value is missing; `None` when none is.
    pub missing: Option<Vec<bool>>,
}

/// The rows of one unit in one table.
#[derive(Clone, PartialEq, ComponentType, Lower)]
#[component(record)]
pub struct Table {
    /// Number of rows.
    #[component(name = "row-count")]
    pub row_count: u32,
    /// The columns that the manifest names, in its order.
    pub columns: Vec<Column>,
}

/// All rows of one privacy unit, without its identifier.
#[derive(Clone, PartialEq, ComponentType, Lower)]
#[component(record)]
pub struct Unit {
    /// The tables that the manifest names, in its order.
    pub tables: Vec<Table>,
}

/// A public parameter.
#[derive(Clone, Debug, PartialEq, ComponentType, Lower)]
#[component(variant)]
pub enum Parameter {
    /// A 64-bit signed integer.
    #[component(name = "integer")]
    Integer(i64),
    /// A finite number.
    #[component(name = "float")]
    Float(f64),
    /// A text.
    #[component(name = "text")]
    Text(String),
    /// A truth value.
    #[component(name = "boolean")]
    Boolean(bool),
    /// Days since 1970-01-01.
    #[component(name = "date")]
    Date(i32),
}

/// One entry of a sparse contribution.
#[derive(Clone, Copy, PartialEq, ComponentType, Lift)]
#[component(record)]
pub struct Cell {
    /// Which cell of the statistic.
    pub index: u32,
    /// Its value.
    pub value: f64,
}

/// What one unit contributes under one discovered key.
#[derive(Clone, PartialEq, ComponentType, Lift)]
#[component(record)]
pub struct KeyedCells {
    /// The key.
    pub key: String,
    /// The cells of its group.
    pub values: Vec<f64>,
}

/// What is public: the same for every unit of a round.
#[derive(Clone, PartialEq, Debug, ComponentType, Lower)]
#[component(record)]
pub struct Inputs {
    /// The parameters, in the order of the manifest.
    pub parameters: Vec<Parameter>,
    /// The public side tables, in the order of the manifest.
    #[component(name = "side-tables")]
    pub side_tables: Vec<Table>,
    /// Which round, from 1.
    pub round: u32,
    /// What `conclude` passed on.
    pub state: Vec<f64>,
}

/// One statistic as a round released it.
#[derive(Clone, PartialEq, Debug, ComponentType, Lower)]
#[component(record)]
pub struct Released {
    /// The keys of its groups.
    pub keys: Vec<String>,
    /// How many estimates each group has.
    pub width: u32,
    /// The estimates, group by group.
    pub values: Vec<f64>,
    /// The lower ends of their intervals.
    pub lower: Vec<f64>,
    /// The upper ends.
    pub upper: Vec<f64>,
}

/// A number that a module derived from releases.
#[derive(Clone, PartialEq, Debug, ComponentType, Lift)]
#[component(record)]
pub struct Finding {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
}

/// What the clean half decides; post-processing of releases, so it may be shown.
#[derive(Clone, PartialEq, Debug, ComponentType, Lift)]
#[component(variant)]
pub enum Conclusion {
    /// Another round, with this public state.
    #[component(name = "again")]
    Again(Vec<f64>),
    /// The end, with a report.
    #[component(name = "done")]
    Done(Vec<Finding>),
}

/// What a module says one unit contributes to one statistic; nothing about it is believed yet.
#[derive(Clone, PartialEq, ComponentType, Lift)]
#[component(variant)]
pub enum Contribution {
    /// Every cell.
    #[component(name = "dense")]
    Dense(Vec<f64>),
    /// Only the cells that are not zero.
    #[component(name = "sparse")]
    Sparse(Vec<Cell>),
    /// The cells of each discovered key.
    #[component(name = "keyed")]
    Keyed(Vec<KeyedCells>),
}

macro_rules! silent_debug {
    ($($name:ident),*) => {
        $(impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(withheld)"))
            }
        })*
    };
}

silent_debug!(Values, Column, Table, Unit, Cell, KeyedCells, Contribution);
