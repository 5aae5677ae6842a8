//! The account of a lineage.

use crate::view::{AccountLine, BudgetView};
use crate::{Domain, ServiceError};
use tidegate_terms::Name;

impl Domain {
    /// The account on which a dataset draws.
    pub(crate) async fn budget(&self, dataset: &Name) -> Result<BudgetView, ServiceError> {
        let unknown = || ServiceError::UnknownDataset { dataset: dataset.to_string() };
        let lineage = self.books().mount(dataset, None).await?.ok_or_else(unknown)?.lineage;
        let (account, delta) = self.books().account(&lineage).await?.ok_or_else(unknown)?;
        let lines = self.books().runs(&lineage).await?.into_iter().map(|run| AccountLine {
            rho: run.price.rho().get(),
            epsilon: BudgetView::epsilon(run.price.rho(), delta),
            released: run.released.is_some(),
            run: run.id,
            at: run.at,
            module: run.module,
            grant: run.grant,
        });
        let lines = lines.collect();
        Ok(BudgetView {
            lineage,
            cap: account.cap.rho.get(),
            epsilon_cap: BudgetView::epsilon(account.cap.rho, delta),
            spent: account.spent.rho.get(),
            epsilon_spent: BudgetView::epsilon(account.spent.rho, delta),
            left: account.left().rho.get(),
            delta: delta.get(),
            lines,
        })
    }
}
