//! Names that people read: of organisations, people, places of trade.
//!
//! Guarantee: a name that was read has one spelling (NFC, single spaces), mixes no scripts but Chinese with one other,
//! and holds no character that is invisible, turns the direction of text or only imitates a letter. Two names that look
//! alike are found by the skeletons of Unicode TS 39. Rejected: a list of bad characters. What is not known to be
//! harmless is refused.

use serde::{Deserialize, Serialize};
use std::fmt;
use tidegate_rules::Clause;
use tidegate_terms::messages;
use unicode_normalization::UnicodeNormalization as _;
use unicode_script::{Script, UnicodeScript as _};

/// The longest name, in characters.
const LENGTH_MAX: usize = 120;
/// Signs that names may hold beside letters and digits.
const SIGNS: &str = " -_.,&'()/+#·（）、，。《》“”‘’—：";
/// Unified identities are told apart by their names too.
const CLAUSE: Clause = Clause::shuangyashan("G10", 49);

messages! {
    /// Why a text is not a name that people can rely on.
    pub enum DisplayNameError {
        Length { length: usize } = "display-name.length" {
            en: "the name has {length} characters: write 1 to 120",
            zh: "名称为 {length} 个字符：请填写 1 至 120 个",
        },
        Direction { clause: Clause } = "display-name.direction" {
            en: "the name holds a character that turns the direction of text ({clause}): type it again instead of copying it",
            zh: "名称含有改变文字方向的字符（{clause:#}）：请重新输入，不要粘贴",
        },
        Invisible { clause: Clause } = "display-name.invisible" {
            en: "the name holds an invisible or control character ({clause}): type it again instead of copying it",
            zh: "名称含有不可见字符或控制字符（{clause:#}）：请重新输入，不要粘贴",
        },
        Character { character: char, clause: Clause } = "display-name.character" {
            en: "`{character}` may not stand in a name ({clause}): use letters, digits and ordinary punctuation",
            zh: "名称不得含有“{character}”（{clause:#}）：请使用文字、数字和常用标点",
        },
        Mixed { scripts: String, clause: Clause } = "display-name.mixed" {
            en: "the name mixes scripts ({scripts}), so that letters can be taken for others ({clause}): use Chinese with at most one other",
            zh: "名称混用多种文字（{scripts}），字母易被混淆（{clause:#}）：除汉字外最多使用一种文字",
        },
        LooksLike { name: Box<str>, other: Box<str>, clause: Clause } = "display-name.looks-like" {
            en: "`{name}` looks like `{other}`, which exists ({clause}): choose a name that cannot be taken for it",
            zh: "“{name}”与已有的“{other}”形似（{clause:#}）：请选择不致混淆的名称",
        },
    }
}

/// A name that people read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

