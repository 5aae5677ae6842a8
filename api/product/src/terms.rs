//! The terms of use that a recipient acknowledges before a package is made for it (Shuangyashan Art. 33, 72).

use crate::application::{Application, UseClass};
use tidegate_terms::{Digest, Name};

/// The terms of a product, in both languages. The same text for everybody.
pub fn terms_text(product: &str, application: &Application, purposes: &[Name]) -> String {
    let mut purposes: Vec<&str> = purposes.iter().map(Name::as_str).collect();
    purposes.sort_unstable();
    purposes.dedup();
    let (zh_class, en_class) = match application.use_class {
        UseClass::PublicGood => ("公共治理、公益事业（无偿）", "public good (free of charge)"),
        UseClass::Industry => ("产业发展、行业发展", "industry"),
    };
    format!(
        "使用条款 / Terms of use\n\n产品 / Product: {product}\n名称 / Title: {zh_title} / {en_title}\n数据使用用途 / Purpose of the data: {purposes}\n\
         使用类别 / Use class: {zh_class} / {en_class}\n应用场景 / Scenario: {zh_scenario} / {en_scenario}\n\n\
         1. 仅限列明的接收方用于上述用途与场景，不得改变用途或者使用范围。\n   The named recipient alone uses the product, for the purpose and \
         scenario above, and changes neither.\n2. 不得转让，不得直接或者以改变数据形式等间接方式提供给第三方。\n   It is not passed on, neither directly nor \
         in another form.\n3. 不得试图还原原始数据或识别个人。\n   Nobody tries to restore raw data or to recognise a person.\n4. \
         使用时应当注明数据的来源和获取日期。\n   Source and acquisition date of the data are stated wherever the product is used.\n5. \
         登记注销或者撤销后停止使用。\n   Use ends when the registration is withdrawn or revoked.\n",
        zh_title = application.title.zh,
        en_title = application.title.en,
        zh_scenario = application.scenario.zh,
        en_scenario = application.scenario.en,
        purposes = purposes.join(", "),
    )
}

/// The digest that an acknowledgement signs.
pub fn terms_digest(text: &str) -> Digest {
    Digest::of(text.as_bytes())
}
