//! The end of a store.

use std::time::Duration;

use futures_util::StreamExt;
use limiquantix_core::contract::{Changeset, Query, Selector, Store, WatchFilter};
use limiquantix_core::error::Reason;
use limiquantix_core::resource::{Kind, Resource, Revision};
use limiquantix_sqlite::{Options, SqliteStore};
use limiquantix_testkit::fixtures::{PATIENCE, vm};

use crate::{create, open};

/// Calls after the end say so; a watch that was open ends, rather than waiting for ever.
#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    create(&store, vm("web")).await.unwrap();
    let mut watch = store.watch(Revision::ZERO, WatchFilter::default()).await.unwrap();
    assert!(watch.next().await.unwrap().is_ok());
    store.close().await;
    store.close().await;
    let end = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap();
    assert_eq!(end.unwrap().unwrap_err().reason(), Reason::StoreUnavailable);
    assert!(watch.next().await.is_none());

    let query = Query::new(Kind::Vm, Selector::default());
    let reasons = [
        create(&store, vm("db")).await.unwrap_err().reason(),
        store.get(&vm("web").key()).await.unwrap_err().reason(),
        store.list(&query).await.unwrap_err().reason(),
        store.revision().await.unwrap_err().reason(),
        store
            .watch(Revision::ZERO, WatchFilter::default())
            .await
            .map(drop)
            .unwrap_err()
            .reason(),
    ];
    assert_eq!(reasons, [Reason::StoreUnavailable; 5]);
}

/// A store that is dropped without being closed frees the directory, with everything committed in it, even
/// where a watch outlives it.
#[tokio::test]
async fn a_dropped_store_frees_its_directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    create(&store, vm("web")).await.unwrap();
    let _watch = store.watch(Revision::ZERO, WatchFilter::default()).await.unwrap();
    drop(store);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let again = loop {
        match SqliteStore::open(directory.path(), Options::default()).await {
            Ok(store) => break store,
            Err(e) => assert_eq!(e.reason(), Reason::DataDirLocked),
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "the directory stays locked"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert!(again.get(&vm("web").key()).await.unwrap().is_some());
}

/// What was asked for before the end is done before the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_in_line_are_made_before_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    // Fewer than a task may do before it is made to let others go first.
    let calls = (0..100).map(|n| create_numbered(&store, n));
    let all = futures_util::future::join_all(calls);
    let close = async {
        tokio::task::yield_now().await;
        store.close().await;
    };
    // Joined in this order: every commit is in line before the store is told to end.
    let (outcomes, ()) = tokio::join!(all, close);
    let made = outcomes.iter().filter(|o| o.is_ok()).count();
    assert_eq!(made, 100);
    let again = open(directory.path()).await;
    assert_eq!(again.revision().await.unwrap(), Revision(100));
}

async fn create_numbered(
    store: &SqliteStore,
    n: usize,
) -> limiquantix_core::Result<limiquantix_core::contract::Commit> {
    let mut changes = Changeset::new();
    changes.create(vm(&format!("vm-{n}")));
    store.commit(changes).await
}
