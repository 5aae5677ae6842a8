//! A package in the hands of others than its domain.

use super::{FILE_BYTES_MAX, write_new, written};
use crate::args::PackageArguments;
use crate::commands::key;
use crate::front::{CliError, read_bytes};
use crate::output::Output;
use std::path::Path;
use tidegate_product::{Demands, Files, PackageError, VerifiedPackage, digests, read_package, receive};
use tidegate_terms::Digest;

fn verified(package: &Path, against: &PackageArguments) -> Result<(Files, VerifiedPackage), CliError> {
    let files = read_package(package)?;
    let demands = Demands {
        vkey: &against.key,
        witnesses: &against.witness,
        quorum: against.quorum.unwrap_or(against.witness.len()),
        recipient: against.recipient.as_deref(),
        log: against.log.as_deref(),
    };
    let verified = tidegate_product::verify(&files, &demands)?;
    Ok((files, verified))
}

/// `product verify`.
pub(super) fn verify(package: &Path, against: &PackageArguments, output: Output) -> Result<(), CliError> {
    let (_, verified) = verified(package, against)?;
    output.show(&verified, |verified| show_verified(verified, output));
    Ok(())
}

pub(crate) fn show_verified(verified: &VerifiedPackage, output: Output) {
    let (facts, delivery) = (&verified.facts, &verified.facts.delivery);
    let title = facts.product.application.title.get(output.language);
    println!("{} {} ({title}) → {}", output.pick("Product", "产品"), facts.product.id, delivery.recipient);
    println!(
        "{} {}, {} {}, {} {}",
        output.pick("Exchange", "交易机构"),
        delivery.exchange,
        output.pick("listing", "挂牌编号"),
        delivery.listing,
        output.pick("contract", "合同编号"),
        delivery.contract
    );
    for release in &facts.releases {
        println!(
            "{} {} ({} {}): {}",
            output.pick("Run", "运行"),
            release.run,
            output.pick("log", "日志"),
            release.position,
            release.module_name
        );
    }
    println!("{} {} ({})", output.pick("Log:", "日志："), facts.log.origin, verified.delivery_position);
    for witness in &verified.witnesses {
        println!("{} {}", output.pick("Seen by witness", "见证方："), witness.witness);
    }
    if !verified.forms_recomputed {
        println!(
            "{}",
            output.pick(
                "CSV and JSON files were made again and compared; Parquet files, charts and page were written by another version and are covered by the signature alone.",
                "CSV 与 JSON 文件已重新生成并比对；Parquet 文件、图形与页面由其他版本写成，仅由签名担保。"
            )
        );
    }
    match verified.log_entries {
        Some(_) => println!("{}", output.pick("The registration stands, as the given log shows it.", "据所给日志，登记仍然有效。")),
        None => println!(
            "{}",
            output.pick("Whether the registration ended since: give --log.", "其后是否注销或撤销：请用 --log 给出日志副本。")
        ),
    }
    println!(
        "{} {} {}",
        output.pick("Verified:", "核验通过："),
        verified.files,
        output.pick("files follow from what the log committed to.", "个文件均由日志所承诺的内容得出。")
    );
}

/// `product receipt`.
pub(super) fn receipt(package: &Path, key: &Path, against: &PackageArguments, out: &Path, output: Output) -> Result<(), CliError> {
    let (_, verified) = verified(package, against)?;
    let key = key::read(key)?;
    let own = key::public(&key);
    let delivery = &verified.facts.delivery;
    if own != delivery.recipient_key {
        return Err(PackageError::OtherRecipient { recipient: delivery.recipient.clone() }.into());
    }
    write_new(out, &receive(&verified.facts.product.id, &delivery.id, verified.statement_sha256, &key))?;
    written(out, output);
    Ok(())
}

/// `product trace --package`.
pub(super) fn trace(delivered: &Path, package: &Path, vkey: &str, output: Output) -> Result<(), CliError> {
    let against = PackageArguments { key: vkey.to_owned(), witness: Vec::new(), quorum: None, recipient: None, log: None };
    let (files, verified) = verified(package, &against)?;
    let digest = Digest::of(&read_bytes(delivered, FILE_BYTES_MAX)?);
    let found = digests(&files).into_iter().find(|(_, known)| *known == digest);
    let (path, _) = found.ok_or_else(|| PackageError::Extra { path: delivered.display().to_string() })?;
    let facts = &verified.facts;
    let view = serde_json::json!({
        "sha256": digest,
        "path": path,
        "delivery": facts.delivery,
        "product": facts.product.id,
        "operator": facts.product.application.operator,
        "runs": facts.releases.iter().map(|release| serde_json::json!({
            "run": release.run,
            "log_position": release.position,
            "module": release.module,
            "module_name": release.module_name,
            "datasets": release.datasets.iter().map(|dataset| serde_json::json!({
                "dataset": dataset.dataset, "version": dataset.version, "grant": dataset.grant,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    });
    output.show(&view, |_| {
        println!("{path} — {} {} → {}", output.pick("delivery", "交付"), facts.delivery.id, facts.delivery.recipient);
        println!("  {} {} ({})", output.pick("product", "产品"), facts.product.id, facts.product.application.operator);
        for release in &facts.releases {
            println!("  {} {}: {} {}", output.pick("run", "运行"), release.run, release.module_name, release.module);
            for dataset in &release.datasets {
                println!("    {} v{}, {} {}", dataset.dataset, dataset.version, output.pick("grant", "授权"), dataset.grant);
            }
        }
    });
    Ok(())
}
