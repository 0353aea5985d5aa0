use std::sync::Arc;

use limiquantix_core::Result;
use limiquantix_core::contract::{PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::PoolId;
use limiquantix_core::resource::{Pool, PoolAllocation};

use super::PoolService;

impl PoolService {
    /// The pool; `NOT_FOUND` if there is none. O(log n).
    pub async fn get(&self, id: PoolId) -> Result<Arc<Pool>> {
        self.repository().get(&id).await
    }

    /// One page of pools by id ascending.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Pool>> {
        self.repository().page(selector, page).await
    }

    /// The pool, and what is promised in it at present; `NOT_FOUND` if there is none. O(log n).
    pub async fn metrics(&self, id: PoolId) -> Result<(Arc<Pool>, Arc<PoolAllocation>)> {
        let pool = self.get(id).await?;
        let allocations = Repository::new(Arc::clone(&self.parts.store));
        Ok((pool, allocations.get(&id).await?))
    }

    fn repository(&self) -> Repository<Pool> {
        Repository::new(Arc::clone(&self.parts.store))
    }
}
