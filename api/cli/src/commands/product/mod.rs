//! `tidegate product`: the registration asks the keeper; a recipient's commands need no domain, only files and keys.

mod package;
mod show;

use crate::args::{ByArguments, ProductCommand};
use crate::commands::key;
use crate::front::{CliError, Keeper, ask, read_bytes, read_text};
use crate::output::Output;
use serde::de::DeserializeOwned;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use tidegate_log::ProductStepKind as Kind;
use tidegate_product::{Code, acknowledge, terms_digest};
use tidegate_service::Request;
use tidegate_service::products::{
    AcknowledgementRecord, DeliverRequest, Delivered, DeliveryRecord, ExportView, PolicyRecord, ProductRecord, ProductRequest, ProductView,
    Step, Trace,
};
use tidegate_terms::{Digest, Language, Name};

pub(crate) use package::show_verified;

/// Largest evidence, and largest delivered file, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Asks the keeper about products.
pub(crate) fn about<T: DeserializeOwned>(domain: &Path, request: ProductRequest) -> Result<T, CliError> {
    ask(domain, &Request::Product(request))
}

/// The same on a conversation that goes on.
pub(crate) fn ask_about<T: DeserializeOwned>(keeper: &mut Keeper, request: ProductRequest) -> Result<T, CliError> {
    keeper.ask(&Request::Product(request))
}

/// Writes a file that must not exist.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(CliError::Exists { path: path.display().to_string() });
    }
    let written = fs::File::create_new(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.map_err(|error| CliError::file(path, &error))
}

/// A step without more than an opinion.
pub(crate) fn plain_step(kind: Kind, product: String, by: Name, opinion: Option<String>) -> Step {
    Step { product, kind, by, opinion, code: None, objector: None, evidence: None }
}

fn step(domain: &Path, step: Step, output: Output) -> Result<(), CliError> {
    let record: ProductRecord = about(domain, ProductRequest::Step(step))?;
    output.show(&record, |record| show::stage(record, output));
    Ok(())
}

fn plain(domain: &Path, kind: Kind, by: ByArguments, output: Output) -> Result<(), CliError> {
    step(domain, plain_step(kind, by.product, by.by, by.opinion), output)
}

