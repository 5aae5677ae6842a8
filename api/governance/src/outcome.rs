//! What an operation gives back: what was done, or why it was not.
//!
//! Guarantee: a refusal has a code, a sentence and what to do in both languages, and its status follows from the code, so
//! that one cause has one status everywhere. What failed inside the domain is told to its journal, not to the caller.

use tidegate_access::Denial;
use tidegate_http::api::{Class, Problem, Words, WrongField};
use tidegate_terms::{Bilingual, Language, Message, Spoken, messages};

messages! {
    /// What is said of causes that stay in the domain.
    enum Unsaid {
        Failed = "office.failed" {
            en: "the domain could not do this; the cause is in its journal. Whether something was done can be read from the log",
            zh: "数据域未能完成此操作；原因在其内部日志中。是否已有变更可从日志中读取",
        },
    }
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Done<T> {
    /// The operation's output.
    pub output: T,
    /// The version of what is shown or was made.
    pub version: Option<u32>,
    /// Where the page ended, if more follow.
    pub next: Option<String>,
}

impl<T> Done<T> {
    /// With the version of what is shown or was made.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.version = Some(version);
        self
    }

    /// With the place where the page ended.
    #[must_use]
    pub fn next(mut self, next: Option<String>) -> Self {
        self.next = next;
        self
    }
}

impl<T> From<T> for Done<T> {
    fn from(output: T) -> Self {
        Self { output, version: None, next: None }
    }
}

/// A refusal. Every message becomes one.
#[derive(Debug, Clone)]
pub struct Refused {
    problem: Box<Problem>,
    /// What the journal is told.
    cause: Option<String>,
}

impl<E: Message> From<E> for Refused {
    fn from(message: E) -> Self {
        let code = message.code();
        let class = class_of(&code);
        if class == Class::Failed {
            let cause = Some(format!("{code}: {}", message.say(Language::English)));
            return Self { problem: Box::new(Problem::new(class, &Unsaid::Failed, remedy(class))), cause };
        }
        Self { problem: Box::new(Problem::new(class, &message, remedy(class))), cause: None }
    }
}

impl Refused {
    /// A refusal of a kind that does not follow from the code.
    pub fn of(class: Class, message: &impl Message) -> Self {
        Self { problem: Box::new(Problem::new(class, message, remedy(class))), cause: None }
    }

    /// A denial of the access rules, with its article.
    pub fn denied(denial: &Denial) -> Self {
        let problem = Problem::new(Class::Forbidden, denial, remedy(Class::Forbidden)).under(&denial.clause.to_string());
        Self { problem: Box::new(problem), cause: None }
    }

    /// With the article that demands it.
    #[must_use]
    pub fn under(mut self, article: &str) -> Self {
        self.problem = Box::new((*self.problem).under(article));
        self
    }

    /// With a field of the input that is wrong.
    #[must_use]
    pub fn at_field(mut self, pointer: &str, detail: &impl Message) -> Self {
        let detail = Bilingual { zh: detail.say(Language::Chinese), en: detail.say(Language::English) };
        self.problem.fields.push(WrongField { pointer: pointer.to_owned(), detail });
        self
    }

    /// The refusal in words, for a process beside.
    pub fn spoken(&self) -> Spoken {
        let Problem { code, detail, .. } = &*self.problem;
        Spoken { code: code.clone(), en: detail.en.clone(), zh: detail.zh.clone() }
    }

    /// The problem document.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The problem document, and what the journal is told.
    pub(crate) fn into_parts(self) -> (Problem, Option<String>) {
        (*self.problem, self.cause)
    }
}

/// The kind of refusal that a code stands for: its last word says what is the matter, its first where.
fn class_of(code: &str) -> Class {
    const INSIDE: [&str; 11] =
        ["store.", "publish.", "engine.", "frame.", "sandbox.", "walls.", "gate.", "noise.", "entry.", "proof.", "conclude."];
    const FAILED: [&str; 6] =
        ["domain.files", "domain.disk-full", "domain.keys", "domain.randomness", "domain.clock-back", "domain.missing"];
    let last = code.rsplit('.').next().unwrap_or(code);
    if code == "store.exists" {
        return Class::Conflict;
    }
    if FAILED.contains(&code) || INSIDE.iter().any(|prefix| code.starts_with(prefix)) {
        return Class::Failed;
    }
    if code.starts_with("denied.") || code.starts_with("access.") {
        return Class::Forbidden;
    }
    match last {
        "unknown" | "missing" | "none" => Class::Unknown,
        "locked" | "busy" => Class::Busy,
        "destroyed" | "purged" | "gone" => Class::Gone,
        "exists" | "twice" | "again" | "over" | "closed" | "state" | "frozen" | "stopped" | "held" => Class::Conflict,
        other if other.ends_with("-already") || other.starts_with("already") => Class::Conflict,
        _ => Class::Unprocessable,
    }
}

fn remedy(class: Class) -> Words {
    let (en, zh) = match class {
        Class::Unauthenticated => ("send a valid credential, or sign in again", "请提供有效凭证，或重新登录"),
        Class::Forbidden => (
            "see docs/access-table.md for who may do this, in which state and on which conditions",
            "何人可在何种状态与条件下操作，见 docs/access-table.md",
        ),
        Class::Unknown => ("check the identifier; lists show what there is", "请检查编号；列表会显示现有内容"),
        Class::Conflict => ("read its present state first, then decide again", "请先读取其当前状态，再作决定"),
        Class::Gone => ("it cannot come back; choose another one", "无法恢复；请选择其他对象"),
        Class::Changed => ("read it again and repeat the change on its newest version", "请重新读取，并在最新版本上重复更改"),
        Class::Busy => ("wait a little and try again", "请稍候重试"),
        Class::Failed => ("try again; if it fails again, ask the custodian of the domain", "请重试；如再次失败，请联系数据域保管方"),
        _ => ("correct what the message names and send the request again", "请按提示更正后重新发送请求"),
    };
    Words { en, zh }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_class() {
        for (code, class) in [
            ("grant.unknown", Class::Unknown),
            ("store.exists", Class::Conflict),
            ("store.database", Class::Failed),
            ("domain.files", Class::Failed),
            ("domain.locked", Class::Busy),
            ("denied.revoked", Class::Forbidden),
            ("access.t1", Class::Forbidden),
            ("grant.revoked-already", Class::Conflict),
            ("organisation.no-role", Class::Unprocessable),
        ] {
            assert_eq!(class_of(code), class, "{code}");
        }
    }

    #[test]
    fn what_failed_inside_stays_inside() {
        let refused = Refused::from(tidegate_store::StoreError::Database { detail: "a secret path".into() });
        let (problem, cause) = refused.into_parts();
        assert_eq!(problem.code, "office.failed");
        assert!(!format!("{problem:?}").contains("secret"));
        assert!(cause.is_some_and(|cause| cause.contains("a secret path")));
    }
}
