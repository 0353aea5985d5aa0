use std::sync::Arc;

use futures_util::StreamExt as _;
use limiquantix_core::Result;
use limiquantix_core::contract::{ChangeKind, PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::EventId;
use limiquantix_core::resource::{Event, Revision};

use crate::control_plane::Parts;
use crate::service::watch::{WatchEvent, WatchItems, WatchStart, watch};

/// The use cases of events. They are written by whoever makes them true, and only read here.
#[derive(Debug, Clone)]
pub struct EventService {
    parts: Arc<Parts>,
}

impl EventService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The event; `NOT_FOUND` if there is none, or none any more.
    pub async fn get(&self, id: EventId) -> Result<Arc<Event>> {
        self.repository().get(&id).await
    }

    /// One page of events by id ascending, which is by age.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Event>> {
        self.repository().page(selector, page).await
    }

    /// Follows the events that `selector` matches: those after `from`, or from now on. That old events are
    /// removed is not told. `REVISION_EXPIRED`, at once or as the last item, where the log no longer reaches
    /// back to `from`: [`list`](Self::list) has what was missed.
    pub async fn subscribe(&self, selector: Selector, from: Option<Revision>) -> Result<WatchItems<Event>> {
        let start = from.map_or(WatchStart::Now, WatchStart::After);
        let items = watch(&self.parts.store, selector, start).await?;
        let news = items.filter(|item| {
            let told = match item {
                Ok(WatchEvent::Changed { kind, .. }) => *kind == ChangeKind::Added,
                Ok(WatchEvent::Bookmark(_)) | Err(_) => true,
            };
            std::future::ready(told)
        });
        Ok(Box::pin(news))
    }

    fn repository(&self) -> Repository<Event> {
        Repository::new(Arc::clone(&self.parts.store))
    }
}
