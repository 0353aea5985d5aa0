//! Watches: every commit after a revision, in order, whole, none missing, none twice.

use std::collections::BTreeMap;

use limiquantix_core::contract::{ChangeKind, Changeset, Commit, Query, Selector, Store, WatchFilter};
use limiquantix_core::error::Reason;
use limiquantix_core::resource::{Kind, Object, ObjectKey, PowerState, Revision, TaskKind, Vm};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Harness, create, delete, follow, fresh, refused, reread, revision, try_follow, update, walk};
use crate::fixtures::{self, PATIENCE, node_id, project_id, running_vm, vm, vm_in};

/// Commits of every shape: `n` of them, creating, updating and deleting.
pub(crate) async fn busy(store: &dyn Store, n: usize) -> Vec<Commit> {
    let mut commits = Vec::with_capacity(n);
    for i in 0..n {
        let mut changes = Changeset::new();
        changes.create(vm(&format!("busy-{i}")));
        if i > 0 {
            let mut last = reread(store, &vm(&format!("busy-{}", i - 1))).await;
            last.power.state = PowerState::On;
            changes.update(last);
        }
        if i > 1 {
            changes.delete(&reread(store, &vm(&format!("busy-{}", i - 2))).await);
        }
        commits.push(store.commit(changes).await.expect("nobody else writes"));
    }
    commits
}

/// "Every commit with a revision greater than `from`": from zero, all of them.
pub async fn from_zero_it_shows_everything(h: Harness<'_>) {
    let store = fresh(h).await;
    let commits = busy(&*store, 20).await;
    let mut watch = follow(&*store, Revision::ZERO, WatchFilter::default()).await;
    assert_eq!(watch.take(20).await, commits);
    let more = create(&*store, vm("later")).await;
    assert_eq!(watch.next().await, more);
}

/// From the middle, the rest; the commit at `from` itself is not shown again.
pub async fn from_the_middle_it_shows_the_rest(h: Harness<'_>) {
    let store = fresh(h).await;
    let commits = busy(&*store, 20).await;
    let mut watch = follow(&*store, Revision(13), WatchFilter::default()).await;
    assert_eq!(watch.take(7).await, commits[13..]);
}

/// From the present, nothing until something comes.
pub async fn from_the_present_it_shows_only_what_comes(h: Harness<'_>) {
    let store = fresh(h).await;
    busy(&*store, 5).await;
    let mut watch = follow(&*store, Revision(5), WatchFilter::default()).await;
    let early = timeout(std::time::Duration::from_millis(50), watch.item()).await;
    assert!(
        early.is_err(),
        "a watch from the present shows the past: {early:?}"
    );
    let commit = create(&*store, vm("later")).await;
    assert_eq!(watch.next().await, commit);
}

/// The changes of one commit arrive as one item, in the order of the changeset.
pub async fn a_commit_arrives_whole(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut watch = follow(&*store, Revision::ZERO, WatchFilter::default()).await;
    for round in 0..10 {
        let mut changes = Changeset::new();
        for n in (0..30).rev() {
            changes.create(vm(&format!("vm-{round}-{n}")));
        }
        let commit = store.commit(changes).await.expect("accepted");
        assert_eq!(watch.next().await, commit);
    }
}

/// What did not happen is not seen.
pub async fn a_refused_changeset_is_not_seen(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    let mut watch = follow(&*store, Revision(1), WatchFilter::default()).await;
    let mut changes = Changeset::new();
    changes.create(vm("other")).create(vm("web"));
    refused(&*store, changes, Reason::IdTaken).await;
    let commit = create(&*store, vm("next")).await;
    assert_eq!(
        watch.item().await.expect("it goes on").expect("it does not fail"),
        commit
    );
}

/// Creation, update and deletion are told apart by what was before and what is after.
pub async fn changes_have_before_and_after(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut watch = follow(&*store, Revision::ZERO, WatchFilter::default()).await;
    create(&*store, vm("web")).await;
    let first = reread(&*store, &vm("web")).await;
    let mut second = first.clone();
    second.description = "changed".to_owned();
    let second = update(&*store, second).await;
    delete(&*store, &second).await;
    let seen: Vec<_> = watch.take(3).await.into_iter().flat_map(|c| c.changes).collect();
    let object = |vm: &Vm| Some(Object::Vm(std::sync::Arc::new(vm.clone())));
    assert_eq!((&seen[0].before, &seen[0].after), (&None, &object(&first)));
    assert_eq!(
        (&seen[1].before, &seen[1].after),
        (&object(&first), &object(&second))
    );
    assert_eq!((&seen[2].before, &seen[2].after), (&object(&second), &None));
}

