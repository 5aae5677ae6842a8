//! Write analysis modules for Tidegate in Rust.
//!
//! A module is one function. The host calls it once for each privacy unit (a person, a household, a
//! meter), with that unit's rows alone, in a fresh instance; what it returns is clamped, added up over
//! all units and released with noise.
//!
//! ```ignore
//! #![no_std]
//! use tidegate_sdk::prelude::*;
//!
//! fn contribute(parameters: &Parameters, unit: &Unit) -> Vec<Contribution> {
//!     let threshold = parameters.float(0);
//!     let mut above = Count::default();
//!     for amount in unit.table(0).floats(0).flatten() {
//!         if amount > threshold {
//!             above.add(1);
//!         }
//!     }
//!     vec![above.into()]
//! }
//! model!(contribute);
//! ```
//!
//! Guarantee: nothing here protects anybody. The host assumes a hostile module and checks everything;
//! this crate only makes the honest way the short one.
//!
//! Rejected: serde-like derive macros that map rows to structs. They copy every row, cost kilobytes of
//! code in each module, and columns are what a unit is made of anyway.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod accumulators;
#[cfg(any(test, target_arch = "wasm32"))]
mod arena;
#[allow(missing_docs, unsafe_op_in_unsafe_fn)]
#[doc(hidden)]
pub mod bindings;
mod grouped;
mod inputs;
mod parameters;
mod rows;
#[cfg(target_arch = "wasm32")]
mod runtime;

pub use accumulators::{Accumulator, Block, Count, Mean, Sum, Variance, Vector};
pub use bindings::exports::tidegate::analysis::model::{
    Cell, Column, Conclusion, Contribution, Finding, Inputs, KeyedCells, Released, Table, Unit, Values,
};
pub use grouped::{Grouped, Histogram, Quantiles};
pub use inputs::finding;
pub use parameters::Parameters;
pub use rows::{Entries, Texts};

/// What the `model!` macro needs.
#[doc(hidden)]
pub mod contract {
    pub use crate::bindings::exports::tidegate::analysis::model::{Guest, Inputs};
    pub use alloc::vec::Vec;
}

/// Everything that a model usually needs.
pub mod prelude {
    pub use crate::{
        Accumulator, Block, Cell, Conclusion, Contribution, Count, Finding, Grouped, Histogram, Inputs, KeyedCells, Mean, Parameters,
        Quantiles, Released, Sum, Table, Unit, Variance, Vector, finding, model,
    };
    pub use alloc::string::String;
    pub use alloc::vec;
    pub use alloc::vec::Vec;
}

/// Makes functions the module's exports.
///
/// `model!(contribute)` takes a function `fn(&Parameters, &Unit) -> Vec<Contribution>`. With rounds, the second half comes
/// beside it: `model!(contribute, conclude)` takes `fn(&Inputs, &Unit) -> Vec<Contribution>` and
/// `fn(&Inputs, &[Released]) -> Conclusion`.
#[macro_export]
macro_rules! model {
    ($contribute:path) => {
        $crate::model!(@export |inputs, unit| $contribute(&inputs.parameters(), unit), |_, _| {
            $crate::Conclusion::Done($crate::contract::Vec::new())
        });
    };
    ($contribute:path, $conclude:path) => {
        $crate::model!(@export |inputs, unit| $contribute(inputs, unit), |inputs, releases| $conclude(inputs, releases));
    };
    (@export |$inputs:pat_param, $unit:pat_param| $contribute:expr, |$same:pat_param, $releases:pat_param| $conclude:expr) => {
        struct TidegateModel;

        impl $crate::contract::Guest for TidegateModel {
            fn contribute(inputs: $crate::contract::Inputs, unit: $crate::Unit) -> $crate::contract::Vec<$crate::Contribution> {
                let ($inputs, $unit) = (&inputs, &unit);
                $contribute
            }

            fn conclude(inputs: $crate::contract::Inputs, releases: $crate::contract::Vec<$crate::Released>) -> $crate::Conclusion {
                let ($same, $releases) = (&inputs, releases.as_slice());
                $conclude
            }
        }

        #[cfg(target_arch = "wasm32")]
        $crate::bindings::export_bindings!(TidegateModel with_types_in $crate::bindings);
    };
}
