//! The reference implementation against the suite that defines it.

use std::sync::Arc;

use limiquantix_core::contract::Store;
use limiquantix_memory::{MemoryStore, Options};
use limiquantix_testkit::store::{StoreHarness, StoreSettings};
use limiquantix_testkit::store_conformance;

struct Memory;

#[async_trait::async_trait]
impl StoreHarness for Memory {
    async fn open(&self, settings: StoreSettings) -> Arc<dyn Store> {
        Arc::new(MemoryStore::with_options(Options {
            retain: settings.retain,
        }))
    }

    async fn close(&self, store: Arc<dyn Store>) {
        drop(store);
    }

    fn another(&self) -> Box<dyn StoreHarness> {
        Box::new(Self)
    }
}

store_conformance! { harness: Memory, durable: no }
