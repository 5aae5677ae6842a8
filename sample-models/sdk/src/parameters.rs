//! Public parameters of the run, by their place in the manifest.

use crate::bindings::exports::tidegate::analysis::model::Parameter;

/// The parameters. As with columns, asking for another type than the manifest declares panics.
pub struct Parameters<'a>(&'a [Parameter]);

macro_rules! accessor {
    ($(#[$doc:meta])* $name:ident, $variant:ident, $type:ty) => {
        $(#[$doc])*
        pub fn $name(&self, index: usize) -> $type {
            match &self.0[index] {
                Parameter::$variant(value) => *value,
                _ => panic!("the parameter has another type in the manifest"),
            }
        }
    };
}

impl<'a> Parameters<'a> {
    #[doc(hidden)]
    pub fn new(list: &'a [Parameter]) -> Self {
        Self(list)
    }

    accessor!(/// An integer.
        integer, Integer, i64);
    accessor!(/// A finite number.
        float, Float, f64);
    accessor!(/// A truth value.
        boolean, Boolean, bool);
    accessor!(/// A date, in days since 1970-01-01.
        date, Date, i32);

    /// A text.
    pub fn text(&self, index: usize) -> &'a str {
        match &self.0[index] {
            Parameter::Text(value) => value,
            _ => panic!("the parameter has another type in the manifest"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_in_the_order_of_the_manifest() {
        let list =
            [Parameter::Float(0.5), Parameter::Text("west".into()), Parameter::Date(3), Parameter::Boolean(true), Parameter::Integer(-7)];
        let parameters = Parameters::new(&list);
        assert_eq!((parameters.float(0), parameters.text(1), parameters.date(2)), (0.5, "west", 3));
        assert_eq!((parameters.boolean(3), parameters.integer(4)), (true, -7));
    }
}
