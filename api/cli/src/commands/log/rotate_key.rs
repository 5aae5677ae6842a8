//! `tidegate log rotate-key`.

use crate::front::{CliError, ask};
use crate::output::Output;
use std::path::Path;
use tidegate_service::Request;
use tidegate_service::view::RotationView;

/// Gives the log another signing key.
pub(super) fn run(domain: &Path, overlap_days: u32, output: Output) -> Result<(), CliError> {
    let view: RotationView = ask(domain, &Request::LogRotateKey { overlap_days })?;
    output.show(&view, |view| {
        println!("{} {}", output.pick("New key of the log:", "日志的新密钥："), view.key);
        println!("{} {}", output.pick("Old key of the log:", "日志的旧密钥："), view.before);
        println!("{} {}", output.pick("Both sign until", "两者同时签名至"), view.until);
        println!(
            "{}",
            output.pick(
                "Publish the new key by the ways by which the old one was published. Whoever keeps the old one can still verify.",
                "请通过公布旧密钥的途径公布新密钥。仍持有旧密钥者可以继续核验。"
            )
        );
    });
    Ok(())
}
