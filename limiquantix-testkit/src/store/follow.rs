use futures_util::StreamExt;
use limiquantix_core::contract::{Commit, Store, WatchFilter, WatchStream};
use limiquantix_core::error::{Error, Result};
use limiquantix_core::resource::Revision;
use tokio::time::timeout;

use crate::fixtures::PATIENCE;

/// Reads a watch with patience, and checks what holds for every watch: revisions only grow.
pub struct Follower {
    stream: WatchStream,
    position: Revision,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follower")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// Opens a watch, which must be accepted.
pub async fn follow(store: &dyn Store, from: Revision, filter: WatchFilter) -> Follower {
    try_follow(store, from, filter)
        .await
        .expect("the watch is accepted")
}

/// Opens a watch.
pub async fn try_follow(store: &dyn Store, from: Revision, filter: WatchFilter) -> Result<Follower> {
    let stream = store.watch(from, filter).await?;
    Ok(Follower {
        stream,
        position: from,
    })
}

impl Follower {
    /// The next item, empty commits included; `None` at the end.
    pub async fn item(&mut self) -> Option<Result<Commit>> {
        let item = timeout(PATIENCE, self.stream.next())
            .await
            .unwrap_or_else(|_| panic!("the watch shows nothing after revision {}", self.position));
        if let Some(Ok(commit)) = &item {
            assert!(
                commit.revision > self.position,
                "a watch at {} went to {}",
                self.position,
                commit.revision
            );
            self.position = commit.revision;
        }
        item
    }

    /// The next commit that has changes.
    pub async fn next(&mut self) -> Commit {
        loop {
            let commit = self
                .item()
                .await
                .expect("the watch goes on")
                .expect("the watch does not fail");
            if !commit.changes.is_empty() {
                return commit;
            }
        }
    }

    /// The next `n` commits that have changes.
    pub async fn take(&mut self, n: usize) -> Vec<Commit> {
        let mut commits = Vec::with_capacity(n);
        while commits.len() < n {
            commits.push(self.next().await);
        }
        commits
    }

    /// Commits with changes, up to and including revision `last`, which must be one that this watch sees.
    pub async fn until(&mut self, last: Revision) -> Vec<Commit> {
        let mut commits = Vec::new();
        while self.position < last {
            commits.push(self.next().await);
        }
        commits
    }

    /// The error that the watch ends with, having checked that it does end.
    pub async fn error(&mut self) -> Error {
        loop {
            match self.item().await.expect("the watch ends with an error") {
                Ok(_) => {}
                Err(error) => {
                    assert!(self.item().await.is_none(), "a failed watch went on");
                    return error;
                }
            }
        }
    }

    /// Where it is.
    pub fn position(&self) -> Revision {
        self.position
    }
}
