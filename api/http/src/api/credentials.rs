//! By what a request says who asks: read, never judged.
//!
//! Guarantee: at most one token or session. A session acts only from a page of this server itself: browsers send its
//! cookie along with whatever another site makes them ask.

use super::call::{Credentials, Secret};
use super::headers::one;
use super::refusals::Refusal;
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use tidegate_terms::Digest;

/// The cookie of a console session.
pub const SESSION_COOKIE: &str = "tidegate-session";
const SECRET_BYTES_MAX: usize = 512;

/// Reads token, session and certificate. `changes`: whether the request could change anything.
pub(crate) fn read(headers: &HeaderMap, certificate: Option<Digest>, changes: bool) -> Result<Credentials, Refusal> {
    let bearer = one(headers, &AUTHORIZATION, "Authorization")?.map(bearer).transpose()?;
    let session = session(headers)?;
    if bearer.is_some() && session.is_some() {
        return Err(Refusal::Credential);
    }
    if session.is_some() && changes && !same_site(headers)? {
        return Err(Refusal::OtherSite);
    }
    Ok(Credentials { bearer, session, certificate })
}

fn bearer(text: &str) -> Result<Secret, Refusal> {
    let (scheme, token) = text.split_once(' ').ok_or(Refusal::Credential)?;
    if scheme.eq_ignore_ascii_case("bearer") { secret(token.trim_start_matches(' ')) } else { Err(Refusal::Credential) }
}

fn secret(text: &str) -> Result<Secret, Refusal> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    if text.is_empty() || text.len() > SECRET_BYTES_MAX || !text.bytes().all(plain) {
        return Err(Refusal::Credential);
    }
    Ok(Secret::new(text.to_owned()))
}

fn session(headers: &HeaderMap) -> Result<Option<Secret>, Refusal> {
    let mut found = None;
    for header in headers.get_all(COOKIE) {
        let text = header.to_str().map_err(|_| Refusal::Header { header: "Cookie" })?;
        for value in text.split(';').filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == SESSION_COOKIE) {
            if found.replace(secret(value.1)?).is_some() {
                return Err(Refusal::Credential);
            }
        }
    }
    Ok(found)
}

/// Whether a browser asks for a page of this server, by what it says itself.
fn same_site(headers: &HeaderMap) -> Result<bool, Refusal> {
    if let Some(site) = headers.get("sec-fetch-site") {
        return Ok(site == "same-origin");
    }
    let origin = one(headers, &ORIGIN, "Origin")?.and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    Ok(origin.is_some() && origin == one(headers, &HOST, "Host")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};
    use tidegate_terms::Message as _;

    fn read_from(pairs: &[(&'static str, &'static str)], changes: bool) -> Result<Credentials, String> {
        let pairs = pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        read(&headers, None, changes).map_err(|refusal| refusal.code())
    }

    #[test]
    fn a_token_or_a_session_is_read() {
        assert_eq!(read_from(&[("authorization", "bearer  abc")], true).unwrap().bearer.unwrap().expose(), "abc");
        assert_eq!(read_from(&[("cookie", "a=b; tidegate-session=xyz")], false).unwrap().session.unwrap().expose(), "xyz");
        assert!(read_from(&[("cookie", "a=b")], true).unwrap().is_empty());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        let wrong: [&[(&str, &str)]; 7] = [
            &[("authorization", "Bearer abc"), ("cookie", "tidegate-session=x")],
            &[("authorization", "Basic abc")],
            &[("authorization", "Bearer a b")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Bearer")],
            &[("cookie", "tidegate-session=x; tidegate-session=y")],
            &[("cookie", "tidegate-session=x"), ("cookie", "tidegate-session=y")],
        ];
        for pairs in wrong {
            assert_eq!(read_from(pairs, false).unwrap_err(), "credential.form", "{pairs:?}");
        }
        assert_eq!(read_from(&[("authorization", "Bearer a"), ("authorization", "Bearer a")], false).unwrap_err(), "http.header-twice");
    }

    #[test]
    fn a_session_acts_from_its_own_site_alone() {
        let cookie = ("cookie", "tidegate-session=x");
        let host = ("host", "a.example:8080");
        assert!(read_from(&[cookie, ("sec-fetch-site", "same-origin")], true).is_ok());
        assert!(read_from(&[cookie, host, ("origin", "https://a.example:8080")], true).is_ok());
        assert!(read_from(&[cookie, ("sec-fetch-site", "cross-site")], false).is_ok());
        let wrong: [&[(&str, &str)]; 5] = [
            &[cookie, host],
            &[cookie, host, ("origin", "https://b.example")],
            &[cookie, host, ("origin", "null")],
            &[cookie, ("sec-fetch-site", "cross-site")],
            &[cookie, host, ("origin", "https://a.example:8080"), ("sec-fetch-site", "same-site")],
        ];
        for pairs in wrong {
            assert_eq!(read_from(pairs, true).unwrap_err(), "credential.other-site", "{pairs:?}");
        }
    }

    #[test]
    fn nobody_prints_a_secret() {
        let read = read_from(&[("authorization", "Bearer abc")], true).unwrap();
        assert!(!format!("{read:?}").contains("abc"));
    }
}
