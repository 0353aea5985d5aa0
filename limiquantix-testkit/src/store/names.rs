//! Unique names: no two objects of a kind have the same at the same time, judged on the outcome of a
//! changeset.

use limiquantix_core::contract::Changeset;
use limiquantix_core::error::Reason;
use limiquantix_core::resource::{Kind, Revision, TaskKind, Vm};
use tokio::task::JoinSet;

use super::{Harness, create, delete, fresh, page, refused, reread, update};
use crate::fixtures::{self, name, vm, vm_in};

/// A VM whose id has nothing to do with its name.
fn named(id: &str, vm_name: &str) -> Vm {
    let mut vm = vm(vm_name);
    vm.id = fixtures::vm_id(id);
    vm
}

fn renamed(mut vm: Vm, to: &str) -> Vm {
    vm.name = name(to);
    vm
}

/// "NAME_TAKEN when another object of the kind has the same unique name", with the field and the name.
pub async fn a_name_is_unique_in_its_project(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, named("1", "web")).await;
    let mut changes = Changeset::new();
    changes.create(named("2", "web"));
    let error = refused(&*store, changes, Reason::NameTaken).await;
    assert_eq!(error.get("field"), Some("name"));
    assert_eq!(error.get("name"), Some("default/web"));
    assert!(
        error.message().contains("\"web\""),
        "the message says which name: {error}"
    );
}

/// Uniqueness is per kind, and for VMs per project.
pub async fn a_name_is_free_in_another_project_and_kind(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    create(&*store, vm_in("lab", "web")).await;
    create(&*store, fixtures::node("web", 8, 8192)).await;
    create(&*store, fixtures::network("web")).await;
    create(&*store, fixtures::cluster("web")).await;
}

/// A rename is checked like a creation.
pub async fn renaming_to_a_taken_name_is_refused(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    create(&*store, vm("db")).await;
    let db = reread(&*store, &vm("db")).await;
    let mut changes = Changeset::new();
    changes.update(renamed(db, "web"));
    refused(&*store, changes, Reason::NameTaken).await;
}

/// An object is not "another object" to itself.
pub async fn an_object_keeps_its_name_through_updates(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, vm("web")).await;
    for _ in 0..3 {
        let web = reread(&*store, &vm("web")).await;
        update(&*store, web).await;
    }
    let web = reread(&*store, &vm("web")).await;
    let back = update(&*store, renamed(web, "db")).await;
    update(&*store, renamed(back, "web")).await;
}

/// "A name may pass from one object to another": both ways at once.
pub async fn names_may_be_swapped_in_one_changeset(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, named("1", "web")).await;
    create(&*store, named("2", "db")).await;
    create(&*store, named("3", "cache")).await;
    let one = reread(&*store, &named("1", "web")).await;
    let two = reread(&*store, &named("2", "db")).await;
    let three = reread(&*store, &named("3", "cache")).await;
    let mut changes = Changeset::new();
    changes
        .update(renamed(one, "db"))
        .update(renamed(two, "cache"))
        .update(renamed(three, "web"));
    store
        .commit(changes)
        .await
        .expect("each name has one owner afterwards");
    assert_eq!(reread(&*store, &named("1", "any")).await.name.as_str(), "db");
    assert_eq!(reread(&*store, &named("3", "any")).await.name.as_str(), "web");
    let mut changes = Changeset::new();
    changes.create(named("4", "db"));
    refused(&*store, changes, Reason::NameTaken).await;
}

/// From a deleted or renamed object to a new one, in whatever order the writes are.
pub async fn a_name_may_pass_on_in_one_changeset(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, named("1", "web")).await;
    create(&*store, named("2", "db")).await;
    let one = reread(&*store, &named("1", "web")).await;
    let two = reread(&*store, &named("2", "db")).await;
    let mut changes = Changeset::new();
    changes
        .create(named("3", "web"))
        .delete(&one)
        .update(renamed(two, "old-db"))
        .create(named("4", "db"));
    store
        .commit(changes)
        .await
        .expect("each name has one owner afterwards");
}

/// Names are not remembered.
pub async fn a_name_is_free_after_its_object_is_deleted(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, named("1", "web")).await;
    delete(&*store, &reread(&*store, &named("1", "web")).await).await;
    create(&*store, named("2", "web")).await;
}

/// The old name of a renamed object is free, the new one is not.
pub async fn a_name_is_free_after_a_rename(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, named("1", "web")).await;
    let web = reread(&*store, &named("1", "web")).await;
    update(&*store, renamed(web, "www")).await;
    create(&*store, named("2", "web")).await;
    let mut changes = Changeset::new();
    changes.create(named("3", "www"));
    refused(&*store, changes, Reason::NameTaken).await;
}

/// Two objects of one changeset are as different as any two.
pub async fn one_changeset_cannot_take_a_name_twice(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut changes = Changeset::new();
    changes.create(named("1", "web")).create(named("2", "web"));
    refused(&*store, changes, Reason::NameTaken).await;
    create(&*store, named("3", "db")).await;
    let db = reread(&*store, &named("3", "db")).await;
    let mut changes = Changeset::new();
    changes.create(named("4", "web")).update(renamed(db, "web"));
    refused(&*store, changes, Reason::NameTaken).await;
}

/// Nothing of a refused changeset stays, its names neither.
pub async fn a_refused_changeset_takes_no_name(h: Harness<'_>) {
    let store = fresh(h).await;
    create(&*store, named("1", "web")).await;
    let mut changes = Changeset::new();
    changes.create(named("2", "db")).create(named("3", "web"));
    refused(&*store, changes, Reason::NameTaken).await;
    let commit = create(&*store, named("4", "db")).await;
    assert_eq!(commit.revision, Revision(2));
}

/// Tasks and volumes have names to find them by, not to own.
pub async fn kinds_without_unique_names_share_them(h: Harness<'_>) {
    let store = fresh(h).await;
    let web = vm("web");
    for n in 0..3 {
        create(
            &*store,
            fixtures::task(&format!("start-{n}"), TaskKind::StartVm, &web),
        )
        .await;
    }
    assert_eq!(
        page(&*store, Kind::Task, Default::default(), 10).await.total,
        Some(3)
    );
}

/// A race for a name has one winner, whoever else was told otherwise by an earlier read.
pub async fn of_many_creations_of_one_name_one_wins(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut racers = JoinSet::new();
    for n in 0..32 {
        let store = store.clone();
        racers.spawn(async move {
            let mut changes = Changeset::new();
            changes.create(named(&n.to_string(), "web"));
            store.commit(changes).await
        });
    }
    let mut won = 0;
    while let Some(outcome) = racers.join_next().await {
        match outcome.expect("a racer ends") {
            Ok(_) => won += 1,
            Err(e) => assert_eq!(e.reason(), Reason::NameTaken, "{e}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(
        page(&*store, Kind::Vm, Default::default(), 10).await.total,
        Some(1)
    );
}
