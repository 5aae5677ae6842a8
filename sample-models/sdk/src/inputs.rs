//! What is public in a round, and what rounds released.

use crate::{Finding, Inputs, Parameters, Released, Table};
use alloc::string::String;

impl Inputs {
    /// The parameters, in the order of the manifest.
    pub fn parameters(&self) -> Parameters<'_> {
        Parameters::new(&self.parameters)
    }

    /// A public side table, by its place among the manifest's `side_tables`.
    pub fn side_table(&self, index: usize) -> &Table {
        &self.side_tables[index]
    }

    /// What `conclude` passed on, or so many zeros in the first round.
    pub fn state_or_zeros(&self, length: usize) -> alloc::vec::Vec<f64> {
        let mut state = self.state.clone();
        state.resize(length, 0.0);
        state
    }
}

impl Released {
    /// How many groups it has.
    pub fn groups(&self) -> usize {
        self.values.len() / (self.width as usize).max(1)
    }

    /// One estimate of one group.
    pub fn value(&self, group: usize, estimate: usize) -> f64 {
        self.values[group * self.width as usize + estimate]
    }
}

/// A line of the report.
pub fn finding(name: impl Into<String>, value: f64) -> Finding {
    Finding { name: name.into(), value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn estimates_lie_group_by_group() {
        let released =
            Released { keys: vec!["a".into(), "b".into()], width: 2, values: vec![1.0, 2.0, 3.0, 4.0], lower: vec![], upper: vec![] };
        assert_eq!((released.groups(), released.value(1, 0)), (2, 3.0));
    }

    #[test]
    fn the_first_round_begins_with_zeros() {
        let inputs = Inputs { parameters: vec![], side_tables: vec![], round: 1, state: vec![] };
        assert_eq!(inputs.state_or_zeros(2), [0.0, 0.0]);
    }
}