/// "Only these kinds": the others of the same commit are left out.
pub async fn only_the_kinds_asked_for(h: Harness<'_>) {
    let store = fresh(h).await;
    let web = vm("web");
    let mut changes = Changeset::new();
    changes
        .create(web.clone())
        .create(fixtures::task("t", TaskKind::CreateVm, &web))
        .create(fixtures::node("n", 8, 8192));
    store.commit(changes).await.expect("accepted");
    create(&*store, vm("unseen")).await;
    create(&*store, fixtures::node("m", 8, 8192)).await;
    let filter = WatchFilter {
        kinds: vec![Kind::Node, Kind::Task],
        selector: Selector::default(),
    };
    let seen = follow(&*store, Revision::ZERO, filter).await.take(2).await;
    let kinds = |c: &Commit| -> Vec<Kind> { c.changes.iter().map(|c| c.key.kind).collect() };
    assert_eq!(
        (seen[0].revision, kinds(&seen[0])),
        (Revision(1), vec![Kind::Task, Kind::Node])
    );
    assert_eq!(
        (seen[1].revision, kinds(&seen[1])),
        (Revision(3), vec![Kind::Node])
    );
}

/// A change is seen by whoever saw the object before or sees it after: an object that leaves the view is
/// reported, not forgotten.
pub async fn objects_enter_and_leave_the_view(h: Harness<'_>) {
    let store = fresh(h).await;
    let here = Selector {
        node: Some(node_id("here")),
        ..Selector::default()
    };
    let filter = WatchFilter {
        kinds: vec![Kind::Vm],
        selector: here.clone(),
    };
    let mut watch = follow(&*store, Revision::ZERO, filter).await;

    create(&*store, vm("web")).await;
    let mut web = reread(&*store, &vm("web")).await;
    web.placement = running_vm("web", node_id("here")).placement;
    let mut web = update(&*store, web).await;
    web.description = "still here".to_owned();
    let mut web = update(&*store, web).await;
    web.placement = running_vm("web", node_id("elsewhere")).placement;
    let mut web = update(&*store, web).await;
    web.description = "not seen from here".to_owned();
    let mut web = update(&*store, web).await;
    web.placement = running_vm("web", node_id("here")).placement;
    let web = update(&*store, web).await;
    delete(&*store, &web).await;

    let mut seen = Vec::new();
    for commit in watch.take(5).await {
        assert_eq!(commit.changes.len(), 1);
        seen.push((commit.revision.0, commit.changes[0].seen_by(&here)));
    }
    let expected = [
        (2, ChangeKind::Added),
        (3, ChangeKind::Modified),
        (4, ChangeKind::Deleted),
        (6, ChangeKind::Added),
        (7, ChangeKind::Deleted),
    ];
    assert_eq!(seen, expected.map(|(r, k)| (r, Some(k))));
}

/// "Commits with none are reported as empty ones now and then": a follower of something rare does not
/// fall out of the kept log while it has nothing to see.
pub async fn empty_commits_advance_the_position(h: Harness<'_>) {
    let store = fresh(h).await;
    let filter = WatchFilter {
        kinds: vec![Kind::Node],
        selector: Selector::default(),
    };
    let mut watch = follow(&*store, Revision::ZERO, filter).await;
    let writer = {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..2000 {
                create(&*store, vm(&format!("vm-{n}"))).await;
            }
            create(&*store, fixtures::node("n", 1, 1)).await;
        })
    };
    let mut positions = Vec::new();
    loop {
        let commit = watch.item().await.expect("it goes on").expect("it does not fail");
        if !commit.changes.is_empty() {
            assert_eq!(commit.revision, Revision(2001));
            break;
        }
        positions.push(commit.revision);
    }
    writer.await.expect("the writer ends");
    assert!(!positions.is_empty(), "2000 commits passed without a word");
    // And where it was told to be is a position to go on from.
    let mut resumed = follow(&*store, positions[0], WatchFilter::default()).await;
    assert_eq!(resumed.next().await.revision, positions[0].next());
}

/// "`from` greater than the present revision is INVALID_FIELD (`from_revision`)": it cannot come from this
/// store, and waiting for it would hide that.
pub async fn the_future_is_invalid(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    for from in [Revision(2), Revision(u64::MAX)] {
        let error = try_follow(&*store, from, WatchFilter::default())
            .await
            .expect_err("refused");
        assert_eq!(error.reason(), Reason::InvalidField);
        assert_eq!(error.get("field"), Some("from_revision"));
    }
    follow(&*store, Revision(1), WatchFilter::default()).await;
}

