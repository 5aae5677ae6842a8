//! Which targets are looked at at all.
//!
//! Guarantee: a path that gets past [`check`] means the same to everybody who reads it: no dots, no empty segments, no
//! encoded slashes, nothing that decodes to a control character or to something that is not UTF-8. Two spellings of one
//! path would let a rule in front of this server and the server itself disagree.

use super::refusals::Refusal;

/// The longest target, in bytes.
pub(crate) const TARGET_BYTES_MAX: usize = 4096;

/// Refuses a path that could be read in two ways.
pub(crate) fn check(path: &str) -> Result<(), Refusal> {
    if path.len() > TARGET_BYTES_MAX {
        return Err(Refusal::TargetTooLong { maximum: TARGET_BYTES_MAX });
    }
    let Some(segments) = path.strip_prefix('/') else { return Err(Refusal::Path) };
    if segments.is_empty() {
        return Ok(());
    }
    for segment in segments.split('/') {
        let text = decode(segment, false).ok_or(Refusal::Path)?;
        let tricky = |character: char| character.is_control() || matches!(character, '/' | '\\' | '\u{feff}');
        if text.is_empty() || text == "." || text == ".." || text.chars().any(tricky) || segment.contains(';') {
            return Err(Refusal::Path);
        }
    }
    Ok(())
}

/// Decodes percent escapes, strictly; `plus` is a space in queries.
pub(crate) fn decode(text: &str, plus: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            b'+' if plus => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

/// Encodes all that is not unreserved.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_mean_one_thing_pass() {
        for path in ["/", "/v1/notes", "/v1/notes/a%20b", "/v1/notes/%E6%B5%B7", "/v1/notes/a.b", "/v1/notes/..."] {
            assert!(check(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn tricks_do_not() {
        let tricks = [
            "",
            "*",
            "v1",
            "//v1",
            "/v1/",
            "/v1//notes",
            "/./v1",
            "/v1/..",
            "/v1/%2e%2e/x",
            "/v1/%2E",
            "/v1/a%2Fb",
            "/v1/a%5Cb",
            "/v1/a\\b",
            "/v1/%00",
            "/v1/a%0Ab",
            "/v1/%",
            "/v1/%4",
            "/v1/%zz",
            "/v1/%ff",
            "/v1/%C0%AF",
            "/v1/%7f",
            "/v1;x/notes",
            "/v1/%EF%BB%BF",
        ];
        for path in tricks {
            assert!(check(path).is_err(), "{path}");
        }
        assert!(check(&format!("/{}", "a".repeat(TARGET_BYTES_MAX))).is_err());
    }

    #[test]
    fn encoding_and_decoding_are_inverse() {
        for text in ["", "a b", "海/?&=#%+", "\u{0}\u{7f}"] {
            assert_eq!(decode(&encode(text), true).as_deref(), Some(text));
        }
    }
}
