//! `tidegate govern`: makes a domain a governed one, and lets an account in again.

use crate::args::GovernCommand;
use crate::front::{CliError, read_text};
use crate::output::Output;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidegate_engine::{read_frame, write_frame};
use tidegate_governance::{FirstToken, Founded, Recovered, Refused, found};
use tidegate_service::children::Programs;
use tidegate_service::{Domain, Reply};

/// What the process that opens the domain is asked.
#[derive(Serialize, Deserialize)]
enum Asked {
    /// To found, with the two files as they are.
    Found { authority: String, custodian: String },
    /// To make a token for an account.
    Recover { account: String, reason: String },
}

/// What is shown: everything but the tokens.
#[derive(Serialize)]
struct Shown {
    authority: Holder,
    custodian: Holder,
    pack: String,
    log_position: u64,
}

/// Who got a token, and where it lies.
#[derive(Serialize)]
struct Holder {
    organisation: String,
    account: String,
    token_file: PathBuf,
    expires: String,
}

impl Holder {
    fn of(token: FirstToken, token_file: PathBuf) -> Self {
        let FirstToken { organisation, account, expires, .. } = token;
        Self { organisation, account, token_file, expires }
    }

    fn print(&self, role: &str, output: Output) {
        println!("{role} {}: {} {}", self.organisation, output.pick("account", "账号"), self.account);
        let (lies, until) = (output.pick("token in", "令牌位于"), output.pick("until", "有效至"));
        println!("  {lies} {} ({until} {})", self.token_file.display(), self.expires);
    }
}

/// What is shown of a recovery: everything but the token.
#[derive(Serialize)]
struct ShownRecovery {
    #[serde(flatten)]
    holder: Holder,
    log_position: u64,
}

/// Runs a `govern` command.
pub(crate) fn run(domain: &Path, command: GovernCommand, output: Output) -> Result<(), CliError> {
    match command {
        GovernCommand::Init { authority, custodian, tokens } => init(domain, &authority, &custodian, &tokens, output),
        GovernCommand::Recover { account, reason, tokens } => recover(domain, &Asked::Recover { account, reason }, &tokens, output),
    }
}

fn recover(domain: &Path, asked: &Asked, tokens: &Path, output: Output) -> Result<(), CliError> {
    // As at the founding: the file is there before the token.
    let path = tokens.join("recovery.token");
    let mut file = fresh(&path)?;
    let recovered: Recovered = ask(domain, asked).inspect_err(|_| drop(std::fs::remove_file(&path)))?;
    keep(&mut file, &path, &recovered.token)?;
    let shown = ShownRecovery { holder: Holder::of(recovered.token, path), log_position: recovered.log_position };
    output.show(&shown, |shown| {
        println!("{} ({})", output.pick("Let in again; those who supervise are told", "已恢复登录，并已通知监管各方"), shown.log_position);
        shown.holder.print(output.pick("Organisation", "机构"), output);
    });
    Ok(())
}

/// Writes a token into its file.
fn keep(file: &mut File, path: &Path, token: &FirstToken) -> Result<(), CliError> {
    let written = file.write_all(format!("{}\n", token.token).as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| CliError::file(path, &error))
}

fn init(domain: &Path, authority: &Path, custodian: &Path, tokens: &Path, output: Output) -> Result<(), CliError> {
    let founders = Asked::Found { authority: read_text(authority)?, custodian: read_text(custodian)? };
    // The files are there before anything is founded: a token that nobody can keep must not come to be.
    let (first, second) = (tokens.join("authority.token"), tokens.join("custodian.token"));
    let mut files = [fresh(&first)?, fresh(&second)?];
    let founded: Founded = match ask(domain, &founders) {
        Ok(founded) => founded,
        Err(error) => {
            for path in [&first, &second] {
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
    };
    for ((file, path), token) in files.iter_mut().zip([&first, &second]).zip([&founded.authority, &founded.custodian]) {
        keep(file, path, token)?;
    }
    let shown = Shown {
        authority: Holder::of(founded.authority, first),
        custodian: Holder::of(founded.custodian, second),
        pack: founded.pack,
        log_position: founded.log_position,
    };
    output.show(&shown, |shown| {
        println!("{} {} ({})", output.pick("Governed under the rules", "已纳入治理，适用规则包"), shown.pack, shown.log_position);
        for (role, holder) in
            [(output.pick("Authority", "主管部门"), &shown.authority), (output.pick("Custodian", "保管方"), &shown.custodian)]
        {
            holder.print(role, output);
        }
    });
    Ok(())
}

/// A new file that its owner alone may read.
fn fresh(path: &Path) -> Result<File, CliError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => CliError::Exists { path: path.display().to_string() },
        _ => CliError::file(path, &error),
    })
}

fn ask<T: DeserializeOwned>(domain: &Path, asked: &Asked) -> Result<T, CliError> {
    let failed = |error: std::io::Error| CliError::NoKeeper { detail: error.to_string() };
    let domain = std::path::absolute(domain).map_err(failed)?;
    let mut child = Programs::own().map_err(failed)?.child("found").env("TIDEGATE_DOMAIN", domain).spawn().map_err(failed)?;
    let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(CliError::NoKeeper { detail: "no pipes".into() });
    };
    write_frame(&mut to, asked, &[])?;
    let reply = read_frame::<Reply>(&mut BufReader::new(from), 0);
    drop(to);
    let _ = child.wait();
    match reply?.0 {
        Reply::Done(value) => serde_json::from_value(value).map_err(|error| CliError::Answer { detail: error.to_string() }),
        Reply::Refused(refusal) => Err(refusal.into()),
        _ => Err(CliError::KeeperGone),
    }
}

/// Serves as the process that founds or recovers: it alone opens the domain.
pub(crate) fn serve(mut from: impl Read, mut to: impl Write) -> Result<(), CliError> {
    tidegate_walls::give_up_privileges();
    let failed = |error: std::io::Error| CliError::NoKeeper { detail: error.to_string() };
    let programs = Programs::own().map_err(failed)?;
    let directory = std::env::var_os("TIDEGATE_DOMAIN").map(PathBuf::from).unwrap_or_default();
    let asked: Asked = read_frame(&mut from, 0)?.0;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    let done = runtime.block_on(async {
        let domain = Arc::new(Domain::open(&directory, programs).await?);
        let done = match &asked {
            Asked::Found { authority, custodian } => serde_json::to_value(found(&domain, authority, custodian).await?),
            Asked::Recover { account, reason } => serde_json::to_value(tidegate_governance::recover(&domain, account, reason).await?),
        };
        Ok::<_, Refused>(done.unwrap_or_default())
    });
    let reply = match done {
        Ok(value) => Reply::Done(value),
        Err(refused) => Reply::Refused(refused.spoken()),
    };
    Ok(write_frame(&mut to, &reply, &[])?)
}
