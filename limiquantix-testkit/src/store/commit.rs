//! A commit is atomic, numbered, and returns what it stored.

use limiquantix_core::contract::{Changeset, Selector, WatchFilter, Write};
use limiquantix_core::error::Reason;
use limiquantix_core::resource::{AlertSeverity, EventKind, Kind, Object, Resource, Revision, TaskKind};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{Harness, create, delete, exists, follow, fresh, ids, read, refused, reread, revision, walk};
use crate::fixtures::{self, vm};
use crate::strategies::{refused_changeset, valid_changeset};

/// "Applies all writes": several kinds in one changeset appear under one revision.
pub async fn all_writes_happen_together(h: Harness<'_>) {
    let store = fresh(h).await;
    let (web, node) = (vm("web"), fixtures::node("node-1", 8, 8192));
    let task = fixtures::task("create-web", TaskKind::CreateVm, &web);
    let mut changes = Changeset::new();
    changes
        .create(web.clone())
        .create(node.clone())
        .create(task.clone());
    let commit = store.commit(changes).await.expect("accepted");
    assert_eq!(commit.revision, Revision(1));
    assert_eq!(commit.changes.len(), 3);
    assert_eq!(reread(&*store, &web).await.meta.revision, Revision(1));
    assert_eq!(reread(&*store, &node).await.meta.revision, Revision(1));
    assert_eq!(reread(&*store, &task).await.meta.revision, Revision(1));
}

/// "The revision of commit n is n", whatever each commit does.
pub async fn revisions_are_consecutive(h: Harness<'_>) {
    let store = fresh(h).await;
    assert_eq!(create(&*store, vm("a")).await.revision, Revision(1));
    assert_eq!(create(&*store, vm("b")).await.revision, Revision(2));
    let mut a = reread(&*store, &vm("a")).await;
    a.description = "changed".to_owned();
    let mut changes = Changeset::new();
    changes.update(a);
    assert_eq!(
        store.commit(changes).await.expect("accepted").revision,
        Revision(3)
    );
    let b = reread(&*store, &vm("b")).await;
    assert_eq!(delete(&*store, &b).await.revision, Revision(4));
    assert_eq!(revision(&*store).await, Revision(4));
}

/// "The commit returned has the objects as stored, each with the new revision", and what was there before.
pub async fn the_commit_has_the_objects_as_stored(h: Harness<'_>) {
    let store = fresh(h).await;
    let commit = create(&*store, vm("web")).await;
    let stored = store.get(&vm("web").key()).await.expect("read");
    assert_eq!(commit.changes[0].key, vm("web").key());
    assert_eq!(commit.changes[0].before, None);
    assert_eq!(commit.changes[0].after, stored);

    let mut web = reread(&*store, &vm("web")).await;
    web.description = "changed".to_owned();
    let mut changes = Changeset::new();
    changes.update(web);
    let commit = store.commit(changes).await.expect("accepted");
    assert_eq!(commit.changes[0].before, stored);
    let stored = store.get(&vm("web").key()).await.expect("read");
    assert_eq!(commit.changes[0].after, stored);
    assert_eq!(stored.as_ref().map(|o| o.meta().revision), Some(commit.revision));

    let commit = delete(&*store, &reread(&*store, &vm("web")).await).await;
    assert_eq!(commit.changes[0].before, stored);
    assert_eq!(commit.changes[0].after, None);
    assert!(!exists(&*store, &vm("web").key()).await);
}

/// "In the order of the changeset", for callers that look for their object in the commit.
pub async fn changes_keep_the_order_of_the_changeset(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("b")).await;
    create(&*store, vm("d")).await;
    let mut changes = Changeset::new();
    changes
        .create(vm("z"))
        .update(reread(&*store, &vm("b")).await)
        .create(fixtures::node("n", 1, 1))
        .delete(&reread(&*store, &vm("d")).await)
        .create(vm("a"));
    let expected: Vec<_> = changes.writes.iter().map(Write::key).collect();
    let commit = store.commit(changes).await.expect("accepted");
    let returned: Vec<_> = commit.changes.iter().map(|c| c.key.clone()).collect();
    assert_eq!(returned, expected);
    let seen = follow(&*store, Revision(2), WatchFilter::default())
        .await
        .next()
        .await;
    assert_eq!(seen, commit);
}

