//! What the tests share: the real program, a domain of its own for each test, and the truth from the file.
//!
//! No test looks inside a process: what it knows comes from `tidegate`'s exit code and output, from the
//! published log, and (standing in for the one who may open commitments) from the domain's database. Only
//! the conformance tests of the engine use crates directly.

pub mod clauses;
pub mod database;
pub mod domain;
pub mod elsewhere;
pub mod governed;
pub mod keeper;
pub mod openings;
pub mod processes;
pub mod products;
pub mod program;
pub mod recorder;
pub mod servers;
pub mod truth;
pub mod unchanged;
