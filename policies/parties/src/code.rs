//! 统一社会信用代码 and 公民身份号码, with what is wrong about a wrong one.
//!
//! The canonical forms are those of `tidegate_terms`, so that an organisation has one spelling everywhere. A citizen's
//! number is personal: no message, `Debug` or serialiser shows it.

use serde::{Deserialize, Serialize};
use std::fmt;
use tidegate_rules::Clause;
use tidegate_terms::{IdentifierKind, canonical_identifier, messages, parse_date};

const CREDIT: Clause = Clause::zibo("A6", 12);
const CITIZEN: Clause = Clause::shuangyashan("A5", 16);
/// The two digits of provinces, GB/T 2260, with those that were used for residents of Hong Kong, Macao and Taiwan.
const PROVINCES: &[u8] = &[
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82,
    83, 91,
];

messages! {
    /// Why a text is not a code of this kind.
    pub enum CodeError {
        CreditLength { length: usize, clause: Clause } = "credit-code.length" {
            en: "a unified social credit code has 18 characters, this one {length} (GB 32100; {clause}): copy it from the licence",
            zh: "统一社会信用代码为 18 位，所给为 {length} 位（GB 32100；{clause:#}）：请按执照填写",
        },
        CreditCharacter { character: char, clause: Clause } = "credit-code.character" {
            en: "`{character}` does not occur in a unified social credit code: digits and capital letters without I, O, S, V and Z (GB 32100; {clause})",
            zh: "统一社会信用代码不含“{character}”：只用数字和除 I、O、S、V、Z 之外的大写字母（GB 32100；{clause:#}）",
        },
        CreditRegion { clause: Clause } = "credit-code.region" {
            en: "characters 3 to 8 of a unified social credit code are the digits of an administrative division (GB 32100; {clause}): check them",
            zh: "统一社会信用代码第 3 至 8 位须为行政区划数字（GB 32100；{clause:#}）：请核对",
        },
        CreditCheck { clause: Clause } = "credit-code.check" {
            en: "the last character of the unified social credit code does not fit the others (GB 32100; {clause}): one of them is mistyped",
            zh: "统一社会信用代码的校验位与其余各位不符（GB 32100；{clause:#}）：有字符输入有误",
        },
        CitizenShape { clause: Clause } = "citizen-id.shape" {
            en: "a citizen's number has 17 digits and a digit or X, or 15 digits in its old form (GB 11643; {clause}): check it",
            zh: "公民身份号码为 17 位数字加一位数字或 X，旧号为 15 位数字（GB 11643；{clause:#}）：请核对",
        },
        CitizenRegion { clause: Clause } = "citizen-id.region" {
            en: "the citizen's number begins with digits of no province (GB 11643; {clause}): check them",
            zh: "公民身份号码开头不是任何省级代码（GB 11643；{clause:#}）：请核对",
        },
        CitizenDate { clause: Clause } = "citizen-id.date" {
            en: "the date of birth in the citizen's number does not exist (GB 11643; {clause}): check digits 7 to 14",
            zh: "公民身份号码中的出生日期不存在（GB 11643；{clause:#}）：请核对第 7 至 14 位",
        },
        CitizenCheck { clause: Clause } = "citizen-id.check" {
            en: "the last character of the citizen's number does not fit the others (GB 11643; {clause}): one of them is mistyped",
            zh: "公民身份号码的校验码与其余各位不符（GB 11643；{clause:#}）：有字符输入有误",
        },
    }
}

/// A 统一社会信用代码 (GB 32100) whose check character fits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CreditCode(String);

impl schemars::JsonSchema for CreditCode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CreditCode".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": 18, "maxLength": 18 })
    }
}

impl CreditCode {
    /// Reads a code; small letters become capital.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let text = text.trim().to_uppercase();
        let length = text.chars().count();
        if length != 18 {
            return Err(CodeError::CreditLength { length, clause: CREDIT });
        }
        let allowed = |character: char| character.is_ascii_digit() || character.is_ascii_uppercase() && !"IOSVZ".contains(character);
        if let Some(character) = text.chars().find(|character| !allowed(*character)) {
            return Err(CodeError::CreditCharacter { character, clause: CREDIT });
        }
        if !text.as_bytes()[2..8].iter().all(u8::is_ascii_digit) {
            return Err(CodeError::CreditRegion { clause: CREDIT });
        }
        canonical_identifier(IdentifierKind::CreditCode, &text).map(Self).ok_or(CodeError::CreditCheck { clause: CREDIT })
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The six digits of the administrative division that registered it.
    pub fn region(&self) -> &str {
        &self.0[2..8]
    }
}

