//! Many writers at once: optimistic concurrency loses nothing, and nobody takes what is not there.

use std::collections::BTreeMap;
use std::task::{Context, Poll};

use futures_util::task::noop_waker;
use limiquantix_core::contract::{Change, Changeset, Selector, WatchFilter, Write};
use limiquantix_core::error::Reason;
use limiquantix_core::resource::{Kind, Object, ObjectKey, Resource, Revision};
use proptest::prelude::*;
use tokio::task::JoinSet;

use super::commit::samples;
use super::model::{Intent, Model, Step, any_intent};
use super::{Harness, create, follow, fresh, page, reread, revision, walk};
use crate::fixtures::{self, allocation, node_id, vm, vm_spec};

/// 100 tasks add one to the same counter, retrying on VERSION_MISMATCH: the sum is exact, and each success
/// took exactly one revision.
pub async fn concurrent_increments_add_up(h: Harness<'_>) {
    const TASKS: u32 = 100;
    let store = fresh(h).await;
    let counter = allocation(node_id("n"));
    create(&*store, counter.clone()).await;
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (store, counter) = (store.clone(), counter.clone());
        tasks.spawn(async move {
            loop {
                let mut read = reread(&*store, &counter).await;
                read.vms += 1;
                let mut changes = Changeset::new();
                changes.update(read);
                match store.commit(changes).await {
                    Ok(commit) => return commit.revision,
                    Err(e) => assert_eq!(e.reason(), Reason::VersionMismatch, "{e}"),
                }
            }
        });
    }
    let mut revisions = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        revisions.push(outcome.expect("a task ends").0);
    }
    revisions.sort_unstable();
    let expected: Vec<u64> = (2..2 + u64::from(TASKS)).collect();
    assert_eq!(revisions, expected, "revisions have gaps or repeats");
    let total = reread(&*store, &counter).await;
    assert_eq!(
        (total.vms, total.meta.revision),
        (TASKS, Revision(u64::from(TASKS) + 1))
    );
    let seen = follow(&*store, Revision::ZERO, WatchFilter::default())
        .await
        .take(TASKS as usize + 1)
        .await;
    for (n, commit) in seen.iter().enumerate().skip(1) {
        let Some(Object::NodeAllocation(after)) = &commit.changes[0].after else {
            panic!("{commit:?}")
        };
        assert_eq!(after.vms as usize, n, "the log is not the order of the commits");
    }
}

/// Reserve and create in one changeset: 40 callers, room for 12, exactly 12 VMs.
pub async fn concurrent_reservations_never_exceed_capacity(h: Harness<'_>) {
    const ROOM: u32 = 12;
    let store = fresh(h).await;
    let ledger = allocation(node_id("n"));
    create(&*store, ledger.clone()).await;
    let mut callers = JoinSet::new();
    for n in 0..40 {
        let (store, ledger) = (store.clone(), ledger.clone());
        callers.spawn(async move {
            loop {
                let mut read = reread(&*store, &ledger).await;
                if read.cores.get() >= ROOM {
                    return;
                }
                read.reserve(&vm_spec(1, 512)).expect("it fits its type");
                let mut changes = Changeset::new();
                changes
                    .create(fixtures::running_vm(&format!("vm-{n}"), ledger.id))
                    .update(read);
                match store.commit(changes).await {
                    Ok(_) => return,
                    Err(e) => assert_eq!(e.reason(), Reason::VersionMismatch, "{e}"),
                }
            }
        });
    }
    while let Some(outcome) = callers.join_next().await {
        outcome.expect("a caller ends");
    }
    let total = page(&*store, Kind::Vm, Selector::default(), 100).await.total;
    assert_eq!(total, Some(u64::from(ROOM)));
    assert_eq!(reread(&*store, &ledger).await.vms, ROOM);
}

