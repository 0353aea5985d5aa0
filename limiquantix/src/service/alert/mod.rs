//! What somebody should know: raised by callers and by the control plane itself, acknowledged, resolved, counted.

mod change;
mod ledger;

use std::sync::Arc;

use limiquantix_core::Result;
use limiquantix_core::contract::{PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::AlertId;
use limiquantix_core::resource::{Alert, AlertCounts, AlertTally, Revision};

use crate::control_plane::Parts;
use crate::service::watch::{WatchItems, WatchStart, watch, watch_one};

pub(crate) use ledger::{follow_report, node_is_gone, node_is_ready, node_is_silent, vm_is_gone};

/// The use cases of alerts.
#[derive(Debug, Clone)]
pub struct AlertService {
    parts: Arc<Parts>,
}

impl AlertService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The alert; `NOT_FOUND` if there is none.
    pub async fn get(&self, id: AlertId) -> Result<Arc<Alert>> {
        self.repository().get(&id).await
    }

    /// One page of alerts by id ascending, which is by age.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Alert>> {
        self.repository().page(selector, page).await
    }

    /// How many alerts there are by state and severity, and at which revision. Reads the counters, of which there
    /// are no more than [`AlertShard::COUNT`](limiquantix_core::resource::AlertShard::COUNT), in one page.
    pub async fn summary(&self) -> Result<(AlertTally, Revision)> {
        let shards = Repository::<AlertCounts>::new(Arc::clone(&self.parts.store));
        let page = shards.page(Selector::default(), PageRequest::default()).await?;
        let mut sum = AlertTally::default();
        for counts in &page.items {
            sum.add(&counts.tally);
        }
        Ok((sum, page.revision))
    }

    /// Follows the alerts that `selector` matches.
    pub async fn watch(&self, selector: Selector, start: WatchStart) -> Result<WatchItems<Alert>> {
        watch(&self.parts.store, selector, start).await
    }

    /// Follows one alert, if `selector` matches it; `NOT_FOUND` if there is none to begin with.
    pub async fn watch_one(
        &self,
        id: AlertId,
        selector: Selector,
        start: WatchStart,
    ) -> Result<WatchItems<Alert>> {
        watch_one(&self.parts.store, &id, selector, start).await
    }

    fn repository(&self) -> Repository<Alert> {
        Repository::new(Arc::clone(&self.parts.store))
    }
}
