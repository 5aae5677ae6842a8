//! The command line, as data. Chinese help stands in `help.rs`; a test holds both together.

mod conformance;
mod govern;
mod log;
mod serve;

pub(crate) use conformance::{ConformanceArguments, with_guards};
pub(crate) use govern::GovernCommand;
pub(crate) use log::{LogCommand, LogWitnessCommand, WitnessCommand};
pub(crate) use serve::{CallArguments, ServeArguments, ServerArguments};

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

pub(crate) use product::{ByArguments, PackageArguments, ProductCommand};

mod product;
use tidegate_terms::Name;

/// Tidegate (潮闸): code comes in, data stays, only numbers with a known privacy price go out
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// The domain's directory
    #[arg(long, global = true, env = "TIDEGATE_DOMAIN", default_value = "tidegate-domain", value_name = "DIR")]
    pub(crate) domain: PathBuf,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Language of texts: en or zh
    #[arg(long, global = true, value_name = "LANG")]
    pub(crate) lang: Option<String>,
    #[command(flatten)]
    pub(crate) server: ServerArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// Reads what only the weakened build of the tests has.
    pub(crate) fn with_guard(self, matches: &clap::ArgMatches) -> Self {
        let command = match self.command {
            Command::Conformance(arguments) => Command::Conformance(arguments.with_guard(matches)),
            other => other,
        };
        Self { command, ..self }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a new domain
    Init {
        /// The origin of its log: a host name and path
        #[arg(long, default_value = "tidegate.local/domain")]
        origin: String,
    },
    /// Mount and show datasets
    #[command(subcommand)]
    Dataset(DatasetCommand),
    /// Give, list and revoke grants
    #[command(subcommand)]
    Grant(GrantCommand),
    /// Make signing keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Make, check, sign, upload and try models
    #[command(subcommand)]
    Model(ModelCommand),
    /// Say what a run would cost and give, before anything is spent
    Quote {
        #[command(flatten)]
        question: QuestionArguments,
        /// A statistic and the 95 % error it should have: says which epsilon that needs
        #[arg(long, value_name = "STATISTIC=ERROR")]
        wish: Option<String>,
    },
    /// Run a model on a dataset
    Run(QuestionArguments),
    /// Show releases
    #[command(subcommand)]
    Release(ReleaseCommand),
    /// Show accounts
    #[command(subcommand)]
    Budget(BudgetCommand),
    /// Verify, mirror and compare logs, and run the past again
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Publish and keep the domain's log
    #[command(subcommand)]
    Log(LogCommand),
    /// Be a witness of other people's logs
    #[command(subcommand)]
    Witness(WitnessCommand),
    /// Register, deliver, receive, verify and trace data products
    #[command(subcommand)]
    Product(Box<ProductCommand>),
    /// Keep and forget records
    #[command(subcommand)]
    Domain(DomainCommand),
    /// Serve a governed domain over HTTP
    Serve(Box<ServeArguments>),
    /// Call any operation of a server
    Call(CallArguments),
    /// Put a domain under governance
    #[command(subcommand)]
    Govern(GovernCommand),
    /// Look at what froze lineages, and decide
    #[command(subcommand)]
    Incident(IncidentCommand),
    /// Play the whole path on real data, in a temporary domain
    Demo {
        /// Keep the domain in this directory, which must not exist
        #[arg(long, value_name = "DIR")]
        keep: Option<PathBuf>,
    },
    /// Say which walls stand on this machine, and try to get through them
    Doctor {
        /// Measure this machine first, so that slots follow from it; logged, where there is a domain
        #[arg(long)]
        calibrate: bool,
    },
    /// Mount the corpus of attacks on this installation; each must fail
    Conformance(ConformanceArguments),
    /// Measure speed on this machine
    Bench(BenchArguments),
    /// Print a shell's completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Processes of the domain
    #[command(hide = true)]
    Internal {
        #[command(subcommand)]
        child: Child,
    },
}

