//! One canonical form of the identifier of a privacy unit.
//!
//! The same person must get one account whatever the table, the version or the habit of the clerk who
//! typed the number (attacks A10 and A35), so the form is fixed here, once, for every import.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

/// What kind of identifier a privacy unit has; it decides the canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentifierKind {
    /// A decimal integer; leading zeros and a plus sign do not matter.
    Integer,
    /// Any text; NFC, outer white space removed, case kept.
    Text,
    /// 公民身份号码 (GB 11643): 18 characters with check digit; the old 15 digits are brought to 18.
    CitizenId,
    /// 统一社会信用代码 (GB 32100): 18 characters with check character.
    CreditCode,
}

/// The canonical form, or `None` where the text is not an identifier of this kind.
pub fn canonical_identifier(kind: IdentifierKind, text: &str) -> Option<String> {
    let text: String = text.nfc().collect::<String>().trim().to_owned();
    if text.is_empty() || text.len() > 256 {
        return None;
    }
    match kind {
        IdentifierKind::Integer => canonical_integer(&text),
        IdentifierKind::Text => Some(text),
        IdentifierKind::CitizenId => canonical_citizen_id(&text),
        IdentifierKind::CreditCode => canonical_credit_code(&text),
    }
}

fn canonical_integer(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    Some(if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") })
}

fn canonical_citizen_id(text: &str) -> Option<String> {
    let text = text.to_ascii_uppercase();
    if !text.is_ascii() {
        return None;
    }
    let body = match text.len() {
        18 => text[..17].to_owned(),
        15 => format!("{}19{}", &text[..6], &text[6..]),
        _ => return None,
    };
    if !body.bytes().all(|byte| byte.is_ascii_digit()) || crate::parse_date(&birth_date(&body)).is_none() {
        return None;
    }
    let full = format!("{body}{}", citizen_check_digit(&body));
    (text.len() == 15 || full == text).then_some(full)
}

fn birth_date(body: &str) -> String {
    format!("{}-{}-{}", &body[6..10], &body[10..12], &body[12..14])
}

/// ISO 7064 MOD 11-2, as GB 11643 uses it.
fn citizen_check_digit(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    char::from(b"10X98765432"[(sum % 11) as usize])
}

/// The characters of GB 32100, in the order of their values.
const CREDIT_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

fn canonical_credit_code(text: &str) -> Option<String> {
    let text = text.to_ascii_uppercase();
    if text.len() != 18 || !text.is_ascii() {
        return None;
    }
    let values: Option<Vec<u32>> =
        text.bytes().map(|byte| CREDIT_ALPHABET.iter().position(|letter| *letter == byte).map(|index| index as u32)).collect();
    let values = values?;
    (credit_check_value(&values[..17]) == values[17]).then_some(text)
}

/// ISO 7064 MOD 31-3, as GB 32100 uses it.
fn credit_check_value(values: &[u32]) -> u32 {
    let (mut weight, mut sum) = (1, 0);
    for value in values {
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    (31 - sum % 31) % 31
}

/// A made-up identifier of a kind, in canonical form and different for each index below 2^31.
///
/// Citizen ids and credit codes have valid check digits and a region (99) that no real one has.
pub fn made_up_identifier(kind: IdentifierKind, index: u32) -> String {
    match kind {
        IdentifierKind::Integer => (u64::from(index) + 1).to_string(),
        IdentifierKind::Text => format!("unit-{}", u64::from(index) + 1),
        IdentifierKind::CitizenId => {
            // 1,000 numbers a day, 100 years of 365 days from 1910, then the next region.
            const DAYS: u32 = 36_500;
            let (number, days) = (index % 1_000, index / 1_000);
            let day = days % DAYS;
            let (year, month, of_month) = (1_910 + day / 365, 1 + day % 365 / 31, 1 + day % 365 % 31);
            let (month, of_month) = if of_month > 28 { (month, 28) } else { (month, of_month) };
            // Days that were cut to the 28th are told apart by the region.
            let region = 990_000 + days / DAYS * 4 + (1 + day % 365 % 31 - of_month);
            let body = format!("{region}{year}{month:02}{of_month:02}{number:03}");
            let check = citizen_check_digit(&body);
            format!("{body}{check}")
        }
        IdentifierKind::CreditCode => {
            let mut values = vec![9, 1, 9, 9, 0, 0, 0, 0];
            values.extend((0..9).rev().map(|power| (u64::from(index) / 31u64.pow(power) % 31) as u32));
            values.push(credit_check_value(&values));
            values.iter().map(|value| char::from(CREDIT_ALPHABET[*value as usize])).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_form() {
        let integer = |text| canonical_identifier(IdentifierKind::Integer, text);
        assert_eq!(integer(" 007 "), integer("+7"));
        assert_eq!(integer("-0"), Some("0".into()));
        assert_eq!(integer("7.0"), None);
        let text = |text| canonical_identifier(IdentifierKind::Text, text);
        assert_eq!(text("e\u{301}"), text("\u{e9} "));
        assert_eq!(text("  "), None);
    }

    // clause: A6 both
    #[test]
    fn citizen_ids_of_15_digits_meet_their_18() {
        let id = |text| canonical_identifier(IdentifierKind::CitizenId, text);
        // The example number of GB 11643.
        assert_eq!(id("11010519491231002X"), Some("11010519491231002X".into()));
        assert_eq!(id("110105491231002"), Some("11010519491231002X".into()));
        assert_eq!(id("11010519491231002x"), Some("11010519491231002X".into()));
        assert_eq!(id("110105194912310021"), None, "wrong check digit");
        assert_eq!(id("11010519490231002X"), None, "no such date");
    }

    // clause: A6 both
    #[test]
    fn credit_codes_are_checked() {
        let code = |text| canonical_identifier(IdentifierKind::CreditCode, text);
        assert_eq!(code("91350100M000100Y43"), Some("91350100M000100Y43".into()));
        assert_eq!(code("91350100M000100Y44"), None);
    }

    #[test]
    fn made_up_identifiers_are_canonical_and_different() {
        use IdentifierKind::{CitizenId, CreditCode, Integer, Text};
        let indices = (0..60_000).chain((0..2_000).map(|step| step * 1_000_000 + 7));
        let indices: std::collections::BTreeSet<u32> = indices.collect();
        for kind in [Integer, Text, CitizenId, CreditCode] {
            let made: std::collections::BTreeSet<String> = indices.iter().map(|index| made_up_identifier(kind, *index)).collect();
            assert_eq!(made.len(), indices.len(), "{kind:?}");
            assert!(made.iter().all(|text| canonical_identifier(kind, text).as_ref() == Some(text)), "{kind:?}");
        }
        // Every day of the calendar that is used, in two regions.
        let days = (0..2 * 36_500u32).map(|day| made_up_identifier(CitizenId, day * 1_000));
        let days: std::collections::BTreeSet<String> = days.collect();
        assert!(days.len() == 73_000 && days.iter().all(|text| canonical_identifier(CitizenId, text).is_some()));
    }
}
