use std::borrow::Cow;
use std::path::Path;

use limiquantix_core::error::{Error, Reason, Result};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqlSafeStr, SqliteConnection};

use crate::error::{from_migrate, from_sqlx, schema_too_new};
use crate::{Durability, Options};

/// The name of the database in the data directory.
pub(crate) const FILE: &str = "limiquantix.db";

/// Every step from the empty file to the present schema. Steps are only ever added: their checksums are in
/// the databases out there.
const STEPS: &[(i64, &str, &str)] = &[
    (1, "store", include_str!("../migrations/0001_store.sql")),
    (
        2,
        "order by name",
        include_str!("../migrations/0002_order_by_name.sql"),
    ),
];

/// How the writer opens the database.
pub(crate) fn writer(file: &Path, options: &Options) -> SqliteConnectOptions {
    let synchronous = match options.durability {
        Durability::PowerLoss => SqliteSynchronous::Full,
        Durability::ProcessCrash => SqliteSynchronous::Normal,
    };
    shared(file, options)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        // A WAL that one huge commit blew up is cut back to this when it is next begun anew.
        .pragma("journal_size_limit", "67108864")
        .thread_name(|n| format!("sqlite-writer-{n}"))
}

/// How the readers open it.
pub(crate) fn reader(file: &Path, options: &Options) -> SqliteConnectOptions {
    shared(file, options)
        .read_only(true)
        // A page of rows goes over in one piece rather than in a dance between two threads.
        .row_buffer_size(256)
        .thread_name(|n| format!("sqlite-reader-{n}"))
}

fn shared(file: &Path, options: &Options) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(options.busy_timeout)
        // Scripts of up to 64 statements are kept prepared: enough for the shapes that recur, a few megabytes.
        .statement_cache_capacity(48)
        // There are none; off also for whatever a later schema might declare by mistake.
        .foreign_keys(false)
        .pragma("cache_size", "-8192")
        .disable_statement_logging()
}

/// Refuses a database that this program does not know, without changing it.
pub(crate) async fn check(file: &Path, options: &Options) -> Result<()> {
    let newest = newest();
    if !tokio::fs::try_exists(file).await.unwrap_or(true) {
        return Ok(());
    }
    let doing = "reading the schema version";
    let read = async {
        let mut connection = SqliteConnection::connect_with(&reader(file, options)).await?;
        let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations'";
        let known: i64 = sqlx::query_scalar(tables).fetch_one(&mut connection).await?;
        let version: Option<i64> = match known {
            0 => None,
            _ => {
                sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
                    .fetch_one(&mut connection)
                    .await?
            }
        };
        connection.close().await?;
        Ok(version)
    };
    match read.await.map_err(|e| from_sqlx(doing, e))? {
        Some(found) if found > newest => Err(schema_too_new(found, newest)),
        _ => Ok(()),
    }
}

/// Brings the database up to the present schema. Each step is one transaction: a crash leaves the schema
/// before it or after it.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<()> {
    let migration = |(version, name, sql): &(i64, &'static str, &'static str)| {
        let name = Cow::Borrowed(*name);
        Migration::new(*version, name, MigrationType::Simple, sql.into_sql_str(), false)
    };
    let migrator = Migrator::with_migrations(STEPS.iter().map(migration).collect());
    migrator
        .run_direct(None, connection, false)
        .await
        .map_err(|e| from_migrate(e, newest()))
}

/// The store's own numbers, having checked that state and log agree on the last of them.
pub(crate) async fn numbers(connection: &mut SqliteConnection) -> Result<Numbers> {
    let query = "SELECT revision, floor, (SELECT max(position) FROM log) FROM store WHERE id = 1";
    let row: Option<(i64, i64, Option<i64>)> = sqlx::query_as(query)
        .fetch_optional(connection)
        .await
        .map_err(|e| from_sqlx("reading the revision", e))?;
    let damaged = |what: &str| Error::new(Reason::Corrupt, format!("the database is damaged: {what}"));
    let (revision, floor, logged) = row.ok_or_else(|| damaged("it has no revision"))?;
    let logged = logged.map_or(0, |position| position >> crate::log::PLACE_BITS);
    if logged != revision {
        let what = format!("the state is at revision {revision}, the log at {logged}");
        return Err(damaged(&what));
    }
    let number = |n: i64| u64::try_from(n).map_err(|_| damaged("a revision is negative"));
    Ok(Numbers {
        revision: number(revision)?,
        floor: number(floor)?,
    })
}

/// The row of the table `store`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbers {
    /// Of the last commit.
    pub(crate) revision: u64,
    /// Commits up to this one may be missing from the log.
    pub(crate) floor: u64,
}

/// The newest schema that this program knows.
fn newest() -> i64 {
    STEPS.last().map_or(0, |(version, ..)| *version)
}
