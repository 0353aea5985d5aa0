//! A store that can fall ill.

use std::sync::atomic::{AtomicU8, Ordering};

use async_trait::async_trait;
use limiquantix_core::contract::{Changeset, Commit, Page, Query, Store, WatchFilter, WatchStream};
use limiquantix_core::resource::{Object, ObjectKey, Revision};
use limiquantix_core::{Error, Reason, Result};
use limiquantix_memory::MemoryStore;

/// The in-memory store with an illness.
#[derive(Debug)]
pub(crate) struct Ill {
    well: MemoryStore,
    illness: AtomicU8,
}

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Illness {
    None,
    /// Says that it cannot be reached.
    Unavailable,
    /// Never answers.
    Hangs,
    /// Has a bug, and says something secret about it.
    Fails,
    /// Has a bug, and panics.
    Panics,
}

/// What must not reach a caller.
pub(crate) const SECRET: &str = "/var/lib/limiquantix/state.db row 4711";

impl Ill {
    pub(crate) fn new(well: MemoryStore) -> Self {
        Self {
            well,
            illness: AtomicU8::new(Illness::None as u8),
        }
    }

    pub(crate) fn fall(&self, illness: Illness) {
        self.illness.store(illness as u8, Ordering::SeqCst);
    }

    async fn suffer(&self) -> Result<()> {
        let is = |illness: Illness| self.illness.load(Ordering::SeqCst) == illness as u8;
        if is(Illness::Unavailable) {
            return Err(Error::new(Reason::StoreUnavailable, "the disk is gone"));
        }
        if is(Illness::Fails) {
            return Err(Error::internal(SECRET).with("field", SECRET).caused_by(SECRET));
        }
        assert!(!is(Illness::Panics), "a simulated bug: {SECRET}");
        if is(Illness::Hangs) {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Ill {
    async fn commit(&self, changes: Changeset) -> Result<Commit> {
        self.suffer().await?;
        self.well.commit(changes).await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Object>> {
        self.suffer().await?;
        self.well.get(key).await
    }

    async fn list(&self, query: &Query) -> Result<Page> {
        self.suffer().await?;
        self.well.list(query).await
    }

    async fn watch(&self, from: Revision, filter: WatchFilter) -> Result<WatchStream> {
        self.suffer().await?;
        self.well.watch(from, filter).await
    }

    async fn revision(&self) -> Result<Revision> {
        self.suffer().await?;
        self.well.revision().await
    }
}
