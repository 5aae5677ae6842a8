//! Reading request headers that may stand once only.

use super::refusals::Refusal;
use axum::http::{HeaderMap, HeaderName};

/// The longest request id and idempotency key.
const NAME_BYTES_MAX: usize = 128;

/// The header, if it is there once and is visible ASCII.
pub(crate) fn one<'a>(headers: &'a HeaderMap, name: &HeaderName, said: &'static str) -> Result<Option<&'a str>, Refusal> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (values.next(), value.to_str()) {
        (None, Ok(text)) => Ok(Some(text.trim())),
        _ => Err(Refusal::HeaderTwice { header: said }),
    }
}

/// The header by its name in small letters.
pub(crate) fn named<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Refusal> {
    one(headers, &HeaderName::from_static(name), name)
}

/// Letters, digits, `-` and `_`, within bounds.
pub(crate) fn is_name(text: &str, least: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (least..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)
}

/// The idempotency key.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(key) = named(headers, "idempotency-key")? else { return Ok(None) };
    // The draft of the standard writes it as a string in quotes; most callers write it bare.
    let key = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
    if is_name(key, 8) { Ok(Some(key.to_owned())) } else { Err(Refusal::Key) }
}

/// The caller's request id where it is well formed, else a new one of 128 random bits.
pub(crate) fn request_id(headers: &HeaderMap) -> String {
    match named(headers, "x-request-id") {
        Ok(Some(id)) if is_name(id, 1) => id.to_owned(),
        _ => random_name(),
    }
}

/// 128 random bits as text.
pub(crate) fn random_name() -> String {
    let random: Result<ring::rand::Random<[u8; 16]>, _> = ring::rand::generate(&ring::rand::SystemRandom::new());
    let bytes = random.map(ring::rand::Random::expose).unwrap_or_default();
    bytes.iter().fold(String::with_capacity(32), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn with(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
    }

    #[test]
    fn a_well_formed_request_id_is_kept_and_another_replaced() {
        assert_eq!(request_id(&with("x-request-id", "abc-1")), "abc-1");
        for wrong in ["", "a b", "a\"b", "<script>"] {
            let made = request_id(&with("x-request-id", wrong));
            assert_eq!(made.len(), 32, "{wrong}");
        }
        assert_ne!(request_id(&HeaderMap::new()), request_id(&HeaderMap::new()));
    }

    #[test]
    fn keys_have_a_form() {
        assert_eq!(idempotency_key(&HeaderMap::new()).unwrap(), None);
        assert_eq!(idempotency_key(&with("idempotency-key", "\"abcd-1234\"")).unwrap().as_deref(), Some("abcd-1234"));
        for wrong in ["", "short", "has space in it", "\"abcd1234"] {
            assert!(idempotency_key(&with("idempotency-key", wrong)).is_err(), "{wrong}");
        }
    }
}
