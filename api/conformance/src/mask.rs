//! What must differ between two worlds is taken out of what they showed: random names, instants, digests, signatures.
//!
//! A masked word keeps a number by its first appearance, so that two worlds still differ where one shows a digest twice
//! and the other two digests. Numbers that a release noised are taken out too, and compared apart: within one person's
//! bounds where noise is off, not at all where it is on.
//!
//! Rejected: a list of fields to compare. What an attacker finds is the field that nobody thought of.

use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;

/// One world's mask.
pub(crate) struct Mask {
    place: String,
    known: HashMap<String, usize>,
    texts: usize,
    /// Noised numbers in the order in which they were shown.
    pub(crate) noised: Vec<Noised>,
}

/// A noised number that was shown.
#[derive(Debug, Clone)]
pub(crate) struct Noised {
    /// In which text.
    pub(crate) text: usize,
    /// Its name there.
    pub(crate) path: String,
    pub(crate) number: f64,
}

impl Mask {
    pub(crate) fn new(place: &Path) -> Self {
        Self { place: place.display().to_string(), known: HashMap::new(), texts: 0, noised: Vec::new() }
    }

    /// A text that may be JSON, or JSON of which some strings are.
    pub(crate) fn text(&mut self, text: &str) -> String {
        self.texts += 1;
        match serde_json::from_str::<Value>(text) {
            Ok(mut value) if value.is_object() || value.is_array() => {
                self.value(&mut value, "");
                serde_json::to_string_pretty(&value).unwrap_or_default()
            }
            _ => self.words(text),
        }
    }

    /// Words for people, in which the noised numbers cannot be told from others: no number is compared, nor how much room
    /// it takes in a table.
    pub(crate) fn numberless(&mut self, text: &str) -> String {
        let text = self.words(text);
        let (mut out, mut number) = (String::new(), false);
        for character in text.chars() {
            let is_number = character.is_ascii_digit() || (number && ".e-".contains(character));
            match character {
                _ if is_number && !number => out.push('#'),
                _ if is_number => {}
                '-' | '─' | '━' | '═' | ' ' => {
                    if !out.ends_with(' ') {
                        out.push(' ');
                    }
                }
                other => out.push(other),
            }
            number = is_number;
        }
        out.replace(" #", "#")
    }

    fn value(&mut self, value: &mut Value, path: &str) {
        match value {
            Value::String(text) => *text = self.words(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item, path)),
            Value::Object(fields) => {
                for (name, field) in fields {
                    let path = format!("{path}.{name}");
                    match field.as_f64() {
                        Some(number) if is_noised(&path) => {
                            self.noised.push(Noised { text: self.texts, path, number });
                            *field = Value::from("<noised>");
                        }
                        _ if is_vector(&path) => self.vector(field, &path),
                        _ => self.value(field, &path),
                    }
                }
            }
            _ => {}
        }
    }

    fn vector(&mut self, field: &mut Value, path: &str) {
        let Value::Array(entries) = field else { return };
        for entry in entries {
            if let Some(number) = entry.as_f64() {
                self.noised.push(Noised { text: self.texts, path: path.to_owned(), number });
                *entry = Value::from("<noised>");
            }
        }
    }

    /// Masks word by word; what lies between words stays.
    pub(crate) fn words(&mut self, text: &str) -> String {
        let text = text.replace(&self.place, "<place>");
        let (mut out, mut word) = (String::new(), String::new());
        for character in text.chars() {
            if character.is_ascii_alphanumeric() || "+/=:.-_".contains(character) {
                word.push(character);
            } else {
                self.finish(&mut word, &mut out);
                out.push(character);
            }
        }
        self.finish(&mut word, &mut out);
        out
    }

    fn finish(&mut self, word: &mut String, out: &mut String) {
        match kind_of(word) {
            // Instants may coincide in one world and not in the other; that is running time, which is compared apart.
            Some("instant") => out.push_str("<instant>"),
            Some(kind) => self.number(kind, word, out),
            None => {
                for part in word.split_inclusive(PARTS) {
                    let own = part.trim_end_matches(PARTS);
                    match kind_of_part(own) {
                        Some(kind) => self.number(kind, own, out),
                        None => out.push_str(own),
                    }
                    out.push_str(&part[own.len()..]);
                }
            }
        }
        word.clear();
    }

    fn number(&mut self, kind: &str, word: &str, out: &mut String) {
        let next = self.known.len() + 1;
        let number = *self.known.entry(word.to_owned()).or_insert(next);
        out.push_str(&format!("<{kind} {number}>"));
    }
}

