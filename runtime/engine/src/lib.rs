//! Runs a module over the shards of a dataset, in worker processes, and adds up exact integers.
//!
//! Guarantee: [`execute`] needs a [`Reservation`](tidegate_accountant::Reservation), accepts each unit of each shard exactly once,
//! and its [`Totals`] are the same to the last bit for one worker and for fifty, whatever dies meanwhile.
//! A guest cannot make a run fail: a unit that alone kills its process twice gets the sealed default.
//!
//! Workers are processes, not threads: one address space serialises page faults on one lock, and a process
//! is the second wall around a hostile module.

mod coordinator;
mod dry_run;
mod frame;
mod mock;
mod mock_file;
mod totals;
mod worker;

pub use coordinator::{EngineError, Job, Workers, execute};
pub use dry_run::{DryRun, DryRunError, DryTrap, dry_run};
pub use frame::{FrameError, read_frame, write_frame};
pub use mock::{Generator, mock_unit};
pub use mock_file::{MockError, write_mock};
pub use totals::Totals;
pub use worker::{RangeTask, Worker, serve};
