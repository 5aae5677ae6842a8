//! Checks of rounds, blocks, side tables and joins.

use super::{Manifest, ManifestError};
use crate::schema::check_column;
use std::collections::BTreeSet;

impl Manifest {
    pub(super) fn check_rounds(&self) -> Result<(), ManifestError> {
        let within = |what: &str, value: u64, minimum: u64, maximum: u64| {
            let fits = (minimum..=maximum).contains(&value);
            if fits { Ok(()) } else { Err(ManifestError::Rounds { what: what.into(), minimum, maximum }) }
        };
        if let Some(rounds) = &self.rounds {
            within("rounds.max", u64::from(rounds.max), 1, 1_000)?;
            within("rounds.state_max", u64::from(rounds.state_max), 0, 1_000_000)?;
            within("rounds.fuel", rounds.fuel, 1_000, 100_000_000_000)?;
            within("rounds.memory_bytes", rounds.memory_bytes, 65_536, 1 << 30)?;
        }
        if let Some(blocks) = &self.blocks {
            within("blocks.count", u64::from(blocks.count), 2, 10_000)?;
            if self.inputs.iter().any(|input| input.joined) {
                return Err(ManifestError::BlocksJoined);
            }
        }
        if !self.inputs.is_empty() && self.inputs.iter().all(|input| input.joined) {
            return Err(ManifestError::AllJoined);
        }
        let mut names = BTreeSet::new();
        for table in &self.side_tables {
            let mut columns = BTreeSet::new();
            let distinct = names.insert(&table.name) && table.columns.iter().all(|column| columns.insert(&column.name));
            let sound = table.columns.iter().all(|column| !column.nullable && check_column(column).is_ok());
            if !distinct || !sound || table.columns.is_empty() {
                return Err(ManifestError::SideTable { table: table.name.to_string() });
            }
            within("rows_max", u64::from(table.rows_max), 1, 100_000)?;
        }
        Ok(())
    }
}
