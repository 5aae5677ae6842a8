//! Exact tables leave here, under disclosure control and with an approval.
//!
//! Guarantee: [`Tables`] are made from [`Totals`] by [`publish_tables`] alone, under the rules of an [`Approval`] for that
//! very run, and with every earlier table of the lineage in view. They are **not** differentially private.

use crate::GateError;
use serde::{Deserialize, Serialize};
use tidegate_authorisation::Approval;
use tidegate_disclosure::{Axis, Cell, Measure, Published, Remembered, Table, TableError, review};
use tidegate_engine::Totals;
use tidegate_statistics::{Layout, ReviewedCell, ReviewedLayout, ReviewedSums};
use tidegate_terms::{Name, ReviewedMeasure, Spoken};

/// One table as it leaves: its cells, or why it stays inside. That it stays inside depends on data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableOutcome {
    /// Its name.
    pub table: Name,
    /// What one step of its values is worth.
    pub step: f64,
    /// The table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    /// Or why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Spoken>,
}

/// The tables of one reviewed run; the only exact numbers that leave the domain.
///
/// ```compile_fail
/// // Only the gate makes them.
/// let forged = tidegate_gate::Tables { run: String::new(), tables: vec![], remembered: vec![] };
/// ```
/// ```compile_fail
/// // And only with an approval.
/// fn leak(totals: &tidegate_engine::Totals, layout: &tidegate_statistics::Layout) {
///     let _ = tidegate_gate::publish_tables(totals, layout, &[]);
/// }
/// ```
#[derive(Debug)]
pub struct Tables {
    run: String,
    tables: Vec<TableOutcome>,
    remembered: Vec<(Name, Remembered)>,
}

impl Tables {
    /// The run.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What leaves.
    pub fn tables(&self) -> &[TableOutcome] {
        &self.tables
    }

    /// What later tables of the lineage are checked against, for the domain's store alone.
    pub fn remembered(&self) -> &[(Name, Remembered)] {
        &self.remembered
    }
}

/// Reviews the exact totals of an approved run against all earlier tables of the lineage, and each of its tables against
/// those before it.
pub fn publish_tables(totals: &Totals, approval: &Approval, layout: &Layout, earlier: Vec<Remembered>) -> Result<Tables, GateError> {
    if totals.run() != approval.run() {
        return Err(GateError::OtherRun);
    }
    let sums = &totals.for_the_gate().reviewed;
    if layout.reviewed().is_empty() || sums.len() != layout.reviewed().len() {
        return Err(GateError::OtherLayout);
    }
    let mut earlier = earlier;
    let (mut tables, mut remembered) = (Vec::new(), Vec::new());
    for (layout, sums) in layout.reviewed().iter().zip(sums) {
        let name = layout.table().name.clone();
        // A table that contradicts itself is a fault of the host and ends the run; a refusal is a result.
        let table = table_of(layout, sums, approval.rules().largest_needed())?;
        let mut outcome = TableOutcome { table: name.clone(), step: layout.step(), published: None, refused: None };
        match review(approval.rules(), &table, &earlier) {
            Ok(reviewed) => {
                earlier.push(reviewed.remembered.clone());
                remembered.push((name, reviewed.remembered));
                outcome.published = Some(reviewed.published);
            }
            Err(refusal) => outcome.refused = Some(Spoken::of(&refusal)),
        }
        tables.push(outcome);
    }
    Ok(Tables { run: totals.run().to_owned(), tables, remembered })
}

fn table_of(layout: &ReviewedLayout, sums: &ReviewedSums, largest: usize) -> Result<Table, TableError> {
    let declared = layout.table();
    let rows = Axis { dimension: declared.rows.dimension(), keys: layout.rows().to_vec() };
    let columns = declared.columns.as_ref().zip(layout.columns());
    let columns = columns.map(|(axis, keys)| Axis { dimension: axis.dimension(), keys: keys.to_vec() });
    let measure = match &declared.measure {
        ReviewedMeasure::Count {} => Measure::Count,
        ReviewedMeasure::Sum { quantity, .. } => Measure::Sum { name: quantity.to_string(), lower: 0, upper: layout.steps_max() },
    };
    let cell = |cell: &ReviewedCell| Cell {
        contributors: cell.contributors,
        value: cell.value,
        supplied: 0,
        largest: cell.largest.iter().take(largest).copied().collect(),
    };
    Table::parse(rows, columns, measure, sums.cells.iter().map(cell).collect())
}
