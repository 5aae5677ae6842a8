//! `tidegate govern`: makes a domain a governed one.

use crate::args::GovernCommand;
use crate::front::{CliError, read_text};
use crate::output::Output;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tidegate_engine::{read_frame, write_frame};
use tidegate_governance::{FirstToken, Founded, Refused, found};
use tidegate_service::children::Programs;
use tidegate_service::{Domain, Reply};

/// What the process that founds is asked: the two files as they are.
#[derive(Serialize, Deserialize)]
struct Founders {
    authority: String,
    custodian: String,
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

/// Runs a `govern` command.
pub(crate) fn run(domain: &Path, command: GovernCommand, output: Output) -> Result<(), CliError> {
    let GovernCommand::Init { authority, custodian, tokens } = command;
    let founders = Founders { authority: read_text(&authority)?, custodian: read_text(&custodian)? };
    // The files are there before anything is founded: a token that nobody can keep must not come to be.
    let (first, second) = (tokens.join("authority.token"), tokens.join("custodian.token"));
    let mut files = [fresh(&first)?, fresh(&second)?];
    let founded = match ask(domain, &founders) {
        Ok(founded) => founded,
        Err(error) => {
            for path in [&first, &second] {
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
    };
    for ((file, path), token) in files.iter_mut().zip([&first, &second]).zip([&founded.authority, &founded.custodian]) {
        let written = file.write_all(format!("{}\n", token.token).as_bytes()).and_then(|()| file.sync_all());
        written.map_err(|error| CliError::file(path, &error))?;
    }
    let holder = |token: FirstToken, token_file| Holder {
        organisation: token.organisation,
        account: token.account,
        token_file,
        expires: token.expires,
    };
    let shown = Shown {
        authority: holder(founded.authority, first),
        custodian: holder(founded.custodian, second),
        pack: founded.pack,
        log_position: founded.log_position,
    };
    output.show(&shown, |shown| {
        println!("{} {} ({})", output.pick("Governed under the rules", "已纳入治理，适用规则包"), shown.pack, shown.log_position);
        for (role, holder) in
            [(output.pick("Authority", "主管部门"), &shown.authority), (output.pick("Custodian", "保管方"), &shown.custodian)]
        {
            println!("{role} {}: {} {}", holder.organisation, output.pick("account", "账号"), holder.account);
            println!(
                "  {} {} ({} {})",
                output.pick("token in", "令牌位于"),
                holder.token_file.display(),
                output.pick("until", "有效至"),
                holder.expires
            );
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

fn ask(domain: &Path, founders: &Founders) -> Result<Founded, CliError> {
    let failed = |error: std::io::Error| CliError::NoKeeper { detail: error.to_string() };
    let domain = std::path::absolute(domain).map_err(failed)?;
    let mut child = Programs::own().map_err(failed)?.child("found").env("TIDEGATE_DOMAIN", domain).spawn().map_err(failed)?;
    let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(CliError::NoKeeper { detail: "no pipes".into() });
    };
    write_frame(&mut to, founders, &[])?;
    let reply = read_frame::<Reply>(&mut BufReader::new(from), 0);
    drop(to);
    let _ = child.wait();
    match reply?.0 {
        Reply::Done(value) => serde_json::from_value(value).map_err(|error| CliError::Answer { detail: error.to_string() }),
        Reply::Refused(refusal) => Err(refusal.into()),
        _ => Err(CliError::KeeperGone),
    }
}

/// Serves as the process that founds: it alone opens the domain.
pub(crate) fn serve(mut from: impl Read, mut to: impl Write) -> Result<(), CliError> {
    tidegate_walls::give_up_privileges();
    let failed = |error: std::io::Error| CliError::NoKeeper { detail: error.to_string() };
    let programs = Programs::own().map_err(failed)?;
    let directory = std::env::var_os("TIDEGATE_DOMAIN").map(PathBuf::from).unwrap_or_default();
    let founders: Founders = read_frame(&mut from, 0)?.0;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    let founded = runtime.block_on(async {
        let domain = Arc::new(Domain::open(&directory, programs).await?);
        let founded = found(&domain, &founders.authority, &founders.custodian).await?;
        Ok::<_, Refused>(serde_json::to_value(&founded).unwrap_or_default())
    });
    let reply = match founded {
        Ok(value) => Reply::Done(value),
        Err(refused) => Reply::Refused(refused.spoken()),
    };
    Ok(write_frame(&mut to, &reply, &[])?)
}
