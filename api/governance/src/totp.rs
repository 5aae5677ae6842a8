//! Codes of a second factor (RFC 6238, HMAC-SHA-1, 30 seconds, six digits), as the usual authenticators make them.
//!
//! A code is taken once: the step of the last one is remembered, and codes of steps before it count no more.

use ring::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};

/// How long a code is shown, in seconds.
const STEP_SECONDS: i64 = 30;
/// How many steps a clock may be off.
const STEPS_OFF: i64 = 1;
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The code of a step.
fn code(secret: &[u8], step: u64, digits: u32) -> u32 {
    let tag = sign(&Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret), &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0x0f);
    let four = u32::from_be_bytes([tag[offset] & 0x7f, tag[offset + 1], tag[offset + 2], tag[offset + 3]]);
    four % 10_u32.pow(digits)
}

/// The step of a code that is good now and was not used, looking one step before and after.
pub(crate) fn step_of(secret: &[u8], text: &str, now: i64, last_used: i64) -> Option<i64> {
    let asked: u32 = text.parse().ok().filter(|_| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()))?;
    let present = now.div_euclid(STEP_SECONDS);
    // All steps are computed, whichever fits.
    let fitting = (present - STEPS_OFF..=present + STEPS_OFF).filter(|step| {
        let fits = u64::try_from(*step).is_ok_and(|number| code(secret, number, 6) == asked);
        fits && *step > last_used
    });
    fitting.fold(None, |_, step| Some(step))
}

/// A secret in base32 without padding, as authenticators take it.
pub(crate) fn base32(secret: &[u8]) -> String {
    let mut text = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in secret {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits & 31) as usize]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits) & 31) as usize]));
    }
    text
}

/// The code that an authenticator shows at an instant; for tests and for enrolling by a program.
#[cfg(test)]
pub(crate) fn code_at(secret: &[u8], now: i64) -> String {
    let step = u64::try_from(now.div_euclid(STEP_SECONDS)).unwrap_or(0);
    format!("{:06}", code(secret, step, 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the column of SHA-1.
    #[test]
    fn the_vectors_of_the_rfc() {
        let secret = b"12345678901234567890";
        for (seconds, expected) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(code(secret, seconds / 30, 8), expected, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_for_a_step_around_now_and_once() {
        let secret = b"12345678901234567890";
        let now = 1_234_567_890;
        let shown = code_at(secret, now);
        let step = step_of(secret, &shown, now, 0).expect("good");
        assert_eq!(step_of(secret, &shown, now + 30, 0), Some(step));
        assert_eq!(step_of(secret, &shown, now - 30, 0), Some(step));
        assert_eq!(step_of(secret, &shown, now + 90, 0), None);
        assert_eq!(step_of(secret, &shown, now, step), None, "used");
        for wrong in ["", "12345", "1234567", "+12345", "abcdef", " 12345"] {
            assert_eq!(step_of(secret, wrong, now, 0), None, "{wrong}");
        }
    }

    /// RFC 4648, section 10, without padding.
    #[test]
    fn base32_as_the_rfc_writes_it() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }
}
