//! Reading the rows of a unit: typed columns, a missing value is `None`.
//!
//! A column asked for under another type than the schema's is a mistake of the model, not of the data.
//! It panics, and the unit's contribution becomes zeros; a dry run over mock data shows it.

use crate::{Column, Table, Unit, Values};
use alloc::string::String;

impl Unit {
    /// A table, by its place among the manifest's `inputs`.
    pub fn table(&self, index: usize) -> &Table {
        &self.tables[index]
    }
}

impl Table {
    /// How many rows the unit has here.
    pub fn rows(&self) -> usize {
        self.row_count as usize
    }

    /// Whether a value is missing.
    pub fn is_missing(&self, column: usize, row: usize) -> bool {
        self.columns[column].missing.as_ref().is_some_and(|flags| flags[row])
    }

    /// A column of integers; columns go by their place in the manifest's `columns`.
    pub fn integers(&self, column: usize) -> Entries<'_, i64> {
        self.entries(column, |values| if let Values::Integers(list) = values { Some(list) } else { None })
    }

    /// A column of floats.
    pub fn floats(&self, column: usize) -> Entries<'_, f64> {
        self.entries(column, |values| if let Values::Floats(list) = values { Some(list) } else { None })
    }

    /// A column of truth values.
    pub fn booleans(&self, column: usize) -> Entries<'_, bool> {
        self.entries(column, |values| if let Values::Booleans(list) = values { Some(list) } else { None })
    }

    /// A column of dates, in days since 1970-01-01.
    pub fn dates(&self, column: usize) -> Entries<'_, i32> {
        self.entries(column, |values| if let Values::Dates(list) = values { Some(list) } else { None })
    }

    /// A column of categories, as indices into the public list; the group index of grouped statistics.
    pub fn categories(&self, column: usize) -> Entries<'_, u32> {
        self.entries(column, |values| if let Values::Categories(list) = values { Some(list) } else { None })
    }

    /// A column of texts.
    pub fn texts(&self, column: usize) -> Texts<'_> {
        Texts(self.slices(column, |values| if let Values::Texts(list) = values { Some(list) } else { None }))
    }

    fn entries<'a, T: Copy>(&'a self, column: usize, list: impl Fn(&'a Values) -> Option<&'a alloc::vec::Vec<T>>) -> Entries<'a, T> {
        Entries(self.slices(column, list))
    }

    /// A table without rows need not have columns either: it gives no entries, whatever the type.
    fn slices<'a, T>(&'a self, column: usize, list: impl Fn(&'a Values) -> Option<&'a alloc::vec::Vec<T>>) -> Slices<'a, T> {
        if self.row_count == 0 {
            return Slices { values: [].iter(), missing: None };
        }
        let Column { values, missing } = &self.columns[column];
        match list(values) {
            Some(values) => Slices { values: values.iter(), missing: missing.as_deref().map(<[bool]>::iter) },
            None => panic!("the column has another type in the schema"),
        }
    }
}

struct Slices<'a, T> {
    values: core::slice::Iter<'a, T>,
    missing: Option<core::slice::Iter<'a, bool>>,
}

impl<'a, T> Slices<'a, T> {
    #[inline]
    fn next(&mut self) -> Option<Option<&'a T>> {
        let value = self.values.next()?;
        let missing = self.missing.as_mut().and_then(Iterator::next).is_some_and(|missing| *missing);
        Some(if missing { None } else { Some(value) })
    }
}

/// The entries of a column, row by row; `None` is a missing value.
pub struct Entries<'a, T>(Slices<'a, T>);

impl<T: Copy> Iterator for Entries<'_, T> {
    type Item = Option<T>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|entry| entry.copied())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.values.size_hint()
    }
}

impl<T: Copy> ExactSizeIterator for Entries<'_, T> {}

/// The entries of a column of texts, row by row; `None` is a missing value.
pub struct Texts<'a>(Slices<'a, String>);

impl<'a> Iterator for Texts<'a> {
    type Item = Option<&'a str>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|entry| entry.map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;

    #[test]
    fn missing_values_are_none() {
        let columns = vec![
            Column { values: Values::Integers(vec![4, 0, 6]), missing: Some(vec![false, true, false]) },
            Column { values: Values::Texts(vec!["a".into(), "".into(), "".into()]), missing: Some(vec![false, false, true]) },
            Column { values: Values::Categories(vec![2, 0, 1]), missing: None },
        ];
        let unit = Unit { tables: vec![Table { row_count: 3, columns }] };
        let table = unit.table(0);
        assert_eq!(table.rows(), 3);
        assert_eq!(table.integers(0).collect::<Vec<_>>(), [Some(4), None, Some(6)]);
        assert_eq!(table.integers(0).len(), 3);
        assert_eq!(table.texts(1).collect::<Vec<_>>(), [Some("a"), Some(""), None]);
        assert_eq!(table.categories(2).flatten().collect::<Vec<_>>(), [2, 0, 1]);
        assert!(table.is_missing(0, 1) && !table.is_missing(0, 2) && !table.is_missing(2, 0));
    }

    #[test]
    fn a_table_without_rows_has_no_entries_of_any_type() {
        let empty = Table { row_count: 0, columns: Vec::new() };
        assert_eq!(empty.floats(3).count() + empty.dates(0).count() + empty.texts(9).count(), 0);
    }

    #[test]
    #[should_panic(expected = "another type")]
    fn another_type_is_a_mistake_of_the_model() {
        let columns = vec![Column { values: Values::Booleans(vec![true]), missing: None }];
        let _ = Table { row_count: 1, columns }.floats(0);
    }
}
