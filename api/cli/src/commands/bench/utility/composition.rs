//! How many Gaussian releases fit into (1, 1e-6), under several ways of accounting. Ours is the formula by which the
//! filter admits; a test of the accountant admits real charges one by one and finds the same numbers.

use super::budget;
use super::report::Report;
use crate::args::UtilityArguments;
use crate::commands::bench::report::Goal;
use crate::front::CliError;
use tidegate_accountant::comparison::{Accounting, gaussians_that_fit};

const SIGMAS: [f64; 4] = [10.0, 20.0, 50.0, 100.0];
const OTHERS: [(Accounting, &str, &str); 4] = [
    (Accounting::Basic, "basic composition", "基本组合"),
    (Accounting::PlainZcdp, "plain zCDP", "普通 zCDP"),
    (Accounting::TightZcdp, "zCDP, tight conversion", "zCDP（紧转换）"),
    (Accounting::Exact, "the exact answer", "精确答案"),
];

pub(super) fn measure(_: &UtilityArguments, report: &mut Report) -> Result<(), CliError> {
    let (epsilon, delta) = budget()?;
    let fit = |accounting, sigma| gaussians_that_fit(accounting, sigma, epsilon, delta) as f64;
    for sigma in SIGMAS {
        for (accounting, en, zh) in OTHERS {
            let names = [format!("Gaussians of sigma {sigma} that fit, {en}"), format!("可容纳的高斯发布次数（sigma {sigma}），{zh}")];
            report.add("composition", names, fit(accounting, sigma), "", None);
        }
        let (ours, exact) = (fit(Accounting::GaussianDp, sigma), fit(Accounting::Exact, sigma));
        let names =
            [format!("Gaussians of sigma {sigma} that fit, this accountant"), format!("可容纳的高斯发布次数（sigma {sigma}），本账户")];
        let goal = (sigma >= 20.0).then_some(Goal::AtLeast((0.98 * exact).ceil()));
        report.add_beside("composition", names, ours, "", Some(exact), goal);
        let names = [format!("and never more than fit, sigma {sigma}"), format!("且从不超过精确答案（sigma {sigma}）")];
        report.add("composition", names, ours - exact, "", Some(Goal::AtMost(0.0)));
    }
    Ok(())
}
