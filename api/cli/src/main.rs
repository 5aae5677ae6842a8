//! `tidegate`: the front. It holds no data and no keys of a domain; it asks the keeper.

mod args;
mod commands;
mod front;
mod help;
mod internal;
mod output;
mod remote;

use args::{Arguments, Command};
use clap::FromArgMatches as _;
use front::CliError;
use output::Output;
use std::process::ExitCode;
use tidegate_terms::{Language, Message as _, made_plain};

/// Characters of an error that are shown. It can quote what a stranger wrote: names in a module, bytes of a package.
const ERROR_MAX: usize = 20_000;

fn main() -> ExitCode {
    end_quietly_on_broken_pipe();
    let language = help::language_of_call();
    let matches = args::with_guards(help::localised(language)).get_matches();
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments.with_guard(&matches),
        Err(error) => error.exit(),
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("TIDEGATE_LOG").unwrap_or_else(|_| "warn".into()))
        .init();
    let output = Output { json: arguments.json, language };
    match dispatch(arguments, output) {
        Ok(code) => code,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(arguments: Arguments, output: Output) -> Result<ExitCode, CliError> {
    let domain = arguments.domain;
    if arguments.command.can_be_remote() {
        remote::choose(&arguments.server, output.language)?;
    }
    let done = |()| ExitCode::SUCCESS;
    match arguments.command {
        Command::Init { origin } => commands::init(&domain, origin, output).map(done),
        Command::Dataset(command) => commands::dataset::run(&domain, command, output).map(done),
        Command::Grant(command) => commands::grant::run(&domain, command, output).map(done),
        Command::Key(command) => commands::key::run(command, output).map(done),
        Command::Model(command) => commands::model::run(&domain, command, output).map(done),
        Command::Quote { question, wish } => commands::run::quote(&domain, question, wish.as_deref(), output).map(done),
        Command::Run(question) => commands::run::run(&domain, question, output).map(done),
        Command::Release(command) => commands::run::release(&domain, command, output).map(done),
        Command::Budget(command) => commands::run::budget(&domain, command, output).map(done),
        Command::Audit(command) => commands::audit::run(&domain, command, output),
        Command::Log(command) => commands::log::run(&domain, command, output).map(done),
        Command::Witness(command) => commands::witness::run(command, output).map(done),
        Command::Product(command) => commands::product::run(&domain, *command, output).map(done),
        Command::Govern(command) => commands::govern::run(&domain, command, output).map(done),
        Command::Incident(command) => commands::incident::run(&domain, command, output).map(done),
        Command::Domain(command) => commands::custody::domain(&domain, command, output).map(done),
        Command::Serve(arguments) => commands::serve::run(&domain, &arguments, output).map(done),
        Command::Call(arguments) => commands::call::run(&arguments, output).map(done),
        Command::Demo { keep } => commands::demo::run(keep, output).map(done),
        Command::Doctor { calibrate } => commands::doctor::run(&domain, calibrate, output),
        Command::Conformance(arguments) if arguments.list => commands::conformance::list(&arguments.selection(), output),
        Command::Conformance(arguments) => commands::conformance::run(&arguments.selection(), output),
        Command::Bench(bench) => commands::bench::run(bench, output).map(done),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut help::localised(output.language), "tidegate", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::Internal { child } => internal::serve(child).map(done),
    }
}

/// Ends quietly when the reader of our output has gone, as every tool in a pipe does.
fn end_quietly_on_broken_pipe() {
    std::panic::set_hook(Box::new(|panic| {
        let text = panic.to_string();
        if text.contains("Broken pipe") {
            std::process::exit(141);
        }
        eprintln!("tidegate: {text}");
    }));
}

impl Output {
    pub(crate) fn error(self, error: &CliError) {
        if self.json {
            let (en, zh) = (error.say(Language::English), error.say(Language::Chinese));
            eprintln!("{}", serde_json::json!({ "error": { "code": error.code(), "en": en, "zh": zh } }));
        } else {
            eprintln!("{}{}", self.pick("error: ", "错误："), made_plain(&error.say(self.language), ERROR_MAX));
        }
    }
}
