use std::sync::Arc;

use async_trait::async_trait;
use limiquantix_core::contract::{Changeset, Commit, Page, Query, Store, WatchFilter, WatchStream};
use limiquantix_core::error::Result;
use limiquantix_core::resource::{Object, ObjectKey, Revision};
use sqlx::SqlitePool;
use tokio::sync::{mpsc, oneshot, watch};

use crate::error::closed;
use crate::recent::Recent;
use crate::writer::Request;

/// A [`Store`] in one SQLite database, owned by one process.
///
/// What an acknowledged commit survives is [`Options::durability`](crate::Options::durability). A commit
/// whose caller went away before its turn came is not made; after that it is made whole. When a commit fails
/// with `STORE_UNAVAILABLE` (a full disk, an I/O error) nothing of it is visible, and the store can be used
/// again as soon as the disk can.
///
/// Dropping the store ends it soon after; [`close`](Self::close) says when.
#[derive(Debug)]
pub struct SqliteStore {
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) readers: SqlitePool,
    /// The revision of the last commit. The writer has the other end: when that is gone, the store is.
    pub(crate) head: watch::Receiver<Revision>,
    pub(crate) recent: Arc<Recent>,
}

impl SqliteStore {
    /// Ends the store: what was asked for before is committed and acknowledged, watches end with
    /// `STORE_UNAVAILABLE`, the database is closed, and the data directory is free for another owner when
    /// this returns. Later calls are `STORE_UNAVAILABLE`; closing again does nothing.
    pub async fn close(&self) {
        let (done, ended) = oneshot::channel();
        if self.requests.send(Request::Close(done)).await.is_ok() {
            // An error means that the writer has ended, which is what is waited for.
            let _ = ended.await;
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, changes: Changeset) -> Result<Commit> {
        changes.check()?;
        let (reply, answer) = oneshot::channel();
        let request = Request::Commit(Box::new(changes), reply);
        self.requests.send(request).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Object>> {
        crate::row::get(&self.readers, key).await
    }

    async fn list(&self, query: &Query) -> Result<Page> {
        crate::list::list(&self.readers, query).await
    }

    async fn watch(&self, from: Revision, filter: WatchFilter) -> Result<WatchStream> {
        crate::watch::open(self, from, filter).await
    }

    async fn revision(&self) -> Result<Revision> {
        crate::row::revision(&self.readers).await
    }
}
