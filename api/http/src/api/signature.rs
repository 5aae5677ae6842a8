//! The operator's signature over a request that binds it (HTTP message signatures, RFC 9421, Ed25519).
//!
//! Guarantee: a [`Signature`] that exists covers method, path, body (by `Content-Digest`, which was held against the
//! body), idempotency key and date of the request that carries it, and has the exact bytes that were signed. Whether
//! the key is the operator's is for the backend: the front has no keys. Rejected: a signature inside the body: it would
//! leave method and path to be swapped.

use super::headers::named;
use super::refusals::Refusal;
use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use tidegate_terms::Digest;

/// What a signature must cover; `@authority` may come too.
pub(crate) const COVERED: [&str; 5] = ["@method", "@path", "content-digest", "idempotency-key", "date"];
/// How to ask for one (RFC 9421, section 5.1).
pub(crate) const ACCEPT: &str = "sig=(\"@method\" \"@path\" \"content-digest\" \"idempotency-key\" \"date\");created;keyid;alg=\"ed25519\"";

/// A signature with what it signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// The signer's name for its key.
    pub key_id: String,
    /// When it was made, in seconds since 1970, as the signer says.
    pub created: u64,
    /// The exact bytes that were signed.
    pub base: String,
    /// 64 bytes.
    pub signature: Vec<u8>,
}

impl Signature {
    /// Whether this Ed25519 public key (32 bytes) made it.
    pub fn is_by(&self, public_key: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, public_key).verify(self.base.as_bytes(), &self.signature).is_ok()
    }
}

/// What of a request can be covered.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
}

impl Signed<'_> {
    fn value(&self, component: &str) -> Result<String, Refusal> {
        let absent = || Refusal::Signature { what: "a covered header is missing" };
        Ok(match component {
            "@method" => self.method.to_owned(),
            "@path" => self.path.to_owned(),
            "@authority" => named(self.headers, "host")?.ok_or_else(absent)?.to_ascii_lowercase(),
            "content-digest" => named(self.headers, "content-digest")?.ok_or_else(absent)?.to_owned(),
            "idempotency-key" => named(self.headers, "idempotency-key")?.ok_or_else(absent)?.to_owned(),
            "date" => named(self.headers, "date")?.ok_or_else(absent)?.to_owned(),
            _ => return Err(Refusal::Signature { what: "it covers something that is not signed here" }),
        })
    }

    /// The signature base: RFC 9421, section 2.5.
    fn base(&self, components: &[&str], parameters: &str) -> Result<String, Refusal> {
        let mut base = String::new();
        for component in components {
            base.push_str(&format!("\"{component}\": {}\n", self.value(component)?));
        }
        base.push_str(&format!("\"@signature-params\": {parameters}"));
        Ok(base)
    }
}

fn parameters(components: &[&str], created: u64, key_id: &str) -> String {
    let quoted: Vec<_> = components.iter().map(|component| format!("\"{component}\"")).collect();
    format!("({});created={created};keyid=\"{key_id}\";alg=\"ed25519\"", quoted.join(" "))
}

/// `Content-Digest` of a body (RFC 9530).
pub(crate) fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Digest::of(body).0))
}

/// Holds `Content-Digest`, where there is one, against the body.
pub(crate) fn check_digest(headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    match named(headers, "content-digest")? {
        Some(said) if said != content_digest(body) => Err(Refusal::BodyDigest),
        _ => Ok(()),
    }
}

/// Reads the signature of a request, where there is one. The caller has held `Content-Digest` against the body.
pub(crate) fn read(signed: &Signed<'_>) -> Result<Option<Signature>, Refusal> {
    let (input, signature) = match (named(signed.headers, "signature-input")?, named(signed.headers, "signature")?) {
        (None, None) => return Ok(None),
        (Some(input), Some(signature)) => (input, signature),
        _ => return Err(Refusal::Signature { what: "`Signature` and `Signature-Input` belong together" }),
    };
    let wrong = |what| Refusal::Signature { what };
    let (label, given) = input.split_once('=').ok_or(wrong("`Signature-Input` has no label"))?;
    let bytes = signature.strip_prefix(label).and_then(|rest| rest.strip_prefix("=:")?.strip_suffix(':'));
    let bytes = bytes.and_then(|text| STANDARD.decode(text).ok()).filter(|bytes| bytes.len() == 64);
    let bytes = bytes.ok_or(wrong("`Signature` is not LABEL=:64 bytes in base64:, once, with the label of `Signature-Input`"))?;

    let form = || wrong("`Signature-Input` is not LABEL=(\"…\" …);created=SECONDS;keyid=\"…\";alg=\"ed25519\", in this order");
    let (list, rest) = given.strip_prefix('(').and_then(|given| given.split_once(')')).ok_or_else(form)?;
    let unquote = |text: &'_ str| text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).map(str::to_owned);
    let components = list.split(' ').map(unquote).collect::<Option<Vec<_>>>().ok_or_else(form)?;
    let mut parts = rest.split(';').skip(1);
    let created = parts.next().and_then(|part| part.strip_prefix("created=")?.parse::<u64>().ok()).ok_or_else(form)?;
    let key_id = parts.next().and_then(|part| unquote(part.strip_prefix("keyid=")?)).ok_or_else(form)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=:".contains(&byte);
    if key_id.is_empty() || key_id.len() > 128 || !key_id.bytes().all(plain) {
        return Err(form());
    }

    let components: Vec<&str> = components.iter().map(String::as_str).collect();
    let once = |wanted: &&str| components.iter().filter(|component| *component == wanted).count() == 1;
    if !COVERED.iter().all(once) || components.len() > COVERED.len() + usize::from(once(&"@authority")) {
        return Err(wrong("it must cover method, path, content-digest, idempotency-key and date, each once"));
    }
    // Written again and compared, so that a second spelling cannot stand for the same signature.
    let parameters = parameters(&components, created, &key_id);
    if parameters != given {
        return Err(form());
    }
    Ok(Some(Signature { key_id, created, base: signed.base(&components, &parameters)?, signature: bytes }))
}

