//! The command line of products.

use clap::{Args, Subcommand};
use std::path::PathBuf;
use tidegate_terms::Name;

/// A step of a registration.
#[derive(Debug, Args)]
pub(crate) struct ByArguments {
    /// The product
    pub(crate) product: String,
    /// The organisation that does this
    #[arg(long)]
    pub(crate) by: Name,
    /// Its opinion, or the reason
    #[arg(long)]
    pub(crate) opinion: Option<String>,
}

/// A package and what it is verified against.
#[derive(Debug, Args)]
pub(crate) struct PackageArguments {
    /// The log's verifier key, obtained by another way than the package
    #[arg(long, value_name = "VKEY")]
    pub(crate) key: String,
    /// A witness's key; may be given several times
    #[arg(long, value_name = "VKEY")]
    pub(crate) witness: Vec<String>,
    /// How many of the witnesses must have seen the log; all if not given
    #[arg(long, value_name = "N")]
    pub(crate) quorum: Option<usize>,
    /// The recipient that the package must name: its name, or its public key in base64
    #[arg(long)]
    pub(crate) recipient: Option<String>,
    /// A copy of the log, to learn whether the registration ended since
    #[arg(long, value_name = "DIR")]
    pub(crate) log: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProductCommand {
    /// Show or decide what is demanded of products
    Policy {
        /// Whether only coded products may be delivered: true or false
        #[arg(long, value_name = "BOOL", requires = "by")]
        coded_needed: Option<bool>,
        /// How many working days a public notice lasts
        #[arg(long, value_name = "DAYS", requires = "by")]
        notice_days: Option<u32>,
        /// The authority that decides
        #[arg(long)]
        by: Option<Name>,
    },
    /// Apply for the registration of a product
    Register {
        /// The application, TOML
        #[arg(long, value_name = "FILE")]
        application: PathBuf,
    },
    /// Accept an application
    Accept(ByArguments),
    /// Record that the form review was passed
    Review(ByArguments),
    /// Begin the public notice
    Notice(ByArguments),
    /// Give the code
    Code {
        #[command(flatten)]
        by: ByArguments,
        /// The code, kept as opaque text
        #[arg(long)]
        code: String,
        /// Who gave it
        #[arg(long)]
        issuer: String,
        /// By which scheme
        #[arg(long)]
        scheme: String,
    },
    /// Refuse an application, with a reason
    Refuse(ByArguments),
    /// Record an objection by name, with evidence, during the public notice
    Object {
        #[command(flatten)]
        by: ByArguments,
        /// The real name of who objects
        #[arg(long)]
        objector: String,
        /// The evidence; its digest is kept
        #[arg(long, value_name = "FILE")]
        evidence: PathBuf,
    },
    /// Decide on open objections
    Decide {
        #[command(flatten)]
        by: ByArguments,
        /// They are right: the registration ends
        #[arg(long, required_unless_present = "dismissed", conflicts_with = "dismissed")]
        upheld: bool,
        /// They are not: the registration goes on
        #[arg(long)]
        dismissed: bool,
    },
    /// Withdraw a registration, as its applicant
    Withdraw(ByArguments),
    /// Revoke a registration, as the registration body
    Revoke(ByArguments),
    /// List products
    List,
    /// Show a product
    Show {
        /// The product
        product: String,
    },
    /// Print the terms that a recipient acknowledges
    Terms {
        /// The product
        product: String,
    },
    /// Sign an acknowledgement of terms, as the recipient
    Acknowledgement {
        /// The product
        product: String,
        /// The terms, as `product terms` prints them
        #[arg(long, value_name = "FILE")]
        terms: PathBuf,
        /// The recipient's name
        #[arg(long)]
        recipient: String,
        /// The recipient's private key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
        /// Where the signed file goes
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Record a recipient's acknowledgement
    Acknowledge {
        /// The signed file
        signed: PathBuf,
    },
    /// Make a package for a recipient and record its delivery
    Deliver {
        /// The product
        product: String,
        /// The recipient's name
        #[arg(long)]
        to: String,
        /// The recipient's public key, a .pub file
        #[arg(long, value_name = "FILE")]
        recipient_key: PathBuf,
        /// The exchange
        #[arg(long)]
        exchange: String,
        /// The number of the listing
        #[arg(long)]
        listing: String,
        /// The number of the contract
        #[arg(long)]
        contract: String,
        /// A directory, or a file that ends with .tar; it must not exist
        #[arg(long, value_name = "PATH")]
        out: PathBuf,
    },
    /// Verify a package and sign a receipt, as the recipient
    Receipt {
        /// The package
        package: PathBuf,
        /// The recipient's private key
        #[arg(long, value_name = "FILE")]
        signed_with: PathBuf,
        #[command(flatten)]
        against: PackageArguments,
        /// Where the signed file goes
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Record a recipient's receipt
    Receive {
        /// The signed file
        signed: PathBuf,
    },
    /// Verify a package, offline, with public keys alone
    Verify {
        /// The package: a directory or a .tar file
        package: PathBuf,
        #[command(flatten)]
        against: PackageArguments,
    },
    /// Trace a delivered file back: product, run, module, data version, grant
    Trace {
        /// The file
        delivered: PathBuf,
        /// The package that it is from, for those outside the domain
        #[arg(long, value_name = "PATH", requires = "key")]
        package: Option<PathBuf>,
        /// The log's verifier key
        #[arg(long, value_name = "VKEY")]
        key: Option<String>,
    },
    /// Print the material that a registry asks for, in its seven sections
    Export {
        /// The product
        product: String,
    },
    /// Show the keys that sign packages
    Keys {
        /// Make new ones
        #[arg(long)]
        renew: bool,
        /// Say that what earlier ones signed must no longer be believed
        #[arg(long, requires = "renew")]
        revoke_earlier: bool,
    },
}
