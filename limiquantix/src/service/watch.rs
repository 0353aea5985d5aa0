use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use limiquantix_core::Result;
use limiquantix_core::contract::{BoxStream, ChangeKind, Repository, Selector, Store, WatchFilter};
use limiquantix_core::resource::{Resource, Revision};

/// What a watcher of `R`s is told.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent<R> {
    /// An object came into view, changed, or left it. For `Deleted` the object is as it was last seen.
    Changed {
        /// What happened.
        kind: ChangeKind,
        /// The object.
        object: Arc<R>,
        /// The commit: a watch resumed from here misses nothing and repeats nothing, once all events with
        /// this revision have arrived.
        revision: Revision,
    },
    /// Everything up to this revision has been told: a safe place to resume from.
    Bookmark(Revision),
}

/// A stream of watch events. Ends with an error or with the control plane.
pub type WatchItems<R> = BoxStream<Result<WatchEvent<R>>>;

/// Where a watch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchStart {
    /// With all present objects as `Added`, then a bookmark, then every change.
    Initial,
    /// With the first change from now on.
    Now,
    /// With the first change after this revision.
    After(Revision),
}

/// Follows the `R`s that `selector` matches.
pub(crate) async fn watch<R: Resource>(
    store: &Arc<dyn Store>,
    selector: Selector,
    start: WatchStart,
) -> Result<WatchItems<R>> {
    let (initial, from) = match start {
        WatchStart::After(revision) => (None, revision),
        WatchStart::Now => (None, store.revision().await?),
        WatchStart::Initial => {
            let (objects, revision) = Repository::<R>::new(Arc::clone(store))
                .all(selector.clone())
                .await?;
            (Some(objects), revision)
        }
    };
    let filter = WatchFilter {
        kinds: vec![R::KIND],
        selector: selector.clone(),
    };
    let log = store.watch(from, filter).await?;
    let present = initial.into_iter().flat_map(move |objects| {
        let added = objects.into_iter().map(move |object| {
            let revision = object.meta().revision;
            Ok(WatchEvent::Changed {
                kind: ChangeKind::Added,
                object,
                revision,
            })
        });
        added.chain(std::iter::once(Ok(WatchEvent::Bookmark(from))))
    });
    let changes = log.flat_map(move |commit| {
        let events: Vec<Result<WatchEvent<R>>> = match commit {
            Err(e) => vec![Err(e)],
            Ok(commit) => {
                let mut events: Vec<_> = commit
                    .changes
                    .into_iter()
                    .filter_map(|change| {
                        let kind = change.seen_by(&selector)?;
                        let shown = if kind == ChangeKind::Deleted {
                            change.before
                        } else {
                            change.after
                        };
                        let object = shown.and_then(R::from_object)?;
                        Some(Ok(WatchEvent::Changed {
                            kind,
                            object,
                            revision: commit.revision,
                        }))
                    })
                    .collect();
                events.push(Ok(WatchEvent::Bookmark(commit.revision)));
                events
            }
        };
        stream::iter(events)
    });
    Ok(Box::pin(stream::iter(present.collect::<Vec<_>>()).chain(changes)))
}
