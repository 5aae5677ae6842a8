//! An exact table with its margins, before any decision about it.
//!
//! Nothing here has `Serialize` or `Display`, and `Debug` shows no numbers of data. Margins are cells of their own:
//! a unit that is in several cells counts once among the contributors of their margin, so the margin cannot be
//! computed from the cells.

use std::collections::BTreeMap;
use std::fmt;
use tidegate_terms::messages;

messages! {
    /// Why a table cannot be reviewed. These are faults of the caller, not properties of the data.
    #[derive(PartialEq, Eq)]
    pub enum TableError {
        NegativeBounds = "table.negative-bounds" {
            en: "sums under disclosure control need contributions of at least 0: declare a lower bound of 0 or more",
            zh: "受披露控制的求和要求贡献值不小于 0：请将下界申报为 0 或更大",
        },
        BoundsInverted = "table.bounds-inverted" {
            en: "the lower bound of the contributions is above the upper bound",
            zh: "贡献值的下界大于上界",
        },
        Shape { expected: usize, found: usize } = "table.shape" {
            en: "the table needs {expected} cells, its margins included, but has {found}",
            zh: "该表（含合计）应有 {expected} 个单元格，实际为 {found} 个",
        },
        TooLarge { most: usize } = "table.too-large" {
            en: "a reviewed table has at most {most} cells: choose fewer keys",
            zh: "受审表格最多 {most} 个单元格：请减少分组键",
        },
        Keys = "table.keys" {
            en: "the keys of an axis must be different from each other, at least one, and the two axes different dimensions",
            zh: "一个轴的键必须至少有一个且互不相同，两个轴必须是不同的维度",
        },
        Cell = "table.cell" {
            en: "a cell contradicts itself: its largest contributions, its contributors and its value do not fit together",
            zh: "单元格自相矛盾：其最大贡献、贡献者数与数值不一致",
        },
        Margin = "table.margin" {
            en: "a margin is not the sum of its cells",
            zh: "合计不等于其单元格之和",
        },
    }
}

/// One dimension of a table with its public keys.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Axis {
    /// The name of the dimension: the column whose categories these are.
    pub dimension: String,
    /// Its keys, in the order shown.
    pub keys: Vec<String>,
}

/// What the cells are.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The number of units.
    Count,
    /// The sum of what units contribute, in steps of the grid.
    Sum {
        /// The name of the statistic.
        name: String,
        /// The least that one unit contributes to one cell (the declared clamp), at least 0.
        lower: i64,
        /// The most.
        upper: i64,
    },
}

/// One exact cell, or margin.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// The units in it, without those that the operator supplied.
    pub contributors: u64,
    /// The exact value: units in it (for a margin of a count table: the sum of its cells), or the sum.
    pub value: i64,
    /// The part of the value that comes from units which the operator supplied: it knows that part, so the analysis
    /// takes it off. 0 where there are none.
    pub supplied: i64,
    /// For sums: the largest contributions of the contributors, descending; as many as
    /// [`DisclosureRules::largest_needed`](crate::DisclosureRules::largest_needed), or all where there are fewer.
    pub largest: Vec<i64>,
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cell(..)")
    }
}

impl Cell {
    /// What the analysis is about: the value without the part that the operator supplied.
    pub(crate) fn others(&self) -> i128 {
        i128::from(self.value) - i128::from(self.supplied)
    }
}

/// Where a cell is: its key in each dimension that it is not a total over.
pub type Path = BTreeMap<String, String>;

/// A table that fits together.
pub struct Table {
    rows: Axis,
    columns: Option<Axis>,
    measure: Measure,
    /// Row by row; the last row and the last column are margins.
    cells: Vec<Cell>,
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("rows", &self.rows).field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// The most cells of one table, margins included.
const CELLS_MAX: usize = 10_000;

impl Table {
    /// Takes the cells row by row. With columns, each row ends with its total, and the last row has the totals of the
    /// columns and the grand total; without, the cells of the keys are followed by the total.
    pub fn parse(rows: Axis, columns: Option<Axis>, measure: Measure, cells: Vec<Cell>) -> Result<Self, TableError> {
        let table = Self { rows, columns, measure, cells };
        table.check_keys()?;
        let expected = table.height().saturating_mul(table.width());
        if expected > CELLS_MAX {
            return Err(TableError::TooLarge { most: CELLS_MAX });
        }
        if table.cells.len() != expected {
            return Err(TableError::Shape { expected, found: table.cells.len() });
        }
        table.check_cells()?;
        table.check_margins()?;
        Ok(table)
    }

    /// Takes the cells without margins and adds these. Right only where every unit is in one cell at most.
    pub fn of_disjoint_units(rows: Axis, columns: Option<Axis>, measure: Measure, inner: Vec<Cell>) -> Result<Self, TableError> {
        let (height, width) = (rows.keys.len(), columns.as_ref().map_or(1, |axis| axis.keys.len()));
        let expected = height.saturating_mul(width);
        if expected > CELLS_MAX {
            return Err(TableError::TooLarge { most: CELLS_MAX });
        }
        if inner.len() != expected || expected == 0 {
            return Err(TableError::Shape { expected, found: inner.len() });
        }
        let mut cells = Vec::new();
        for row in inner.chunks(width) {
            cells.extend_from_slice(row);
            if columns.is_some() {
                cells.push(merged(row.iter())?);
            }
        }
        for column in 0..width {
            cells.push(merged(inner.iter().skip(column).step_by(width))?);
        }
        if columns.is_some() {
            cells.push(merged(inner.iter())?);
        }
        Self::parse(rows, columns, measure, cells)
    }

