//! Deliveries: to who acknowledged the terms, of what is registered as far as the authority demands.
//!
//! Order of durable writes: the package without its proof of delivery, staged beside its place; the entry of the delivery
//! with its records, in one transaction; the proof; one rename. A crash before the entry leaves a staged directory with a
//! dot, which nobody reads; a crash after it leaves a delivery in the log whose package never left: deliver again.

use super::register::Source;
use super::{AcknowledgementRecord, DeliverRequest, DeliveryRecord, ProductError, ProductRecord, Stage};
use crate::{Domain, ServiceError, domain, instant, keys};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use tidegate_accountant::guaranteed_epsilon;
use tidegate_log::{Entry, Event, ProductAcknowledgement, ProductDelivery, ProductReceipt, ProductStepKind, commit, prove};
use tidegate_product::{
    DatasetFacts, DeliveryFacts, Facts, Files, LineageFacts, LogFacts, Opened, PackageError, ProductFacts, Proven, ReleaseContent,
    ReleaseFacts, described_statistics, digests, package, read_acknowledgement, read_receipt, software, tar_bytes, with_delivery,
};
use tidegate_store::{Opening, StoreError};
use tidegate_terms::{Digest, Name, PublicSchema};

/// The form of packages.
const FORMAT: u32 = 1;

/// A delivery that was made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivered {
    /// The delivery.
    #[serde(flatten)]
    pub delivery: DeliveryRecord,
    /// Where the package lies.
    pub package: PathBuf,
    /// How many files it has.
    pub files: usize,
}

fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 200 && !text.chars().any(char::is_control)
}

fn salted(field: &'static str, content: Vec<u8>) -> Result<(Opening, Digest), ServiceError> {
    let opening = Opening { field, salt: keys::random()?, content: Some(content.clone()) };
    let commitment = commit(&opening.salt, &content);
    Ok((opening, commitment))
}

/// Files that are written beside their place, and then moved there at once.
struct Staged {
    directory: tempfile::TempDir,
    out: PathBuf,
    archive: bool,
}

impl Staged {
    fn new(out: &Path) -> Result<Self, ServiceError> {
        if fs::symlink_metadata(out).is_ok() {
            return Err(ProductError::OutExists { path: out.display().to_string() }.into());
        }
        let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let directory = tempfile::Builder::new().prefix(".tidegate-delivery-").tempdir_in(parent);
        let directory = directory.map_err(|error| ServiceError::files(parent, &error))?;
        Ok(Self { directory, out: out.to_owned(), archive: out.extension().is_some_and(|ending| ending == "tar") })
    }

    /// Writes files durably, and finds out that there is room for them.
    fn write(&self, files: &Files) -> Result<(), ServiceError> {
        for (path, bytes) in files {
            let path = self.directory.path().join("package").join(path);
            let write = || -> std::io::Result<()> {
                fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
                let mut file = fs::File::create(&path)?;
                file.write_all(bytes)?;
                file.sync_all()
            };
            write().map_err(|error| ServiceError::files(&path, &error))?;
        }
        Ok(())
    }

    fn finish(self, files: &Files) -> Result<(), ServiceError> {
        let from = if self.archive {
            let path = self.directory.path().join("package.tar");
            let bytes = tar_bytes(files).map_err(ProductError::from)?;
            let write = || fs::File::create(&path).and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()));
            write().map_err(|error| ServiceError::files(&path, &error))?;
            path
        } else {
            self.write(files)?;
            self.directory.path().join("package")
        };
        fs::rename(&from, &self.out).map_err(|error| ServiceError::files(&self.out, &error))?;
        domain::sync_directory(self.out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    }
}

impl Domain {
    /// Records that a recipient acknowledged the terms (Shuangyashan Art. 72).
    pub(super) async fn acknowledge_product(&self, file: &[u8]) -> Result<AcknowledgementRecord, ServiceError> {
        let signed = read_acknowledgement(file).map_err(ProductError::from)?;
        let mut record = self.product_record(&signed.product).await?;
        if matches!(record.stage, Stage::Refused | Stage::Withdrawn | Stage::Revoked) {
            return Err(ProductError::Stage { product: record.product, stage: record.stage.name().into() }.into());
        }
        if signed.terms_sha256 != record.terms_sha256 {
            return Err(ProductError::OtherTerms { product: record.product }.into());
        }
        if !is_line(&signed.recipient) {
            return Err(ProductError::Trade { field: "recipient".into() }.into());
        }
        let same = |known: &AcknowledgementRecord| known.recipient == signed.recipient && known.recipient_key == signed.recipient_key;
        if record.acknowledgements.iter().any(same) {
            return Err(ProductError::AcknowledgedAlready { product: record.product }.into());
        }
        let (opening, acknowledgement_commitment) = salted("acknowledgement_commitment", file.to_vec())?;
        let acknowledgement = keys::identifier('a')?;
        let event = ProductAcknowledgement {
            product: record.product.clone(),
            acknowledgement: acknowledgement.clone(),
            acknowledgement_commitment,
        };
        let at = instant::text(self.next_instant().await?);
        let mut act = self.store.begin().await?;
        let log_position = act.append(&Entry { at: at.clone(), event: Event::ProductAcknowledgement(event) }, &[opening]).await?;
        let acknowledged = AcknowledgementRecord {
            id: acknowledgement,
            recipient: signed.recipient,
            recipient_key: signed.recipient_key,
            at,
            log_position,
        };
        record.acknowledgements.push(acknowledged.clone());
        act.put_product(&record.product, record.application.operator.as_str(), &record).await?;
        act.commit().await?;
        self.publish().await?;
        Ok(acknowledged)
    }

