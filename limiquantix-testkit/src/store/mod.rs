//! What every [`Store`] must do, one function per sentence of the contract.
//!
//! A backend implements [`StoreHarness`] in its tests and expands
//! [`store_conformance!`](crate::store_conformance) once:
//!
//! ```ignore
//! limiquantix_testkit::store_conformance! { harness: MyHarness::new(), durable: yes }
//! ```
//!
//! Each case gets a harness of its own (so no case sees another's data), a runtime of two threads, and a
//! minute. With `durable: no` the cases about restarts are generated as ignored tests: counted, named, not
//! silently absent.

pub mod commit;
pub mod contention;
pub mod durability;
pub mod model;
pub mod names;
pub mod pages;
pub mod preconditions;
pub mod reads;
pub mod resume;
pub mod selectors;
pub mod watch;

mod cases;
mod follow;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use limiquantix_core::contract::{Changeset, Commit, Page, PageRequest, Query, Selector, Store};
use limiquantix_core::error::{Error, Reason};
use limiquantix_core::resource::{Kind, Object, ObjectKey, Resource, Revision};

pub use follow::{Follower, follow, try_follow};

/// Makes the stores that the suite tries. Made anew for every case.
#[async_trait]
pub trait StoreHarness: Send + Sync + 'static {
    /// Opens a store on this harness's data: empty at first; after [`close`](Self::close), for durable
    /// backends, what the closed store had.
    async fn open(&self, settings: StoreSettings) -> Arc<dyn Store>;

    /// Ends a store such that it can be opened again at once. `store` is the only handle left.
    async fn close(&self, store: Arc<dyn Store>);

    /// A harness like this one, over data of its own. For cases that need many empty stores.
    fn another(&self) -> Box<dyn StoreHarness>;
}

/// What a case needs of the store it tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreSettings {
    /// How many commits to keep for watches: at least so many, and not more than twice that.
    pub retain: u64,
}

impl Default for StoreSettings {
    /// More than any case writes that does not ask for less.
    fn default() -> Self {
        Self { retain: 10_000 }
    }
}

/// The harness as the cases see it.
pub type Harness<'a> = &'a dyn StoreHarness;

/// A minute: a case that takes longer hangs.
const CASE_LIMIT: Duration = Duration::from_secs(60);

/// Runs one case. For the tests that [`store_conformance!`](crate::store_conformance) makes.
pub fn run<H, F>(harness: &H, case: F)
where
    H: StoreHarness,
    F: for<'a> FnOnce(Harness<'a>) -> Pin<Box<dyn Future<Output = ()> + 'a>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let outcome = tokio::time::timeout(CASE_LIMIT, case(harness)).await;
        assert!(outcome.is_ok(), "the case did not end within {CASE_LIMIT:?}");
    });
}

/// A fresh store with everything kept.
pub(crate) async fn fresh(harness: Harness<'_>) -> Arc<dyn Store> {
    harness.open(StoreSettings::default()).await
}

/// Commits the creation of one object.
pub(crate) async fn create<R: Resource>(store: &dyn Store, resource: R) -> Commit {
    let mut changes = Changeset::new();
    changes.create(resource);
    store.commit(changes).await.expect("a creation is accepted")
}

/// Commits the update of one object, and returns it as stored.
pub(crate) async fn update<R: Resource>(store: &dyn Store, resource: R) -> R {
    let key = resource.key();
    let mut changes = Changeset::new();
    changes.update(resource);
    store.commit(changes).await.expect("an update is accepted");
    read(store, &key).await
}

/// Commits the removal of one object.
pub(crate) async fn delete<R: Resource>(store: &dyn Store, resource: &R) -> Commit {
    let mut changes = Changeset::new();
    changes.delete(resource);
    store.commit(changes).await.expect("a removal is accepted")
}

/// The object, which must be there.
pub(crate) async fn read<R: Resource>(store: &dyn Store, key: &ObjectKey) -> R {
    let object = store.get(key).await.expect("the store can be read");
    let object = object.unwrap_or_else(|| panic!("{key} is not in the store"));
    (*R::from_object(object).expect("an object has the kind of its key")).clone()
}

/// The object as the store has it now, by what the caller has of it.
pub(crate) async fn reread<R: Resource>(store: &dyn Store, resource: &R) -> R {
    read(store, &resource.key()).await
}

/// Whether the store has it.
pub(crate) async fn exists(store: &dyn Store, key: &ObjectKey) -> bool {
    store.get(key).await.expect("the store can be read").is_some()
}

/// The revision, by the store's own word.
pub(crate) async fn revision(store: &dyn Store) -> Revision {
    store.revision().await.expect("the store can be read")
}

/// The error of a commit that must be refused, having checked that nothing changed.
pub(crate) async fn refused(store: &dyn Store, changes: Changeset, reason: Reason) -> Error {
    let before = revision(store).await;
    let keys: Vec<_> = changes.writes.iter().map(|w| w.key()).collect();
    let mut objects = Vec::new();
    for key in &keys {
        objects.push(store.get(key).await.expect("the store can be read"));
    }
    let error = store
        .commit(changes)
        .await
        .expect_err("the changeset must be refused");
    assert_eq!(
        error.reason(),
        reason,
        "refused for another reason: {error} ({error:?})"
    );
    assert_eq!(
        revision(store).await,
        before,
        "a refused changeset took a revision"
    );
    for (key, object) in keys.iter().zip(objects) {
        let now = store.get(key).await.expect("the store can be read");
        assert_eq!(now, object, "a refused changeset changed {key}");
    }
    error
}

/// All objects of a kind that `selector` matches, walked page by page.
pub(crate) async fn walk(store: &dyn Store, kind: Kind, selector: &Selector, limit: u32) -> Vec<Object> {
    let mut query = Query::new(kind, selector.clone());
    query.page.limit = limit;
    let mut items = Vec::new();
    loop {
        let page = store.list(&query).await.expect("a page can be read");
        assert!(
            page.items.len() <= limit as usize,
            "a page is longer than its limit"
        );
        items.extend(page.items);
        match page.next {
            Some(next) => query.page.after = Some(next),
            None => return items,
        }
    }
}

/// The first page of a kind, with its count.
pub(crate) async fn page(store: &dyn Store, kind: Kind, selector: Selector, limit: u32) -> Page {
    let query = Query {
        kind,
        selector,
        page: PageRequest {
            limit,
            count: true,
            ..PageRequest::default()
        },
    };
    store.list(&query).await.expect("a page can be read")
}

/// The ids of objects, for short assertions.
pub(crate) fn ids(objects: &[Object]) -> Vec<String> {
    objects.iter().map(|o| o.key().id.to_string()).collect()
}
