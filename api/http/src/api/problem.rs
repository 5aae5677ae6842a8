//! Refusals as problem documents (RFC 9457).
//!
//! Guarantee: a problem says what is wrong and what to do, in the reader's language, and quotes at most
//! [`QUOTE_CHARACTERS_MAX`] characters of what the caller sent.

use super::operation::Words;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tidegate_terms::{Bilingual, Language, Message};

/// The most of a caller's own input that a problem repeats.
pub(crate) const QUOTE_CHARACTERS_MAX: usize = 60;

/// The kind of a refusal: its status and title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The request cannot be understood.
    Malformed,
    /// Nobody is known to be asking.
    Unauthenticated,
    /// Whoever asks may not.
    Forbidden,
    /// There is no such thing.
    Unknown,
    /// The method is not possible there.
    NotAllowed,
    /// The request came too slowly.
    Slow,
    /// The state does not allow it.
    Conflict,
    /// It was there once.
    Gone,
    /// It has changed since it was read.
    Changed,
    /// The request is too large.
    TooLarge,
    /// The body's media type is not taken.
    MediaType,
    /// The request is meant for another server.
    Misdirected,
    /// The request is understood, and what it asks for cannot be.
    Unprocessable,
    /// `If-Match` is missing.
    VersionNeeded,
    /// Too many requests.
    TooMany,
    /// A fault of the server.
    Failed,
    /// Not now.
    Busy,
    /// The answer took too long.
    Late,
}

impl Class {
    /// Status and title.
    fn of(self) -> (u16, Words) {
        let words = |en, zh| Words { en, zh };
        match self {
            Self::Malformed => (400, words("The request cannot be understood", "无法理解请求")),
            Self::Unauthenticated => (401, words("A credential is needed", "需要身份凭证")),
            Self::Forbidden => (403, words("Not allowed", "不允许")),
            Self::Unknown => (404, words("Not found", "不存在")),
            Self::NotAllowed => (405, words("Not possible here", "此处不可用")),
            Self::Slow => (408, words("The request came too slowly", "请求传输过慢")),
            Self::Conflict => (409, words("Not possible now", "当前状态不允许")),
            Self::Gone => (410, words("No longer there", "已不存在")),
            Self::Changed => (412, words("Changed meanwhile", "期间已被更改")),
            Self::TooLarge => (413, words("Too large", "过大")),
            Self::MediaType => (415, words("The media type is not taken", "不接受该媒体类型")),
            Self::Misdirected => (421, words("Meant for another server", "请求的目标并非本服务")),
            Self::Unprocessable => (422, words("Cannot be done", "无法执行")),
            Self::VersionNeeded => (428, words("The version must be named", "须指明版本")),
            Self::TooMany => (429, words("Too many requests", "请求过多")),
            Self::Failed => (500, words("The server failed", "服务器故障")),
            Self::Busy => (503, words("Not now", "暂不可用")),
            Self::Late => (504, words("No answer in time", "未能及时应答")),
        }
    }

    /// The status code.
    pub fn status(self) -> u16 {
        self.of().0
    }
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongField {
    /// Where: a JSON pointer into the operation's input.
    pub pointer: String,
    /// What is wrong.
    pub detail: Bilingual,
}

/// A refusal, in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Its kind.
    pub class: Class,
    /// A stable code, such as `json.depth`.
    pub code: String,
    /// What is wrong.
    pub detail: Bilingual,
    /// What to do.
    pub remedy: Bilingual,
    /// The article that demands it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// Which fields are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<WrongField>,
    /// After how many seconds trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem that says what a message says.
    pub fn new(class: Class, message: &impl Message, remedy: Words) -> Self {
        Self {
            class,
            code: message.code(),
            detail: spoken(message),
            remedy: Bilingual { zh: remedy.zh.to_owned(), en: remedy.en.to_owned() },
            article: None,
            fields: Vec::new(),
            retry_after: None,
        }
    }

    /// With the article that demands it.
    #[must_use]
    pub fn under(mut self, article: &str) -> Self {
        self.article = Some(article.to_owned());
        self
    }

