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

silent_debug!(Values, Column, Table, Unit, Cell, Contribution);
