//! The steps of a registration, each after the one before and by another than the applicant (登记办法 Art. 8 to 20).

use super::{ProductError, ProductRecord, Stage, Step, StepRecord};
use crate::{Domain, ServiceError, instant, keys};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use serde_json::json;
use tidegate_log::{Entry, Event, ProductStep, ProductStepKind as Kind, commit};
use tidegate_store::{Opening, StoreError};

/// Longest opinion in characters.
const OPINION_MAX: usize = 4_000;

/// The stage after a step.
fn next_stage(stage: Stage, kind: Kind) -> Option<Stage> {
    let open = matches!(stage, Stage::Applied | Stage::Accepted | Stage::Reviewed | Stage::Notice);
    match kind {
        Kind::Accepted => (stage == Stage::Applied).then_some(Stage::Accepted),
        Kind::Reviewed => (stage == Stage::Accepted).then_some(Stage::Reviewed),
        Kind::Notice => (stage == Stage::Reviewed).then_some(Stage::Notice),
        Kind::Coded => (stage == Stage::Notice).then_some(Stage::Coded),
        Kind::Objected | Kind::ObjectionDismissed => (stage == Stage::Notice).then_some(Stage::Notice),
        Kind::ObjectionUpheld => (stage == Stage::Notice).then_some(Stage::Refused),
        Kind::Refused => open.then_some(Stage::Refused),
        Kind::Withdrawn => (open || stage == Stage::Coded).then_some(Stage::Withdrawn),
        Kind::Revoked => (open || stage == Stage::Coded).then_some(Stage::Revoked),
    }
}

/// Working days that lie wholly between two days: Monday to Friday. Public holidays are the registration body's business.
fn working_days_between(from: Date, to: Date) -> u32 {
    let working = |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
    let days = from.series(1.day()).skip(1).take_while(|day| *day < to).take(3_660);
    u32::try_from(days.filter(working).count()).unwrap_or(u32::MAX)
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 200 && !text.chars().any(char::is_control)
}

impl Step {
    fn check(&self, record: &ProductRecord) -> Result<(), ProductError> {
        let own = record.is_own(&self.by);
        if self.kind == Kind::Withdrawn && self.by != record.application.operator {
            return Err(ProductError::Withdrawer { by: self.by.to_string(), operator: record.application.operator.to_string() });
        }
        if self.kind != Kind::Withdrawn && own {
            return Err(ProductError::SelfReview { by: self.by.to_string() });
        }
        let said = self.opinion.as_ref().is_some_and(|text| !text.trim().is_empty());
        let needs_reason =
            matches!(self.kind, Kind::Refused | Kind::Withdrawn | Kind::Revoked | Kind::ObjectionUpheld | Kind::ObjectionDismissed);
        if (needs_reason && !said) || self.opinion.as_ref().is_some_and(|text| text.chars().count() > OPINION_MAX) {
            return Err(ProductError::Reason);
        }
        if self.kind == Kind::Objected && (self.evidence.is_none() || !self.objector.as_deref().is_some_and(is_line)) {
            return Err(ProductError::Objector);
        }
        let code_fits =
            self.code.as_ref().is_some_and(|code| [&code.code, &code.issuer, &code.scheme].into_iter().all(|text| is_line(text)));
        if self.kind == Kind::Coded && !code_fits { Err(ProductError::Code) } else { Ok(()) }
    }

    /// What the log commits to. A code's opening goes into packages, so no opinion stands beside it.
    fn details(&self) -> Result<Vec<u8>, StoreError> {
        let details = match &self.code {
            Some(code) => serde_json::to_vec(code),
            None => serde_json::to_vec(&json!({ "opinion": self.opinion, "objector": self.objector, "evidence_sha256": self.evidence })),
        };
        Ok(details?)
    }
}

impl Domain {
    /// Takes a step of a registration.
    pub(super) async fn step_product(&self, mut step: Step) -> Result<ProductRecord, ServiceError> {
        let record = self.product_record(&step.product).await?;
        if step.kind != Kind::Coded {
            step.code = None;
        }
        step.check(&record)?;
        let wrong = || ProductError::Stage { product: record.product.clone(), stage: record.stage.name().into() };
        let stage = next_stage(record.stage, step.kind).ok_or_else(wrong)?;
        if matches!(step.kind, Kind::ObjectionUpheld | Kind::ObjectionDismissed) && !record.objection_open {
            return Err(ProductError::NoObjection { product: record.product }.into());
        }
        let until = if step.kind == Kind::Coded { Some(self.check_code(&record).await?) } else { None };
        let at = instant::text(self.next_instant().await?);
        let content = step.details()?;
        let opening = Opening { field: "details_commitment", salt: keys::random()?, content: Some(content.clone()) };
        let event = ProductStep {
            product: step.product.clone(),
            step: step.kind,
            by: step.by.clone(),
            details_commitment: commit(&opening.salt, &content),
        };
        let mut act = self.store.begin().await?;
        Self::check_unchanged(&mut act, &record).await?;
        let log_position = act.append(&Entry { at: at.clone(), event: Event::ProductStep(event) }, &[opening]).await?;
        let mut record = record;
        record.stage = stage;
        record.objection_open = match step.kind {
            Kind::Objected => true,
            Kind::ObjectionDismissed | Kind::ObjectionUpheld => false,
            _ => record.objection_open,
        };
        record.code = step.code.or(record.code);
        record.registered_until = until.or(record.registered_until);
        record.steps.push(StepRecord {
            kind: step.kind,
            by: step.by,
            at,
            opinion: step.opinion,
            objector: step.objector,
            evidence_sha256: step.evidence,
            log_position,
        });
        act.put_product(&record.product, record.application.operator.as_str(), &record).await?;
        act.commit().await?;
        self.publish().await?;
        Ok(record)
    }

    /// Whether the code may be given today; the last day of the registration: three years, or what the grants leave.
    async fn check_code(&self, record: &ProductRecord) -> Result<String, ServiceError> {
        if record.objection_open {
            return Err(ProductError::ObjectionOpen { product: record.product.clone() }.into());
        }
        let needed = self.product_policy().await?.notice_days;
        let today = instant::today();
        let noticed = record.step(Kind::Notice).and_then(|step| step.at.get(..10)?.parse::<Date>().ok()).unwrap_or(today);
        let days = working_days_between(noticed, today);
        if days < needed {
            return Err(ProductError::Notice { days, needed }.into());
        }
        self.check_redevelopment(&record.application).await?;
        let mut until = today.saturating_add(3.years()).to_string();
        for source in &record.sources {
            let source = self.product_source(&source.run).await?;
            until = until.min(self.check_source_grants(&source, &record.application.operator).await?);
        }
        Ok(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_counts_whole_working_days() {
        let day = |text: &str| text.parse::<Date>().expect("date");
        // 2026-11-20 is a Friday.
        assert_eq!(working_days_between(day("2026-11-20"), day("2026-11-20")), 0);
        assert_eq!(working_days_between(day("2026-11-20"), day("2026-11-23")), 0);
        assert_eq!(working_days_between(day("2026-11-20"), day("2026-11-24")), 1);
        assert_eq!(working_days_between(day("2026-11-20"), day("2026-12-05")), 10);
    }
}
