//! The one place that names backends.

use std::sync::Arc;

use limiquantix_core::Result;
use limiquantix_core::contract::Store;
use limiquantix_memory::MemoryStore;
use limiquantix_sqlite::SqliteStore;

use crate::config::StoreConfig;

pub(crate) async fn open_store(config: &StoreConfig) -> Result<Arc<dyn Store>> {
    Ok(match config {
        StoreConfig::Memory => Arc::new(MemoryStore::new()),
        StoreConfig::Sqlite(directory) => Arc::new(SqliteStore::open(directory, Default::default()).await?),
    })
}
