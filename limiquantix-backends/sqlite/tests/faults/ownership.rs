//! One directory, one process.

use std::io::{BufRead, BufReader, Read};

use limiquantix_core::error::{Error, Reason};
use limiquantix_sqlite::{Options, SqliteStore};
use limiquantix_testkit::fixtures::vm;

use crate::{create, given_directory, open, role, runtime};

fn assert_held_by(error: &Error, pid: u32, directory: &std::path::Path) {
    assert_eq!(error.reason(), Reason::DataDirLocked);
    assert_eq!(error.get("pid"), Some(pid.to_string().as_str()));
    let directory = directory.display().to_string();
    assert_eq!(error.get("directory"), Some(directory.as_str()));
    assert!(error.message().contains(&directory) && error.message().contains(&pid.to_string()));
}

/// Two stores on one directory would each number their own commits.
#[tokio::test]
async fn a_second_store_in_this_process_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(directory.path()).await;
    let error = SqliteStore::open(directory.path(), Options::default())
        .await
        .unwrap_err();
    assert_held_by(&error, std::process::id(), directory.path());
    create(&first, vm("web")).await.unwrap();
    first.close().await;
    let second = open(directory.path()).await;
    create(&second, vm("db")).await.unwrap();
}

/// The second process is told who has the directory; when that one is killed, nothing needs to be removed.
#[tokio::test]
async fn a_second_process_is_refused_until_the_first_has_ended() {
    let directory = tempfile::tempdir().unwrap();
    let mut owner = role("ownership::role_owner", directory.path()).spawn().unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let ready = lines.map_while(|l| l.ok()).any(|l| l.contains("owner is ready"));
    assert!(ready, "the other process did not open the store");

    let error = SqliteStore::open(directory.path(), Options::default())
        .await
        .unwrap_err();
    assert_held_by(&error, owner.id(), directory.path());

    owner.kill().unwrap();
    owner.wait().unwrap();
    let store = open(directory.path()).await;
    create(&store, vm("web")).await.unwrap();
}

#[test]
#[ignore = "a role that other tests start"]
fn role_owner() {
    let Some(directory) = given_directory() else {
        return;
    };
    runtime().block_on(async {
        let _store = open(&directory).await;
        println!("owner is ready");
        let _ = std::io::stdin().read(&mut [0]);
    });
}

/// What users put into cloud-init is for nobody else on the machine.
#[cfg(unix)]
#[tokio::test]
async fn the_directory_it_makes_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("a/b");
    let store = open(&directory).await;
    let mode = std::fs::metadata(&directory).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    store.close().await;
}

/// A path that cannot be a directory is a plain error, not a panic and not a lock.
#[tokio::test]
async fn an_impossible_directory_is_unavailable() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = SqliteStore::open(file.join("data"), Options::default())
        .await
        .unwrap_err();
    assert_eq!(error.reason(), Reason::StoreUnavailable);
    assert!(std::error::Error::source(&error).is_some());
}