impl DisplayName {
    /// Reads a name and brings it into its one spelling.
    pub fn parse(text: &str) -> Result<Self, DisplayNameError> {
        // Characters first: what follows may not hide them.
        text.chars().take(4 * LENGTH_MAX).try_for_each(check_visible)?;
        let name = text.nfc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
        let length = name.chars().count();
        if !(1..=LENGTH_MAX).contains(&length) {
            return Err(DisplayNameError::Length { length });
        }
        name.chars().try_for_each(check_character)?;
        check_scripts(&name)?;
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for DisplayName {
    type Error = DisplayNameError;
    fn try_from(text: String) -> Result<Self, DisplayNameError> {
        Self::parse(&text)
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_visible(character: char) -> Result<(), DisplayNameError> {
    match character {
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Err(DisplayNameError::Direction { clause: CLAUSE })
        }
        '\u{00ad}'
        | '\u{034f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => Err(DisplayNameError::Invisible { clause: CLAUSE }),
        _ if character.is_control() => Err(DisplayNameError::Invisible { clause: CLAUSE }),
        _ => Ok(()),
    }
}

fn check_character(character: char) -> Result<(), DisplayNameError> {
    let imitates = || !character.nfkc().eq([character]);
    let mark = character.script() == Script::Inherited;
    let sound = SIGNS.contains(character) || character.is_alphanumeric() && !imitates() && !mark || is_vowel_sign(character);
    if sound { Ok(()) } else { Err(DisplayNameError::Character { character, clause: CLAUSE }) }
}

/// Marks without which Tibetan cannot be written.
fn is_vowel_sign(character: char) -> bool {
    character.script() == Script::Tibetan
}

fn check_scripts(name: &str) -> Result<(), DisplayNameError> {
    let mut scripts: Vec<Script> = Vec::new();
    for script in name.chars().map(|character| character.script()) {
        if !matches!(script, Script::Common | Script::Inherited) && !scripts.contains(&script) {
            scripts.push(script);
        }
    }
    let others = scripts.iter().filter(|script| **script != Script::Han);
    let known = |script: &Script| {
        matches!(script, Script::Latin | Script::Tibetan | Script::Mongolian | Script::Arabic | Script::Hangul | Script::Yi)
    };
    let sound = others.clone().count() <= 1 && others.clone().all(known);
    let named = || scripts.iter().map(|script| script.full_name()).collect::<Vec<_>>().join(", ");
    if sound { Ok(()) } else { Err(DisplayNameError::Mixed { scripts: named(), clause: CLAUSE }) }
}

/// Whether two names can be taken for each other: their skeletons (Unicode TS 39) agree, whatever their case, spaces and
/// brackets.
pub fn look_alike(one: &str, other: &str) -> bool {
    form(one) == form(other)
}

fn form(name: &str) -> String {
    let plain = name.nfkc().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    // Capital I and small l look alike, but only one of them survives the lowering of case.
    unicode_security::confusable_detection::skeleton(&plain).map(|character| if character == 'i' { 'l' } else { character }).collect()
}

/// Refuses a name that can be taken for one that exists.
pub fn check_distinct<'a>(name: &DisplayName, existing: impl IntoIterator<Item = &'a DisplayName>) -> Result<(), DisplayNameError> {
    let own = form(name.as_str());
    let similar = existing.into_iter().find(|other| form(other.as_str()) == own);
    similar.map_or(Ok(()), |other| {
        Err(DisplayNameError::LooksLike { name: name.as_str().into(), other: other.as_str().into(), clause: CLAUSE })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    #[test]
    fn ordinary_names_pass_in_one_spelling() {
        for (text, name) in [
            ("双鸭山市大数据中心", "双鸭山市大数据中心"),
            ("  北部湾大数据交易中心（广西）有限公司 ", "北部湾大数据交易中心（广西）有限公司"),
            ("Acme  Data\u{3000}Ltd.", "Acme Data Ltd."),
            ("Cafe\u{301} 数据", "Café 数据"),
            ("3M 中国", "3M 中国"),
            ("བོད་ལྗོངས", "བོད་ལྗོངས"),
        ] {
            assert_eq!(DisplayName::parse(text).map(String::from).map_err(|error| error.to_string()), Ok(name.to_owned()), "{text}");
        }
    }

    #[test]
    fn names_that_deceive_are_refused() {
        for (text, code) in [
            ("\u{202e}acme", "display-name.direction"),
            ("ac\u{200f}me", "display-name.direction"),
            ("ac\u{2066}me\u{2069}", "display-name.direction"),
            ("ac\u{200b}me", "display-name.invisible"),
            ("ac\u{ad}me", "display-name.invisible"),
            ("acme\u{0}", "display-name.invisible"),
            ("acme\n", "display-name.invisible"),
            ("acme\u{fe0f}", "display-name.invisible"),
            ("acm\u{0435}", "display-name.mixed"),
            ("\u{0430}\u{0441}\u{0435}", "display-name.mixed"),
            ("ΑΒΓ", "display-name.mixed"),
            ("Ａcme", "display-name.character"),
            ("𝐀cme", "display-name.character"),
            ("acme①", "display-name.character"),
            ("a\u{0338}cme", "display-name.character"),
            ("acme😀", "display-name.character"),
            ("<b>acme</b>", "display-name.character"),
            ("\u{e000}", "display-name.character"),
            ("   ", "display-name.length"),
        ] {
            assert_eq!(DisplayName::parse(text).expect_err(text).code(), code, "{text:?}");
        }
        assert_eq!(DisplayName::parse(&"长".repeat(121)).expect_err("long").code(), "display-name.length");
        assert!(DisplayName::parse(&"长".repeat(120)).is_ok());
    }

    #[test]
    fn names_that_look_alike_are_found() {
        let name = |text| DisplayName::parse(text).expect("name");
        let known = [name("Acme Limited"), name("双鸭山市大数据中心")];
        for alike in ["ACME LIMITED", "Acme-Limited", "Acrne Limited", "Acme Llmited"] {
            assert_eq!(check_distinct(&name(alike), &known).expect_err(alike).code(), "display-name.looks-like", "{alike}");
        }
        assert!(check_distinct(&name("Acme Data"), &known).is_ok());
        assert!(check_distinct(&name("淄博市大数据中心"), &known).is_ok());
        assert!(look_alike("paypal", "раураl") && !look_alike("a", "b"));
    }
}