/// Every kind goes in and comes out, by key and in a list.
pub async fn every_kind_is_stored_as_it_was(h: Harness<'_>) {
    let store = fresh(h).await;
    let (web, node) = (vm("web"), fixtures::node("node-1", 8, 8192));
    let alert = fixtures::alert("fast", AlertSeverity::Warning);
    let lan = fixtures::network("lan");
    let objects: Vec<Object> = vec![
        web.clone().into_object(),
        node.clone().into_object(),
        fixtures::allocation(node.id).into_object(),
        fixtures::cluster("c").into_object(),
        fixtures::rule("db").into_object(),
        fixtures::project("lab").into_object(),
        fixtures::project_usage("lab").into_object(),
        fixtures::pool("default", node.id).into_object(),
        fixtures::pool_allocation(&fixtures::pool("default", node.id)).into_object(),
        fixtures::volume("root", node.id).into_object(),
        fixtures::snapshot("before", &web).into_object(),
        lan.clone().into_object(),
        fixtures::network_allocation(&lan).into_object(),
        fixtures::port(&lan, &web).into_object(),
        fixtures::task("t", TaskKind::CreateVm, &web).into_object(),
        fixtures::event("e", EventKind::VmCreated, &web).into_object(),
        alert.clone().into_object(),
        fixtures::recommendation(&web, &node, &fixtures::node("node-2", 8, 8192)).into_object(),
        fixtures::alert_counts(&alert).into_object(),
        fixtures::idempotency("caller/CreateVM/1", &web).into_object(),
    ];
    let covered: Vec<Kind> = objects.iter().map(Object::kind).collect();
    assert_eq!(
        covered,
        Kind::ALL,
        "the suite has a fixture for every kind, in order"
    );
    let writes = objects.iter().cloned().map(Write::Create).collect();
    let changes = Changeset {
        guards: Vec::new(),
        writes,
    };
    store.commit(changes).await.expect("accepted");
    for object in objects {
        let expected = object.at_revision(Revision(1));
        let stored = store.get(&expected.key()).await.expect("read");
        assert_eq!(stored.as_ref(), Some(&expected));
        let listed = walk(&*store, expected.kind(), &Selector::default(), 10).await;
        assert_eq!(listed, [expected]);
    }
}

/// Generated objects of the whole range that validation allows come back equal, and are found in lists.
pub async fn anything_valid_is_stored_as_it_was(h: Harness<'_>) {
    let store = fresh(h).await;
    for changes in samples(valid_changeset(), 24) {
        // Each sample is valid for an empty store; ids are random, names may collide with earlier samples'.
        let taken: Vec<_> = changes.writes.iter().map(Write::key).collect();
        let commit = match store.commit(changes.clone()).await {
            Ok(commit) => commit,
            Err(e) if e.reason() == Reason::NameTaken => continue,
            Err(e) => panic!("{e}: {changes:?}"),
        };
        for (write, key) in changes.writes.into_iter().zip(taken) {
            let Write::Create(object) = write else {
                unreachable!("valid samples only create")
            };
            let stored = store.get(&key).await.expect("read");
            assert_eq!(stored, Some(object.at_revision(commit.revision)));
        }
    }
}

/// The store numbers the versions: what a caller writes there cannot matter.
pub async fn the_revision_in_a_new_object_is_ignored(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut web = vm("web");
    web.meta.revision = Revision(77);
    create(&*store, web).await;
    assert_eq!(reread(&*store, &vm("web")).await.meta.revision, Revision(1));
}

