//! The material for a registry, in the seven sections of 登记办法 Art. 9.

use super::{DeliveryRecord, PolicyRecord, ProductRecord};
use crate::{Domain, ServiceError, instant};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The seven sections, in their order.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ExportView {
    /// The product.
    pub product: String,
    /// Each with its title.
    #[schemars(with = "Vec<Vec<serde_json::Value>>")]
    pub sections: Vec<(String, Value)>,
}

impl Domain {
    /// The material for a registry. What the domain does not know is null.
    pub(super) async fn export_product(&self, product: &str) -> Result<ExportView, ServiceError> {
        let record: ProductRecord = self.product_record(product).await?;
        let policy: PolicyRecord = self.product_policy().await?;
        let deliveries: Vec<DeliveryRecord> = self.books().deliveries(product).await?;
        let application = &record.application;
        let (mut origins, mut resources, mut evidence) = (Vec::new(), Vec::new(), Vec::new());
        for source in &record.sources {
            let run = self.traced_run(&source.run).await?;
            for (dataset, version, grant) in &run.datasets {
                let mounted = self.mounted(dataset, Some(*version)).await?;
                let granted = self.books().grant(grant).await?;
                origins.push(json!({
                    "数据集": dataset, "版本": version, "授权编号": grant,
                    "授权用途": granted.as_ref().map(|grant| grant.purpose.clone()),
                    "授权期限": granted.as_ref().map(|grant| [grant.valid_from.clone(), grant.valid_until.clone()]),
                    "数据来源": mounted.schema.source, "获取日期": mounted.schema.acquired,
                }));
                resources.push(json!({
                    "数据资源名称": mounted.schema.title.zh, "数据资源名称（英文）": mounted.schema.title.en, "版本": version,
                    "保护对象数量上限": mounted.schema.units_max,
                    "数据项": mounted.schema.tables.iter().flat_map(|table| {
                        table.columns.iter().map(move |column| format!("{}.{}", table.name, column.name))
                    }).collect::<Vec<_>>(),
                }));
            }
            evidence.push(json!({
                "运行": run.run, "发布结果日志位置": run.log_position, "模型封签摘要": run.module, "模型批准人": run.approvers,
            }));
        }
        let sections = [
            (
                "主体信息",
                json!({ "登记主体名称": application.operator, "关联方": application.affiliates, "持有权": application.rights.holding,
                "加工使用权": application.rights.processing, "经营权": application.rights.operation }),
            ),
            ("数据合法合规性来源", Value::Array(origins)),
            ("数据资源情况", Value::Array(resources)),
            (
                "存证情况",
                json!({ "日志来源名": self.keys.signer.verifier().name(), "日志核验公钥": self.keys.present(instant::now()).to_string(),
                "登记申请日志位置": record.log_position, "运行存证": evidence,
                "登记步骤": record.steps.iter().map(|step| json!({ "步骤": step.kind, "单位": step.by, "时间": step.at, "意见": step.opinion,
                    "日志位置": step.log_position })).collect::<Vec<_>>() }),
            ),
            (
                "产品和服务信息",
                json!({ "产品编号": record.product, "名称": application.title, "内容简介": application.description,
                "产品形态": application.form, "使用类别": application.use_class, "价格（分）": application.price.fen,
                "计量方式": application.price.metering, "最高限价": application.price.cap, "所用产品": application.inputs,
                "登记状态": record.stage, "登记编码": record.code, "登记有效期至": record.registered_until,
                "交付": deliveries.iter().map(|one| json!({ "交付编号": one.delivery, "时间": one.at, "交易机构": one.exchange,
                    "挂牌编号": one.listing, "合同编号": one.contract, "签收时间": one.received_at })).collect::<Vec<_>>() }),
            ),
            (
                "应用场景信息",
                json!({ "应用场景": application.scenario, "使用条款摘要": record.terms_sha256, "公示工作日数": policy.notice_days }),
            ),
            (
                "数据安全风险评估",
                json!({ "评估文号": application.risk_assessment.reference, "评估单位": application.risk_assessment.assessor,
                "有效期至": application.risk_assessment.valid_until }),
            ),
        ];
        let sections = sections.into_iter().map(|(title, content)| (title.to_owned(), content)).collect();
        Ok(ExportView { product: record.product, sections })
    }
}
