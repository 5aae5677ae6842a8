//! What the interface offers: one type for each operation.
//!
//! Guarantee: router, OpenAPI document and client are made from the same [`Operation`], so they cannot disagree.
//! Rejected: annotations on handlers (utoipa): they describe a handler a second time, and the client a third.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tidegate_terms::Language;

/// A text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: &'static str,
    /// Chinese.
    pub zh: &'static str,
}

impl Words {
    /// The text in a language.
    pub fn get(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Chinese => self.zh,
        }
    }
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Reads; changes nothing.
    Get,
    /// Makes something or starts something.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Takes away.
    Delete,
}

impl Verb {
    /// As in a request line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether the input that is not in the path stands in a body.
    pub(crate) fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }

    pub(crate) fn changes(self) -> bool {
        self != Self::Get
    }
}

/// What an answer says that is no refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Success {
    /// 200.
    Ok,
    /// 201: made.
    Created,
    /// 202: it will happen at its time.
    Accepted,
    /// 204: done, and nothing to say.
    Nothing,
}

impl Success {
    /// The status code.
    pub fn status(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::Created => 201,
            Self::Accepted => 202,
            Self::Nothing => 204,
        }
    }
}

/// One operation of the interface.
///
/// Fields of [`Input`](Self::Input) that the path names come from the path; the others from the query (`GET`, `DELETE`)
/// or from the JSON body. An input is a struct of named fields that denies unknown ones.
pub trait Operation: 'static {
    /// Stable name, such as `notes.add`.
    const ID: &'static str;
    /// What is done.
    const VERB: Verb;
    /// Where, such as `/v1/notes/{note}`; a parameter is a whole segment.
    const PATH: &'static str;
    /// The group under which it is shown.
    const TAG: &'static str;
    /// In one line.
    const SUMMARY: Words;
    /// What a caller must know.
    const DESCRIPTION: Words;
    /// The status of an answer that is no refusal.
    const SUCCESS: Success = Success::Ok;
    /// Whether it needs no credential.
    const OPEN: bool = false;
    /// Whether it needs an idempotency key.
    const KEYED: bool = false;
    /// Whether its answer holds a secret that is shown once: it is then kept nowhere, not even for a request that comes again.
    const SECRET: bool = false;
    /// Whether it binds the operator and so needs a signature; needs [`KEYED`](Self::KEYED) too,
    /// and a verb with a body: a signature covers path and body, not the query.
    const BINDING: bool = false;
    /// Whether it lists page by page; its output is then a [`Page`].
    const PAGED: bool = false;
    /// Whether it answers with events; its output is then the data of one event.
    const STREAMS: bool = false;
    /// Whether it needs `If-Match`.
    const VERSIONED: bool = false;
    /// Whether it makes a program run on data. Its times are then in no metric (attack A21).
    const ON_DATA: bool = false;
    /// The longest body, in bytes.
    const BODY_BYTES_MAX: usize = 256 << 10;
    /// What it takes.
    type Input: Serialize + DeserializeOwned + JsonSchema;
    /// What it gives.
    type Output: Serialize + DeserializeOwned + JsonSchema;
    /// A request that would be accepted.
    fn input_example() -> Self::Input;
    /// An answer.
    fn output_example() -> Self::Output;
}

/// The input or output of an operation that takes or gives nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// What is on the page.
    pub items: Vec<T>,
    /// The cursor of the next page, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
