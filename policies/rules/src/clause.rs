//! The article that stands behind a rule.
//!
//! A denial without a rule is a bug (Shuangyashan Art. 63: nobody may add conditions of his own), so whatever refuses
//! carries one of these. Rejected: a bare number of an article. The same number means different things in five texts.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use tidegate_terms::Bilingual;

/// A rule and the article that it follows from.
///
/// `{}` writes it in English, `{:#}` in Chinese.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// The row of the table of requirements, such as `B8`; rules of Tidegate's own begin with `T`.
    pub rule: Cow<'static, str>,
    /// The text, in English.
    pub en: Cow<'static, str>,
    /// The text, in Chinese.
    pub zh: Cow<'static, str>,
    /// The article, where the text has articles.
    pub article: Option<u16>,
}

impl Clause {
    const fn fixed(rule: &'static str, en: &'static str, zh: &'static str, article: u16) -> Self {
        Self { rule: Cow::Borrowed(rule), en: Cow::Borrowed(en), zh: Cow::Borrowed(zh), article: Some(article) }
    }

    /// An article of the measures of Jinan.
    pub const fn jinan(rule: &'static str, article: u16) -> Self {
        Self::fixed(rule, "Jinan", "济南", article)
    }

    /// An article of the measures of Shuangyashan.
    pub const fn shuangyashan(rule: &'static str, article: u16) -> Self {
        Self::fixed(rule, "Shuangyashan", "双鸭山", article)
    }

    /// An article of the measures of Zibo.
    pub const fn zibo(rule: &'static str, article: u16) -> Self {
        Self::fixed(rule, "Zibo", "淄博", article)
    }

    /// An article of the measures of the Qibu District of Jinan.
    pub const fn qibu(rule: &'static str, article: u16) -> Self {
        Self::fixed(rule, "Qibu", "起步区", article)
    }

    /// An article of the measures of Binzhou.
    pub const fn binzhou(rule: &'static str, article: u16) -> Self {
        Self::fixed(rule, "Binzhou", "滨州", article)
    }

    /// An article of 授权运营实施规范 (发改数据规〔2025〕27号).
    pub const fn operation(rule: &'static str, article: u16) -> Self {
        Self::fixed(rule, "implementation rules for authorised operation", "授权运营实施规范", article)
    }

    /// A rule of Tidegate's own, where no text gives one: it says so instead of naming an article.
    pub const fn own(rule: &'static str) -> Self {
        Self {
            rule: Cow::Borrowed(rule),
            en: Cow::Borrowed("Tidegate's own rule, no article"),
            zh: Cow::Borrowed("潮闸自有规则，无对应条文"),
            article: None,
        }
    }

    /// A rule of a national standard, which is cited as a whole.
    pub const fn standard(rule: &'static str, name: &'static str) -> Self {
        Self { rule: Cow::Borrowed(rule), en: Cow::Borrowed(name), zh: Cow::Borrowed(name), article: None }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, en, zh, article } = self;
        match (f.alternate(), article) {
            (false, Some(article)) => write!(f, "rule {rule}, {en} Art. {article}"),
            (false, None) => write!(f, "rule {rule}, {en}"),
            (true, Some(article)) => write!(f, "规则 {rule}，{zh}第{}条", chinese_number(*article)),
            (true, None) => write!(f, "规则 {rule}，{zh}"),
        }
    }
}

/// A word in two languages, for messages: `{}` writes it in English, `{:#}` in Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// In English.
    pub en: &'static str,
    /// In Chinese.
    pub zh: &'static str,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if f.alternate() { self.zh } else { self.en })
    }
}

/// A text in two languages, for messages: `{}` writes it in English, `{:#}` in Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Both(Box<Bilingual>);

impl From<&Bilingual> for Both {
    fn from(text: &Bilingual) -> Self {
        Self(Box::new(text.clone()))
    }
}

impl fmt::Display for Both {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if f.alternate() { &self.0.zh } else { &self.0.en })
    }
}

/// Declares how the values of an enum are called, in English and in Chinese, and lists them.
///
/// `Display` comes with it: `{}` writes English, `{:#}` Chinese.
#[macro_export]
macro_rules! words {
    ($name:ident { $( $variant:ident : $en:literal, $zh:literal );* $(;)? }) => {
        impl $name {
            /// All values, in order.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),* ];

            /// What it is called, in both languages.
            pub const fn shown(self) -> $crate::Shown {
                match self {
                    $( Self::$variant => $crate::Shown { en: $en, zh: $zh }, )*
                }
            }

            /// The value with this name, in English or Chinese.
            pub fn of_word(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.shown().en == text || value.shown().zh == text)
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.shown(), f)
            }
        }
    };
}

/// A number from 1 to 999 as articles are counted; larger ones stay in digits.
pub fn chinese_number(number: u16) -> String {
    const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |value: u16| DIGITS[usize::from(value % 10)];
    let (hundreds, tens, ones) = (number / 100, number / 10 % 10, number % 10);
    if !(1..=999).contains(&number) {
        return number.to_string();
    }
    let mut text = String::new();
    if hundreds > 0 {
        text += digit(hundreds);
        text += "百";
    }
    match tens {
        0 if hundreds > 0 && ones > 0 => text += "零",
        0 => {}
        1 if hundreds == 0 => text += "十",
        _ => {
            text += digit(tens);
            text += "十";
        }
    }
    if ones > 0 {
        text += digit(ones);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_are_counted_as_the_texts_count_them() {
        for (number, text) in
            [(1, "一"), (10, "十"), (11, "十一"), (20, "二十"), (47, "四十七"), (100, "一百"), (105, "一百零五"), (110, "一百一十")]
        {
            assert_eq!(chinese_number(number), text);
        }
    }

    #[test]
    fn a_clause_speaks_both_languages() {
        let clause = Clause::shuangyashan("I9", 40);
        assert_eq!(format!("{clause}"), "rule I9, Shuangyashan Art. 40");
        assert_eq!(format!("{clause:#}"), "规则 I9，双鸭山第四十条");
        assert_eq!(format!("{}", Clause::own("T1")), "rule T1, Tidegate's own rule, no article");
    }
}
