//! Public parameters of a run.

use crate::{Name, parse_date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

messages! {
    /// Why a parameter is refused.
    pub enum ParameterError {
        Unknown { name: String } = "parameter.unknown" {
            en: "the module has no parameter `{name}`; `tidegate model check` lists those it has",
            zh: "模型没有参数 `{name}`；`tidegate model check` 会列出它有的参数",
        },
        Missing { name: String } = "parameter.missing" {
            en: "parameter `{name}` has no default: give it with --param {name}=VALUE",
            zh: "参数 `{name}` 没有默认值：请用 --param {name}=值 给出",
        },
        Twice { name: String } = "parameter.twice" {
            en: "parameter `{name}` is given twice",
            zh: "参数 `{name}` 给出了两次",
        },
        Type { name: String, text: String, expected: String } = "parameter.type" {
            en: "parameter `{name}`: `{text}` is not a value of type {expected}",
            zh: "参数 `{name}`：“{text}”不是 {expected} 类型的值",
        },
        Range { name: String, text: String, range: String } = "parameter.range" {
            en: "parameter `{name}`: `{text}` is outside the declared range {range}",
            zh: "参数 `{name}`：“{text}”超出申报范围 {range}",
        },
    }
}

/// The type of a parameter and its declared range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ParameterType {
    /// A 64-bit signed integer.
    Integer {
        /// Smallest value.
        minimum: i64,
        /// Largest value.
        maximum: i64,
    },
    /// A finite 64-bit floating-point number.
    Float {
        /// Smallest value.
        minimum: f64,
        /// Largest value.
        maximum: f64,
    },
    /// A text of at most so many bytes.
    Text {
        /// Largest length in bytes.
        bytes_max: u32,
    },
    /// `true` or `false`.
    Boolean,
    /// A calendar date, YYYY-MM-DD.
    Date,
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Type and range.
    #[serde(flatten)]
    pub kind: ParameterType,
    /// The value where none is given, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// What it means, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// A value of a parameter. Equal runs have equal values: a negative zero is read as zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterValue {
    /// An integer.
    Integer(i64),
    /// A finite number.
    Float(f64),
    /// A text.
    Text(String),
    /// A truth value.
    Boolean(bool),
    /// Days since 1970-01-01.
    Date(i32),
}

impl Parameter {
    /// Reads a value that somebody typed.
    pub fn parse_value(&self, text: &str) -> Result<ParameterValue, ParameterError> {
        let wrong = |expected: &str| ParameterError::Type { name: self.name.to_string(), text: text.into(), expected: expected.into() };
        let outside = |range: String| ParameterError::Range { name: self.name.to_string(), text: text.into(), range };
        match &self.kind {
            ParameterType::Integer { minimum, maximum } => {
                let value: i64 = text.parse().map_err(|_| wrong("integer"))?;
                if value < *minimum || value > *maximum {
                    return Err(outside(format!("[{minimum}, {maximum}]")));
                }
                Ok(ParameterValue::Integer(value))
            }
            ParameterType::Float { minimum, maximum } => {
                let value: f64 = text.parse().map_err(|_| wrong("float"))?;
                if !(value >= *minimum && value <= *maximum) {
                    return Err(outside(format!("[{minimum}, {maximum}]")));
                }
                Ok(ParameterValue::Float(value + 0.0))
            }
            ParameterType::Text { bytes_max } => {
                if text.len() > *bytes_max as usize {
                    return Err(outside(format!("0..={bytes_max} bytes")));
                }
                Ok(ParameterValue::Text(text.to_owned()))
            }
            ParameterType::Boolean => match text {
                "true" => Ok(ParameterValue::Boolean(true)),
                "false" => Ok(ParameterValue::Boolean(false)),
                _ => Err(wrong("boolean (true or false)")),
            },
            ParameterType::Date => parse_date(text).map(ParameterValue::Date).ok_or_else(|| wrong("date (YYYY-MM-DD)")),
        }
    }

    /// Whether the declared range makes sense.
    pub fn range_is_sound(&self) -> bool {
        match &self.kind {
            ParameterType::Integer { minimum, maximum } => minimum <= maximum,
            ParameterType::Float { minimum, maximum } => minimum.is_finite() && maximum.is_finite() && minimum <= maximum,
            ParameterType::Text { bytes_max } => (1..=4096).contains(bytes_max),
            ParameterType::Boolean | ParameterType::Date => true,
        }
    }
}