    /// The document, in one language; detail and remedy stand in it in the other language too.
    pub(crate) fn document(&self, language: Language, request_id: &str) -> Value {
        let (status, title) = self.class.of();
        let other = match language {
            Language::English => Language::Chinese,
            Language::Chinese => Language::English,
        };
        let fields = |field: &WrongField| json!({ "pointer": field.pointer, "detail": field.detail.get(language) });
        let mut document = json!({
            "type": format!("urn:tidegate:problem:{}", self.code),
            "title": title.get(language),
            "status": status,
            "code": self.code,
            "detail": self.detail.get(language),
            "remedy": self.remedy.get(language),
            "language": super::language::tag(language),
            "translation": {
                "language": super::language::tag(other),
                "title": title.get(other),
                "detail": self.detail.get(other),
                "remedy": self.remedy.get(other),
            },
            "request_id": request_id,
        });
        if let Some(map) = document.as_object_mut() {
            if let Some(article) = &self.article {
                map.insert("article".into(), json!(article));
            }
            if !self.fields.is_empty() {
                map.insert("errors".into(), self.fields.iter().map(fields).collect());
            }
        }
        document
    }

    /// Reads a document back, as a client does.
    pub(crate) fn of_document(document: &Value) -> Option<Self> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let chinese = text(document, "language") == "zh";
        let translation = document.get("translation")?;
        let both = |name: &str| {
            let (own, other) = (text(document, name), text(translation, name));
            if chinese { Bilingual { zh: own, en: other } } else { Bilingual { zh: other, en: own } }
        };
        let status = document.get("status")?.as_u64()?;
        let class = ALL.into_iter().find(|class| u64::from(class.status()) == status)?;
        let field = |value: &Value| WrongField {
            pointer: text(value, "pointer"),
            detail: Bilingual { zh: text(value, "detail"), en: text(value, "detail") },
        };
        Some(Self {
            class,
            code: text(document, "code"),
            detail: both("detail"),
            remedy: both("remedy"),
            article: document.get("article").and_then(Value::as_str).map(str::to_owned),
            fields: document.get("errors").and_then(Value::as_array).into_iter().flatten().map(field).collect(),
            retry_after: None,
        })
    }
}

const ALL: [Class; 18] = [
    Class::Malformed,
    Class::Unauthenticated,
    Class::Forbidden,
    Class::Unknown,
    Class::NotAllowed,
    Class::Slow,
    Class::Conflict,
    Class::Gone,
    Class::Changed,
    Class::TooLarge,
    Class::MediaType,
    Class::Misdirected,
    Class::Unprocessable,
    Class::VersionNeeded,
    Class::TooMany,
    Class::Failed,
    Class::Busy,
    Class::Late,
];

pub(crate) fn spoken(message: &impl Message) -> Bilingual {
    Bilingual { zh: message.say(Language::Chinese), en: message.say(Language::English) }
}

/// A short quote of what a caller sent, without characters that a terminal or a page would act upon.
pub(crate) fn quote(text: &str) -> String {
    let shown = |character: char| if character.is_control() || is_invisible(character) { '\u{fffd}' } else { character };
    let mut quoted: String = text.chars().take(QUOTE_CHARACTERS_MAX).map(shown).collect();
    if text.chars().nth(QUOTE_CHARACTERS_MAX).is_some() {
        quoted.push('…');
    }
    quoted
}

/// Marks of direction and of no width.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::refusals::Refusal;

    #[test]
    fn a_document_reads_back_and_speaks_both_languages() {
        let problem = Refusal::BodyTooLarge { maximum: 10 }.problem().under("SYS Art. 41");
        for language in [Language::English, Language::Chinese] {
            let document = problem.document(language, "r1");
            assert_eq!(document["status"], 413);
            assert_eq!(document["request_id"], "r1");
            assert_eq!(document["detail"], problem.detail.get(language));
            assert_ne!(document["detail"], document["translation"]["detail"]);
            assert_eq!(Problem::of_document(&document).as_ref(), Some(&problem));
        }
    }

    #[test]
    fn a_quote_is_short_and_shows_no_marks() {
        assert_eq!(quote("a\u{202e}b\0c"), "a\u{fffd}b\u{fffd}c");
        assert_eq!(quote(&"x".repeat(500)).chars().count(), QUOTE_CHARACTERS_MAX + 1);
    }

    #[test]
    fn every_class_has_a_status_of_its_own() {
        let mut statuses = ALL.map(Class::status).to_vec();
        statuses.dedup();
        assert_eq!(statuses.len(), ALL.len());
        assert!(statuses.is_sorted());
    }
}
