//! Writing: each act is one transaction that ends with its log entry. Acts that come at the same time share its commit.

use crate::books::statements;
use crate::records::{LineageRow, cost, record_error};
use crate::suspensions;
use crate::writer::Hold;
use crate::{ModuleRecord, MountRecord, NoisedRecord, RoundRecord, RunRecord, StoreError};
use tidegate_accountant::{Account, Cost, Price, Reservation};
use tidegate_authorisation::{GrantRecord, LiveGrant};
use tidegate_gate::Release;
use tidegate_log::Entry;
use tidegate_terms::{Delta, Guard, Name, stands};

/// What opens a commitment in a log entry.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Which commitment of the entry.
    pub field: &'static str,
    /// 256 random bits.
    pub salt: [u8; 32],
    /// What was committed to, where it is kept.
    pub content: Option<Vec<u8>>,
}

/// A transaction. Dropped without [`commit`](Self::commit), it leaves nothing.
#[derive(Debug)]
pub struct Transaction {
    pub(crate) inner: Hold,
}

impl Transaction {
    /// Appends an entry to the log, with what opens its commitments, and returns its position. An entry that would lie
    /// before the newest one (another act was quicker) gets the instant of that one.
    pub async fn append(&mut self, entry: &Entry, openings: &[Opening]) -> Result<u64, StoreError> {
        self.inner.append(entry, openings).await
    }

    /// The instant of the newest entry as this transaction sees it; empty in an empty log.
    pub fn newest(&self) -> &str {
        self.inner.newest()
    }

    /// The position that the next entry of this transaction gets.
    pub async fn next_position(&mut self) -> Result<u64, StoreError> {
        let position: i64 = sqlx::query_scalar(statements::LOG_SIZE).fetch_one(&mut *self.inner).await?;
        u64::try_from(position).map_err(record_error)
    }

    /// The account of a lineage as this transaction sees it; nobody else can change it meanwhile.
    pub async fn account(&mut self, lineage: &Name) -> Result<Option<(Account, Delta)>, StoreError> {
        let row = sqlx::query(statements::LINEAGE).bind(lineage.as_str()).fetch_optional(&mut *self.inner).await?;
        let Some(row) = row else { return Ok(None) };
        let LineageRow { cap, delta } = LineageRow::read(&row)?;
        let spent = self.spent_since(lineage, statements::EVER).await?;
        Ok(Some((Account { cap, spent }, delta)))
    }

    /// What a lineage reserved after an instant, as this transaction sees it.
    pub async fn spent_since(&mut self, lineage: &Name, since: &str) -> Result<Cost, StoreError> {
        let row = sqlx::query(statements::SPENT_BY_LINEAGE).bind(lineage.as_str()).bind(since).fetch_one(&mut *self.inner).await?;
        cost(&row, "rho", "delta")
    }

    /// What was spent under a grant, as this transaction sees it.
    pub async fn spent_under(&mut self, grant: &str) -> Result<Cost, StoreError> {
        let row = sqlx::query(statements::SPENT_BY_GRANT).bind(grant).fetch_one(&mut *self.inner).await?;
        cost(&row, "rho", "delta")
    }

    /// A grant as this transaction sees it, with what suspends it.
    pub async fn grant(&mut self, id: &str) -> Result<Option<GrantRecord>, StoreError> {
        let record: Option<String> =
            sqlx::query_scalar("SELECT record FROM authorisation WHERE id = ?").bind(id).fetch_optional(&mut *self.inner).await?;
        let Some(record) = record else { return Ok(None) };
        let record: GrantRecord = serde_json::from_str(&record)?;
        let held = sqlx::query(suspensions::OF_GRANT).bind(&record.id).bind(record.dataset.as_str()).bind(record.operator.as_str());
        let held = held.fetch_optional(&mut *self.inner).await?;
        suspensions::with(record, held.as_ref()).map(Some)
    }

    /// Opens the account of a lineage.
    pub async fn insert_lineage(&mut self, lineage: &Name, cap: Cost, delta: Delta) -> Result<(), StoreError> {
        let insert = sqlx::query("INSERT INTO lineage (name, rho_cap, delta_cap, delta) VALUES (?, ?, ?, ?)");
        let insert = insert.bind(lineage.as_str()).bind(units(cap.rho.units())?).bind(units(cap.delta.units())?);
        insert.bind(delta.get()).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Mounts a version of a dataset.
    pub async fn insert_mount(&mut self, mount: &MountRecord) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO mount (dataset, version, lineage, schema, policy, shards, salt, directory, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(mount.dataset.as_str())
        .bind(i64::from(mount.version))
        .bind(mount.lineage.as_str())
        .bind(&mount.schema)
        .bind(&mount.policy)
        .bind(serde_json::to_string(&mount.shards)?)
        .bind(mount.salt.as_slice())
        .bind(&mount.directory)
        .bind(&mount.at)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// Records a grant, or its revocation.
    pub async fn put_grant(&mut self, grant: &GrantRecord) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO authorisation (id, dataset, operator, record) VALUES (?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET record = excluded.record",
        )
        .bind(&grant.id)
        .bind(grant.dataset.as_str())
        .bind(grant.operator.as_str())
        .bind(serde_json::to_string(grant)?)
        .execute(&mut *self.inner)
        .await?;
        Ok(())
    }

    /// Records an uploaded module.
    pub async fn insert_module(&mut self, module: &ModuleRecord) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO module (digest, name, operator, signer, component, manifest, at) VALUES (?, ?, ?, ?, ?, ?, ?)")
            .bind(module.digest.to_string())
            .bind(module.name.as_str())
            .bind(module.operator.as_str())
            .bind(&module.signer)
            .bind(&module.component)
            .bind(&module.manifest)
            .bind(&module.at)
            .execute(&mut *self.inner)
            .await?;
        Ok(())
    }