    /// Whether a product may be delivered to this recipient today; the acknowledgement.
    async fn check_delivery(&self, record: &ProductRecord, request: &DeliverRequest) -> Result<AcknowledgementRecord, ServiceError> {
        let trade = [
            ("recipient", &request.recipient),
            ("exchange", &request.exchange),
            ("listing", &request.listing),
            ("contract", &request.contract),
        ];
        if let Some((field, _)) = trade.into_iter().find(|(_, text)| !is_line(text)) {
            return Err(ProductError::Trade { field: field.into() }.into());
        }
        let policy = self.product_policy().await?;
        let registered = match record.stage {
            Stage::Coded => true,
            Stage::Reviewed | Stage::Notice => !policy.coded_needed,
            _ => false,
        };
        if !registered {
            return Err(ProductError::NotCoded { product: record.product.clone(), stage: record.stage.name().into() }.into());
        }
        if let Some(until) = record.registered_until.as_ref().filter(|until| instant::today().to_string() > **until) {
            return Err(ProductError::Expired { product: record.product.clone(), until: until.clone() }.into());
        }
        if record.application.form == tidegate_product::Form::Verification {
            return Err(ProductError::Verification.into());
        }
        let same = |known: &&AcknowledgementRecord| known.recipient == request.recipient && known.recipient_key == request.recipient_key;
        let acknowledged = record.acknowledgements.iter().find(same).cloned();
        Ok(acknowledged.ok_or_else(|| ProductError::NotAcknowledged { recipient: request.recipient.clone() })?)
    }

    /// Makes a package, records its delivery, and puts it in its place.
    pub(super) async fn deliver_product(&self, request: DeliverRequest) -> Result<Delivered, ServiceError> {
        let record = self.product_record(&request.product).await?;
        let acknowledged = self.check_delivery(&record, &request).await?;
        let mut sources = Vec::new();
        for source in &record.sources {
            let source = self.product_source(&source.run).await?;
            self.check_source_grants(&source, &record.application.operator).await?;
            sources.push(source);
        }
        let staged = Staged::new(&request.out)?;
        let (signer, keys_position) = self.product_keys(false, false).await?;
        let at = instant::text(self.next_instant().await?);
        let delivery = DeliveryFacts {
            id: keys::identifier('d')?,
            at: at.clone(),
            recipient: request.recipient.clone(),
            recipient_key: request.recipient_key.clone(),
            exchange: request.exchange.clone(),
            listing: request.listing.clone(),
            contract: request.contract.clone(),
            acknowledgement: acknowledged.id.clone(),
            terms_sha256: record.terms_sha256,
        };
        let facts = self.facts(&record, &sources, delivery, keys_position).await?;
        let entries = self.entries(&record, &sources, &facts).await?;
        let (files, statement) = tokio::task::block_in_place(|| package(&facts, &entries, &signer)).map_err(ProductError::from)?;
        staged.write(&files)?;
        let delivered = self.record_delivery(record, &facts, &files, &statement).await?;
        let (salt, log_position) = delivered;
        let proof = self.prove(log_position)?;
        let entry = self.entry_at(log_position).await?;
        let files = with_delivery(files, entry, &proof, salt);
        staged.finish(&files)?;
        let delivery = self.books().delivery(&facts.delivery.id).await?;
        let delivery = delivery.ok_or_else(|| ProductError::UnknownDelivery { delivery: facts.delivery.id.clone() })?;
        Ok(Delivered { delivery, package: request.out, files: files.len() })
    }

