//! `tidegate witness`: for regulators and exchanges; needs no domain.

use super::log::{announce, raise_around_witness, runtime};
use crate::args::WitnessCommand;
use crate::front::CliError;
use crate::output::Output;
use tidegate_http::{Bound, Witness, WitnessView, serve_witness, until_stopped};

/// Runs a `witness` command.
pub(crate) fn run(command: WitnessCommand, output: Output) -> Result<(), CliError> {
    let view = match command {
        WitnessCommand::Init { directory, name } => Witness::create(&directory, &name)?,
        WitnessCommand::AddLog { directory, key, url } => {
            let mut witness = Witness::open(&directory)?;
            witness.add_log(&key, url)?;
            witness.view()
        }
        WitnessCommand::Show { directory } => Witness::read(&directory)?,
        WitnessCommand::Serve { directory, listen } => {
            let directory = std::fs::canonicalize(&directory).unwrap_or(directory);
            let witness = Witness::open(&directory)?;
            let bound = Bound::on(&listen)?;
            announce("http", &bound, &raise_around_witness(&directory), output);
            return runtime()?.block_on(async { Ok(serve_witness(bound.listen()?, witness, until_stopped()).await?) });
        }
    };
    output.show(&view, |view| show(view, output));
    Ok(())
}

fn show(view: &WitnessView, output: Output) {
    println!("{} {}", output.pick("Verifier key of this witness:", "本见证方核验公钥："), view.vkey);
    for log in &view.logs {
        println!("{} {}: {} {}", output.pick("Log", "日志"), log.origin, log.size, output.pick("entries cosigned", "个条目已联署"));
        print!("{}", log.checkpoint);
        for evidence in &log.evidence {
            println!("{} {}", output.pick("FORK EVIDENCE:", "分叉证据："), evidence.display());
        }
        for suspicious in &log.suspicious {
            println!("{} {}", output.pick("Signed, but not proven consistent:", "已签名但未证明一致："), suspicious.display());
        }
    }
}
