use std::sync::Arc;

use limiquantix_core::Result;
use limiquantix_core::contract::{PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::VolumeId;
use limiquantix_core::resource::Volume;

use super::VolumeService;
use crate::service::watch::{WatchItems, WatchStart, watch, watch_one};

impl VolumeService {
    /// The volume; `NOT_FOUND` if there is none. O(log n).
    pub async fn get(&self, id: VolumeId) -> Result<Arc<Volume>> {
        self.repository().get(&id).await
    }

    /// One page of volumes by id ascending, which is by age.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Volume>> {
        self.repository().page(selector, page).await
    }

    /// Follows the volumes that `selector` matches.
    pub async fn watch(&self, selector: Selector, start: WatchStart) -> Result<WatchItems<Volume>> {
        watch(&self.parts.store, selector, start).await
    }

    /// Follows one volume, if `selector` matches it; `NOT_FOUND` if there is none to begin with.
    pub async fn watch_one(
        &self,
        id: VolumeId,
        selector: Selector,
        start: WatchStart,
    ) -> Result<WatchItems<Volume>> {
        watch_one(&self.parts.store, &id, selector, start).await
    }

    fn repository(&self) -> Repository<Volume> {
        Repository::new(Arc::clone(&self.parts.store))
    }
}
