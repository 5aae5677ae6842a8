//! The end of the demonstration: a release becomes a product that an exchange checks with the log's key alone.

use super::{Stage, name};
use crate::commands::key;
use crate::commands::product::{ask_about, plain_step, show_verified};
use crate::front::{CliError, Keeper};
use tidegate_log::ProductStepKind as Kind;
use tidegate_product::{Code, Demands, VerifiedPackage, acknowledge, read_package};
use tidegate_service::products::{AcknowledgementRecord, DeliverRequest, Delivered, PolicyRecord, ProductRecord, ProductRequest, Step};
use tidegate_service::view::DomainView;

const APPLICATION: &str = r#"
operator = "acme"
runs = ["RUN"]
form = "数据报告"
use_class = "public_good"
title = { zh = "各保险方案年均就诊次数", en = "Visits a year by insurance plan" }
description = { zh = "按方案的平均就诊次数，已加噪", en = "Mean visits by plan, noised" }
scenario = { zh = "卫生规划", en = "Health planning" }
price = { fen = 0, metering = "产品数量" }
rights = { holding = "health-bureau", processing = "acme", operation = "acme" }
risk_assessment = { reference = "DEMO-1", assessor = "assessor", valid_until = "UNTIL" }
"#;

const RECIPIENT: &str = "示例数据交易所会员 / Demo member";

impl Stage<'_> {
    pub(super) fn product(&self, keeper: &mut Keeper, domain: &DomainView, run: &str) -> Result<VerifiedPackage, CliError> {
        self.heading(
            "The release becomes a product: registered, delivered to one recipient, verified by an exchange",
            "发布结果成为产品：登记、交付给一个接收方、由数据交易机构核验",
            "tidegate product register|accept|review|notice|code|acknowledge|deliver|verify …",
        );
        let policy = PolicyRecord { coded_needed: true, notice_days: 0, by: Some(name("demo-authority")?) };
        let _: PolicyRecord = ask_about(keeper, ProductRequest::Policy(policy))?;
        let until = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(90)).to_string();
        let application = APPLICATION.replace("RUN", run).replace("UNTIL", &until);
        let mut record: ProductRecord = ask_about(keeper, ProductRequest::Register { application })?;
        for kind in [Kind::Accepted, Kind::Reviewed, Kind::Notice, Kind::Coded] {
            let code = Code { code: "DEMO-0001".into(), issuer: "demo-registry".into(), scheme: "demo".into() };
            let code = (kind == Kind::Coded).then_some(code);
            let step = Step { code, ..plain_step(kind, record.product.clone(), name("demo-registry")?, None) };
            record = ask_about(keeper, ProductRequest::Step(step))?;
        }
        let file = self.place.join("member");
        let recipient_key = key::new(&file)?;
        let signed = acknowledge(&record.product, record.terms_sha256, RECIPIENT, &key::read(&file)?);
        let _: AcknowledgementRecord = ask_about(keeper, ProductRequest::Acknowledge { file: signed })?;
        let out = self.domain.join("demo-product");
        let out = std::path::absolute(&out).map_err(|error| CliError::file(&out, &error))?;
        let request = DeliverRequest {
            product: record.product,
            recipient: RECIPIENT.into(),
            recipient_key,
            exchange: "demo-exchange".into(),
            listing: "L-1".into(),
            contract: "C-1".into(),
            out,
        };
        let delivered: Delivered = ask_about(keeper, ProductRequest::Deliver(request))?;
        let log = self.domain.join("log");
        let demands = Demands { vkey: &domain.verifier_key, recipient: Some(RECIPIENT), log: Some(&log), ..Demands::default() };
        let verified = tidegate_product::verify(&read_package(&delivered.package)?, &demands)?;
        if !self.output.json {
            show_verified(&verified, self.output);
        }
        if self.kept {
            let place = delivered.package.display();
            self.say(
                &format!("The package stays in {place}; its VERIFY.md needs openssl alone."),
                &format!("产品包保留在 {place}；其 VERIFY.md 只需 openssl。"),
            );
        }
        Ok(verified)
    }
}
