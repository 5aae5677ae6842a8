//! Identifiers that the national data infrastructure gives: kept as they are, never parsed.
//!
//! The readings of their formats that we have seen disagree, and the coding rules were not found; a parser or a check
//! digit made from them would refuse true identifiers (rule G10).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_rules::{Clause, words};
use tidegate_terms::messages;

const CLAUSE: Clause = Clause::shuangyashan("G10", 49);

messages! {
    /// Why an identifier is not kept.
    pub enum NationalIdError {
        Empty { clause: Clause } = "national-id.empty" {
            en: "a national identifier needs an issuer and a text of 1 to 256 characters ({clause}): copy both from the certificate",
            zh: "国家统一标识须有签发方和 1 至 256 个字符的标识文本（{clause:#}）：请按证书填写",
        },
        Character { clause: Clause } = "national-id.character" {
            en: "the identifier holds a space, a control character or an invisible one ({clause}): copy it again",
            zh: "标识含有空格、控制字符或不可见字符（{clause:#}）：请重新复制",
        },
    }
}

/// What an identifier names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// 统一目录标识.
    Catalogue,
    /// 统一身份登记.
    Identity,
    /// 接入连接器.
    Connector,
    /// 数据合约.
    Contract,
    /// 登记结果查询码.
    Registration,
    /// 政务信息系统登记号.
    System,
}

words!(Scheme {
    Catalogue: "catalogue id", "统一目录标识";
    Identity: "identity registration", "统一身份登记";
    Connector: "connector", "接入连接器";
    Contract: "contract", "数据合约";
    Registration: "registration code", "登记结果查询码";
    System: "system registration", "政务信息系统登记号";
});

/// An identifier that somebody else gave.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Raw")]
pub struct NationalId {
    /// What it names.
    pub scheme: Scheme,
    /// Who gave it.
    pub issuer: String,
    /// The identifier.
    pub text: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NationalId")]
struct Raw {
    scheme: Scheme,
    issuer: String,
    text: String,
}

impl TryFrom<Raw> for NationalId {
    type Error = NationalIdError;
    fn try_from(raw: Raw) -> Result<Self, NationalIdError> {
        Self::parse(raw.scheme, &raw.issuer, &raw.text)
    }
}

impl NationalId {
    /// Keeps an identifier as it is, if it can be shown and copied.
    pub fn parse(scheme: Scheme, issuer: &str, text: &str) -> Result<Self, NationalIdError> {
        let fits = |part: &str| (1..=256).contains(&part.chars().count());
        let (issuer, text) = (issuer.trim().to_owned(), text.trim().to_owned());
        if !fits(&issuer) || !fits(&text) {
            return Err(NationalIdError::Empty { clause: CLAUSE });
        }
        let visible = |character: char| character.is_ascii_graphic() || character.is_alphanumeric() && !character.is_ascii();
        if !text.chars().all(visible) || issuer.chars().any(|character| character != ' ' && !visible(character)) {
            return Err(NationalIdError::Character { clause: CLAUSE });
        }
        Ok(Self { scheme, issuer, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    // clause: G10 permitted
    #[test]
    fn identifiers_are_kept_as_they_are() {
        let code = "DP370000-2026/0000017";
        let kept = NationalId::parse(Scheme::Registration, "国家公共数据资源登记平台", &format!(" {code} ")).expect("kept");
        assert_eq!(kept.text, code);
        let wrong = |text: &str| NationalId::parse(Scheme::Connector, "issuer", text).expect_err("wrong").code();
        assert_eq!(wrong(" "), "national-id.empty");
        assert_eq!(wrong("a b"), "national-id.character");
        assert_eq!(wrong("a\u{200b}b"), "national-id.character");
        assert_eq!(wrong(&"x".repeat(257)), "national-id.empty");
    }
}
