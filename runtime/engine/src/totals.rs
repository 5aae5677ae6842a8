//! Exact totals of a run. They hold raw data's sums, so nothing prints or serialises them.

use tidegate_statistics::Sums;
use tidegate_terms::Digest;

/// The exact totals of one run, complete: every unit of every shard, once.
///
/// Made by [`execute`](crate::execute) alone. Only the gate may look inside.
///
/// ```compile_fail
/// let forged = tidegate_engine::Totals { run: String::new(), sums: todo!() };
/// ```
/// ```compile_fail
/// fn print(totals: &tidegate_engine::Totals) -> String { format!("{totals}") }
/// ```
pub struct Totals {
    pub(crate) run: String,
    pub(crate) sums: Sums,
}

impl Totals {
    /// The run that they belong to.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// A salted commitment to the totals, for the log: replay compares with it. Without the salt, small
    /// totals would be open to a dictionary (attack A22).
    pub fn commitment(&self, salt: &[u8; 32]) -> Digest {
        Digest::commitment(salt, &self.sums.canonical_bytes())
    }

    /// The numbers, for the noise process and nobody else.
    pub fn for_the_gate(&self) -> &Sums {
        &self.sums
    }
}

impl std::fmt::Debug for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Totals(withheld)")
    }
}
