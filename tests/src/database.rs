//! A domain's database, as somebody who broke into it would change it.

use crate::domain::Domain;
use sqlx::{Connection as _, SqliteConnection};

fn with<T>(domain: &Domain, act: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
    let path = domain.directory().join("state.sqlite");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).foreign_keys(false);
        let mut connection = SqliteConnection::connect_with(&options).await.expect("open the database");
        let done = act(&mut connection).await;
        connection.close().await.expect("close the database");
        done
    })
}

/// Runs one statement on the database of a domain that nobody uses now.
pub fn execute(domain: &Domain, statement: &str) {
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    with(domain, async |connection| sqlx::raw_sql(statement).execute(connection).await.expect("a statement"));
}

/// The first value that a query gives, as text.
pub fn text_of(domain: &Domain, query: &str) -> String {
    let query = sqlx::AssertSqlSafe(query.to_owned());
    with(domain, async |connection| sqlx::query_scalar(query).fetch_one(connection).await.expect("a text"))
}

/// All rows that a query gives, each as texts.
pub fn rows_of(domain: &Domain, query: &str) -> Vec<Vec<String>> {
    use sqlx::{Column as _, Row as _};
    let query = sqlx::AssertSqlSafe(query.to_owned());
    with(domain, async |connection| {
        let rows = sqlx::query(query).fetch_all(connection).await.expect("rows");
        rows.iter().map(|row| row.columns().iter().map(|column| row.get::<String, _>(column.ordinal())).collect()).collect()
    })
}