/// "One total order of commits": whatever many writers do to the same few objects and names at once, the log
/// is a history that the model accepts step by step, and it leads to the state.
pub async fn concurrent_changes_make_one_history(h: Harness<'_>) {
    const WRITERS: usize = 12;
    let store = fresh(h).await;
    let attempts = samples(prop::collection::vec(any_intent(), 1..5), WRITERS * 25);
    let mut writers = JoinSet::new();
    for attempts in attempts.chunks(25) {
        let (store, attempts) = (store.clone(), attempts.to_vec());
        writers.spawn(async move {
            let mut made = 0;
            for intents in attempts {
                // Versions are read now and may be stale when it is this one's turn.
                let mut versions = BTreeMap::new();
                for key in intents.iter().map(Intent::key) {
                    if let Some(object) = store.get(&key).await.expect("read") {
                        versions.insert(key, object.meta().revision);
                    }
                }
                let changes = Step::changeset(&intents, |key| versions.get(key).copied());
                match store.commit(changes).await {
                    Ok(_) => made += 1,
                    Err(e) => assert!(
                        matches!(
                            e.reason(),
                            Reason::VersionMismatch | Reason::NameTaken | Reason::IdTaken | Reason::Internal
                        ),
                        "{e:?}"
                    ),
                }
            }
            made
        });
    }
    let mut made = 0;
    while let Some(outcome) = writers.join_next().await {
        made += outcome.expect("a writer ends");
    }
    let last = revision(&*store).await;
    assert_eq!(
        last,
        Revision(made),
        "revisions are not the commits that were acknowledged"
    );
    assert!(made > 50, "only {made} commits: too few to mean something");
    let mut model = Model::default();
    let mut watch = follow(&*store, Revision::ZERO, WatchFilter::default()).await;
    for commit in watch.until(last).await {
        let write = |change: &Change| match (&change.before, &change.after) {
            (None, Some(after)) => Write::Create(after.clone()),
            (Some(before), Some(after)) => Write::Update(after.clone().at_revision(before.meta().revision)),
            (before, None) => {
                let version = before.as_ref().map_or(Revision::ZERO, |o| o.meta().revision);
                Write::Delete(change.key.clone(), version)
            }
        };
        let changes = Changeset {
            guards: Vec::new(),
            writes: commit.changes.iter().map(write).collect(),
        };
        assert_eq!(
            model.commit(&changes).as_ref(),
            Ok(&commit),
            "the log is not a history"
        );
    }
    let mut found = Vec::new();
    for kind in Kind::ALL {
        found.extend(walk(&*store, *kind, &Selector::default(), 1000).await);
    }
    let expected: Vec<_> = model.objects().cloned().collect();
    assert_eq!(found, expected);
}

/// "On a cancelled call the commit happened or did not": both writes of it or neither, with the log in
/// agreement, and the store goes on.
pub async fn cancelled_commits_happen_whole_or_not_at_all(h: Harness<'_>) {
    let store = fresh(h).await;
    let waker = noop_waker();
    for n in 0..60usize {
        let mut changes = Changeset::new();
        changes
            .create(vm(&format!("vm-{n}")))
            .create(allocation(node_id(&format!("n-{n}"))));
        let mut call = store.commit(changes);
        for _ in 0..n % 4 {
            if let Poll::Ready(outcome) = call.as_mut().poll(&mut Context::from_waker(&waker)) {
                outcome.expect("nobody else writes");
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    // Whatever is still on its way is done before a commit that was asked for later.
    create(&*store, vm("last")).await;
    let last = revision(&*store).await;
    let (vms, ledgers) = (
        walk(&*store, Kind::Vm, &Selector::default(), 1000).await,
        walk(&*store, Kind::NodeAllocation, &Selector::default(), 1000).await,
    );
    assert_eq!(vms.len(), ledgers.len() + 1, "half a commit happened");
    let mut replayed: BTreeMap<ObjectKey, Object> = BTreeMap::new();
    let mut watch = follow(&*store, Revision::ZERO, WatchFilter::default()).await;
    for (n, commit) in watch.until(last).await.into_iter().enumerate() {
        assert_eq!(commit.revision, Revision(n as u64 + 1));
        for change in commit.changes {
            replayed.insert(change.key, change.after.expect("only creations"));
        }
    }
    let listed: BTreeMap<_, _> = vms.into_iter().chain(ledgers).map(|o| (o.key(), o)).collect();
    assert_eq!(replayed, listed);
    assert!(listed.contains_key(&vm("last").key()));
}
