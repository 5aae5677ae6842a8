//! The arguments of `tidegate conformance`.

use clap::{Arg, ArgMatches, Args, Command};
use tidegate_conformance::Selection;

#[derive(Debug, Args)]
pub(crate) struct ConformanceArguments {
    /// An attack, or a row of the list such as A17; can be given again
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Show the attacks and mount none
    #[arg(long)]
    pub(crate) list: bool,
    /// A guard that is taken away; read from the matches, because only the weakened build of the tests has it
    #[arg(skip)]
    without: Option<String>,
}

/// The option that takes a guard away.
const WITHOUT: &str = "without";

/// Adds it, in the weakened build of the tests alone.
pub(crate) fn with_guards(command: Command) -> Command {
    if !tidegate_terms::WEAKENED {
        return command;
    }
    let argument = Arg::new(WITHOUT).long(WITHOUT).value_name("GUARD").help("A guard that is taken away");
    command.mut_subcommand("conformance", |conformance| conformance.arg(argument))
}

impl ConformanceArguments {
    /// Reads the option that only the weakened build has.
    pub(crate) fn with_guard(self, matches: &ArgMatches) -> Self {
        if !tidegate_terms::WEAKENED {
            return self;
        }
        let own = matches.subcommand_matches("conformance");
        Self { without: own.and_then(|own| own.get_one::<String>(WITHOUT).cloned()), ..self }
    }

    /// Which attacks are meant.
    pub(crate) fn selection(self) -> Selection {
        Selection { only: self.only, without: self.without }
    }
}
