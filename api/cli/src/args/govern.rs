//! The commands of governance.

use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum GovernCommand {
    /// Found the governance of a domain: its authority and its custodian, with one token each
    Init {
        /// The authority: TOML with `account`, `pack` and `[organisation]`
        #[arg(long, value_name = "FILE")]
        authority: PathBuf,
        /// The custodian: TOML with `account` and `[organisation]`
        #[arg(long, value_name = "FILE")]
        custodian: PathBuf,
        /// Where the tokens are written, as authority.token and custodian.token, readable by their owner alone
        #[arg(long, value_name = "DIR", default_value = ".")]
        tokens: PathBuf,
    },
    /// Let an account in again: a token of seven days, of which supervisors are told; its other credentials end
    Recover {
        /// The account, by its identifier
        #[arg(long, value_name = "ACCOUNT")]
        account: String,
        /// Why; authority, regulator and auditor read it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Where the token is written, as recovery.token, readable by its owner alone
        #[arg(long, value_name = "DIR", default_value = ".")]
        tokens: PathBuf,
    },
}
