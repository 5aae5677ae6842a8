//! The second wall: what a process of the domain gives up before hostile input reaches it.
//!
//! Guarantee where all walls stand: code that has broken out of WebAssembly can compute, and write to the
//! one pipe that its parent bounds and checks. It has no network, opens no file, starts no process, looks
//! into no other process, and holds no rights of the user who started the domain. Walls are independent:
//! a kernel that lacks one leaves the others standing, and [`raise`] says which.
//!
//! Everything that needs a file is opened before; afterwards there is nothing to open (attack A27).
//! Rejected: one big profile in a container runtime. It guards the service, not one module from the next.

mod attempt;
mod inherited;
mod raise;
mod server;
mod system_calls;

pub use attempt::{Attempt, attempt};
pub use inherited::{Inherited, WORKER_NICENESS, close_inherited, give_up_privileges, inherited, yield_to_servers};
pub use raise::{Standing, die_with_parent, raise, raise_but_network};
pub use server::{ServerNeeds, raise_server};
