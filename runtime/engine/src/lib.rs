//! Runs a module over the shards of a dataset, in worker processes, and adds up exact integers.
//!
//! Guarantee: a [`Crew`] needs a [`Reservation`](tidegate_accountant::Reservation) or, for exact tables, an
//! [`Approval`](tidegate_authorisation::Approval), accepts each unit of each shard exactly once
//! in each round, and its [`Totals`] are the same to the last bit for one worker and for fifty, whatever dies
//! meanwhile. A guest cannot make a run fail: a unit that alone kills its process twice gets the sealed default.
//!
//! Workers are processes, not threads: one address space serialises page faults on one lock, and a process
//! is the second wall around a hostile module.

mod conclude;
mod coordinator;
mod dry_run;
mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod job;
mod mock;
mod mock_file;
mod processes;
mod totals;
mod units;
mod worker;

pub use conclude::{ConcludeError, ConcludeFailure, Concluded, Finding, StatisticReleased, Told, ask_conclude, serve_conclude};
pub use coordinator::{Crew, EngineError, Workers, execute};
pub use dry_run::{DryQuestion, DryRun, DryRunError, DryTrap, ask_dry_run, serve_dry_run};
pub use frame::{FrameError, read_frame, write_frame};
pub use job::{Job, Round, Source, Stage, inputs};
pub use mock::{Generator, mock_side_tables, mock_unit};
pub use mock_file::{MockError, write_mock};
pub use processes::{Processes, Resting, Running, Stopper, serve_load};
pub use totals::Totals;
pub use units::Task;
pub use worker::{Worker, serve};
