use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use limiquantix_core::contract::{BoxStream, Change, ChangeKind, Repository, Selector, Store, WatchFilter};
use limiquantix_core::resource::{ObjectKey, Resource, Revision};
use limiquantix_core::{Error, Result};

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
    follow(store, selector, initial, from, None).await
}

/// Follows one object, if `selector` matches it; `NOT_FOUND` if there is none to begin with. Costs the same
/// however many others there are.
pub(crate) async fn watch_one<R: Resource>(
    store: &Arc<dyn Store>,
    id: &R::Id,
    selector: Selector,
    start: WatchStart,
) -> Result<WatchItems<R>> {
    let key = ObjectKey::of::<R>(id);
    let (initial, from) = match start {
        // Its end may be what there is to be told.
        WatchStart::After(revision) => (None, revision),
        WatchStart::Now | WatchStart::Initial => {
            // In this order: a change in between is in the log, and passed over there if it shows already.
            let from = store.revision().await?;
            let object = store.get(&key).await?.filter(|object| selector.matches(object));
            let object = object.ok_or_else(|| Error::not_found(R::KIND.as_str(), id))?;
            let present =
                (start == WatchStart::Initial).then(|| R::from_object(object).into_iter().collect());
            (present, from)
        }
    };
    follow(store, selector, initial, from, Some(key)).await
}

/// First `initial`, if there is one, then what the log has after `from`; about `only` one object if that is given.
async fn follow<R: Resource>(
    store: &Arc<dyn Store>,
    selector: Selector,
    initial: Option<Vec<Arc<R>>>,
    from: Revision,
    only: Option<ObjectKey>,
) -> Result<WatchItems<R>> {
    let filter = WatchFilter {
        kinds: vec![R::KIND],
        selector: selector.clone(),
    };
    let log = store.watch(from, filter).await?;
    // Objects change while they are listed page by page: what the list showed later than `from` must not be
    // told again by the log, nor told backwards.
    let mut listed: BTreeMap<ObjectKey, Revision> = initial
        .iter()
        .flatten()
        .map(|object| (object.key(), object.meta().revision))
        .filter(|(_, revision)| *revision > from)
        .collect();
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
                let revision = commit.revision;
                let about = |change: &Change| only.as_ref().is_none_or(|key| *key == change.key);
                let news = commit.changes.into_iter().filter(about).filter(|change| {
                    let told = listed.get(&change.key).is_some_and(|seen| *seen >= revision);
                    if !told {
                        listed.remove(&change.key);
                    }
                    !told
                });
                let mut events: Vec<_> = news
                    .filter_map(|change| Some(Ok(event_of(change, &selector, revision)?)))
                    .collect();
                events.push(Ok(WatchEvent::Bookmark(revision)));
                events
            }
        };
        stream::iter(events)
    });
    Ok(Box::pin(stream::iter(present.collect::<Vec<_>>()).chain(changes)))
}

/// What `change` is to somebody who watches what `selector` matches.
fn event_of<R: Resource>(change: Change, selector: &Selector, revision: Revision) -> Option<WatchEvent<R>> {
    let kind = change.seen_by(selector)?;
    let shown = if kind == ChangeKind::Deleted {
        change.before
    } else {
        change.after
    };
    let object = shown.and_then(R::from_object)?;
    Some(WatchEvent::Changed {
        kind,
        object,
        revision,
    })
}