impl TryFrom<String> for CreditCode {
    type Error = CodeError;
    fn try_from(text: String) -> Result<Self, CodeError> {
        Self::parse(&text)
    }
}

impl From<CreditCode> for String {
    fn from(code: CreditCode) -> Self {
        code.0
    }
}

impl fmt::Display for CreditCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A 公民身份号码 (GB 11643) whose date exists and whose check character fits. It does not show itself.
///
/// ```compile_fail
/// // It has no `Display`.
/// println!("{}", tidegate_parties::CitizenId::parse("11010519491231002X").unwrap());
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CitizenId(String);

impl CitizenId {
    /// Reads a number; the old form with 15 digits becomes the one with 18.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let text = text.trim().to_ascii_uppercase();
        let bytes = text.as_bytes();
        let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
        let born = match bytes.len() {
            18 if digits(&bytes[..17]) && (bytes[17].is_ascii_digit() || bytes[17] == b'X') => text[6..14].to_owned(),
            15 if digits(bytes) => format!("19{}", &text[6..12]),
            _ => return Err(CodeError::CitizenShape { clause: CITIZEN }),
        };
        let province = (bytes[0] - b'0') * 10 + (bytes[1] - b'0');
        if !PROVINCES.contains(&province) {
            return Err(CodeError::CitizenRegion { clause: CITIZEN });
        }
        if parse_date(&format!("{}-{}-{}", &born[..4], &born[4..6], &born[6..])).is_none() {
            return Err(CodeError::CitizenDate { clause: CITIZEN });
        }
        canonical_identifier(IdentifierKind::CitizenId, &text).map(Self).ok_or(CodeError::CitizenCheck { clause: CITIZEN })
    }

    /// The number, for whoever must store or hash it. Say why at the place of use.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CitizenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CitizenId(not shown)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::{Language, Message as _};

    // clause: A6 both
    #[test]
    fn credit_codes_say_what_is_wrong() {
        let code = |text: &str| CreditCode::parse(text).expect_err("wrong").code();
        let sound = CreditCode::parse(" 91350100m000100y43 ").expect("the example of GB 32100");
        assert_eq!((sound.as_str(), sound.region()), ("91350100M000100Y43", "350100"));
        assert_eq!(code("91350100M000100Y44"), "credit-code.check");
        assert_eq!(code("91350100M000100Y34"), "credit-code.check");
        assert_eq!(code("91350100M000100Y4"), "credit-code.length");
        assert_eq!(code("91350100M000100Y4O"), "credit-code.character");
        assert_eq!(code("91350100М000100Y43"), "credit-code.character");
        assert_eq!(code("9135A100M000100Y43"), "credit-code.region");
        assert_eq!(code(""), "credit-code.length");
        assert_eq!(code("统一社会信用代码统一社会信用代码统一"), "credit-code.character");
        assert!(CreditCode::parse("X").expect_err("wrong").say(Language::Chinese).contains("规则 A6，淄博第十二条"));
    }

    // clause: A6 both
    #[test]
    fn citizens_numbers_say_what_is_wrong_and_never_show_themselves() {
        let error = |text: &str| CitizenId::parse(text).expect_err("wrong");
        let sound = CitizenId::parse("11010519491231002x").expect("the example of GB 11643");
        assert_eq!(sound.expose(), "11010519491231002X");
        assert_eq!(format!("{sound:?}"), "CitizenId(not shown)");
        let (old, new) = (CitizenId::parse("110105491231002"), CitizenId::parse("11010519491231002X"));
        assert_eq!(old.expect("old form"), new.expect("new form"));
        for (text, code) in [
            ("110105194912310021", "citizen-id.check"),
            ("11010519490229002X", "citizen-id.date"),
            ("11010520230230002X", "citizen-id.date"),
            ("99010519491231002X", "citizen-id.region"),
            ("1101051949123100XX", "citizen-id.shape"),
            ("1101051949", "citizen-id.shape"),
            ("１１０１０５１９４９１２３１００２Ｘ", "citizen-id.shape"),
            ("", "citizen-id.shape"),
        ] {
            assert_eq!(error(text).code(), code, "{text}");
            let said = error(text).to_string();
            assert!(text.is_empty() || !said.contains(text), "{said}");
        }
    }
}
