//! The application for a product's registration, as its operator writes it in TOML.
//!
//! Guarantee: an [`Application`] that exists keeps the rules that need nothing but itself: public good at no price,
//! industry at most at the cap of a named document, and a holding right that stays away from the operator (Shuangyashan
//! Art. 44). Money is counted in fen, so that no sum is rounded.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_terms::{Bilingual, Name, messages, parse_date};

/// Most releases and most inputs of one product.
const LIST_MAX: usize = 100;
/// Longest text, in characters.
const TEXT_MAX: usize = 4_000;

messages! {
    /// Why an application is refused.
    pub enum ApplicationError {
        Syntax { detail: String } = "application.syntax" {
            en: "the application cannot be read: {detail}; docs/product-application.schema.json describes it",
            zh: "无法读取登记申请：{detail}；格式见 docs/product-application.schema.json",
        },
        Text { field: String } = "application.text" {
            en: "`{field}` must have between 1 and 4000 characters and no control characters: fill it in",
            zh: "“{field}”须为 1 至 4000 个字符且不含控制字符：请填写",
        },
        NoRuns = "application.no-runs" {
            en: "the application names no release: list run identifiers under `runs`",
            zh: "申请未列出任何发布结果：请在 `runs` 中列出运行编号",
        },
        TooMany { field: String } = "application.too-many" {
            en: "`{field}` has more than 100 entries, or one twice: divide the product, name each once",
            zh: "“{field}”超过 100 项或有重复：请拆分产品，每项只列一次",
        },
        PublicGoodPrice { fen: u64 } = "application.public-good-price" {
            en: "a product for the public good is free of charge (Shuangyashan Art. 44), but the price is {fen} fen: set it to 0, or register it for industry use with its cap",
            zh: "用于公共治理、公益事业的产品无偿使用（双鸭山第四十四条），而价格为 {fen} 分：请设为 0，或按产业用途连同最高限价登记",
        },
        NoCap = "application.no-cap" {
            en: "industry use needs the government-guided cap and its document (Shuangyashan Art. 44): add `cap` to the price",
            zh: "产业用途须有政府指导价的最高限价及其文件（双鸭山第四十四条）：请在价格中写明 `cap`",
        },
        AboveCap { fen: u64, cap: u64, document: String } = "application.above-cap" {
            en: "the price of {fen} fen is above the cap of {cap} fen in {document} (Shuangyashan Art. 44): lower it",
            zh: "价格 {fen} 分高于《{document}》规定的最高限价 {cap} 分（双鸭山第四十四条）：请降低价格",
        },
        Holding = "application.holding" {
            en: "the holding right (持有权) never passes to the operator or an affiliate (Shuangyashan Art. 44): name the organisation that holds the data",
            zh: "持有权不得转移给运营机构或其关联方（双鸭山第四十四条）：请写明持有数据的单位",
        },
        Date { text: String } = "application.date" {
            en: "`{text}` is not a date: write it like 2026-11-21",
            zh: "“{text}”不是日期：请按 2026-11-21 的形式书写",
        },
    }
}

/// The form of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Form {
    /// A data component.
    #[serde(rename = "数据组件", alias = "component")]
    Component,
    /// A data model.
    #[serde(rename = "数据模型", alias = "model")]
    Model,
    /// A verification about one subject. It can be registered, but no run produces it and no package carries it.
    #[serde(rename = "数据核验", alias = "verification")]
    Verification,
    /// A data service.
    #[serde(rename = "数据服务", alias = "service")]
    Service,
    /// A data tool.
    #[serde(rename = "数据工具", alias = "tool")]
    Tool,
    /// A data report.
    #[serde(rename = "数据报告", alias = "report")]
    Report,
}

/// What a product is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UseClass {
    /// 公共治理、公益事业: free of charge.
    PublicGood,
    /// 产业发展、行业发展: at most at the government-guided price.
    Industry,
}

/// What is counted for the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Metering {
    /// The number of products.
    #[serde(rename = "产品数量", alias = "products")]
    Products,
    /// The number of services.
    #[serde(rename = "服务次数", alias = "services")]
    Services,
    /// The time of service.
    #[serde(rename = "服务时间", alias = "time")]
    Time,
    /// The number of calls.
    #[serde(rename = "数据调用量", alias = "calls")]
    Calls,
}

/// The cap on a price, and where it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceCap {
    /// In fen (0.01 CNY) for each metering unit.
    pub fen: u64,
    /// The document's title and number.
    pub document: String,
}

/// The price of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// In fen (0.01 CNY) for each metering unit.
    pub fen: u64,
    /// What is counted.
    pub metering: Metering,
    /// The cap; needed for industry use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<PriceCap>,
}

/// Who holds which right (数据产权三权分置).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rights {
    /// 持有权: never the operator.
    pub holding: Name,
    /// 加工使用权.
    pub processing: Name,
    /// 经营权.
    pub operation: Name,
}

/// The risk assessment that an application relies on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskAssessment {
    /// Its title and number.
    pub reference: String,
    /// Who made it.
    pub assessor: String,
    /// Its last day, YYYY-MM-DD.
    pub valid_until: String,
}

