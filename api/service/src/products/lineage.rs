//! From what a product was made, and whether that is allowed (Shuangyashan Art. 51).

use super::{ProductError, ProductRecord};
use crate::{Domain, ServiceError};
use std::collections::BTreeSet;
use tidegate_product::Application;

impl Domain {
    /// Refuses a product that was made, through any number of steps, from one that its operator or an affiliate delivered.
    pub(super) async fn check_redevelopment(&self, application: &Application) -> Result<(), ServiceError> {
        let own =
            |record: &ProductRecord| record.is_own(&application.operator) || application.affiliates.contains(&record.application.operator);
        let (mut open, mut seen) = (application.inputs.clone(), BTreeSet::new());
        while let Some(input) = open.pop() {
            if !seen.insert(input.clone()) {
                continue;
            }
            let record: Option<ProductRecord> = self.books().product(&input).await?;
            let record = record.ok_or_else(|| ProductError::Input { input: input.clone() })?;
            if record.deliveries > 0 && own(&record) {
                return Err(ProductError::Redeveloped { input, operator: record.application.operator.to_string() }.into());
            }
            open.extend(record.application.inputs);
        }
        Ok(())
    }
}
