use std::collections::VecDeque;
use std::sync::Arc;

use futures_util::stream;
use limiquantix_core::contract::{Commit, WatchFilter, WatchStream};
use limiquantix_core::error::{Error, Result};
use limiquantix_core::resource::Revision;
use sqlx::SqlitePool;
use tokio::sync::watch::Receiver;

use crate::error::closed;
use crate::log;
use crate::recent::{After, Recent};
use crate::store::SqliteStore;

/// How many commits a follower takes from memory at once: enough that the lock is rarely taken while it
/// catches up, few enough that a stalled follower holds next to nothing.
const BATCH: usize = 64;

/// After how many commits without a visible change a follower is told where it is. Resuming reads those
/// again, so this is also the most work that a resume repeats.
const BOOKMARK_EVERY: u64 = 128;

/// Begins to follow the log.
pub(crate) async fn open(store: &SqliteStore, from: Revision, filter: WatchFilter) -> Result<WatchStream> {
    if store.requests.is_closed() {
        return Err(closed());
    }
    let mut head = *store.head.borrow();
    if from > head {
        // A page may show a commit that is durable but not yet announced: the database knows.
        head = crate::row::revision(&store.readers).await?;
    }
    if from > head {
        let message = format!("from_revision is {from}, but the last commit is {head}");
        return Err(Error::invalid("from_revision", message));
    }
    store.recent.check(from, head)?;
    let follower = Follower {
        recent: Arc::clone(&store.recent),
        readers: store.readers.clone(),
        head: store.head.clone(),
        filter,
        position: from,
        reported: from,
        taken: VecDeque::new(),
    };
    Ok(Box::pin(stream::unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        match follower.next().await {
            Ok(commit) => Some((Ok(commit), Some(follower))),
            Err(error) => Some((Err(error), None)),
        }
    })))
}

/// One watch: a position in the log. Nothing in the store knows of it.
struct Follower {
    recent: Arc<Recent>,
    readers: SqlitePool,
    head: Receiver<Revision>,
    filter: WatchFilter,
    /// The last commit that was looked at.
    position: Revision,
    /// The last commit that was reported.
    reported: Revision,
    /// Commits after `position` that were taken from the log but not looked at.
    taken: VecDeque<Arc<Commit>>,
}

impl Follower {
    /// The next commit to report.
    async fn next(&mut self) -> Result<Commit> {
        loop {
            while let Some(commit) = self.taken.pop_front() {
                self.position = commit.revision;
                let seen = self.filter.apply(&commit);
                if !seen.changes.is_empty() || self.position.0 - self.reported.0 >= BOOKMARK_EVERY {
                    self.reported = self.position;
                    return Ok(seen);
                }
            }
            // Marked as seen before the log is read: a commit in between wakes the wait below at once.
            let head = *self.head.borrow_and_update();
            match self.recent.after(self.position, head, BATCH) {
                After::Commits(commits) => self.taken = commits.into(),
                After::Older => {
                    self.recent.check(self.position, head)?;
                    self.taken = self.read().await?;
                }
            }
            if self.taken.is_empty() && self.head.changed().await.is_err() {
                return Err(closed());
            }
        }
    }

    /// Reads from the database, in a task of its own: a follower that is not polled for a while must not
    /// keep a connection that others wait for.
    async fn read(&self) -> Result<VecDeque<Arc<Commit>>> {
        let (readers, position) = (self.readers.clone(), self.position);
        let reading = tokio::spawn(async move { log::read(&readers, position).await });
        reading.await.map_err(|_| closed())?
    }
}