impl Noised {
    /// Whether it is an estimate itself, and not an end of its interval.
    pub(crate) fn is_estimate(&self) -> bool {
        self.path.ends_with(".value") || is_vector(&self.path)
    }
}

/// The numbers of a release that carry noise, or follow from those that do.
fn is_noised(path: &str) -> bool {
    let ends = [".estimates.value", ".estimates.lower", ".estimates.upper", ".report.value"];
    ends.iter().any(|end| path.ends_with(end))
}

fn is_vector(path: &str) -> bool {
    path.ends_with(".vector.values") || path.contains(".vector.") && path.ends_with("entries")
}

/// What stands between the parts of a word.
const PARTS: &[char] = &[':', '/', '=', '+', '.', '-', '_'];

/// What kind of word it is that differs between any two worlds as a whole, if it is one.
fn kind_of(word: &str) -> Option<&'static str> {
    let bytes = word.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    if bytes.len() >= 19 && digits(0..4) && bytes[4] == b'-' && bytes[10] == b'T' {
        return Some("instant");
    }
    // The verifier key of a log: its name, eight digits, the key.
    if word.split('+').nth(1).is_some_and(|id| id.len() == 8 && is_hex(id)) {
        return Some("key");
    }
    let base64 = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-".contains(byte));
    let mixed = bytes.iter().any(u8::is_ascii_uppercase) && bytes.iter().any(u8::is_ascii_lowercase);
    (bytes.len() >= 40 && base64 && mixed).then_some("key")
}

/// The same of a part of a word, such as a digest with its algorithm before it.
fn kind_of_part(part: &str) -> Option<&'static str> {
    if part.len() == 21 && part.starts_with(|first: char| first.is_ascii_lowercase()) && is_hex(&part[1..]) {
        return Some("name");
    }
    (part.len() >= 16 && is_hex(part)).then_some("digest")
}

fn is_hex(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_differ_is_masked_and_nothing_else() {
        let mut mask = Mask::new(Path::new("/tmp/a"));
        let text = mask.words("run r00112233445566778899 at 2026-11-22T10:00:00Z in /tmp/a/domain: 12 entries, r00112233445566778899");
        assert_eq!(text, "run <name 1> at <instant> in <place>/domain: 12 entries, <name 1>");
        let parts = mask.words("Release of run r00112233445566778899: charts/r00112233445566778899-total.svg");
        assert_eq!(parts, "Release of run <name 1>: charts/<name 1>-total.svg");
        let other = Mask::new(Path::new("/tmp/b")).words("held: 4 of 17 traps, epsilon 1.25");
        assert_eq!(other, "held: 4 of 17 traps, epsilon 1.25");
    }

    #[test]
    fn noised_numbers_are_kept_apart_and_others_stay() {
        let mut mask = Mask::new(Path::new("/tmp/a"));
        let text = mask.text(r#"{"statistics":[{"groups":[{"estimates":[{"name":"sum","value":3.5,"lower":1,"upper":6}]}],"scale":2}]}"#);
        assert!(text.contains("\"scale\": 2") && !text.contains("3.5"), "{text}");
        assert_eq!(mask.noised.iter().map(|noised| noised.number).collect::<Vec<_>>().len(), 3);
    }

    #[test]
    fn two_digests_are_not_one_digest_twice() {
        let digests = |first: &str, second: &str| Mask::new(Path::new("/")).words(&format!("{first} {second}"));
        let (one, two) = ("a".repeat(64), "b".repeat(64));
        assert_eq!(digests(&one, &one), digests(&two, &two));
        assert_ne!(digests(&one, &one), digests(&one, &two));
    }
}