    fn check_keys(&self) -> Result<(), TableError> {
        let distinct = |axis: &Axis| {
            let set: std::collections::BTreeSet<&String> = axis.keys.iter().collect();
            !axis.keys.is_empty() && set.len() == axis.keys.len()
        };
        let dimensions_differ = self.columns.as_ref().is_none_or(|columns| columns.dimension != self.rows.dimension);
        if !distinct(&self.rows) || !self.columns.as_ref().is_none_or(distinct) || !dimensions_differ {
            return Err(TableError::Keys);
        }
        match self.measure {
            Measure::Sum { lower, .. } if lower < 0 => Err(TableError::NegativeBounds),
            Measure::Sum { lower, upper, .. } if lower > upper => Err(TableError::BoundsInverted),
            _ => Ok(()),
        }
    }

    fn check_cells(&self) -> Result<(), TableError> {
        for (index, cell) in self.cells.iter().enumerate() {
            let contributors = i128::from(cell.contributors);
            let others = cell.others();
            let fits = match &self.measure {
                Measure::Count if self.is_margin(index) => others >= contributors,
                Measure::Count => others == contributors,
                Measure::Sum { lower, upper, .. } => {
                    let top: i128 = cell.largest.iter().map(|one| i128::from(*one)).sum();
                    let all = cell.largest.len() as u128 == u128::from(cell.contributors);
                    let least = *cell.largest.last().unwrap_or(&0);
                    let rest = contributors - cell.largest.len() as i128;
                    let inside = self.is_margin(index)
                        || (others >= contributors * i128::from(*lower)
                            && others <= contributors * i128::from(*upper)
                            && others - top >= rest * i128::from(*lower)
                            && cell.largest.iter().all(|one| (lower..=upper).contains(&one)));
                    cell.largest.windows(2).all(|pair| pair[0] >= pair[1])
                        && least >= 0
                        && rest >= 0
                        && if all { top == others } else { top <= others && others - top <= rest * i128::from(least) }
                        && inside
                }
            };
            if !fits || cell.supplied < 0 {
                return Err(TableError::Cell);
            }
        }
        Ok(())
    }

    fn check_margins(&self) -> Result<(), TableError> {
        let fits = |cells: &[usize], margin: usize| {
            let sum = |part: fn(&Cell) -> i64| -> i128 { cells.iter().map(|index| i128::from(part(&self.cells[*index]))).sum() };
            let contributors = cells.iter().map(|index| u128::from(self.cells[*index].contributors));
            let margin = &self.cells[margin];
            sum(|cell| cell.value) == i128::from(margin.value)
                && sum(|cell| cell.supplied) == i128::from(margin.supplied)
                && contributors.clone().sum::<u128>() >= u128::from(margin.contributors)
                && contributors.max().unwrap_or(0) <= u128::from(margin.contributors)
        };
        let (height, width) = (self.height(), self.width());
        for column in 0..width {
            let cells: Vec<usize> = (0..height - 1).map(|row| row * width + column).collect();
            if !fits(&cells, (height - 1) * width + column) {
                return Err(TableError::Margin);
            }
        }
        if self.columns.is_some() {
            for row in 0..height {
                let cells: Vec<usize> = (0..width - 1).map(|column| row * width + column).collect();
                if !fits(&cells, row * width + width - 1) {
                    return Err(TableError::Margin);
                }
            }
        }
        Ok(())
    }

    /// Rows, the margin included.
    pub fn height(&self) -> usize {
        self.rows.keys.len() + 1
    }

    /// Columns, the margin included; 1 without columns.
    pub fn width(&self) -> usize {
        self.columns.as_ref().map_or(1, |axis| axis.keys.len() + 1)
    }

    /// The rows.
    pub fn rows(&self) -> &Axis {
        &self.rows
    }

    /// The columns, if there are any.
    pub fn columns(&self) -> Option<&Axis> {
        self.columns.as_ref()
    }

    /// What the cells are.
    pub fn measure(&self) -> &Measure {
        &self.measure
    }

    /// Whether the cell of this index is a total over an axis.
    pub fn is_margin(&self, index: usize) -> bool {
        let (row, column) = (index / self.width(), index % self.width());
        row + 1 == self.height() || (self.columns.is_some() && column + 1 == self.width())
    }

    pub(crate) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Where the cell of this index is.
    pub(crate) fn path(&self, index: usize) -> Path {
        let (row, column) = (index / self.width(), index % self.width());
        let mut path = Path::new();
        if let Some(key) = self.rows.keys.get(row) {
            path.insert(self.rows.dimension.clone(), key.clone());
        }
        if let Some((axis, key)) = self.columns.as_ref().and_then(|axis| axis.keys.get(column).map(|key| (axis, key))) {
            path.insert(axis.dimension.clone(), key.clone());
        }
        path
    }
}

/// The margin of cells that share no unit.
fn merged<'a>(cells: impl Iterator<Item = &'a Cell>) -> Result<Cell, TableError> {
    let mut margin = Cell::default();
    // The lists together name as many of the largest as the shortest list that is not complete.
    let mut known = usize::MAX;
    for cell in cells {
        margin.contributors = margin.contributors.checked_add(cell.contributors).ok_or(TableError::Margin)?;
        margin.value = margin.value.checked_add(cell.value).ok_or(TableError::Margin)?;
        margin.supplied = margin.supplied.checked_add(cell.supplied).ok_or(TableError::Margin)?;
        margin.largest.extend_from_slice(&cell.largest);
        if (cell.largest.len() as u128) < u128::from(cell.contributors) {
            known = known.min(cell.largest.len());
        }
    }
    margin.largest.sort_unstable_by(|one, other| other.cmp(one));
    margin.largest.truncate(known);
    Ok(margin)
}