    /// Commits the delivery; the salt of its package and its position.
    async fn record_delivery(
        &self,
        mut record: ProductRecord,
        facts: &Facts,
        files: &Files,
        statement: &[u8],
    ) -> Result<([u8; 32], u64), ServiceError> {
        let delivery = &facts.delivery;
        let recipient = serde_json::to_vec(&[&delivery.recipient, &delivery.recipient_key]).map_err(StoreError::from)?;
        let (recipient, recipient_commitment) = salted("recipient_commitment", recipient)?;
        let (exchange, exchange_commitment) = salted("exchange_commitment", delivery.exchange.clone().into_bytes())?;
        let (listing, listing_commitment) = salted("listing_commitment", delivery.listing.clone().into_bytes())?;
        let (contract, contract_commitment) = salted("contract_commitment", delivery.contract.clone().into_bytes())?;
        let (statement_opening, package_commitment) = salted("package_commitment", statement.to_vec())?;
        let salt = statement_opening.salt;
        let event = ProductDelivery {
            product: record.product.clone(),
            delivery: delivery.id.clone(),
            acknowledgement: delivery.acknowledgement.clone(),
            recipient_commitment,
            exchange_commitment,
            listing_commitment,
            contract_commitment,
            package_commitment,
        };
        let openings = [recipient, exchange, listing, contract, statement_opening];
        let mut act = self.store.begin().await?;
        let entry = Entry { at: delivery.at.clone(), event: Event::ProductDelivery(event) };
        let log_position = act.append(&entry, &openings).await?;
        record.deliveries += 1;
        act.put_product(&record.product, record.application.operator.as_str(), &record).await?;
        let delivered = DeliveryRecord {
            delivery: delivery.id.clone(),
            product: record.product,
            recipient: delivery.recipient.clone(),
            recipient_key: delivery.recipient_key.clone(),
            exchange: delivery.exchange.clone(),
            listing: delivery.listing.clone(),
            contract: delivery.contract.clone(),
            at: delivery.at.clone(),
            statement_sha256: Digest::of(statement),
            log_position,
            received_at: None,
        };
        act.put_delivery(&delivered.delivery, &delivered.product, &delivered).await?;
        act.put_delivered_files(&delivered.delivery, &digests(files)).await?;
        act.commit().await?;
        self.publish().await?;
        Ok((salt, log_position))
    }

    /// Records that a package arrived. A receipt may come after a revocation.
    pub(super) async fn receive_product(&self, file: &[u8]) -> Result<DeliveryRecord, ServiceError> {
        let signed = read_receipt(file).map_err(ProductError::from)?;
        let unknown = || ProductError::UnknownDelivery { delivery: signed.delivery.clone() };
        let record: Option<DeliveryRecord> = self.books().delivery(&signed.delivery).await?;
        let same = |known: &DeliveryRecord| {
            known.product == signed.product
                && known.recipient_key == signed.recipient_key
                && known.statement_sha256 == signed.statement_sha256
        };
        let mut record = record.filter(same).ok_or_else(unknown)?;
        if record.received_at.is_some() {
            return Err(ProductError::ReceivedAlready { delivery: record.delivery }.into());
        }
        let (opening, receipt_commitment) = salted("receipt_commitment", file.to_vec())?;
        let event = ProductReceipt { product: signed.product.clone(), delivery: signed.delivery.clone(), receipt_commitment };
        let at = instant::text(self.next_instant().await?);
        record.received_at = Some(at.clone());
        let mut act = self.store.begin().await?;
        act.put_delivery(&record.delivery, &record.product, &record).await?;
        self.conclude(act, &Entry { at, event: Event::ProductReceipt(event) }, &[opening]).await?;
        Ok(record)
    }

    fn prove(&self, position: u64) -> Result<tidegate_log::TlogProof, ServiceError> {
        let proof = tokio::task::block_in_place(|| prove(&self.log_directory(), self.keys.signer.verifier(), position));
        Ok(proof.map_err(|error| ProductError::from(PackageError::from(error)))?)
    }

    async fn entry_at(&self, position: u64) -> Result<Vec<u8>, ServiceError> {
        let entries = self.books().log_entries(position, position + 1).await?;
        let missing = || StoreError::Record { detail: format!("the log has no entry {position}") };
        Ok(entries.into_iter().next().ok_or_else(missing)?)
    }

    async fn proven(&self, name: String, position: u64, field: Option<&str>, content: Option<&str>) -> Result<Proven, ServiceError> {
        let mut opening = None;
        if let Some(field) = field {
            let missing = || StoreError::Record { detail: format!("the opening of {field} at {position} is missing") };
            let (salt, kept) = self.books().opening(position, field).await?.ok_or_else(missing)?;
            let content = content.map(|content| content.as_bytes().to_vec()).or(kept).ok_or_else(missing)?;
            opening = Some(Opened { salt: salt.try_into().map_err(|_| missing())?, content });
        }
        Ok(Proven { name, entry: self.entry_at(position).await?, proof: self.prove(position)?, opening })
    }

