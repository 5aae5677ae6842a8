//! `tidegate serve` and `tidegate call`, and what every command takes that asks a server.

use clap::Args;
use std::path::PathBuf;

/// What the interface over HTTP is served with.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    pub(crate) listen: String,
    /// The server's certificate, PEM; without one only this machine is served
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The certificate's private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Whose certificates clients may show, PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) client_authority: Option<PathBuf>,
    /// Let nobody in without such a certificate
    #[arg(long, requires = "client_authority")]
    pub(crate) client_needed: bool,
    /// A name under which the server answers; may be given several times
    #[arg(id = "host_name", long = "host", value_name = "NAME")]
    pub(crate) hosts: Vec<String>,
    /// Most requests in a minute from one address, and with one credential
    #[arg(long, value_name = "REQUESTS", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) rate: Option<u32>,
}

/// Which server is asked, and as whom.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ServerArguments {
    /// Ask this server instead of a domain on this machine
    #[arg(long, global = true, env = "TIDEGATE_SERVER", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The file with the token for the server
    #[arg(long, global = true, env = "TIDEGATE_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token: Option<PathBuf>,
    /// The operator's private key, for requests that bind it
    #[arg(long, global = true, env = "TIDEGATE_SIGN_KEY_FILE", value_name = "FILE")]
    pub(crate) sign_key: Option<PathBuf>,
    /// The certificate of the authority that the server's is under, PEM
    #[arg(long, global = true, env = "TIDEGATE_SERVER_CA", value_name = "FILE")]
    pub(crate) server_ca: Option<PathBuf>,
}

/// A call of any operation.
#[derive(Debug, Args)]
pub(crate) struct CallArguments {
    /// The operation, such as `datasets.list`; all are listed where none is named
    pub(crate) operation: Option<String>,
    /// Its input, a JSON file; `-` reads standard input
    #[arg(id = "input_file", long = "input", value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// Fields of the input; a value that is no JSON is a text
    #[arg(id = "call_fields", value_name = "FIELD=VALUE")]
    pub(crate) fields: Vec<String>,
    /// The version that must be there
    #[arg(long, value_name = "VERSION")]
    pub(crate) if_match: Option<String>,
    /// The key under which it happens once
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Only print the input and the output that the operation has
    #[arg(long)]
    pub(crate) describe: bool,
}
