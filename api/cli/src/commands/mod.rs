//! One file per noun. Each command asks the keeper, or works on files that are not the domain's.

pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod call;
pub(crate) mod conformance;
pub(crate) mod custody;
pub(crate) mod dataset;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod govern;
pub(crate) mod grant;
pub(crate) mod incident;
pub(crate) mod key;
pub(crate) mod log;
pub(crate) mod model;
pub(crate) mod product;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod tables;
pub(crate) mod usage;
pub(crate) mod witness;

use crate::front::{CliError, ask};
use crate::output::Output;
use std::path::Path;
use tidegate_service::Request;
use tidegate_service::view::DomainView;

/// `tidegate init`.
pub(crate) fn init(domain: &Path, origin: String, output: Output) -> Result<(), CliError> {
    let view: DomainView = ask(domain, &Request::Init { origin })?;
    output.show(&view, |view| {
        println!("{} {}", output.pick("New domain:", "新建数据域："), view.domain.display());
        println!("{} {}", output.pick("Verifier key of its log:", "日志核验公钥："), view.verifier_key);
        println!(
            "{}",
            output.pick(
                "Give this key to regulators and exchanges. Next: tidegate dataset add",
                "请将此公钥交给监管方和数据交易机构。下一步：tidegate dataset add"
            )
        );
    });
    Ok(())
}
