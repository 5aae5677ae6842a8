//! Grants: what an authority allows an operator.

use crate::view::GrantView;
use crate::{Domain, ServiceError, instant, keys};
use base64::Engine as _;
use tidegate_accountant::priced_rho;
use tidegate_authorisation::{GrantError, GrantRecord, check_period};
use tidegate_log::{Entry, Event, commit};
use tidegate_store::Opening;
use tidegate_terms::{Epsilon, Name, PublicSchema};

/// A grant to be made.
#[derive(Debug)]
pub struct NewGrant {
    /// Its identifier, where it was given beforehand ([`Domain::identifier`] with `g`); a fresh one, where not.
    pub id: Option<String>,
    /// The dataset.
    pub dataset: Name,
    /// The operator.
    pub operator: Name,
    /// The operator's Ed25519 public key, base64.
    pub operator_key: String,
    /// The columns, as `table.column`.
    pub columns: Vec<String>,
    /// The purpose.
    pub purpose: Name,
    /// The share of the budget.
    pub epsilon: Epsilon,
    /// First day; today, where none is named.
    pub valid_from: Option<String>,
    /// Last day.
    pub valid_until: String,
}

impl Domain {
    /// Grants an operator the use of a dataset.
    pub async fn grant(&self, new: NewGrant) -> Result<GrantView, ServiceError> {
        let mounted = self.mounted(&new.dataset, None).await?;
        let today = instant::today();
        let valid_from = new.valid_from.unwrap_or_else(|| today.to_string());
        check_period(&valid_from, &new.valid_until, today)?;
        check_columns(&new.columns, &mounted.schema)?;
        check_key(&new.operator_key)?;
        let lifetime = mounted.policy.lifetime_epsilon;
        if new.epsilon > lifetime {
            return Err(GrantError::Share { share: new.epsilon.get(), lifetime: lifetime.get() }.into());
        }
        let share = priced_rho(new.epsilon, mounted.policy.delta);
        for known in self.books().grants(Some(&new.dataset), Some(&new.operator)).await? {
            let same = known.operator_key == new.operator_key && known.columns == new.columns && known.purpose == new.purpose;
            let same_terms = known.rho == share && known.valid_from == valid_from && known.valid_until == new.valid_until;
            if same && same_terms && known.revoked.is_none() {
                return Err(ServiceError::GrantExists { grant: known.id });
            }
        }
        let record = GrantRecord {
            id: new.id.map_or_else(|| keys::identifier('g'), Ok)?,
            dataset: new.dataset,
            operator: new.operator,
            operator_key: new.operator_key,
            columns: new.columns,
            purpose: new.purpose,
            rho: share,
            valid_from,
            valid_until: new.valid_until,
            revoked: None,
            suspended: None,
        };
        let event = Event::Grant {
            grant: record.id.clone(),
            dataset: record.dataset.clone(),
            operator: record.operator.clone(),
            operator_key: record.operator_key.clone(),
            columns: record.columns.clone(),
            purpose: record.purpose.clone(),
            rho: record.rho,
            valid_from: record.valid_from.clone(),
            valid_until: record.valid_until.clone(),
        };
        let at = instant::text(self.next_instant().await?);
        let mut act = self.store.begin().await?;
        act.put_grant(&record).await?;
        self.conclude(act, &Entry { at, event }, &[]).await?;
        self.grant_view(record).await
    }

    /// Takes a grant back, with a reason (Shuangyashan Art. 73).
    pub async fn revoke(&self, id: &str, reason: &str) -> Result<GrantView, ServiceError> {
        if reason.trim().is_empty() {
            return Err(ServiceError::NoReason);
        }
        let at = instant::text(self.next_instant().await?);
        let mut act = self.store.begin().await?;
        let record = act.grant(id).await?.ok_or_else(|| ServiceError::UnknownGrant { grant: id.to_owned() })?;
        if record.revoked.is_some() {
            return Err(ServiceError::RevokedAlready { grant: id.to_owned() });
        }
        let record = GrantRecord { revoked: Some(reason.to_owned()), ..record };
        act.put_grant(&record).await?;
        let salt = keys::random()?;
        let opening = Opening { field: "reason_commitment", salt, content: Some(reason.as_bytes().to_vec()) };
        let event = Event::Revoke { grant: id.to_owned(), reason_commitment: commit(&salt, reason.as_bytes()) };
        self.conclude(act, &Entry { at, event }, &[opening]).await?;
        self.grant_view(record).await
    }

    /// All grants.
    pub async fn grant_views(&self) -> Result<Vec<GrantView>, ServiceError> {
        let mut views = Vec::new();
        for record in self.books().grants(None, None).await? {
            views.push(self.grant_view(record).await?);
        }
        Ok(views)
    }

    async fn grant_view(&self, record: GrantRecord) -> Result<GrantView, ServiceError> {
        let spent = self.books().spent_under(&record.id).await?;
        let rests_by = record.suspended.as_ref().map(|suspension| suspension.by.clone());
        Ok(GrantView { spent: spent.rho.get(), share: record.rho.get(), rests_by, record })
    }
}

fn check_columns(columns: &[String], schema: &PublicSchema) -> Result<(), GrantError> {
    if columns.is_empty() {
        return Err(GrantError::NoColumns);
    }
    let known = |column: &String| {
        schema.tables.iter().any(|table| table.columns.iter().any(|known| format!("{}.{}", table.name, known.name) == *column))
    };
    match columns.iter().find(|column| !known(column)) {
        Some(column) => Err(GrantError::UnknownColumn { column: column.clone() }),
        None => Ok(()),
    }
}

fn check_key(key: &str) -> Result<(), GrantError> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(key).map_err(|_| GrantError::OperatorKey)?;
    if bytes.len() == 32 { Ok(()) } else { Err(GrantError::OperatorKey) }
}
