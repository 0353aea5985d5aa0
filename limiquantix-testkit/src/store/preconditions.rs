//! Guards and preconditions: a write happens to the version it was decided on, or not at all.

use limiquantix_core::contract::{Changeset, Guard, Write};
use limiquantix_core::error::{Error, Reason};
use limiquantix_core::resource::{Resource, Revision, Vm};

use super::{Harness, create, delete, exists, fresh, refused, reread, revision, update};
use crate::fixtures::{self, vm};

fn one(write: Write) -> Changeset {
    Changeset {
        guards: Vec::new(),
        writes: vec![write],
    }
}

fn assert_mismatch(error: &Error, vm: &Vm, expected: &str, actual: &str) {
    assert_eq!(error.get("key"), Some(vm.key().to_string().as_str()));
    assert_eq!(error.get("expected"), Some(expected));
    assert_eq!(error.get("actual"), Some(actual));
}

/// "ID_TAKEN when one to be created exists", also when the content is the same.
pub async fn creating_what_exists_is_id_taken(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    let mut other = vm("other");
    other.id = vm("web").id;
    for vm in [vm("web"), other] {
        let key = vm.key().to_string();
        let error = refused(&*store, one(Write::Create(vm.into_object())), Reason::IdTaken).await;
        assert_eq!(error.get("key"), Some(key.as_str()));
    }
}

/// "VERSION_MISMATCH (with key, expected, actual) when an object is not at the expected version", older or
/// newer.
pub async fn updating_a_stale_version_is_a_mismatch(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    let stale = reread(&*store, &vm("web")).await;
    update(&*store, stale.clone()).await;
    let error = refused(
        &*store,
        one(Write::Update(stale.clone().into_object())),
        Reason::VersionMismatch,
    )
    .await;
    assert_mismatch(&error, &stale, "1", "2");
    let mut future = stale;
    future.meta.revision = Revision(3);
    let error = refused(
        &*store,
        one(Write::Update(future.clone().into_object())),
        Reason::VersionMismatch,
    )
    .await;
    assert_mismatch(&error, &future, "3", "2");
}

/// "Or is gone": never there, or deleted since. An update never creates, not even at version zero.
pub async fn updating_what_is_missing_is_a_mismatch(h: Harness<'_>) {
    let store = fresh(h).await;
    let never = vm("never");
    let error = refused(
        &*store,
        one(Write::Update(never.clone().into_object())),
        Reason::VersionMismatch,
    )
    .await;
    assert_mismatch(&error, &never, "0", "absent");
    create(&*store, vm("gone")).await;
    let gone = reread(&*store, &vm("gone")).await;
    delete(&*store, &gone).await;
    let error = refused(
        &*store,
        one(Write::Update(gone.clone().into_object())),
        Reason::VersionMismatch,
    )
    .await;
    assert_mismatch(&error, &gone, "1", "absent");
}

/// A delete takes away what its caller saw, not what somebody made of it since.
pub async fn deleting_a_stale_version_is_a_mismatch(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    let stale = reread(&*store, &vm("web")).await;
    update(&*store, stale.clone()).await;
    let mut changes = Changeset::new();
    changes.delete(&stale);
    let error = refused(&*store, changes, Reason::VersionMismatch).await;
    assert_mismatch(&error, &stale, "1", "2");
}

/// A second delete is told that the first happened.
pub async fn deleting_what_is_missing_is_a_mismatch(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    let web = reread(&*store, &vm("web")).await;
    delete(&*store, &web).await;
    let mut changes = Changeset::new();
    changes.delete(&web);
    let error = refused(&*store, changes, Reason::VersionMismatch).await;
    assert_mismatch(&error, &web, "1", "absent");
}

/// Equal content is still a new version: whoever read the old one is told.
pub async fn an_update_without_change_is_a_commit(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    let web = reread(&*store, &vm("web")).await;
    let again = update(&*store, web.clone()).await;
    assert_eq!(again.meta.revision, Revision(2));
    refused(
        &*store,
        one(Write::Update(web.into_object())),
        Reason::VersionMismatch,
    )
    .await;
}

/// A guard lets a changeset through while its object is at the version read, and no longer.
pub async fn a_guard_holds_at_its_version_only(h: Harness<'_>) {
    let store = fresh(h).await;
    let node = fixtures::node("node-1", 8, 8192);
    create(&*store, node.clone()).await;
    let node = reread(&*store, &node).await;
    let mut changes = Changeset::new();
    changes.guard(&node).create(vm("first"));
    store.commit(changes).await.expect("the guard holds");
    assert_eq!(
        reread(&*store, &node).await.meta.revision,
        Revision(1),
        "a guard changes nothing"
    );

    let moved = update(&*store, node.clone()).await;
    let mut changes = Changeset::new();
    changes.guard(&node).create(vm("second"));
    let error = refused(&*store, changes, Reason::VersionMismatch).await;
    assert_eq!(error.get("key"), Some(node.key().to_string().as_str()));
    assert_eq!(error.get("expected"), Some("1"));
    assert_eq!(error.get("actual"), Some("3"));

    delete(&*store, &moved).await;
    let mut changes = Changeset::new();
    changes.guard(&moved).create(vm("third"));
    let error = refused(&*store, changes, Reason::VersionMismatch).await;
    assert_eq!(error.get("actual"), Some("absent"));
}

/// The condition that something does not exist.
pub async fn a_guard_of_absence_holds_while_absent(h: Harness<'_>) {
    let store = fresh(h).await;
    let absent = |vm: &Vm, name: &str| Changeset {
        guards: vec![Guard::Absent(vm.key())],
        writes: vec![Write::Create(fixtures::vm(name).into_object())],
    };
    let blocker = vm("blocker");
    store
        .commit(absent(&blocker, "first"))
        .await
        .expect("nothing is there");
    create(&*store, blocker.clone()).await;
    let error = refused(&*store, absent(&blocker, "second"), Reason::VersionMismatch).await;
    assert_mismatch(&error, &blocker, "absent", "2");
    delete(&*store, &reread(&*store, &blocker).await).await;
    store
        .commit(absent(&blocker, "third"))
        .await
        .expect("it is gone again");
}

/// "Every guard and precondition is checked against the same state": the one before the changeset.
pub async fn guards_see_the_state_before_the_changeset(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("old")).await;
    let old = reread(&*store, &vm("old")).await;
    let changes = Changeset {
        guards: vec![Guard::Absent(vm("new").key()), Guard::At(old.key(), Revision(1))],
        writes: vec![
            Write::Create(vm("new").into_object()),
            Write::Delete(old.key(), Revision(1)),
        ],
    };
    store.commit(changes).await.expect("both held before");
    assert!(exists(&*store, &vm("new").key()).await);
    assert!(!exists(&*store, &old.key()).await);
}

/// Two callers that read the same version and write at the same time: one is told, never both or neither.
pub async fn of_two_updates_of_one_version_one_wins(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    for round in 0..20u64 {
        let web = reread(&*store, &vm("web")).await;
        let attempt = |who: u32| {
            let mut mine = web.clone();
            mine.description = format!("{who} in round {round}");
            store.commit(one(Write::Update(mine.into_object())))
        };
        let (a, b) = tokio::join!(attempt(1), attempt(2));
        let won = [&a, &b].iter().filter(|r| r.is_ok()).count();
        assert_eq!(won, 1, "{a:?} {b:?}");
        let lost = a.err().or(b.err()).expect("one lost");
        assert_eq!(lost.reason(), Reason::VersionMismatch);
        assert_eq!(revision(&*store).await, Revision(round + 2));
    }
}