/// `Signature-Input` and `Signature` of a request, made by an operator.
pub(crate) fn sign(signed: &Signed<'_>, key: &Ed25519KeyPair, key_id: &str, created: u64) -> Result<(String, String), Refusal> {
    let components: Vec<&str> = COVERED.into_iter().chain(["@authority"]).collect();
    let parameters = parameters(&components, created, key_id);
    let signature = key.sign(signed.base(&components, &parameters)?.as_bytes());
    Ok((format!("sig={parameters}"), format!("sig=:{}:", STANDARD.encode(signature))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};
    use ring::signature::KeyPair as _;
    use tidegate_terms::Message as _;

    const BODY: &[u8] = b"{}";

    fn key() -> Ed25519KeyPair {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
        Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap()
    }

    fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }

    fn signed_headers(key: &Ed25519KeyPair) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let digest = content_digest(BODY);
        let plain = [
            ("host", "A.example"),
            ("content-digest", &digest),
            ("idempotency-key", "abcd-1234"),
            ("date", "Sun, 22 Nov 2026 08:00:00 GMT"),
        ];
        plain.into_iter().for_each(|(name, value)| set(&mut headers, name, value));
        let (input, signature) = sign(&Signed { method: "POST", path: "/v1/runs", headers: &headers }, key, "op-1", 1_795_334_400).unwrap();
        set(&mut headers, "signature-input", &input);
        set(&mut headers, "signature", &signature);
        headers
    }

    fn read_from(headers: &HeaderMap, path: &str) -> Result<Option<Signature>, String> {
        read(&Signed { method: "POST", path, headers }).map_err(|refusal| refusal.code())
    }

    // clause: K9 both
    #[test]
    fn what_was_signed_verifies_and_nothing_else_does() {
        let key = key();
        let headers = signed_headers(&key);
        let signature = read_from(&headers, "/v1/runs").unwrap().unwrap();
        assert_eq!((signature.key_id.as_str(), signature.created), ("op-1", 1_795_334_400));
        assert!(signature.is_by(key.public_key().as_ref()));
        assert!(!signature.is_by(self::key().public_key().as_ref()));
        assert!(!read_from(&headers, "/v1/other").unwrap().unwrap().is_by(key.public_key().as_ref()));
        for (name, value) in [("date", "Sun, 22 Nov 2026 08:00:01 GMT"), ("idempotency-key", "abcd-1235"), ("host", "b.example")] {
            let mut changed = headers.clone();
            set(&mut changed, name, value);
            assert!(!read_from(&changed, "/v1/runs").unwrap().unwrap().is_by(key.public_key().as_ref()), "{name}");
        }
    }

    #[test]
    fn the_base_is_that_of_the_standard() {
        let signature = read_from(&signed_headers(&key()), "/v1/runs").unwrap().unwrap();
        let wanted = "\"@method\": POST\n\"@path\": /v1/runs\n\"content-digest\": sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:\n\
            \"idempotency-key\": abcd-1234\n\"date\": Sun, 22 Nov 2026 08:00:00 GMT\n\"@authority\": a.example\n\
            \"@signature-params\": (\"@method\" \"@path\" \"content-digest\" \"idempotency-key\" \"date\" \"@authority\");\
            created=1795334400;keyid=\"op-1\";alg=\"ed25519\"";
        assert_eq!(signature.base, wanted);
    }

    #[test]
    fn a_signature_that_covers_less_or_is_spelt_otherwise_is_refused() {
        let headers = signed_headers(&key());
        let input = headers["signature-input"].to_str().unwrap().to_owned();
        let wrong = [
            input.replace(" \"date\"", ""),
            input.replace("\"date\"", "\"date\" \"date\""),
            input.replace("\"@authority\"", "\"x-other\""),
            input.replace("ed25519", "rsa-v1_5-sha256"),
            input.replace("created=", "created=+"),
            input.replace("created=", "created=0"),
            input.replace(";keyid=\"op-1\"", ""),
            input.replace("op-1", ""),
            format!("{input};nonce=\"x\""),
            input.replace("sig=", "other="),
            "sig".to_owned(),
        ];
        for text in wrong {
            let mut changed = headers.clone();
            set(&mut changed, "signature-input", &text);
            assert_eq!(read_from(&changed, "/v1/runs").unwrap_err(), "signature.form", "{text}");
        }
        let mut lonely = headers.clone();
        lonely.remove("signature");
        assert_eq!(read_from(&lonely, "/v1/runs").unwrap_err(), "signature.form");
        assert_eq!(read_from(&HeaderMap::new(), "/v1/runs").unwrap(), None);
    }

    #[test]
    fn a_digest_of_another_body_is_refused() {
        let headers = signed_headers(&key());
        assert!(check_digest(&headers, BODY).is_ok());
        assert!(check_digest(&headers, b"{ }").is_err());
    }
}
