//! The SQLite store against the suite that every store passes.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use limiquantix_core::contract::Store;
use limiquantix_sqlite::{Options, SqliteStore};
use limiquantix_testkit::store::{StoreHarness, StoreSettings};
use limiquantix_testkit::store_conformance;
use tempfile::TempDir;

/// Stores in one temporary directory, one after the other.
struct Sqlite {
    directory: TempDir,
    open: Mutex<Option<Arc<SqliteStore>>>,
}

impl Sqlite {
    fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
            open: Mutex::new(None),
        }
    }
}

#[async_trait::async_trait]
impl StoreHarness for Sqlite {
    async fn open(&self, settings: StoreSettings) -> Arc<dyn Store> {
        let options = Options {
            retain: settings.retain,
            ..Options::default()
        };
        let store = Arc::new(SqliteStore::open(self.directory.path(), options).await.unwrap());
        *self.open.lock().unwrap() = Some(Arc::clone(&store));
        store
    }

    async fn close(&self, store: Arc<dyn Store>) {
        drop(store);
        let store = self.open.lock().unwrap().take().unwrap();
        store.close().await;
    }

    fn another(&self) -> Box<dyn StoreHarness> {
        Box::new(Self::new())
    }
}

store_conformance! { harness: Sqlite::new(), durable: yes }
