//! A disk that is full: no commit is acknowledged that is not there, reads go on, and when there is room
//! again the store goes on by itself.

use std::process::Command;

use limiquantix_core::contract::{Query, Selector, Store};
use limiquantix_core::error::Reason;
use limiquantix_core::resource::{Kind, Resource, Revision};
use limiquantix_testkit::fixtures::vm;
use rustix::process::{Resource as Limit, Rlimit, getrlimit, setrlimit};

use crate::{create, given_directory, open, play, runtime};

/// The operating system refuses writes beyond a file size as it refuses them on a full disk. Only a process
/// that ignores SIGXFSZ sees an error instead of its end, hence the shell.
#[tokio::test]
async fn a_full_disk_fails_commits_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap());
    play(
        &mut shell,
        "disk_full::role_writer_without_room",
        directory.path(),
    );
    let output = shell.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let last = text
        .lines()
        .find_map(|l| l.strip_prefix("last revision "))
        .unwrap();
    let last: u64 = last.parse().unwrap();

    let store = open(directory.path()).await;
    assert_eq!(store.revision().await.unwrap(), Revision(last));
}

#[test]
#[ignore = "a role that other tests start"]
fn role_writer_without_room() {
    let Some(directory) = given_directory() else {
        return;
    };
    runtime().block_on(async {
        let store = open(&directory).await;
        create(&store, vm("before")).await.unwrap();
        let limits = getrlimit(Limit::Fsize);
        let full = Rlimit {
            current: Some(600 << 10),
            ..limits
        };
        setrlimit(Limit::Fsize, full).unwrap();

        let mut acknowledged = 1;
        let refused = loop {
            match create(&store, vm(&format!("vm-{acknowledged}"))).await {
                Ok(commit) => {
                    acknowledged += 1;
                    assert_eq!(commit.revision, Revision(acknowledged));
                }
                Err(error) => break error,
            }
            assert!(acknowledged < 100_000, "the limit was never reached");
        };
        assert_eq!(refused.reason(), Reason::StoreUnavailable, "{refused:?}");
        assert!(std::error::Error::source(&refused).is_some());

        // Nothing of it is visible, everything before is, and so it stays when it is tried again.
        for _ in 0..3 {
            assert!(create(&store, vm("again")).await.is_err());
            assert!(store.get(&vm("again").key()).await.unwrap().is_none());
            assert_eq!(store.revision().await.unwrap(), Revision(acknowledged));
            let mut query = Query::new(Kind::Vm, Selector::default());
            query.page.count = true;
            let page = store.list(&query).await.unwrap();
            assert_eq!(page.total, Some(acknowledged));
        }

        setrlimit(Limit::Fsize, limits).unwrap();
        let commit = create(&store, vm("again")).await.expect("there is room again");
        assert_eq!(commit.revision, Revision(acknowledged + 1));
        for n in 0..50 {
            create(&store, vm(&format!("after-{n}"))).await.unwrap();
        }
        println!("\nlast revision {}", store.revision().await.unwrap());
        store.close().await;
    });
}
