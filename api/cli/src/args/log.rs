//! `tidegate log` and `tidegate witness`.

use clap::Subcommand;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Serve a published log over HTTP, as static files
    Serve {
        /// The log's directory
        directory: PathBuf,
        /// Where to listen; port 0 takes a free one
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
        listen: String,
    },
    /// The witnesses that cosign the domain's log
    #[command(subcommand)]
    Witness(LogWitnessCommand),
    /// Give the log another signing key; both sign for a time
    RotateKey {
        /// For how many days both keys sign
        #[arg(long, value_name = "DAYS")]
        overlap_days: u32,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogWitnessCommand {
    /// Send the log's checkpoints to a witness from now on
    Add {
        /// The witness's address
        #[arg(long)]
        url: String,
        /// The witness's verifier key
        #[arg(long, value_name = "VKEY")]
        key: String,
    },
    /// List the witnesses and when they cosigned
    List,
    /// Do not ask a witness any more
    Remove {
        /// The witness: its name or verifier key
        witness: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum WitnessCommand {
    /// Make a witness: a key and an empty memory
    Init {
        /// The witness's directory, which must not exist
        directory: PathBuf,
        /// The witness's name: a host name and path
        #[arg(id = "witness_name", long = "name", value_name = "NAME")]
        name: String,
    },
    /// Let the witness know a log, or another key of one
    AddLog {
        /// The witness's directory
        directory: PathBuf,
        /// The log's verifier key
        #[arg(long, value_name = "VKEY")]
        key: String,
        /// Where the log is published
        #[arg(long)]
        url: Option<String>,
    },
    /// Serve as a witness over HTTP
    Serve {
        /// The witness's directory
        directory: PathBuf,
        /// Where to listen; port 0 takes a free one
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
        listen: String,
    },
    /// Show the witness's key, its logs, and what it cosigned last of each
    Show {
        /// The witness's directory
        directory: PathBuf,
    },
}