    /// What the log says about the product, with proofs.
    async fn entries(&self, record: &ProductRecord, sources: &[Source], facts: &Facts) -> Result<Vec<Proven>, ServiceError> {
        let mut entries = vec![
            self.proven("keys".into(), facts.log.keys, None, None).await?,
            self.proven("application".into(), record.log_position, Some("application_commitment"), None).await?,
        ];
        if let Some(position) = facts.log.coded {
            entries.push(self.proven("coded".into(), position, Some("details_commitment"), None).await?);
        }
        for source in sources {
            let name = format!("{}-{}", source.run, source.round);
            entries.push(self.proven(name, source.position, Some(source.field), Some(&source.content)).await?);
        }
        Ok(entries)
    }

    async fn facts(&self, record: &ProductRecord, sources: &[Source], delivery: DeliveryFacts, keys: u64) -> Result<Facts, ServiceError> {
        let (mut releases, mut lineages) = (Vec::new(), Vec::<LineageFacts>::new());
        for source in sources {
            releases.push(self.release_facts(source).await?);
            for (_, _, lineage, _) in &source.mounts {
                if lineages.iter().all(|known| known.lineage != *lineage) {
                    lineages.push(self.lineage_facts(lineage).await?);
                }
            }
        }
        Ok(Facts {
            format: FORMAT,
            software: software(),
            product: ProductFacts {
                id: record.product.clone(),
                application: record.application.clone(),
                code: record.code.clone(),
                registered_until: record.registered_until.clone(),
            },
            delivery,
            log: LogFacts {
                origin: self.keys.signer.verifier().name().to_owned(),
                keys,
                application: record.log_position,
                coded: record.step(ProductStepKind::Coded).map(|step| step.log_position),
            },
            releases,
            lineages,
        })
    }

    async fn lineage_facts(&self, lineage: &Name) -> Result<LineageFacts, ServiceError> {
        let missing = || ServiceError::UnknownDataset { dataset: lineage.to_string() };
        let (account, delta) = self.books().account(lineage).await?.ok_or_else(missing)?;
        Ok(LineageFacts {
            lineage: lineage.clone(),
            rho_spent: account.spent.rho.units(),
            epsilon_spent: guaranteed_epsilon(account.spent.rho, delta),
            epsilon_cap: guaranteed_epsilon(account.cap.rho, delta),
            delta: delta.get(),
            exact_tables_released: self.books().has_exact_tables(lineage).await?,
        })
    }

    async fn release_facts(&self, source: &Source) -> Result<ReleaseFacts, ServiceError> {
        let mut datasets = Vec::new();
        for (dataset, version, lineage, grant) in &source.mounts {
            let mounted = self.mounted(dataset, Some(*version)).await?;
            datasets.push(DatasetFacts {
                dataset: dataset.clone(),
                version: *version,
                title: mounted.schema.title.clone(),
                source: mounted.schema.source.clone(),
                acquired: mounted.schema.acquired.clone(),
                lineage: lineage.clone(),
                privacy_unit: word(&mounted.schema.privacy_unit.kind),
                units_max: mounted.schema.units_max,
                columns: columns(&mounted.schema),
                policy_sha256: Digest::of(mounted.record.policy.as_bytes()),
                grant: grant.clone(),
            });
        }
        let content = ReleaseContent::parse(source.content.as_bytes()).map_err(ProductError::from)?;
        let (module, engine) = self.admitted(&source.run).await?;
        let name = self.books().modules(&module.to_string()).await?.into_iter().next();
        let name = name.ok_or_else(|| ServiceError::UnknownModule { module: module.short(), operator: String::new() })?.name;
        Ok(ReleaseFacts {
            run: source.run.clone(),
            round: source.round,
            position: source.position,
            module,
            module_name: name,
            engine,
            purpose: source.purpose.clone(),
            datasets,
            price: content.price(),
            statistics: described_statistics(&content),
        })
    }

    /// Module and engine of a run, as the log has them since its admission.
    async fn admitted(&self, run: &str) -> Result<(Digest, Digest), ServiceError> {
        for bytes in self.books().log_entries_with(&format!("\"run\":\"{run}\"")).await? {
            match Entry::decode(&bytes).map_err(StoreError::from)?.event {
                Event::Reserve { run: found, module, engine, .. } | Event::Reviewed { run: found, module, engine, .. } if found == run => {
                    return Ok((module, engine));
                }
                _ => {}
            }
        }
        Err(ServiceError::UnknownRun { run: run.to_owned() })
    }
}

/// The text of a unit variant, as it is written.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn columns(schema: &PublicSchema) -> Vec<(String, String)> {
    let column = |table: &Name, column: &tidegate_terms::Column| {
        let kind = serde_json::to_value(column).unwrap_or_default()["type"].as_str().unwrap_or_default().to_owned();
        (format!("{table}.{}", column.name), kind)
    };
    schema.tables.iter().flat_map(|table| table.columns.iter().map(|one| column(&table.name, one))).collect()
}
