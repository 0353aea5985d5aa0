//! What was acknowledged is there after a restart, and everything goes on from there.

use limiquantix_core::contract::{Changeset, Selector, WatchFilter};
use limiquantix_core::error::Reason;
use limiquantix_core::resource::{Kind, Revision};

use super::watch::busy;
use super::{
    Harness, StoreSettings, create, delete, follow, fresh, ids, refused, reread, resume, revision,
    try_follow, walk,
};
use crate::fixtures::{self, labels, node_id, project_id, running_vm, vm};

const RETAIN: u64 = 16;

/// An acknowledged commit survives the end of the store.
pub async fn acknowledged_commits_survive(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    create(&*store, fixtures::node("n", 8, 8192)).await;
    delete(&*store, &reread(&*store, &vm("web")).await).await;
    create(&*store, vm("db")).await;
    let db = reread(&*store, &vm("db")).await;
    h.close(store).await;
    let store = fresh(h).await;
    assert_eq!(reread(&*store, &vm("db")).await, db);
    let all = walk(&*store, Kind::Vm, &Selector::default(), 10).await;
    assert_eq!(ids(&all), [db.id.to_string()]);
}

/// The next commit has the next revision: versions that clients hold stay comparable.
pub async fn revisions_continue(h: Harness<'_>) {
    let mut expected = 0;
    for round in 0..4 {
        let store = fresh(h).await;
        assert_eq!(revision(&*store).await, Revision(expected));
        for n in 0..3 {
            expected += 1;
            let commit = create(&*store, vm(&format!("vm-{round}-{n}"))).await;
            assert_eq!(commit.revision, Revision(expected));
        }
        h.close(store).await;
    }
}

/// Unique names and ids are as taken as before.
pub async fn names_stay_taken(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    h.close(store).await;
    let store = fresh(h).await;
    let mut other = vm("web");
    other.id = vm("other").id;
    let mut changes = Changeset::new();
    changes.create(other);
    refused(&*store, changes, Reason::NameTaken).await;
    let mut changes = Changeset::new();
    changes.create(vm("web"));
    refused(&*store, changes, Reason::IdTaken).await;
}

/// Every index finds what it found.
pub async fn indexes_are_still_there(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut web = running_vm("web", node_id("n"));
    web.meta.labels = labels([("tier", "front")]);
    let id = web.id.to_string();
    create(&*store, web).await;
    create(&*store, vm("other")).await;
    h.close(store).await;
    let store = fresh(h).await;
    let selectors = [
        Selector {
            name: Some("web".to_owned()),
            ..Selector::default()
        },
        Selector {
            node: Some(node_id("n")),
            ..Selector::default()
        },
        Selector {
            phases: vec!["running"],
            ..Selector::default()
        },
        Selector {
            labels: labels([("tier", "front")]),
            ..Selector::default()
        },
        Selector {
            project: Some(project_id("default")),
            phases: vec!["running"],
            ..Selector::default()
        },
    ];
    for selector in selectors {
        assert_eq!(
            ids(&walk(&*store, Kind::Vm, &selector, 10).await),
            [id.as_str()],
            "{selector:?}"
        );
    }
}

/// A follower that was cut by the restart resumes where it was.
pub async fn a_watch_resumes_across_a_restart(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut commits = busy(&*store, 12).await;
    let mut watch = follow(&*store, Revision::ZERO, WatchFilter::default()).await;
    let mut seen = watch.take(5).await;
    let position = watch.position();
    drop(watch);
    h.close(store).await;
    let store = fresh(h).await;
    commits.push(create(&*store, vm("after")).await);
    let mut watch = follow(&*store, position, WatchFilter::default()).await;
    seen.extend(watch.take(8).await);
    assert_eq!(seen, commits);
    let all = follow(&*store, Revision::ZERO, WatchFilter::default())
        .await
        .take(13)
        .await;
    assert_eq!(all, commits);
}

/// A restart does not make a gap into an answer, even where more is kept from now on.
pub async fn what_expired_stays_expired(h: Harness<'_>) {
    let store = h.open(StoreSettings { retain: RETAIN }).await;
    for n in 0..RETAIN * 40 {
        create(&*store, vm(&format!("vm-{n}"))).await;
    }
    h.close(store).await;
    let store = h
        .open(StoreSettings {
            retain: RETAIN * 1000,
        })
        .await;
    let watch = try_follow(&*store, Revision::ZERO, WatchFilter::default()).await;
    assert_eq!(resume::expiry(watch).await.reason(), Reason::RevisionExpired);
    let from = Revision(RETAIN * 39);
    let kept = follow(&*store, from, WatchFilter::default())
        .await
        .take(RETAIN as usize)
        .await;
    assert_eq!(kept.first().map(|c| c.revision), Some(from.next()));
}

/// The model's histories, with restarts between the steps.
pub async fn any_history_survives(h: Harness<'_>) {
    super::model::histories(h, super::model::Restarts::Between).await;
}