/// An application for the registration of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Tidegate product application")]
pub struct Application {
    /// The operator that applies.
    pub operator: Name,
    /// Organisations that count as the operator for Art. 51: what they delivered, it does not re-develop.
    #[serde(default)]
    pub affiliates: Vec<Name>,
    /// The runs whose last releases the product is made of.
    pub runs: Vec<String>,
    /// Registered products that it was made from.
    #[serde(default)]
    pub inputs: Vec<String>,
    /// The form.
    pub form: Form,
    /// What it is for.
    pub use_class: UseClass,
    /// Its title.
    pub title: Bilingual,
    /// What it contains.
    pub description: Bilingual,
    /// Where it is used.
    pub scenario: Bilingual,
    /// The price.
    pub price: Price,
    /// Who holds which right.
    pub rights: Rights,
    /// The risk assessment.
    pub risk_assessment: RiskAssessment,
}

fn sound(text: &str) -> bool {
    let length = text.chars().count();
    (1..=TEXT_MAX).contains(&length) && !text.trim().is_empty() && !text.chars().any(|c| c.is_control() && c != '\n')
}

impl Application {
    /// Reads an application from TOML and checks it.
    pub fn parse(text: &str) -> Result<Self, ApplicationError> {
        let application: Self = toml::from_str(text).map_err(|error| ApplicationError::Syntax { detail: error.to_string() })?;
        application.check()?;
        Ok(application)
    }

    /// The JSON schema of applications.
    pub fn json_schema() -> serde_json::Value {
        tidegate_terms::sorted(schemars::schema_for!(Self).to_value())
    }

    /// The rules that an application keeps by itself; a verifier checks them again.
    pub(crate) fn check(&self) -> Result<(), ApplicationError> {
        if self.runs.is_empty() {
            return Err(ApplicationError::NoRuns);
        }
        for (field, list) in [("runs", &self.runs), ("inputs", &self.inputs)] {
            let different: BTreeSet<&String> = list.iter().collect();
            if list.len() > LIST_MAX || different.len() != list.len() {
                return Err(ApplicationError::TooMany { field: field.into() });
            }
        }
        let texts = [("title", &self.title), ("description", &self.description), ("scenario", &self.scenario)];
        let mut all: Vec<(&str, &String)> = texts.iter().flat_map(|(field, text)| [(*field, &text.zh), (*field, &text.en)]).collect();
        all.extend([("risk_assessment", &self.risk_assessment.reference), ("risk_assessment", &self.risk_assessment.assessor)]);
        all.extend(self.price.cap.iter().map(|cap| ("price.cap.document", &cap.document)));
        if let Some((field, _)) = all.into_iter().find(|(_, text)| !sound(text)) {
            return Err(ApplicationError::Text { field: field.into() });
        }
        if parse_date(&self.risk_assessment.valid_until).is_none() {
            return Err(ApplicationError::Date { text: self.risk_assessment.valid_until.chars().take(80).collect() });
        }
        if self.rights.holding == self.operator || self.affiliates.contains(&self.rights.holding) {
            return Err(ApplicationError::Holding);
        }
        self.check_price()
    }

    fn check_price(&self) -> Result<(), ApplicationError> {
        let fen = self.price.fen;
        match (self.use_class, &self.price.cap) {
            (UseClass::PublicGood, _) if fen > 0 => Err(ApplicationError::PublicGoodPrice { fen }),
            (UseClass::PublicGood, _) => Ok(()),
            (UseClass::Industry, None) => Err(ApplicationError::NoCap),
            (UseClass::Industry, Some(cap)) if fen > cap.fen => {
                Err(ApplicationError::AboveCap { fen, cap: cap.fen, document: cap.document.clone() })
            }
            (UseClass::Industry, Some(_)) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegate_terms::Message as _;

    const GOOD: &str = r#"
operator = "acme"
runs = ["r1"]
form = "数据报告"
use_class = "public_good"
title = { zh = "就诊次数", en = "Visits" }
description = { zh = "按方案统计", en = "By plan" }
scenario = { zh = "卫生规划", en = "Planning" }
price = { fen = 0, metering = "产品数量" }
rights = { holding = "health-bureau", processing = "acme", operation = "acme" }
risk_assessment = { reference = "R-1", assessor = "assessor", valid_until = "2027-01-01" }
"#;

    // clause: G3, G4 both
    #[test]
    fn prices_and_rights_follow_their_clauses() {
        assert_eq!(Application::parse(GOOD).expect("application").form, Form::Report);
        let industry = GOOD.replace("public_good", "industry");
        let capped = industry.replace("fen = 0,", "fen = 500, cap = { fen = 500, document = \"D\" },");
        assert!(Application::parse(&capped).is_ok());
        for (text, code) in [
            (GOOD.replace("fen = 0", "fen = 1"), "application.public-good-price"),
            (industry, "application.no-cap"),
            (capped.replace("fen = 500, cap", "fen = 501, cap"), "application.above-cap"),
            (GOOD.replace("health-bureau", "acme"), "application.holding"),
            (GOOD.replace("runs = [\"r1\"]", "runs = []"), "application.no-runs"),
            (GOOD.replace("[\"r1\"]", "[\"r1\", \"r1\"]"), "application.too-many"),
            (GOOD.replace("数据报告", "数据"), "application.syntax"),
            (GOOD.replace("Visits", " "), "application.text"),
            (GOOD.replace("2027-01-01", "2027-13-01"), "application.date"),
        ] {
            assert_eq!(Application::parse(&text).expect_err(code).code(), code);
        }
    }
}
