mod cancel;
mod wait;

use std::sync::Arc;

use limiquantix_core::Result;
use limiquantix_core::contract::{PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::TaskId;
use limiquantix_core::resource::Task;

use crate::control_plane::Parts;
use crate::service::watch::{WatchItems, WatchStart, watch, watch_one};

/// The use cases of tasks.
#[derive(Debug, Clone)]
pub struct TaskService {
    parts: Arc<Parts>,
}

impl TaskService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The task; `NOT_FOUND` if there is none.
    pub async fn get(&self, id: TaskId) -> Result<Arc<Task>> {
        self.repository().get(&id).await
    }

    /// One page of tasks by id ascending, which is by age.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Task>> {
        self.repository().page(selector, page).await
    }

    /// Follows the tasks that `selector` matches.
    pub async fn watch(&self, selector: Selector, start: WatchStart) -> Result<WatchItems<Task>> {
        watch(&self.parts.store, selector, start).await
    }

    /// Follows one task, if `selector` matches it; `NOT_FOUND` if there is none to begin with.
    pub async fn watch_one(
        &self,
        id: TaskId,
        selector: Selector,
        start: WatchStart,
    ) -> Result<WatchItems<Task>> {
        watch_one(&self.parts.store, &id, selector, start).await
    }

    fn repository(&self) -> Repository<Task> {
        Repository::new(Arc::clone(&self.parts.store))
    }
}