/// "A watch from the page's revision misses nothing": list, then follow, and one has the state.
pub async fn a_list_and_a_watch_miss_nothing(h: Harness<'_>) {
    let store = fresh(h).await;
    for who in 0..4 {
        for n in 0..10 {
            create(&*store, vm(&format!("vm-{who}-{n}"))).await;
        }
    }
    let mut writers = JoinSet::new();
    for who in 0..4 {
        let store = store.clone();
        writers.spawn(async move {
            for round in 0..10 {
                for n in 0..10 {
                    let web = reread(&*store, &vm(&format!("vm-{who}-{n}"))).await;
                    if (round + n) % 4 == 0 {
                        delete(&*store, &web).await;
                        create(&*store, vm(&format!("vm-{who}-{n}"))).await;
                    } else {
                        update(&*store, web).await;
                    }
                }
            }
        });
    }
    // Begin at several moments while the others write.
    let mut followers = Vec::new();
    for _ in 0..5 {
        let mut query = Query::new(Kind::Vm, Selector::default());
        query.page.limit = 1000;
        let page = store.list(&query).await.expect("read");
        let state: BTreeMap<ObjectKey, Object> = page.items.into_iter().map(|o| (o.key(), o)).collect();
        let watch = follow(&*store, page.revision, WatchFilter::default()).await;
        followers.push((state, watch));
        tokio::task::yield_now().await;
    }
    while let Some(outcome) = writers.join_next().await {
        outcome.expect("a writer ends");
    }
    let last = revision(&*store).await;
    let truth = walk(&*store, Kind::Vm, &Selector::default(), 1000).await;
    for (mut state, mut watch) in followers {
        for commit in watch.until(last).await {
            for change in commit.changes {
                assert_eq!(
                    state.get(&change.key),
                    change.before.as_ref(),
                    "{} was not what the watch said it was",
                    change.key
                );
                match change.after {
                    Some(object) => state.insert(change.key, object),
                    None => state.remove(&change.key),
                };
            }
        }
        assert_eq!(state.into_values().collect::<Vec<_>>(), truth);
    }
}

/// Every follower with the same filter sees the same sequence, however fast it reads.
pub async fn concurrent_watches_see_the_same(h: Harness<'_>) {
    let store = fresh(h).await;
    let filter = WatchFilter {
        kinds: vec![Kind::Vm],
        selector: Selector {
            project: Some(project_id("lab")),
            ..Selector::default()
        },
    };
    let mut followers = JoinSet::new();
    for who in 0..8u32 {
        let mut watch = follow(&*store, Revision::ZERO, filter.clone()).await;
        followers.spawn(async move {
            let mut seen = Vec::new();
            while seen.len() < 150 {
                seen.push(watch.next().await);
                if who > 0 && seen.len() % (who as usize * 5) == 0 {
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                }
            }
            seen
        });
    }
    let mut commits = Vec::new();
    for n in 0..150 {
        commits.push(create(&*store, vm_in("lab", &format!("vm-{n}"))).await);
        create(&*store, vm(&format!("vm-{n}"))).await;
    }
    while let Some(seen) = followers.join_next().await {
        assert_eq!(seen.expect("a follower ends"), commits);
    }
}

/// "A slow follower delays nobody", and finds everything when it reads at last.
pub async fn a_slow_watch_delays_nobody(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut stuck = Vec::new();
    for _ in 0..20 {
        stuck.push(follow(&*store, Revision::ZERO, WatchFilter::default()).await);
    }
    let commits = timeout(PATIENCE, busy(&*store, 1500))
        .await
        .expect("commits wait for nobody");
    for mut watch in stuck.drain(..2) {
        assert_eq!(watch.take(1500).await, commits);
    }
}

/// A follower that goes away takes everything of its own with it: tasks and file descriptors.
pub async fn dropped_watches_leave_nothing_behind(h: Harness<'_>) {
    let store = fresh(h).await;
    let round = async || {
        let mut watches = Vec::new();
        for _ in 0..100 {
            let mut watch = follow(&*store, Revision::ZERO, WatchFilter::default()).await;
            create(
                &*store,
                fixtures::project(&format!("p{}", revision(&*store).await)),
            )
            .await;
            watch.next().await;
            watches.push(watch);
        }
    };
    // The first round pays for whatever a store opens once.
    round().await;
    let before = resources();
    for _ in 0..4 {
        round().await;
    }
    // A store may open a few more of something when it is busy, but not one for every watch there ever was.
    const SLACK: usize = 40;
    let mut after = resources();
    for _ in 0..100 {
        if after.0 <= before.0 + SLACK && after.1 <= before.1 + SLACK {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        after = resources();
    }
    panic!("400 dropped watches left something behind: tasks and files were {before:?}, are {after:?}");
}

/// Tasks of this runtime and open files of this process (0 where the platform does not tell).
fn resources() -> (usize, usize) {
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    (tasks, files)
}
