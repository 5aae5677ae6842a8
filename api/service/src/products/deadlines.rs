//! What is due for a registration, and when (登记办法 Art. 9 to 15). Working days are Monday to Friday: public holidays move a
//! deadline further back, never forward.

use super::{DeliveryRecord, PolicyRecord, ProductRecord, Stage};
use crate::{Domain, ServiceError};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use tidegate_log::ProductStepKind as Kind;
use tidegate_terms::Bilingual;

/// Something that is due.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Deadline {
    /// What.
    #[schemars(with = "serde_json::Value")]
    pub what: Bilingual,
    /// The day, YYYY-MM-DD.
    pub due: String,
}

/// A product with what is due.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProductView {
    /// The product.
    #[serde(flatten)]
    pub record: ProductRecord,
    /// What is due next.
    pub deadlines: Vec<Deadline>,
}

fn working_days_after(day: Date, days: u32) -> Date {
    let working = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let mut after = day.series(1.day()).skip(1).filter(working);
    (0..days).fold(day, |last, _| after.next().unwrap_or(last))
}

fn day(at: &str) -> Option<Date> {
    at.get(..10)?.parse().ok()
}

impl Domain {
    /// A product with what is due.
    pub(super) async fn product_view(&self, product: &str) -> Result<ProductView, ServiceError> {
        let record = self.product_record(product).await?;
        let deliveries: Vec<DeliveryRecord> = self.books().deliveries(product).await?;
        let deadlines = deadlines(&record, &self.product_policy().await?, deliveries.first());
        Ok(ProductView { record, deadlines })
    }
}

fn deadlines(record: &ProductRecord, policy: &PolicyRecord, first_delivery: Option<&DeliveryRecord>) -> Vec<Deadline> {
    let stepped = |kind: Kind| record.step(kind).and_then(|step| day(&step.at));
    let deadline = |en: &str, zh: &str, due: Option<Date>| {
        due.map(|due| Deadline { what: Bilingual { zh: zh.into(), en: en.into() }, due: due.to_string() })
    };
    let next = match record.stage {
        Stage::Applied => deadline(
            "accept or refuse, 3 working days (Art. 10)",
            "受理或不予受理，3 个工作日（第十条）",
            day(&record.at).map(|at| working_days_after(at, 3)),
        ),
        Stage::Accepted => deadline(
            "form review, 20 working days (Art. 10)",
            "形式审核，20 个工作日（第十条）",
            stepped(Kind::Accepted).map(|at| working_days_after(at, 20)),
        ),
        Stage::Notice => deadline(
            "the public notice lasts until (Art. 11)",
            "公示至（第十一条）",
            stepped(Kind::Notice).map(|at| working_days_after(at, policy.notice_days)),
        ),
        Stage::Coded => deadline(
            "renewal, within the 60 days that begin on (Art. 15)",
            "续展，自该日起 60 日内（第十五条）",
            record.registered_until.as_deref().and_then(day).map(|until| until.saturating_sub(60.days())),
        ),
        Stage::Reviewed | Stage::Refused | Stage::Withdrawn | Stage::Revoked => None,
    };
    let uncoded = first_delivery.filter(|_| record.code.is_none());
    let registration = deadline(
        "registration, 20 working days after the first delivery (Art. 9)",
        "首次交付后 20 个工作日内完成登记（第九条）",
        uncoded.and_then(|delivery| day(&delivery.at)).map(|at| working_days_after(at, 20)),
    );
    next.into_iter().chain(registration).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_count_working_days() {
        let day = |text: &str| text.parse::<Date>().expect("date");
        // 2026-11-20 is a Friday.
        assert_eq!(working_days_after(day("2026-11-20"), 0), day("2026-11-20"));
        assert_eq!(working_days_after(day("2026-11-20"), 3), day("2026-11-25"));
        assert_eq!(working_days_after(day("2026-11-21"), 20), day("2026-12-18"));
    }
}