/// "Or none": a condition that fails last undoes all before it, takes no revision, and no watch sees it.
pub async fn one_unmet_condition_undoes_all(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("kept")).await;
    create(&*store, vm("changed")).await;
    let mut watch = follow(&*store, Revision(2), WatchFilter::default()).await;
    let kept = reread(&*store, &vm("kept")).await;
    let mut changed = reread(&*store, &vm("changed")).await;
    changed.description = "must not be seen".to_owned();

    let mut changes = Changeset::new();
    changes
        .create(vm("new"))
        .update(changed.clone())
        .delete(&kept)
        .create(vm("kept"));
    // The last creates the id that the delete before it names: the same key twice, refused as a whole.
    refused(&*store, changes, Reason::Internal).await;

    let mut changes = Changeset::new();
    let mut stale = fixtures::node("node-1", 1, 1);
    stale.meta.revision = Revision(9);
    changes
        .create(vm("new"))
        .update(changed)
        .delete(&kept)
        .update(stale);
    refused(&*store, changes, Reason::VersionMismatch).await;

    assert_eq!(
        ids(&walk(&*store, Kind::Vm, &Selector::default(), 10).await).len(),
        2
    );
    create(&*store, vm("next")).await;
    let seen = watch.next().await;
    assert_eq!(seen.revision, Revision(3));
    assert_eq!(seen.changes[0].key, vm("next").key());
}

/// Whatever is wrong with a generated changeset, it is refused for that reason and changes nothing.
pub async fn what_must_be_refused_is_refused(h: Harness<'_>) {
    let store = fresh(h).await;
    for sample in samples(refused_changeset(), 48) {
        refused(&*store, sample.changes, sample.reason).await;
    }
    assert_eq!(revision(&*store).await, Revision::ZERO);
}

/// "A changeset that writes nothing at all is INTERNAL", guards or not.
pub async fn an_empty_changeset_is_internal(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    refused(&*store, Changeset::new(), Reason::Internal).await;
    let mut changes = Changeset::new();
    changes.guard(&reread(&*store, &vm("web")).await);
    refused(&*store, changes, Reason::Internal).await;
}

/// "A changeset that writes a key twice is INTERNAL."
pub async fn a_key_written_twice_is_internal(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut changes = Changeset::new();
    changes.create(vm("web")).create(vm("web"));
    refused(&*store, changes, Reason::Internal).await;
    create(&*store, vm("web")).await;
    let web = reread(&*store, &vm("web")).await;
    let mut changes = Changeset::new();
    changes.update(web.clone()).delete(&web);
    refused(&*store, changes, Reason::Internal).await;
}

/// Nothing depends on a changeset being small.
pub async fn a_large_changeset_is_one_commit(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut changes = Changeset::new();
    for n in 0..1500 {
        changes.create(vm(&format!("vm-{n}")));
    }
    let commit = store.commit(changes).await.expect("accepted");
    assert_eq!(commit.revision, Revision(1));
    assert_eq!(commit.changes.len(), 1500);
    assert_eq!(
        walk(&*store, Kind::Vm, &Selector::default(), 1000).await.len(),
        1500
    );
    let seen = follow(&*store, Revision::ZERO, WatchFilter::default())
        .await
        .next()
        .await;
    assert_eq!(seen, commit);
}

/// An id may be used once per kind: a node and its allocation share theirs.
pub async fn ids_are_per_kind(h: Harness<'_>) {
    let store = fresh(h).await;
    let node = fixtures::node("node-1", 8, 8192);
    create(&*store, node.clone()).await;
    create(&*store, fixtures::allocation(node.id)).await;
    delete(&*store, &reread(&*store, &node).await).await;
    assert!(exists(&*store, &fixtures::allocation(node.id).key()).await);
}

/// Deleting leaves nothing that stands in the way.
pub async fn a_deleted_object_may_be_created_again(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    delete(&*store, &reread(&*store, &vm("web")).await).await;
    let commit = create(&*store, vm("web")).await;
    assert_eq!(commit.changes[0].before, None);
    let again: limiquantix_core::resource::Vm = read(&*store, &vm("web").key()).await;
    assert_eq!(again.meta.revision, Revision(3));
}

/// The same values in every run: a suite that fails must fail again.
pub(crate) fn samples<S: Strategy>(strategy: S, n: usize) -> Vec<S::Value> {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    (0..n)
        .map(|_| {
            strategy
                .new_tree(&mut runner)
                .expect("a sample is generated")
                .current()
        })
        .collect()
}
