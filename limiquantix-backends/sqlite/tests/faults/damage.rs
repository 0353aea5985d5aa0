//! Data that cannot be read are named, never left out.

use futures_util::StreamExt;
use limiquantix_core::contract::{Changeset, Query, Selector, Store, WatchFilter};
use limiquantix_core::error::{Error, Reason};
use limiquantix_core::resource::{Kind, Resource, Revision};
use limiquantix_sqlite::{Options, SqliteStore};
use limiquantix_testkit::fixtures::vm;
use sqlx::AssertSqlSafe;
use sqlx::{Connection, Executor};
use tempfile::TempDir;

use crate::{create, open, raw};

/// A store with the VMs a, b and c (commits 1 to 3), after `sql` was done to its file.
async fn damaged(sql: &str) -> (TempDir, Result<SqliteStore, Error>) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    for name in ["a", "b", "c"] {
        create(&store, vm(name)).await.unwrap();
    }
    store.close().await;
    let mut other = raw(directory.path()).await;
    other.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
    other.close().await.unwrap();
    let store = SqliteStore::open(directory.path(), Options::default()).await;
    (directory, store)
}

fn assert_names(error: &Error, key: &str) {
    assert_eq!(error.reason(), Reason::Corrupt, "{error}");
    assert_eq!(error.get("key"), Some(key));
    assert!(error.message().contains(key), "{error}");
}

/// A list that skipped what it cannot read would be taken for the truth (and the VM for deleted).
#[tokio::test]
async fn an_object_that_cannot_be_read_is_named() {
    let damage = format!("UPDATE object SET body = x'7b' WHERE id = '{}'", vm("b").id);
    let (_directory, store) = damaged(&damage).await;
    let store = store.unwrap();
    let key = vm("b").key().to_string();
    assert_names(&store.get(&vm("b").key()).await.unwrap_err(), &key);
    let query = Query::new(Kind::Vm, Selector::default());
    assert_names(&store.list(&query).await.unwrap_err(), &key);

    let mut b = vm("b");
    b.meta.revision = Revision(2);
    let mut changes = Changeset::new();
    changes.update(b).create(vm("d"));
    assert_names(&store.commit(changes).await.unwrap_err(), &key);
    // The others can still be read and written.
    assert!(store.get(&vm("d").key()).await.unwrap().is_none());
    create(&store, vm("d")).await.unwrap();
    assert!(store.get(&vm("a").key()).await.unwrap().is_some());
}

/// A row that holds another object is as wrong as one that holds none.
#[tokio::test]
async fn an_object_under_the_wrong_key_is_named() {
    let (a, b) = (vm("a").id, vm("b").id);
    let damage =
        format!("UPDATE object SET body = (SELECT body FROM object WHERE id = '{a}') WHERE id = '{b}'");
    let (_directory, store) = damaged(&damage).await;
    let error = store.unwrap().get(&vm("b").key()).await.unwrap_err();
    assert_names(&error, &vm("b").key().to_string());
}

async fn watched(store: &SqliteStore) -> (Vec<Revision>, Error) {
    let mut watch = store.watch(Revision::ZERO, WatchFilter::default()).await.unwrap();
    let mut seen = Vec::new();
    loop {
        match watch.next().await.expect("it ends with an error") {
            Ok(commit) => seen.push(commit.revision),
            Err(error) => {
                assert!(watch.next().await.is_none());
                return (seen, error);
            }
        }
    }
}

/// A follower that was not told of a change it cannot be shown would act on an old state.
#[tokio::test]
async fn a_change_that_cannot_be_read_ends_the_watch() {
    let damage = format!("UPDATE log SET after = x'7b' WHERE id = '{}'", vm("b").id);
    let (_directory, store) = damaged(&damage).await;
    let (_, error) = watched(&store.unwrap()).await;
    assert_names(&error, &vm("b").key().to_string());
}

/// Nor does a hole in the log pass for silence.
#[tokio::test]
async fn a_gap_in_the_log_ends_the_watch() {
    let damage = format!("DELETE FROM log WHERE id = '{}'", vm("b").id);
    let (_directory, store) = damaged(&damage).await;
    let (_, error) = watched(&store.unwrap()).await;
    assert_names(&error, "log/3");
}

/// State and log that disagree on where they are: a restored backup of one without the other.
#[tokio::test]
async fn a_log_that_ends_elsewhere_is_not_opened() {
    let (_directory, store) = damaged("UPDATE store SET revision = 7").await;
    assert_eq!(store.unwrap_err().reason(), Reason::Corrupt);
    let (_directory, store) = damaged("DELETE FROM store").await;
    assert_eq!(store.unwrap_err().reason(), Reason::Corrupt);
}

/// One changeset that the database chokes on does not take its neighbours down with it, although they share
/// a transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changeset_that_breaks_its_batch_fails_alone() {
    let trigger = "CREATE TRIGGER choke BEFORE INSERT ON object WHEN NEW.name = 'poison' \
                   BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    let (_directory, store) = damaged(trigger).await;
    let store = std::sync::Arc::new(store.unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..60 {
        let store = std::sync::Arc::clone(&store);
        tasks.spawn(async move {
            let mut changes = Changeset::new();
            let poisoned = n % 20 == 7;
            let mut second = vm(&format!("second-{n}"));
            if poisoned {
                second.name = limiquantix_testkit::fixtures::name("poison");
            }
            changes.create(vm(&format!("first-{n}"))).create(second);
            (n, poisoned, store.commit(changes).await)
        });
    }
    while let Some(outcome) = tasks.join_next().await {
        let (n, poisoned, outcome) = outcome.unwrap();
        let first: Option<_> = store.get(&vm(&format!("first-{n}")).key()).await.unwrap();
        assert_eq!(first.is_some(), !poisoned, "half a changeset");
        match outcome {
            Ok(_) => assert!(!poisoned),
            Err(error) => assert!(poisoned && error.reason() == Reason::Internal, "{error:?}"),
        }
    }
    assert_eq!(store.revision().await.unwrap(), Revision(3 + 57));
}
