//! Files that this version did not make.

use limiquantix_core::contract::Store;
use limiquantix_core::error::Reason;
use limiquantix_core::resource::Resource;
use limiquantix_sqlite::{Options, SqliteStore};
use limiquantix_testkit::fixtures::vm;
use sqlx::{Connection, Executor};

use crate::{create, open, raw};

/// After a downgrade the old program must not touch what the new one wrote.
#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    create(&store, vm("web")).await.unwrap();
    store.close().await;
    let mut newer = raw(directory.path()).await;
    let step = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                VALUES (9999, 'from the future', true, x'00', 0)";
    newer.execute(step).await.unwrap();
    newer.close().await.unwrap();

    let file = directory.path().join("limiquantix.db");
    let before = std::fs::read(&file).unwrap();
    let error = SqliteStore::open(directory.path(), Options::default())
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Reason::SchemaTooNew);
    assert_eq!(error.get("found"), Some("9999"));
    assert_eq!(
        std::fs::read(&file).unwrap(),
        before,
        "a refused database was changed"
    );

    // The version that made it can still use it.
    let mut newer = raw(directory.path()).await;
    newer
        .execute("DELETE FROM _sqlx_migrations WHERE version = 9999")
        .await
        .unwrap();
    newer.close().await.unwrap();
    let store = open(directory.path()).await;
    assert!(store.get(&vm("web").key()).await.unwrap().is_some());
}

/// A schema that says it is ours and is not would be misread.
#[tokio::test]
async fn a_schema_that_was_tampered_with_is_corrupt() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).await.close().await;
    let mut other = raw(directory.path()).await;
    other
        .execute("UPDATE _sqlx_migrations SET checksum = x'00'")
        .await
        .unwrap();
    other.close().await.unwrap();
    let error = SqliteStore::open(directory.path(), Options::default())
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Reason::Corrupt);
}

/// Somebody else's file is not overwritten.
#[tokio::test]
async fn a_file_that_is_no_database_is_corrupt_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("limiquantix.db");
    let text = "this is not a database ".repeat(1000);
    std::fs::write(&file, &text).unwrap();
    let error = SqliteStore::open(directory.path(), Options::default())
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Reason::Corrupt);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

/// A process that was killed between making the file and making the schema leaves nothing in the way.
#[tokio::test]
async fn an_empty_file_is_an_empty_store() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("limiquantix.db"), "").unwrap();
    let store = open(directory.path()).await;
    create(&store, vm("web")).await.unwrap();
}
