//! `tidegate grant`.

use crate::args::GrantCommand;
use crate::front::{CliError, ask, read_text};
use crate::output::{Output, number};
use std::path::Path;
use tidegate_service::Request;
use tidegate_service::view::GrantView;
use tidegate_terms::Epsilon;

/// Runs a `grant` command.
pub(crate) fn run(domain: &Path, command: GrantCommand, output: Output) -> Result<(), CliError> {
    let views: Vec<GrantView> = match command {
        GrantCommand::List => ask(domain, &Request::GrantList)?,
        GrantCommand::Revoke { grant, reason } => vec![ask(domain, &Request::GrantRevoke { grant, reason })?],
        GrantCommand::Add { dataset, operator, operator_key, columns, purpose, epsilon, from, until } => {
            let operator_key = read_text(&operator_key)?.trim().to_owned();
            let epsilon = Epsilon::parse(epsilon)?;
            let request =
                Request::GrantAdd { dataset, operator, operator_key, columns, purpose, epsilon, valid_from: from, valid_until: until };
            vec![ask(domain, &request)?]
        }
    };
    output.show(&views, |views| show(views, output));
    Ok(())
}

fn show(views: &[GrantView], output: Output) {
    let heads = [
        ("grant", "授权"),
        ("operator", "运营机构"),
        ("dataset", "数据集"),
        ("purpose", "用途"),
        ("columns", "列"),
        ("from", "自"),
        ("until", "至"),
        ("spent / share (rho)", "已用/份额（rho）"),
        ("revoked, or rests by", "撤销，或暂停依据"),
    ];
    let mut table = output.table(&heads);
    for view in views {
        let record = &view.record;
        table.add_row([
            record.id.clone(),
            record.operator.to_string(),
            record.dataset.to_string(),
            record.purpose.to_string(),
            record.columns.len().to_string(),
            record.valid_from.clone(),
            record.valid_until.clone(),
            format!("{} / {}", number(view.spent), number(view.share)),
            record.revoked.as_ref().or(view.rests_by.as_ref()).cloned().unwrap_or_default(),
        ]);
    }
    println!("{table}");
}
