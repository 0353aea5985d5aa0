//! Reads see every acknowledged commit, and each read sees one revision.

use limiquantix_core::contract::{Changeset, Selector, Store};
use limiquantix_core::resource::{Kind, NodeAllocation, Object, Resource, Revision};
use tokio::task::JoinSet;

use super::{Harness, create, delete, exists, fresh, page, reread, revision, update};
use crate::fixtures::{self, node_id, vm};

/// Before the first commit there is nothing, at revision zero.
pub async fn an_empty_store_has_revision_zero(h: Harness<'_>) {
    let store = fresh(h).await;
    assert_eq!(revision(&*store).await, Revision::ZERO);
    for kind in Kind::ALL {
        let page = page(&*store, *kind, Selector::default(), 10).await;
        assert_eq!(
            (page.items.len(), page.next, page.total, page.revision),
            (0, None, Some(0), Revision::ZERO)
        );
    }
}

/// "The object, or `None`": absence is not an error.
pub async fn what_is_missing_is_none(h: Harness<'_>) {
    let store = fresh(h).await;
    assert!(!exists(&*store, &vm("web").key()).await);
    create(&*store, vm("web")).await;
    assert!(exists(&*store, &vm("web").key()).await);
    assert!(!exists(&*store, &fixtures::node("web", 1, 1).key()).await);
    delete(&*store, &reread(&*store, &vm("web")).await).await;
    assert!(!exists(&*store, &vm("web").key()).await);
}

/// "Reads see every commit that returned before they began", by every way of reading, from every task.
pub async fn every_acknowledged_commit_is_read(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut tasks = JoinSet::new();
    for who in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            for n in 0..15 {
                let mine = vm(&format!("vm-{who}-{n}"));
                let commit = create(&*store, mine.clone()).await;
                let selector = Selector {
                    name: Some(mine.name.to_string()),
                    ..Selector::default()
                };
                assert!(revision(&*store).await >= commit.revision);
                assert!(
                    exists(&*store, &mine.key()).await,
                    "get misses an acknowledged commit"
                );
                let page = page(&*store, Kind::Vm, selector, 2).await;
                assert!(page.revision >= commit.revision);
                assert_eq!(page.total, Some(1), "list misses an acknowledged commit");
            }
        });
    }
    while let Some(outcome) = tasks.join_next().await {
        outcome.expect("a task ends");
    }
}

/// "The page shows the state at this revision": every commit here changes the one object, so its version
/// and the page's must be the same whenever one looks.
pub async fn a_page_shows_one_revision(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, fixtures::allocation(node_id("n"))).await;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            let mut counter: NodeAllocation = reread(&*store, &fixtures::allocation(node_id("n"))).await;
            for _ in 0..200 {
                counter.vms += 1;
                counter = update(&*store, counter).await;
            }
        })
    };
    while !writer.is_finished() {
        let page = page(&*store, Kind::NodeAllocation, Selector::default(), 10).await;
        assert_eq!(page.items[0].meta().revision, page.revision);
        assert_eq!(page.total, Some(1));
    }
    writer.await.expect("the writer ends");
}

/// What is written together is read together: a transfer between two allocations never shows a sum that
/// neither commit had.
pub async fn a_page_never_shows_half_a_commit(h: Harness<'_>) {
    let store = fresh(h).await;
    let (a, b) = (
        fixtures::allocation(node_id("a")),
        fixtures::allocation(node_id("b")),
    );
    let mut full = a.clone();
    full.vms = 100;
    create(&*store, full).await;
    create(&*store, b.clone()).await;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..150u32 {
                let (mut from, mut to) = (reread(&*store, &a).await, reread(&*store, &b).await);
                if n % 100 >= 50 {
                    (from, to) = (to, from);
                }
                from.vms -= 1;
                to.vms += 1;
                let mut changes = Changeset::new();
                changes.update(from).update(to);
                store.commit(changes).await.expect("nobody else writes");
            }
        })
    };
    while !writer.is_finished() {
        let seen: u32 = allocations(&*store).await.iter().map(|a| a.vms).sum();
        assert_eq!(seen, 100);
    }
    writer.await.expect("the writer ends");
}

async fn allocations(store: &dyn Store) -> Vec<NodeAllocation> {
    let page = page(store, Kind::NodeAllocation, Selector::default(), 10).await;
    let typed = |o: Object| (*NodeAllocation::from_object(o).expect("an allocation")).clone();
    page.items.into_iter().map(typed).collect()
}
