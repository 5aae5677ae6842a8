//! Commitments to exact totals, opened with the salts that the domain's database keeps.
//!
//! Nothing shows exact totals, so the tests compute them from the file and check that the commitment in the
//! log opens to them: it fails if one total of one run differs by one.

use ring::digest::{Context, SHA256};
use sqlx::{Connection as _, Row as _};
use std::collections::BTreeMap;
use std::path::Path;
use tidegate_log::{Entry, Event};

/// What the log of a domain says about runs, and the salts that open it.
pub struct Runs {
    /// The reservations: run and price, in units of 1e-12.
    pub reserved: Vec<(String, u64)>,
    /// The releases, in the order of the log.
    pub released: Vec<String>,
    commitments: BTreeMap<String, ([u8; 32], [u8; 32])>,
}

impl Runs {
    /// Reads the database of a domain that nobody uses now.
    pub fn read(domain: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(Self::read_from(&domain.join("state.sqlite")))
    }

    async fn read_from(database: &Path) -> Self {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(database);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("open the database");
        let query = "SELECT bytes, salt, position FROM log_entry LEFT JOIN (SELECT * FROM opening WHERE field = 'totals_commitment') \
                     USING (position) ORDER BY position";
        let rows = sqlx::query(query).fetch_all(&mut connection).await.expect("read the log");
        let mut runs = Self { reserved: Vec::new(), released: Vec::new(), commitments: BTreeMap::new() };
        for (index, row) in rows.iter().enumerate() {
            assert_eq!(row.get::<i64, _>("position"), index as i64, "the log has a gap");
            match Entry::decode(row.get("bytes")).expect("entry").event {
                Event::Reserve { run, rho, .. } => runs.reserved.push((run, rho.units())),
                Event::Release { run, totals_commitment, .. } => {
                    let salt: Vec<u8> = row.get("salt");
                    runs.released.push(run.clone());
                    runs.commitments.insert(run, (totals_commitment.0, salt.try_into().expect("a salt of 256 bits")));
                }
                _ => {}
            }
        }
        connection.close().await.expect("close the database");
        runs
    }

    /// Whether the commitment of a run opens to these exact totals.
    pub fn opens_to(&self, run: &str, totals: &[i64]) -> bool {
        let (commitment, salt) = self.commitments.get(run).unwrap_or_else(|| panic!("run {run} is not released"));
        let mut context = Context::new(&SHA256);
        context.update(b"tidegate commitment v1\n");
        context.update(salt);
        totals.iter().for_each(|total| context.update(&total.to_le_bytes()));
        context.finish().as_ref() == commitment
    }
}
