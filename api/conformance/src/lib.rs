//! The conformance corpus: attacks on an installation, each of which must fail (`tidegate conformance`).
//!
//! It drives the program itself, with its arguments, in temporary domains with made-up people, and looks at everything
//! that any role outside the domain can see. An attack is held if a person's presence makes no difference there
//! ([`Mount::Neighbours`]), or if what it tries is refused ([`Mount::Attempt`]). In the weakened build of
//! `tests/weakened` noise is off, so that exact totals are compared as well, and the guards that hold an attack can be
//! taken away: then it must succeed, or it would prove nothing.
//!
//! What a verdict says, and what it does not: `docs/decisions/0028-conformance-corpus.md`.
//!
//! Rejected: tests inside the crates alone. Whoever installs the program has its binary and no source, and asks whether
//! the attacks fail on this machine.

mod attack;
mod corpus;
mod error;
mod list;
mod mask;
mod module;
mod program;
mod report;
mod run;
mod scene;
mod verdict;
mod view;
mod watch;
mod world;

pub use attack::{Attack, Mount, Tries};
pub use corpus::{CORPUS, ROWS, attacks, uncovered};
pub use error::Broken;
pub use list::page;
pub use program::{Program, Said};
pub use report::{Report, Summary};
pub use run::{Selection, run};
pub use verdict::{Judged, Verdict};
