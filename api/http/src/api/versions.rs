//! Versions of what is shown (`ETag`, `If-Match`, `If-None-Match`; RFC 9110, sections 8.8.3 and 13).
//!
//! Guarantee: tags are strong. The front answers `If-None-Match` itself, since it has the answer in its hands; `If-Match`
//! on a change goes to the backend, which alone can compare and change in one transaction.

use super::call::Match;
use super::headers::named;
use super::refusals::Refusal;
use axum::http::HeaderMap;
use tidegate_terms::Digest;

/// The most tags in one header.
const TAGS_MAX: usize = 32;

/// The tag of a version.
pub(crate) fn tag(version: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    ((1..=64).contains(&version.len()) && version.bytes().all(plain)).then(|| format!("\"{version}\""))
}

/// The tag of something that has no version of its own: what is shown decides.
pub(crate) fn tag_of_body(body: &[u8]) -> String {
    format!("\"{}\"", &Digest::of(body).to_string()[..32])
}

/// What the caller has, where it says so in a way that can be read. Otherwise it gets the whole answer, which is no harm.
pub(crate) fn if_none_match(headers: &HeaderMap) -> Option<Match> {
    named(headers, "if-none-match").and_then(|text| parse(text, true)).unwrap_or_default()
}

/// What the caller wants to change, where it says so. Weak tags never fit.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<Match>, Refusal> {
    parse(named(headers, "if-match")?, false)
}

fn parse(text: Option<&str>, weak: bool) -> Result<Option<Match>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    if text == "*" {
        return Ok(Some(Match::Any));
    }
    let mut versions = Vec::new();
    let mut rest = text;
    loop {
        let (is_weak, tag) = rest.strip_prefix("W/").map_or((false, rest), |tag| (true, tag));
        let (version, after) = tag.strip_prefix('"').and_then(|tag| tag.split_once('"')).ok_or(Refusal::Version)?;
        if version.bytes().any(|byte| byte <= b' ' || byte > b'~') || versions.len() >= TAGS_MAX {
            return Err(Refusal::Version);
        }
        if weak || !is_weak {
            versions.push(version.to_owned());
        }
        rest = after.trim_start();
        if rest.is_empty() {
            return Ok(Some(Match::Versions(versions)));
        }
        rest = rest.strip_prefix(',').ok_or(Refusal::Version)?.trim_start();
    }
}

/// Whether a tag in quotes is among what the caller named.
pub(crate) fn fits(wanted: &Match, tag: &str) -> bool {
    wanted.fits(Some(tag.trim_matches('"')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_tags_are_read() {
        let versions = |list: &[&str]| Some(Match::Versions(list.iter().map(|text| (*text).to_owned()).collect()));
        assert_eq!(parse(None, true).unwrap(), None);
        assert_eq!(parse(Some("*"), true).unwrap(), Some(Match::Any));
        assert_eq!(parse(Some("\"1\""), false).unwrap(), versions(&["1"]));
        assert_eq!(parse(Some("\"1\" , W/\"2\",\"a,b\""), true).unwrap(), versions(&["1", "2", "a,b"]));
        assert_eq!(parse(Some("W/\"2\""), false).unwrap(), versions(&[]));
        for wrong in ["", "1", "\"1", "\"1\"\"2\"", "\"1\",", "\"a b\"", "*, \"1\""] {
            assert!(parse(Some(wrong), true).is_err(), "{wrong}");
        }
        assert!(parse(Some(&["\"1\""; 40].join(",")), true).is_err());
    }

    #[test]
    fn tags_are_made_of_plain_versions() {
        assert_eq!(tag("7").as_deref(), Some("\"7\""));
        assert_eq!(tag("a\"b"), None);
        assert_eq!(tag(""), None);
        assert!(fits(&Match::Versions(vec!["7".into()]), "\"7\""));
        assert!(!Match::Any.fits(None));
        assert_ne!(tag_of_body(b"a"), tag_of_body(b"b"));
    }
}