    /// Charges a run: once for each lineage that it draws on. Only live grants can pay, one for each dataset, and
    /// `admit` of the accountant alone turns the charge into a reservation.
    pub async fn insert_run(&mut self, grants: &[LiveGrant], run: &RunRecord, price: &Price) -> Result<(), StoreError> {
        if grants.len() != run.mounts.len() {
            return Err(record_error("a run needs a live grant for each of its datasets"));
        }
        sqlx::query(
            "INSERT INTO run (id, question, module, parameters, epsilon, price, slot, slot_seconds, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&run.id)
        .bind(run.question.to_string())
        .bind(run.module.to_string())
        .bind(serde_json::to_string(&run.parameters)?)
        .bind(run.epsilon)
        .bind(serde_json::to_string(price)?)
        .bind(&run.slot)
        .bind(units(run.slot_seconds)?)
        .bind(&run.at)
        .execute(&mut *self.inner)
        .await?;
        for (place, (mount, grant)) in (0_i64..).zip(run.mounts.iter().zip(grants)) {
            let charged = if stands(Guard::AtomicCharge) { price.cost() } else { Cost::ZERO };
            let cost = if mount.pays { charged } else { Cost::ZERO };
            let insert = "INSERT INTO charge (run, place, dataset, version, lineage, grant_id, rho, delta, grant_rho, grant_delta, at)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
            sqlx::query(insert)
                .bind(&run.id)
                .bind(place)
                .bind(mount.dataset.as_str())
                .bind(i64::from(mount.version))
                .bind(mount.lineage.as_str())
                .bind(&grant.record().id)
                .bind(units(cost.rho.units())?)
                .bind(units(cost.delta.units())?)
                .bind(units(charged.rho.units())?)
                .bind(units(charged.delta.units())?)
                .bind(&run.at)
                .execute(&mut *self.inner)
                .await?;
        }
        for (place, content) in (0_i64..).zip(&run.side_tables) {
            let insert = sqlx::query("INSERT INTO side_table (run, place, content) VALUES (?, ?, ?)");
            insert.bind(&run.id).bind(place).bind(content.as_slice()).execute(&mut *self.inner).await?;
        }
        Ok(())
    }

    /// Records the release of a round that has none yet; a second one changes nothing and is refused.
    ///
    /// `round` has the release as people read it; the release itself proves that it passed the gate.
    pub async fn put_round(
        &mut self,
        reservation: &Reservation,
        release: &Release,
        round: &RoundRecord,
        noised: &NoisedRecord,
    ) -> Result<(), StoreError> {
        if release.run() != reservation.run() || release.round() != round.number {
            return Err(record_error("a release was offered for another run or round"));
        }
        let insert = sqlx::query(
            "INSERT INTO round (run, number, position, release, conclusion)
             SELECT id, ?, ?, ?, ? FROM run WHERE id = ? AND finished IS NULL
                 AND NOT EXISTS (SELECT 1 FROM incident WHERE incident.run = run.id AND replay IS NULL)
                 AND NOT EXISTS (SELECT 1 FROM stopped_run WHERE stopped_run.run = run.id) ON CONFLICT DO NOTHING",
        );
        let insert = insert.bind(i64::from(round.number)).bind(units(round.position)?).bind(&round.release).bind(&round.conclusion);
        let done = insert.bind(reservation.run()).execute(&mut *self.inner).await?;
        if done.rows_affected() == 1 {
            let insert = sqlx::query("INSERT INTO noised (run, number, salt, content) VALUES (?, ?, ?, ?)");
            let insert = insert.bind(reservation.run()).bind(i64::from(round.number)).bind(noised.salt.as_slice());
            insert.bind(noised.content.as_slice()).execute(&mut *self.inner).await?;
            Ok(())
        } else {
            Err(StoreError::Exists { what: format!("the release of round {} of run {}", round.number, reservation.run()) })
        }
    }

    /// Ends a run after so many rounds. What was reserved for rounds that were never opened goes back, in the same
    /// transaction as the release on which that was decided.
    pub async fn finish_run(&mut self, reservation: &Reservation, rounds: u32) -> Result<(), StoreError> {
        let update = sqlx::query("UPDATE run SET finished = ? WHERE id = ? AND finished IS NULL");
        let done = update.bind(i64::from(rounds)).bind(reservation.run()).execute(&mut *self.inner).await?;
        if done.rows_affected() != 1 {
            return Err(StoreError::Exists { what: format!("the end of run {}", reservation.run()) });
        }
        if !stands(Guard::AtomicCharge) {
            return Ok(());
        }
        let price = reservation.price();
        let cost = price.cost().minus(price.refund(rounds));
        let (rho, delta) = (units(cost.rho.units())?, units(cost.delta.units())?);
        let update = sqlx::query("UPDATE charge SET grant_rho = ?, grant_delta = ? WHERE run = ?");
        update.bind(rho).bind(delta).bind(reservation.run()).execute(&mut *self.inner).await?;
        let update = sqlx::query("UPDATE charge SET rho = ?, delta = ? WHERE run = ? AND rho > 0");
        update.bind(rho).bind(delta).bind(reservation.run()).execute(&mut *self.inner).await?;
        Ok(())
    }

    /// Makes everything durable at once, together with the acts that came meanwhile. A crash before it leaves nothing,
    /// a crash after it everything; the published tree is brought up to the log at the next start.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().await
    }
}

pub(crate) fn units(units: u64) -> Result<i64, StoreError> {
    i64::try_from(units).map_err(record_error)
}
