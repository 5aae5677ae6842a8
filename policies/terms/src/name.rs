//! Names of datasets, columns, modules, organisations and parameters.

use serde::{Deserialize, Serialize};

messages! {
    /// Why a text is not a name.
    pub enum NameError {
        Shape { text: String } = "name.shape" {
            en: "`{text}` is not a name: use 1 to 64 lower-case letters, digits, `-` and `_`, beginning with a letter or a digit",
            zh: "“{text}”不是合法名称：请使用 1 至 64 个小写字母、数字、“-”或“_”，并以字母或数字开头",
        },
    }
}

/// A name: 1 to 64 characters of `a-z`, `0-9`, `-` and `_`, the first a letter or a digit.
///
/// ASCII only, so that no two names look alike, and safe as a file name. People read titles, not names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// Reads a name, or says why it is none.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        Self::check(text).map(|()| Self(text.to_owned()))
    }

    fn check(text: &str) -> Result<(), NameError> {
        let first = text.bytes().next();
        let fits = text.len() <= 64
            && first.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte));
        if fits { Ok(()) } else { Err(NameError::Shape { text: text.chars().take(80).collect() }) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::check(&text).map(|()| Self(text))
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Name {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl schemars::JsonSchema for Name {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Name".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_tricks_and_confusables_are_no_names() {
        for text in ["rand-hie", "person_years", "2024", "a"] {
            assert!(Name::parse(text).is_ok(), "{text}");
        }
        let long = "x".repeat(65);
        for text in ["", "..", "../x", "a/b", "a.b", "A", "-a", "_a", "а", "a b", "a\0", long.as_str()] {
            assert!(Name::parse(text).is_err(), "{text}");
        }
    }
}
