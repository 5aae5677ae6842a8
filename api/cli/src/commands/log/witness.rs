//! `tidegate log witness`.

use crate::args::LogWitnessCommand;
use crate::front::{CliError, ask};
use crate::output::Output;
use std::path::Path;
use tidegate_service::Request;
use tidegate_service::view::WitnessView;

/// Runs a `log witness` command.
pub(super) fn run(domain: &Path, command: LogWitnessCommand, output: Output) -> Result<(), CliError> {
    let request = match command {
        LogWitnessCommand::Add { url, key } => Request::WitnessAdd { url, key },
        LogWitnessCommand::List => Request::WitnessList,
        LogWitnessCommand::Remove { witness } => Request::WitnessRemove { witness },
    };
    let views: Vec<WitnessView> = ask(domain, &request)?;
    output.show(&views, |views| {
        let heads = [("witness", "见证方"), ("address", "地址"), ("cosigned", "已联署"), ("at", "时间"), ("key", "公钥")];
        let mut table = output.table(&heads);
        for view in views {
            let time = view.cosigned.and_then(|time| jiff::Timestamp::from_second(i64::try_from(time).ok()?).ok());
            let size = if view.cosigned.is_some() { view.checkpoint_size } else { view.known };
            table.add_row([
                view.name.clone(),
                view.url.clone(),
                format!("{size} / {}", view.checkpoint_size),
                time.map(|time| time.to_string()).unwrap_or_default(),
                view.vkey.clone(),
            ]);
        }
        println!("{table}");
    });
    Ok(())
}