impl Command {
    /// Whether it can be asked of a server. The others are about this machine, or about domains that they make themselves.
    pub(crate) fn can_be_remote(&self) -> bool {
        !matches!(
            self,
            Self::Init { .. }
                | Self::Serve(_)
                | Self::Govern(_)
                | Self::Demo { .. }
                | Self::Doctor { .. }
                | Self::Conformance(_)
                | Self::Bench(_)
                | Self::Completions { .. }
                | Self::Internal { .. }
        )
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetCommand {
    /// Mount files as the next version of a dataset
    Add {
        /// The dataset's name
        name: Name,
        /// The public schema, TOML
        #[arg(long, value_name = "FILE")]
        schema: PathBuf,
        /// The release policy, TOML
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// A CSV or Parquet file, with its table where there are several
        #[arg(long, value_name = "[TABLE=]FILE", required = true)]
        data: Vec<String>,
    },
    /// Write made-up files that fit a public schema
    Mock {
        /// The public schema, TOML
        #[arg(long, value_name = "FILE", conflicts_with = "dataset")]
        schema: Option<PathBuf>,
        /// Or the dataset whose public schema is used
        #[arg(long, required_unless_present = "schema")]
        dataset: Option<Name>,
        /// How many units to make up
        #[arg(long, default_value_t = 1000)]
        units: u64,
        /// The seed of the made-up data
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// The directory for the files, made if need be; files that exist are kept
        #[arg(long, value_name = "DIRECTORY")]
        out: PathBuf,
    },
    /// List datasets
    List,
    /// Show a dataset's declared bounds
    Show {
        /// The dataset's name
        name: Name,
    },
    /// Show the import report, for the provider only: it has exact counts
    Report {
        /// The dataset's name
        name: Name,
    },
    /// Show how many units are in other lineages too, for the authority only: it has exact counts
    Overlap {
        /// The dataset's name
        name: Name,
    },
    /// Seal a version: no new run reads it, nothing of it is destroyed
    Seal {
        /// The dataset's name
        name: Name,
        /// The version
        #[arg(long)]
        version: u32,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take the seal off a version
    Unseal {
        /// The dataset's name
        name: Name,
        /// The version
        #[arg(long)]
        version: u32,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Destroy the data of a version for ever, with a certificate
    Destroy {
        /// The dataset's name
        name: Name,
        /// The version
        #[arg(long)]
        version: u32,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who witnesses it
        #[arg(long)]
        witness: String,
    },
    /// Show the certificate of a destruction; --json gives the file to hand on
    Certificate {
        /// The dataset's name
        name: Name,
        /// The version
        #[arg(long)]
        version: u32,
    },
    /// Show how a dataset was used: scenario, effect, process, storage, destruction
    Usage {
        /// The dataset's name
        name: Name,
        /// Print CSV
        #[arg(long)]
        csv: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DomainCommand {
    /// Say how long records are kept, or promise more years
    Retention {
        /// Years; at least 3, never less than before
        #[arg(long)]
        years: Option<u32>,
    },
    /// Forget records that are older than they must be kept; log entries stay
    Purge {
        /// The first day that is kept, YYYY-MM-DD
        #[arg(long, value_name = "DATE")]
        before: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// List incidents
    List,
    /// Show an incident with its cause, for the authority only: it can depend on data
    Show {
        /// The incident
        incident: String,
    },
    /// Close an incident: its lineages may be read again; its run stays stopped
    Close {
        /// The incident
        incident: String,
        /// Why; the log only commits to it
        #[arg(long)]
        reason: String,
        /// Who decides it
        #[arg(long)]
        by: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// Grant an operator the use of a dataset
    Add {
        /// The dataset
        #[arg(long)]
        dataset: Name,
        /// The operator
        #[arg(long)]
        operator: Name,
        /// The operator's public key, a .pub file
        #[arg(long, value_name = "FILE")]
        operator_key: PathBuf,
        /// Columns as table.column, separated by commas
        #[arg(long, value_delimiter = ',', required = true)]
        columns: Vec<String>,
        /// The purpose
        #[arg(long)]
        purpose: Name,
        /// The share of the budget, as epsilon
        #[arg(long)]
        epsilon: f64,
        /// The first day, YYYY-MM-DD; today if not given
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
        /// The last day, YYYY-MM-DD
        #[arg(long, value_name = "DATE")]
        until: String,
    },
    /// List grants
    List,
    /// Revoke a grant
    Revoke {
        /// The grant
        grant: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make an Ed25519 key pair: FILE and FILE.pub
    New {
        /// Where the private key goes
        file: PathBuf,
    },
}

/// A model directory.
#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// The model's directory, with manifest.toml, model.wasm and seal.json
    pub(crate) directory: PathBuf,
    /// The component, if not model.wasm
    #[arg(long, value_name = "FILE")]
    pub(crate) component: Option<PathBuf>,
    /// The seal, if not seal.json
    #[arg(long, value_name = "FILE")]
    pub(crate) seal: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Write a new model in Rust
    New {
        /// The directory, which must not exist
        directory: PathBuf,
    },
    /// Build a model written in Rust into model.wasm
    Build {
        /// The model's directory
        directory: PathBuf,
    },
    /// Check a model as the upload gate does
    Check(ModelArguments),
    /// Seal component and manifest together and sign them
    Sign {
        #[command(flatten)]
        model: ModelArguments,
        /// The private key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Upload a sealed model
    Upload {
        #[command(flatten)]
        model: ModelArguments,
        /// The operator
        #[arg(long)]
        operator: Name,
    },
    /// Approve an uploaded model for exact tables of a dataset
    Approve {
        /// The model: its name, or the beginning of its digest
        model: String,
        /// The dataset
        #[arg(long)]
        dataset: Name,
        /// The operator
        #[arg(long)]
        operator: Name,
        /// The approver's private key
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// List uploaded models
    List,
    /// Run a model on made-up data and show everything
    DryRun {
        #[command(flatten)]
        model: ModelArguments,
        /// The public schema, TOML
        #[arg(long, value_name = "FILE", conflicts_with = "dataset")]
        schema: Option<PathBuf>,
        /// Or the dataset whose public schema is used
        #[arg(long, required_unless_present = "schema")]
        dataset: Option<Name>,
        /// How many units to make up
        #[arg(long, default_value_t = 1000)]
        units: u64,
        /// The seed of the made-up data
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// A parameter
        #[arg(long = "param", value_name = "NAME=VALUE")]
        parameters: Vec<String>,
    },
}

/// A question.
#[derive(Debug, Clone, Args)]
pub(crate) struct QuestionArguments {
    /// The dataset
    #[arg(long)]
    pub(crate) dataset: Name,
    /// Its version; the newest if not given
    #[arg(long)]
    pub(crate) version: Option<u32>,
    /// A second dataset to join, for models that read two
    #[arg(long, value_name = "DATASET")]
    pub(crate) join: Option<Name>,
    /// The model: its name, or the beginning of its digest
    #[arg(long)]
    pub(crate) model: String,
    /// The operator
    #[arg(long)]
    pub(crate) operator: Name,
    /// What the run may cost, as epsilon at the dataset's delta; not given for exact tables
    #[arg(long)]
    pub(crate) epsilon: Option<f64>,
    /// A parameter
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) parameters: Vec<String>,
    /// A public side table, CSV
    #[arg(long = "side", value_name = "NAME=FILE")]
    pub(crate) side_tables: Vec<String>,
    /// Worker processes; one for each core if not given
    #[arg(long)]
    pub(crate) workers: Option<usize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseCommand {
    /// Show the release of a run
    Show {
        /// The run
        run: String,
        /// One of its rounds; the last if not given
        #[arg(long)]
        round: Option<u32>,
    },
    /// State what came of a release
    Effect {
        /// The run
        run: String,
        /// The statement; the log commits to it and only the domain keeps it
        #[arg(long)]
        text: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum BudgetCommand {
    /// Show the account on which a dataset draws
    Show {
        /// The dataset
        dataset: Name,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Verify a published log, offline
    Verify {
        /// The log's directory
        directory: PathBuf,
        /// The domain's verifier key, obtained by another way than the log
        #[arg(long, value_name = "VKEY")]
        key: Option<String>,
        /// The verifier key of a witness; says when it cosigned
        #[arg(long = "witness", value_name = "VKEY")]
        witnesses: Vec<String>,
        /// How many of these witnesses must have cosigned; all if not given
        #[arg(long, requires = "witnesses")]
        quorum: Option<usize>,
    },
    /// Keep a verified copy of a log, from its address or directory
    Pull {
        /// The log's address (http://, https://) or directory
        from: String,
        /// The copy's directory, made if need be
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// The domain's verifier key, obtained by another way than the log
        #[arg(long, value_name = "VKEY")]
        key: Option<String>,
    },
    /// Say whether a log extends a checkpoint that was kept earlier
    Consistency {
        /// The log's directory
        directory: PathBuf,
        /// The earlier checkpoint, a file
        #[arg(long, value_name = "FILE")]
        since: PathBuf,
        /// The domain's verifier key, obtained by another way than the log
        #[arg(long, value_name = "VKEY")]
        key: Option<String>,
    },
    /// Say whether two signed heads of one log contradict each other, and make evidence of it
    ForkEvidence {
        /// A checkpoint, a log's directory, or a file of evidence to check
        first: PathBuf,
        /// The other checkpoint or log's directory; not given for evidence
        second: Option<PathBuf>,
        /// The domain's verifier key, obtained by another way than the log
        #[arg(long, value_name = "VKEY")]
        key: String,
        /// Where the evidence goes
        #[arg(long, value_name = "FILE")]
        write: Option<PathBuf>,
    },
    /// Find entries by organisation, dataset, module, run or time, each with its proof
    Search {
        #[command(flatten)]
        log: LogArguments,
        #[command(flatten)]
        wanted: SearchArguments,
        /// Write each entry and its proof into this directory
        #[arg(long, value_name = "DIR")]
        proofs: Option<PathBuf>,
    },
    /// Explain a run: who, what, under which grant and articles, at which price, with how much noise
    Explain {
        /// The run
        run: String,
        #[command(flatten)]
        log: LogArguments,
        /// An opening of the run's release, from `audit open`: shows the released values too
        #[arg(long, value_name = "FILE")]
        opening: Option<PathBuf>,
    },
    /// Write a dossier for an inspection or the annual report
    Export {
        #[command(flatten)]
        log: LogArguments,
        /// The first day, YYYY-MM-DD
        #[arg(long, value_name = "DATE", conflicts_with = "year")]
        since: Option<String>,
        /// The last day, YYYY-MM-DD
        #[arg(long, value_name = "DATE", conflicts_with = "year")]
        until: Option<String>,
        /// A whole year
        #[arg(long)]
        year: Option<u16>,
        /// The directory for the dossier, which must not exist
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Open a commitment of the log to somebody who may read it; asked of the domain
    Open {
        /// The index of the entry
        entry: u64,
        /// The commitment, such as release_commitment
        #[arg(long)]
        field: String,
        /// To whom
        #[arg(long, value_enum)]
        role: Role,
        /// The file for the opening, which must not exist; standard output if not given
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Check an opening against a log, offline
    CheckOpening {
        /// The opening
        file: PathBuf,
        #[command(flatten)]
        log: LogArguments,
    },
    /// Run one run of the past again inside the domain, or those of a period, and compare with the log
    Replay {
        /// The run
        #[arg(required_unless_present = "since", conflicts_with = "since")]
        run: Option<String>,
        /// The first day of a period, YYYY-MM-DD
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
        /// The last day of the period; today if not given
        #[arg(long, value_name = "DATE", requires = "since")]
        until: Option<String>,
        /// So many runs of the period, drawn at random; all if not given
        #[arg(long, requires = "since")]
        sample: Option<usize>,
        /// Who asks; the log commits to it
        #[arg(long, env = "USER", default_value = "unnamed", hide_env = true)]
        asker: String,
    },
    /// Check a certificate of destruction offline
    CheckCertificate {
        /// The certificate, as `dataset certificate --json` printed it
        file: PathBuf,
        /// The log's directory
        #[arg(long, value_name = "DIR")]
        log: PathBuf,
        /// The domain's verifier key, obtained by another way than the log
        #[arg(long, value_name = "VKEY")]
        key: String,
    },
}

/// A published log.
#[derive(Debug, Args)]
pub(crate) struct LogArguments {
    /// The log's directory
    #[arg(long = "log", value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// The domain's verifier key, obtained by another way than the log
    #[arg(long, value_name = "VKEY")]
    pub(crate) key: Option<String>,
}

/// What is searched for; everything that is named must fit.
#[derive(Debug, Args)]
pub(crate) struct SearchArguments {
    /// An organisation
    #[arg(long, value_name = "NAME")]
    pub(crate) organisation: Option<String>,
    /// A dataset
    #[arg(long)]
    pub(crate) dataset: Option<Name>,
    /// A module: its name, or the beginning of its digest
    #[arg(long)]
    pub(crate) module: Option<String>,
    /// A run
    #[arg(long)]
    pub(crate) run: Option<String>,
    /// A grant
    #[arg(long)]
    pub(crate) grant: Option<String>,
    /// A product
    #[arg(long)]
    pub(crate) product: Option<String>,
    /// The kind of entry, such as reserve or release
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// The first day, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub(crate) since: Option<String>,
    /// The last day, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub(crate) until: Option<String>,
}

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Role {
    Provider,
    Authority,
    Operator,
    Regulator,
    Exchange,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct BenchArguments {
    #[command(subcommand)]
    pub(crate) command: Option<BenchCommand>,
    /// A directory with the files that gen_scale.py makes; made-up files of the same shape if not given
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Leave out the 10,000,000-row file
    #[arg(long)]
    pub(crate) small: bool,
    /// Rounds; the median counts
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Measure one part alone
    #[arg(long, value_enum, value_name = "PART")]
    pub(crate) only: Option<BenchPart>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum BenchPart {
    Calls,
    Scale,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// Measure how good answers are: errors, intervals, comparisons, each beside its goal
    Utility(UtilityArguments),
    /// Run every sample model and show its answer beside the one without privacy
    Models {
        /// Print docs/models.md
        #[arg(long)]
        markdown: bool,
    },
    /// Measure whether results become visible at their slots, with and without a target that burns all fuel
    Slots {
        /// Runs with the target, and as many without
        #[arg(long = "runs", default_value_t = 200)]
        run_count: usize,
        /// Domains at a time; their runs share the machine
        #[arg(long = "domains", default_value_t = 4)]
        domain_count: usize,
    },
    /// Measure what the walls cost: honest runs with and without them, in turns (in the build of tests/weakened)
    Walls {
        /// Pairs; the median counts
        #[arg(long = "rounds", default_value_t = 5)]
        rounds: usize,
    },
    /// Measure the server: many clients at a time on a governed domain, beside a bare server, and budgets exact afterwards
    Serve {
        /// For how long clients ask, in seconds
        #[arg(long = "seconds", default_value_t = 60)]
        seconds: u64,
        /// Clients at a time
        #[arg(long = "clients", default_value_t = 200)]
        clients: usize,
    },
    /// Measure the log: durable appends beside the bare disk, and verifying a million entries
    Log(BenchLogArguments),
    /// Make millions of hostile calls in one installation and measure what they leave behind
    Hostile(BenchHostileArguments),
}

#[derive(Debug, Args)]
pub(crate) struct BenchHostileArguments {
    /// Hostile calls; the goals are for 10000000
    #[arg(long, default_value_t = 10_000_000)]
    pub(crate) calls: u64,
    /// Pairs of honest runs before and after; the median counts
    #[arg(long, default_value_t = 7)]
    pub(crate) pairs: usize,
    /// Worker processes
    #[arg(long, default_value_t = 2)]
    pub(crate) workers: usize,
}

#[derive(Debug, Args)]
pub(crate) struct BenchLogArguments {
    /// Entries of the log that is verified; the goal is for 1000000
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) entries: u64,
    /// Rounds; the median counts
    #[arg(long = "rounds", default_value_t = 5)]
    pub(crate) rounds: usize,
    /// A directory on the disk that is measured; a temporary one if not given
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct UtilityArguments {
    /// Draws of each statistic
    #[arg(long, default_value_t = 5000)]
    pub(crate) draws: usize,
    /// Measure one part alone
    #[arg(long, value_enum, value_name = "PART")]
    pub(crate) only: Option<UtilityPart>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum UtilityPart {
    Accuracy,
    Opendp,
    Logistic,
    Composition,
    Bounds,
    Vector,
}

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Child {
    Keeper,
    Office,
    Found,
    Ingest,
    Compile,
    Conclude,
    DryRun,
    Worker,
    Noise,
    Courier,
    Walls,
    Calibrate,
    Attempt {
        /// What to try
        name: String,
    },
    /// Keeps a processor busy in the place of a worker
    Load,
    /// Says what it has from its parent
    Inside,
    /// The walls of a server
    ServerWalls,
    /// Tries something behind the walls of a server
    ServerAttempt {
        /// What to try, or a file to read
        name: String,
        /// The directory that it serves
        directory: PathBuf,
    },
    /// The bench's comparison: the same aggregation by polars, without privacy
    #[command(name = "polars")]
    Polars,
}
