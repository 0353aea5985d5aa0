use std::collections::VecDeque;
use std::sync::{Arc, RwLock};

use futures_util::stream;
use limiquantix_core::contract::{Commit, WatchFilter, WatchStream};
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::resource::Revision;
use tokio::sync::watch::Receiver;

use crate::state::State;
use crate::store::read;

/// How many commits a follower takes from the log at once: enough that the lock is rarely taken while it
/// catches up, few enough that a stalled follower holds next to nothing.
const BATCH: usize = 64;

/// After how many commits without a visible change a follower is told where it is. Resuming reads those
/// again, so this is also the most work that a resume repeats.
const BOOKMARK_EVERY: u64 = 128;

/// Begins to follow the log.
pub(crate) fn open(
    state: &Arc<RwLock<State>>,
    head: Receiver<Revision>,
    from: Revision,
    filter: WatchFilter,
) -> Result<WatchStream> {
    let follower = Follower {
        state: Arc::clone(state),
        head,
        filter,
        position: from,
        reported: from,
        taken: VecDeque::new(),
    };
    follower.check(&read(state))?;
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
    state: Arc<RwLock<State>>,
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
    /// Whether the log still has everything after the position, and the position is not ahead of it.
    fn check(&self, state: &State) -> Result<()> {
        let (position, now) = (self.position, state.revision());
        if position > now {
            let message = format!("from_revision is {position}, but the last commit is {now}");
            return Err(Error::invalid("from_revision", message));
        }
        if position < state.floor() {
            let message = format!(
                "commits after {position} are no longer kept; the oldest is {}",
                state.floor().next()
            );
            return Err(Error::new(Reason::RevisionExpired, message));
        }
        Ok(())
    }

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
            self.head.borrow_and_update();
            let behind = {
                let state = read(&self.state);
                self.check(&state)?;
                state.commits_after(self.position, BATCH).cloned().collect()
            };
            self.taken = behind;
            if self.taken.is_empty() && self.head.changed().await.is_err() {
                return Err(Error::new(Reason::StoreUnavailable, "the store was closed"));
            }
        }
    }
}
