//! Prices by class of use (rule G4), and the ban on developing delivered products further (rule G15).

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use tidegate_rules::{Clause, words};
use tidegate_terms::{Name, messages};

const PRICES: Clause = Clause::shuangyashan("G4", 44);

messages! {
    /// Why a price or an input is refused.
    pub enum PriceError {
        PublicGood { clause: Clause } = "price.public-good" {
            en: "use for public governance and public good is free ({clause}): set the price to 0",
            zh: "用于公共治理、公益事业的无偿使用（{clause:#}）：请将价格设为 0",
        },
        NoCap { clause: Clause } = "price.no-cap" {
            en: "use for industry has a cap set by the government ({clause}): give the cap and its document",
            zh: "用于产业发展的实行政府指导价（{clause:#}）：请填写上限及其文件",
        },
        AboveCap { fen: u64, cap_fen: u64, clause: Clause } = "price.above-cap" {
            en: "the price is {fen} fen, the cap {cap_fen} fen ({clause}): lower it",
            zh: "价格为 {fen} 分，上限为 {cap_fen} 分（{clause:#}）：请调低",
        },
        Redevelopment { product: String, clause: Clause } = "price.redevelopment" {
            en: "product `{product}` was delivered, and its operator or an affiliate may not develop it further ({clause}): use the data of the grant",
            zh: "产品“{product}”已交付，运营机构及其关联方不得参与再开发（{clause:#}）：请使用授权范围内的数据",
        },
    }
}

/// What a product is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UseClass {
    /// 公共治理、公益事业.
    PublicGood,
    /// 产业发展、行业发展.
    Industry,
}

words!(UseClass {
    PublicGood: "public governance and public good", "公共治理、公益事业";
    Industry: "industry", "产业发展、行业发展";
});

/// The price of a product, in fen (1/100 yuan).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// For which class of use.
    pub class: UseClass,
    /// How much.
    pub fen: u64,
    /// The government's cap.
    pub cap_fen: Option<u64>,
    /// The document that sets the cap.
    #[serde(default)]
    pub cap_document: String,
}

impl Price {
    /// Checks a price against its class and cap.
    pub fn check(&self) -> Result<(), PriceError> {
        match (self.class, self.cap_fen.filter(|_| !self.cap_document.trim().is_empty())) {
            (UseClass::PublicGood, _) if self.fen > 0 => Err(PriceError::PublicGood { clause: PRICES }),
            (UseClass::PublicGood, _) => Ok(()),
            (UseClass::Industry, None) => Err(PriceError::NoCap { clause: PRICES }),
            (UseClass::Industry, Some(cap_fen)) if self.fen > cap_fen => {
                Err(PriceError::AboveCap { fen: self.fen, cap_fen, clause: PRICES })
            }
            (UseClass::Industry, Some(_)) => Ok(()),
        }
    }
}

/// Who makes a product, for whom.
#[derive(Debug, Clone, Copy)]
pub struct Redevelopment<'a> {
    /// Who wrote its module.
    pub author: &'a Name,
    /// The operator.
    pub operator: &'a Name,
    /// Those whom the operator declared as affiliated.
    pub affiliates: &'a BTreeSet<Name>,
}

/// Checks the inputs of a product: an operator, or who is affiliated with it, takes none that was delivered. Others may.
pub fn check_inputs(of: &Redevelopment<'_>, inputs: &[String], delivered: impl Fn(&str) -> bool) -> Result<(), PriceError> {
    let bound = of.author == of.operator || of.affiliates.contains(of.author);
    match inputs.iter().find(|input| bound && delivered(input)) {
        Some(product) => Err(PriceError::Redevelopment { product: product.clone(), clause: Clause::shuangyashan("G15", 51) }),
        None => Ok(()),
    }
}
