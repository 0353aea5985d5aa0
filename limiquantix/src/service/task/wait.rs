use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use limiquantix_core::contract::{ChangeKind, Selector};
use limiquantix_core::identity::TaskId;
use limiquantix_core::resource::Task;
use limiquantix_core::{Error, Reason, Result};
use tokio::time::Instant;

use super::TaskService;
use crate::service::watch::{WatchEvent, WatchItems, WatchStart};

impl TaskService {
    /// The task as it is at its end, or after `timeout` if it has not ended by then. Follows the store's log, so
    /// that it costs nothing while nothing happens. `NOT_FOUND` if there is no such task.
    pub async fn wait(&self, id: TaskId, timeout: Duration) -> Result<Arc<Task>> {
        let until = Instant::now() + timeout;
        let mut changes = self
            .watch_one(id, Selector::default(), WatchStart::Initial)
            .await?;
        let mut last: Option<Arc<Task>> = None;
        // What it is now is always worth telling, however little time there is.
        while last.as_ref().is_none_or(|task| !task.state.is_terminal()) {
            let next = match &last {
                None => changes.next().await,
                Some(_) => match tokio::time::timeout_at(until, changes.next()).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
            };
            match next.transpose()? {
                // Removed while somebody waited for it: this is as much as will ever be known of it.
                Some(WatchEvent::Changed {
                    kind: ChangeKind::Deleted,
                    object,
                    ..
                }) => return Ok(object),
                Some(WatchEvent::Changed { object, .. }) => last = Some(object),
                Some(WatchEvent::Bookmark(_)) => {}
                None => break,
            }
        }
        last.ok_or_else(|| Error::new(Reason::StoreUnavailable, "the store's log ended"))
    }

    /// Follows the tasks that `selector` matches, only those about the object with this id if one is given.
    pub async fn watch_about(
        &self,
        selector: Selector,
        target: Option<String>,
        start: WatchStart,
    ) -> Result<WatchItems<Task>> {
        let items = self.watch(selector, start).await?;
        let about = move |item: &Result<WatchEvent<Task>>| {
            let told = match (item, &target) {
                (Ok(WatchEvent::Changed { object, .. }), Some(id)) => object.target.id == *id,
                _ => true,
            };
            std::future::ready(told)
        };
        Ok(Box::pin(items.filter(about)))
    }
}
