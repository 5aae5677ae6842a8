//! The account of a lineage.

use crate::view::{AccountLine, BudgetView};
use crate::{Domain, ServiceError};
use tidegate_store::RunRecord;
use tidegate_terms::Name;

impl Domain {
    /// The account on which a dataset draws.
    pub async fn budget(&self, dataset: &Name) -> Result<BudgetView, ServiceError> {
        let unknown = || ServiceError::UnknownDataset { dataset: dataset.to_string() };
        let lineage = self.books().mount(dataset, None).await?.ok_or_else(unknown)?.lineage;
        let (account, delta) = self.books().account(&lineage).await?.ok_or_else(unknown)?;
        let grant = |run: &RunRecord| {
            let own = run.mounts.iter().find(|mount| mount.lineage == lineage);
            own.map(|mount| mount.grant.clone()).unwrap_or_default()
        };
        let runs = self.books().runs(&lineage).await?;
        let lines = runs.into_iter().map(|run| AccountLine {
            rho: run.cost().rho.get(),
            epsilon: BudgetView::epsilon(run.cost().rho, delta),
            released: run.finished.is_some(),
            grant: grant(&run),
            run: run.id,
            at: run.at,
            module: run.module,
        });
        let lines = lines.collect();
        Ok(BudgetView {
            cap: account.cap.rho.get(),
            epsilon_cap: BudgetView::epsilon(account.cap.rho, delta),
            spent: account.spent.rho.get(),
            epsilon_spent: BudgetView::epsilon(account.spent.rho, delta),
            left: account.left().rho.get(),
            delta_account_cap: account.cap.delta.get(),
            delta_account_spent: account.spent.delta.get(),
            delta: delta.get(),
            lineage,
            lines,
        })
    }
}