/// Runs a `product` command.
pub(crate) fn run(domain: &Path, command: ProductCommand, output: Output) -> Result<(), CliError> {
    match command {
        ProductCommand::Policy { coded_needed, notice_days, by } => policy(domain, coded_needed, notice_days, by, output),
        ProductCommand::Register { application } => {
            let application = read_text(&application)?;
            let record: ProductRecord = about(domain, ProductRequest::Register { application })?;
            output.show(&record, |record| show::stage(record, output));
            Ok(())
        }
        ProductCommand::Accept(by) => plain(domain, Kind::Accepted, by, output),
        ProductCommand::Review(by) => plain(domain, Kind::Reviewed, by, output),
        ProductCommand::Notice(by) => plain(domain, Kind::Notice, by, output),
        ProductCommand::Refuse(by) => plain(domain, Kind::Refused, by, output),
        ProductCommand::Withdraw(by) => plain(domain, Kind::Withdrawn, by, output),
        ProductCommand::Revoke(by) => plain(domain, Kind::Revoked, by, output),
        ProductCommand::Code { by, code, issuer, scheme } => {
            let code = Some(Code { code, issuer, scheme });
            step(domain, Step { code, ..plain_step(Kind::Coded, by.product, by.by, by.opinion) }, output)
        }
        ProductCommand::Object { by, objector, evidence } => {
            let evidence = Some(Digest::of(&read_bytes(&evidence, FILE_BYTES_MAX)?));
            let objection = plain_step(Kind::Objected, by.product, by.by, by.opinion);
            step(domain, Step { objector: Some(objector), evidence, ..objection }, output)
        }
        ProductCommand::Decide { by, upheld, .. } => {
            plain(domain, if upheld { Kind::ObjectionUpheld } else { Kind::ObjectionDismissed }, by, output)
        }
        ProductCommand::List => {
            let records: Vec<ProductRecord> = about(domain, ProductRequest::List)?;
            output.show(&records, |records| show::list(records, output));
            Ok(())
        }
        ProductCommand::Show { product } => {
            let view: ProductView = about(domain, ProductRequest::Show { product })?;
            output.show(&view, |view| show::product(view, output));
            Ok(())
        }
        ProductCommand::Terms { product } => {
            let record: ProductRecord = about(domain, ProductRequest::Show { product })?;
            let view = serde_json::json!({ "product": record.product, "terms": record.terms, "terms_sha256": record.terms_sha256 });
            output.show(&view, |_| print!("{}", record.terms));
            Ok(())
        }
        ProductCommand::Acknowledgement { product, terms, recipient, key, out } => {
            let terms = terms_digest(&read_text(&terms)?);
            write_new(&out, &acknowledge(&product, terms, &recipient, &key::read(&key)?))?;
            written(&out, output);
            Ok(())
        }
        ProductCommand::Acknowledge { signed } => {
            let file = read_bytes(&signed, 1 << 20)?;
            let record: AcknowledgementRecord = about(domain, ProductRequest::Acknowledge { file })?;
            output.show(&record, |record| {
                println!("{} {}: {}", output.pick("Acknowledged by", "确认条款："), record.recipient, record.id);
            });
            Ok(())
        }
        ProductCommand::Deliver { product, to, recipient_key, exchange, listing, contract, out } => {
            let recipient_key = read_text(&recipient_key)?.trim().to_owned();
            let out = std::path::absolute(&out).map_err(|error| CliError::file(&out, &error))?;
            let request = DeliverRequest { product, recipient: to, recipient_key, exchange, listing, contract, out };
            let delivered: Delivered = about(domain, ProductRequest::Deliver(request))?;
            output.show(&delivered, |delivered| show::delivered(delivered, output));
            Ok(())
        }
        ProductCommand::Receive { signed } => {
            let file = read_bytes(&signed, 1 << 20)?;
            let record: DeliveryRecord = about(domain, ProductRequest::Receive { file })?;
            output.show(&record, |record| {
                println!("{} {}", output.pick("Receipt recorded for delivery", "已记录交付回执："), record.delivery)
            });
            Ok(())
        }
        ProductCommand::Receipt { package, signed_with, against, out } => package::receipt(&package, &signed_with, &against, &out, output),
        ProductCommand::Verify { package, against } => package::verify(&package, &against, output),
        ProductCommand::Trace { delivered, package: Some(path), key } => {
            package::trace(&delivered, &path, key.as_deref().unwrap_or_default(), output)
        }
        ProductCommand::Trace { delivered, package: None, .. } => {
            let digest = Digest::of(&read_bytes(&delivered, FILE_BYTES_MAX)?);
            let trace: Trace = about(domain, ProductRequest::Trace { digest })?;
            output.show(&trace, |trace| show::trace(trace, output));
            Ok(())
        }
        ProductCommand::Export { product } => {
            let view: ExportView = about(domain, ProductRequest::Export { product })?;
            output.show(&view, |view| show::export(view, output));
            Ok(())
        }
        ProductCommand::Keys { renew, revoke_earlier } => {
            let view: serde_json::Value = about(domain, ProductRequest::Keys { renew, revoke_earlier })?;
            output.show(&view, |view| {
                for key in ["ed25519", "p256"] {
                    print!("{}", view[key].as_str().unwrap_or_default());
                }
                println!("{} {}", output.pick("Announced at log position", "公布于日志位置"), view["log_position"]);
            });
            Ok(())
        }
    }
}

fn policy(domain: &Path, coded_needed: Option<bool>, notice_days: Option<u32>, by: Option<Name>, output: Output) -> Result<(), CliError> {
    let known: PolicyRecord = about(domain, ProductRequest::PolicyShow)?;
    let record = match by {
        None => known,
        Some(by) => {
            let record = PolicyRecord {
                coded_needed: coded_needed.unwrap_or(known.coded_needed),
                notice_days: notice_days.unwrap_or(known.notice_days),
                by: Some(by),
            };
            about(domain, ProductRequest::Policy(record))?
        }
    };
    output.show(&record, |record| {
        let coded = match record.coded_needed {
            true => output.pick("Only coded products may be delivered.", "仅已赋码的产品可以交付。"),
            false => output.pick("Products that passed the form review may be delivered.", "通过形式审核的产品可以交付。"),
        };
        println!("{coded}\n{} {}", output.pick("Working days of a public notice:", "公示工作日数："), record.notice_days);
    });
    Ok(())
}

pub(super) fn written(path: &Path, output: Output) {
    let view = serde_json::json!({ "file": path });
    output.show(&view, |_| println!("{} {}", output.pick("Written:", "已写入："), path.display()));
}

/// The text in the reader's language.
pub(super) fn text(both: &tidegate_terms::Bilingual, language: Language) -> &str {
    both.get(language)
}
