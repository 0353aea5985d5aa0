use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use async_trait::async_trait;
use limiquantix_core::contract::{Changeset, Commit, Page, Query, Store, WatchFilter, WatchStream};
use limiquantix_core::error::Result;
use limiquantix_core::resource::{Object, ObjectKey, Revision};
use tokio::sync::watch::Sender;

use crate::Options;
use crate::state::State;

/// A [`Store`] in this process's memory.
///
/// Every call is done when its future is first polled: a cancelled call either happened whole or was never
/// made. Dropping the store ends its watches with `STORE_UNAVAILABLE`.
#[derive(Debug)]
pub struct MemoryStore {
    /// Shared with the watches, which read the log from it.
    state: Arc<RwLock<State>>,
    /// The revision of the last commit; wakes the watches. Not shared, so that they notice the store's end.
    head: Sender<Revision>,
}

impl MemoryStore {
    /// An empty store with the default options.
    pub fn new() -> Self {
        Self::with_options(Options::default())
    }

    /// An empty store.
    pub fn with_options(options: Options) -> Self {
        Self {
            state: Arc::new(RwLock::new(State::new(options))),
            head: Sender::new(Revision::ZERO),
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads the state. A poisoned lock is read all the same: nothing panics between the first and the last
/// change of a commit, so the state is whole.
pub(crate) fn read(state: &RwLock<State>) -> RwLockReadGuard<'_, State> {
    state.read().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, changes: Changeset) -> Result<Commit> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let commit = state.commit(changes)?;
        // Told under the lock, so that the revision which watches are woken with never goes backwards.
        self.head.send_replace(commit.revision);
        Ok((*commit).clone())
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Object>> {
        Ok(read(&self.state).get(key).cloned())
    }

    async fn list(&self, query: &Query) -> Result<Page> {
        read(&self.state).list(query)
    }

    async fn watch(&self, from: Revision, filter: WatchFilter) -> Result<WatchStream> {
        crate::watch::open(&self.state, self.head.subscribe(), from, filter)
    }

    async fn revision(&self) -> Result<Revision> {
        Ok(read(&self.state).revision())
    }
}
