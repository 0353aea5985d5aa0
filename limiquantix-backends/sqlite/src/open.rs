use std::path::Path;
use std::sync::Arc;

use limiquantix_core::error::{Error, Result};
use limiquantix_core::resource::Revision;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection, SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, watch};

use crate::error::from_sqlx;
use crate::lock::DirectoryLock;
use crate::recent::Recent;
use crate::store::SqliteStore;
use crate::writer::{QUEUE, Writer};
use crate::{Options, schema};

impl SqliteStore {
    /// Opens the store in `directory`, making both if they do not exist.
    ///
    /// The store works on the runtime that this is called on, until it is [closed](Self::close) or dropped.
    /// `DATA_DIR_LOCKED` if another store uses the directory, `SCHEMA_TOO_NEW` if a newer program made the
    /// data (in both cases nothing was changed), `CORRUPT` if they are damaged, `STORE_UNAVAILABLE` if
    /// they cannot be read or written.
    pub async fn open(directory: impl AsRef<Path>, options: Options) -> Result<Self> {
        let directory = directory.as_ref().to_owned();
        let locked = directory.clone();
        let lock = tokio::task::spawn_blocking(move || DirectoryLock::take(&locked))
            .await
            .map_err(|e| Error::internal("taking the lock on the data directory failed").caused_by(e))??;
        let file = directory.join(schema::FILE);
        schema::check(&file, &options).await?;
        let writing = schema::writer(&file, &options);
        let mut connection = connect(&writing).await?;
        schema::migrate(&mut connection).await?;
        let numbers = settled(&mut connection).await?;

        let readers = pool(&file, &options).await?;
        let head = watch::Sender::new(Revision(numbers.revision));
        let recent = Arc::new(Recent::new(Revision(numbers.floor), options.retain.max(1)));
        let (requests, queue) = mpsc::channel(QUEUE);
        let store = Self {
            requests,
            readers: readers.clone(),
            head: head.subscribe(),
            recent: Arc::clone(&recent),
        };
        let writer = Writer {
            connection: Some(connection),
            writing,
            queue,
            head,
            recent,
            unpruned: 0,
            readers,
            _lock: lock,
        };
        tokio::spawn(writer.run());
        Ok(store)
    }
}

/// Opens a connection to write with.
pub(crate) async fn connect(writing: &SqliteConnectOptions) -> Result<SqliteConnection> {
    writing
        .connect()
        .await
        .map_err(|e| from_sqlx("opening the database", e))
}

/// The store's numbers, read with the right to write: whatever a previous owner's last statement was, it is
/// over by then.
async fn settled(connection: &mut SqliteConnection) -> Result<schema::Numbers> {
    let failed = |e| from_sqlx("reading the revision", e);
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    let numbers = schema::numbers(&mut transaction).await?;
    transaction.rollback().await.map_err(failed)?;
    Ok(numbers)
}

async fn pool(file: &Path, options: &Options) -> Result<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(options.readers.max(1))
        .min_connections(1)
        // A connection to a file does not go stale: it needs no testing, no resting and no end.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(schema::reader(file, options))
        .await
        .map_err(|e| from_sqlx("opening the database for reading", e))
}
