use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use limiquantix_core::contract::Commit;
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::resource::Revision;

/// How much of the log is kept in memory: what a follower that keeps up can be behind. Bounded also in
/// changes, since one commit may have thousands.
const COMMITS: usize = 512;
const CHANGES: usize = 4096;

/// The end of the log, in memory, so that followers who keep up share what was written instead of reading
/// it back each for himself.
#[derive(Debug)]
pub(crate) struct Recent {
    inner: RwLock<Inner>,
    /// How many commits are kept for followers, in the database.
    retain: u64,
}

#[derive(Debug)]
struct Inner {
    commits: VecDeque<Arc<Commit>>,
    changes: usize,
    /// Commits up to this one were removed from the database.
    floor: Revision,
}

/// What there is after a position.
pub(crate) enum After {
    /// These commits, the next one first; none if the position is the present.
    Commits(Vec<Arc<Commit>>),
    /// Commits that are only in the database.
    Older,
}

impl Recent {
    /// Nothing in memory yet; in the database, what is after `floor`.
    pub(crate) fn new(floor: Revision, retain: u64) -> Self {
        let inner = RwLock::new(Inner {
            commits: VecDeque::new(),
            changes: 0,
            floor,
        });
        Self { inner, retain }
    }

    /// Adds commits that became durable; returns the revision of the last.
    pub(crate) fn extend<'a>(&self, commits: impl Iterator<Item = &'a Arc<Commit>>) -> Option<Revision> {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let mut last = None;
        for commit in commits {
            last = Some(commit.revision);
            inner.changes += commit.changes.len();
            inner.commits.push_back(Arc::clone(commit));
        }
        // Not more than is kept at all: what is expired is expired for everybody.
        let most = usize::try_from(self.retain).unwrap_or(COMMITS).min(COMMITS);
        while inner.commits.len() > most || inner.changes > CHANGES {
            let Some(oldest) = inner.commits.pop_front() else {
                break;
            };
            inner.changes -= oldest.changes.len();
        }
        if let Some(last) = last {
            inner.floor = self.floor(inner.floor, last);
        }
        last
    }

    /// Up to `limit` commits after `position`, the store being at `head`.
    pub(crate) fn after(&self, position: Revision, head: Revision, limit: usize) -> After {
        if position >= head {
            return After::Commits(Vec::new());
        }
        let inner = self.read();
        match inner.commits.front() {
            Some(oldest) if oldest.revision <= position.next() => {
                let skip = usize::try_from(position.next().0 - oldest.revision.0).unwrap_or(usize::MAX);
                After::Commits(inner.commits.iter().skip(skip).take(limit).cloned().collect())
            }
            _ => After::Older,
        }
    }

    /// `REVISION_EXPIRED` if commits after `position` are no longer kept, the store being at `head`.
    pub(crate) fn check(&self, position: Revision, head: Revision) -> Result<()> {
        let floor = self.floor(self.read().floor, head);
        if position < floor {
            Err(expired(position, floor))
        } else {
            Ok(())
        }
    }

    /// Up to where the log may be removed when the store is at `head`.
    pub(crate) fn floor_at(&self, head: Revision) -> Revision {
        self.floor(self.read().floor, head)
    }

    fn floor(&self, known: Revision, head: Revision) -> Revision {
        known.max(Revision(head.0.saturating_sub(self.retain)))
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        // Nothing panics with the lock held, so a poisoned one guards whole data all the same.
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a follower whose next commit is gone.
pub(crate) fn expired(position: Revision, floor: Revision) -> Error {
    let message = format!(
        "commits after {position} are no longer kept; the oldest is {}",
        floor.next()
    );
    Error::new(Reason::RevisionExpired, message)
}
