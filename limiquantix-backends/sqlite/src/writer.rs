use std::sync::Arc;
use std::time::Duration;

use limiquantix_core::contract::{Changeset, Commit};
use limiquantix_core::error::{Error, Result};
use limiquantix_core::resource::Revision;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection, SqlitePool};
use tokio::sync::{mpsc, oneshot, watch};

use crate::lock::DirectoryLock;
use crate::recent::Recent;
use crate::script::Script;
use crate::{load, log, open, save};

/// How many changesets wait in line before their callers do.
pub(crate) const QUEUE: usize = 1024;

/// The most changesets and writes of one transaction. A transaction of this size takes some tens of
/// milliseconds, which is what the first in it waits for the last.
const BATCH_CHANGESETS: usize = 128;
const BATCH_WRITES: usize = 2048;

/// After how many rows of the log the oldest are removed: seldom enough to cost next to nothing per commit,
/// often enough that the log is never much longer than it should be.
const PRUNE_EVERY: u64 = 256;

/// How long the end of the store waits for reads under way. They are not harmed by it: who stopped polling
/// one in the middle must not keep the data directory locked.
const LAST_READS: Duration = Duration::from_secs(5);

/// What the writer is asked for.
pub(crate) enum Request {
    /// Make this commit.
    Commit(Box<Changeset>, oneshot::Sender<Result<Commit>>),
    /// End, and say so.
    Close(oneshot::Sender<()>),
}

/// One changeset in line.
struct Waiting {
    changes: Box<Changeset>,
    reply: oneshot::Sender<Result<Commit>>,
}

/// The one that writes. Owns the database: when it ends, the store is closed.
pub(crate) struct Writer {
    /// `None` after a failure, until the next attempt opens another: what state a failed transaction left a
    /// connection in is not worth knowing.
    pub(crate) connection: Option<SqliteConnection>,
    pub(crate) writing: SqliteConnectOptions,
    pub(crate) queue: mpsc::Receiver<Request>,
    pub(crate) head: watch::Sender<Revision>,
    pub(crate) recent: Arc<Recent>,
    /// Rows added to the log since the oldest were last removed.
    pub(crate) unpruned: u64,
    pub(crate) readers: SqlitePool,
    /// Last, so that it is released when all else is gone.
    pub(crate) _lock: DirectoryLock,
}

/// What became of the changesets of a batch, in order.
type Outcomes = Vec<Result<Arc<Commit>>>;

impl Writer {
    /// Commits what it is asked to, until it is told to end or nobody is left who could ask.
    pub(crate) async fn run(mut self) {
        let mut closing = None;
        while closing.is_none() {
            let Some(first) = self.queue.recv().await else {
                break;
            };
            let mut batch = Vec::new();
            let mut writes = 0;
            let mut next = Some(first);
            while let Some(request) = next.take() {
                match request {
                    // Who has gone away before their turn wants nothing any more.
                    Request::Commit(_, reply) if reply.is_closed() => {}
                    Request::Commit(changes, reply) => {
                        writes += changes.writes.len();
                        batch.push(Waiting { changes, reply });
                    }
                    Request::Close(done) => {
                        closing = Some(done);
                        break;
                    }
                }
                if batch.len() < BATCH_CHANGESETS && writes < BATCH_WRITES {
                    next = self.queue.try_recv().ok();
                }
            }
            if !batch.is_empty() {
                self.serve(batch).await;
            }
        }
        self.queue.close();
        if tokio::time::timeout(LAST_READS, self.readers.close())
            .await
            .is_err()
        {
            tracing::warn!("a read has not ended after {LAST_READS:?}; closing without it");
        }
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "the database was not closed cleanly; it recovers when it is next opened");
        }
        drop(self);
        if let Some(done) = closing {
            // Nobody is left to be told.
            let _ = done.send(());
        }
    }

    /// Makes a batch durable and answers everybody in it.
    async fn serve(&mut self, mut batch: Vec<Waiting>) {
        let together: Vec<&Changeset> = batch.iter().map(|w| &*w.changes).collect();
        let error = match self.transact(&together).await {
            Ok(outcomes) => return self.publish(batch, outcomes),
            Err(error) => error,
        };
        report(&error, batch.len());
        if batch.len() == 1 {
            answer(batch.pop(), Err(error));
            return;
        }
        // Whatever is wrong, only those whose changeset it is wrong with are to be told.
        for waiting in batch {
            match self.transact(&[&*waiting.changes]).await {
                Ok(outcomes) => self.publish(vec![waiting], outcomes),
                Err(error) => answer(Some(waiting), Err(error)),
            }
        }
    }

    /// Tells the followers, then the callers: whoever was told of a commit finds it in every read.
    fn publish(&self, batch: Vec<Waiting>, outcomes: Outcomes) {
        let commits = outcomes.iter().flatten();
        if let Some(revision) = self.recent.extend(commits) {
            self.head.send_replace(revision);
        }
        for (waiting, outcome) in batch.into_iter().zip(outcomes) {
            answer(Some(waiting), outcome.map(|commit| (*commit).clone()));
        }
    }

    /// One transaction. After an error nothing of it happened, and the connection is given up.
    async fn transact(&mut self, batch: &[&Changeset]) -> Result<Outcomes> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => open::connect(&self.writing).await?,
        };
        match self.attempt(&mut connection, batch).await {
            Ok(outcomes) => {
                self.connection = Some(connection);
                Ok(outcomes)
            }
            Err(error) => {
                // Closing rolls back what is open. Waited for, so that the next connection finds the
                // database unlocked; that it fails adds nothing to the error there is.
                let _ = connection.close().await;
                Err(error)
            }
        }
    }

    /// Goes to the database twice: once for all that the batch needs to know, once with all that came of it.
    async fn attempt(&mut self, connection: &mut SqliteConnection, batch: &[&Changeset]) -> Result<Outcomes> {
        let before = *self.head.borrow();
        let mut script = Script::default();
        script.add("BEGIN IMMEDIATE", 1);
        load::ask(&mut script, batch);
        let mut state = load::answer(&script.run(connection).await?, before)?;

        let mut revision = before;
        let mut outcomes = Vec::with_capacity(batch.len());
        for changes in batch {
            let outcome = state.decide(changes, revision.next());
            if let Ok(commit) = &outcome {
                revision = commit.revision;
            }
            outcomes.push(outcome.map(Arc::new));
        }

        let mut script = Script::default();
        if revision == before {
            script.add("ROLLBACK", 1).run(connection).await?;
            return Ok(outcomes);
        }
        let unpruned = self.unpruned + state.log.len() as u64;
        save::save(&mut script, &state, revision)?;
        let pruned = unpruned >= PRUNE_EVERY;
        if pruned {
            let floor = self.recent.floor_at(revision);
            log::prune(&mut script, floor, unpruned.saturating_mul(2))?;
        }
        script.add("COMMIT", 1).run(connection).await?;
        self.unpruned = if pruned { 0 } else { unpruned };
        Ok(outcomes)
    }
}

fn report(error: &Error, changesets: usize) {
    let source = std::error::Error::source(error);
    tracing::warn!(%error, source, changesets, "a transaction failed");
}

/// Answers a caller, who may have gone away meanwhile.
fn answer(waiting: Option<Waiting>, outcome: Result<Commit>) {
    if let Some(waiting) = waiting {
        let _ = waiting.reply.send(outcome);
    }
}
