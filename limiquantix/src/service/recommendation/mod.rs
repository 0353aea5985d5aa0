//! Moves that a DRS engine proposes, and what people decide about them. Nothing here plans or moves anything.

mod change;
mod propose;

use std::sync::Arc;

use limiquantix_core::Result;
use limiquantix_core::contract::{PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::RecommendationId;
use limiquantix_core::resource::Recommendation;

use crate::control_plane::Parts;
use crate::service::watch::{WatchItems, WatchStart, watch, watch_one};

/// The use cases of recommendations.
#[derive(Debug, Clone)]
pub struct RecommendationService {
    parts: Arc<Parts>,
}

impl RecommendationService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The recommendation; `NOT_FOUND` if there is none.
    pub async fn get(&self, id: RecommendationId) -> Result<Arc<Recommendation>> {
        self.repository().get(&id).await
    }

    /// One page of recommendations by id ascending, which is by age.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Recommendation>> {
        self.repository().page(selector, page).await
    }

    /// Follows the recommendations that `selector` matches.
    pub async fn watch(&self, selector: Selector, start: WatchStart) -> Result<WatchItems<Recommendation>> {
        watch(&self.parts.store, selector, start).await
    }

    /// Follows one recommendation, if `selector` matches it; `NOT_FOUND` if there is none to begin with.
    pub async fn watch_one(
        &self,
        id: RecommendationId,
        selector: Selector,
        start: WatchStart,
    ) -> Result<WatchItems<Recommendation>> {
        watch_one(&self.parts.store, &id, selector, start).await
    }

    fn repository(&self) -> Repository<Recommendation> {
        Repository::new(Arc::clone(&self.parts.store))
    }
}
