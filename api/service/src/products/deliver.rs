//! Deliveries: to who acknowledged the terms, of what is registered as far as the authority demands.
//!
//! Order of durable writes: the package without its proof of delivery, staged beside its place; the entry of the delivery
//! with its records, in one transaction; the proof; one rename. A crash before the entry leaves a staged directory with a
//! dot, which nobody reads; a crash after it leaves a delivery in the log whose package never left: deliver again.

use super::staged::Staged;
use super::{AcknowledgementRecord, DeliverRequest, DeliveryRecord, ProductError, ProductRecord, Stage};
use crate::{Domain, ServiceError, instant, keys};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use tidegate_log::{Entry, Event, ProductAcknowledgement, ProductDelivery, ProductReceipt, PublishError, commit, key_links};
use tidegate_product::{DeliveryFacts, Facts, Files, digests, package, read_acknowledgement, read_receipt, with_delivery};
use tidegate_store::{Opening, StoreError};
use tidegate_terms::Digest;

/// A delivery that was made.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
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
        Self::check_unchanged(&mut act, &record).await?;
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
        let links = key_links(&self.log_directory()).map_err(PublishError::from)?;
        let made = tokio::task::block_in_place(|| package(&facts, &entries, &links, &signer));
        let (files, statement) = made.map_err(ProductError::from)?;
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
        Self::check_unchanged(&mut act, &record).await?;
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
}
