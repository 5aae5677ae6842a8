//! `tidegate incident`: what froze lineages, for the authority.

use crate::args::IncidentCommand;
use crate::front::{CliError, ask};
use crate::output::Output;
use std::path::Path;
use tidegate_service::{IncidentView, Request};

/// Runs an `incident` command.
pub(crate) fn run(domain: &Path, command: IncidentCommand, output: Output) -> Result<(), CliError> {
    let request = match command {
        IncidentCommand::List => {
            let views: Vec<IncidentView> = ask(domain, &Request::IncidentList)?;
            output.show(&views, |views| list(views, output));
            return Ok(());
        }
        IncidentCommand::Show { incident } => Request::IncidentShow { incident },
        IncidentCommand::Close { incident, reason, by } => Request::IncidentClose { incident, reason, by },
    };
    let view: IncidentView = ask(domain, &request)?;
    output.show(&view, |view| show(view, output));
    Ok(())
}

fn list(views: &[IncidentView], output: Output) {
    let heads =
        [("incident", "事件"), ("run", "运行"), ("lineages", "谱系"), ("slot", "时段"), ("log entry", "日志条目"), ("state", "状态")];
    let mut table = output.table(&heads);
    for view in views {
        let state = if view.closed.is_some() { output.pick("closed", "已关闭") } else { output.pick("OPEN", "未关闭") };
        table.add_row([
            view.incident.clone(),
            view.replay.clone().unwrap_or_else(|| view.run.clone()),
            lineages(view),
            view.slot.clone(),
            view.log_position.to_string(),
            state.to_owned(),
        ]);
    }
    println!("{table}");
}

fn lineages(view: &IncidentView) -> String {
    view.lineages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn show(view: &IncidentView, output: Output) {
    println!("{} {} ({} {})", output.pick("Incident", "事件"), view.incident, output.pick("log entry", "日志条目"), view.log_position);
    println!("{} {}", output.pick("Run:", "运行："), view.run);
    if let Some(replay) = &view.replay {
        println!("{} {replay}", output.pick("Replay:", "重放："));
    }
    println!("{} {}", output.pick("Slot:", "时段："), view.slot);
    println!("{} {}", output.pick("Frozen lineages:", "被冻结的谱系："), lineages(view));
    if let Some(cause) = &view.cause {
        println!("{} {cause}", output.pick("Cause (does not leave the domain):", "原因（不得离开数据域）："));
    }
    match &view.closed {
        None => println!("{}", output.pick("Open: nothing new reads these lineages.", "未关闭：任何新的运行都不得读取上述谱系。")),
        Some(closed) => {
            println!(
                "{} {} {} ({} {})",
                output.pick("Closed by", "关闭者："),
                closed.by,
                closed.at,
                output.pick("log entry", "日志条目"),
                closed.log_position
            );
            println!("{} {}", output.pick("Reason:", "理由："), closed.reason);
        }
    }
}
