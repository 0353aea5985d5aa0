//! kill -9 at any moment: what was acknowledged is there, what is there is whole, and log and state agree.
//!
//! This proves what a process can lose, not what a machine can: the kernel's cache outlives the process.
//! That commits reach the disk is `synchronous = FULL`, which the benchmark's rate bears out.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use limiquantix_core::contract::{Changeset, Query, Selector, Store, WatchFilter};
use limiquantix_core::resource::{Kind, NodeAllocation, Object, ObjectKey, Resource, Revision};
use limiquantix_sqlite::{Options, SqliteStore};
use limiquantix_testkit::fixtures::{allocation, labels, node_id, vm};

use crate::{given_directory, role, runtime};

const ROUNDS: u32 = 24;
const WRITERS: u32 = 4;
/// How many of its VMs a writer leaves behind; older ones it deletes in the commit that adds one.
const KEPT: u32 = 5;

fn options() -> Options {
    Options {
        retain: 1_000_000,
        ..Options::default()
    }
}

fn counter(writer: u32) -> NodeAllocation {
    allocation(node_id(&format!("writer-{writer}")))
}

async fn count(store: &SqliteStore, writer: u32) -> Option<NodeAllocation> {
    let object = store.get(&counter(writer).key()).await.unwrap()?;
    Some((*NodeAllocation::from_object(object).unwrap()).clone())
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_torn() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut delays = 0x2545_f491_4f6c_dd1d_u64;
    let mut total = 0;
    for round in 0..ROUNDS {
        delays = delays
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        // Most rounds die somewhere in their work, every sixth while it opens the store.
        let in_opening = round % 6 == 5;
        let delay = Duration::from_micros((delays >> 33) % if in_opening { 20_000 } else { 150_000 });
        total += killed_after(directory.path(), delay, in_opening, &mut acknowledged);
        runtime().block_on(inspect(directory.path(), &acknowledged));
    }
    assert!(
        total > 100,
        "only {total} commits were acknowledged in {ROUNDS} rounds"
    );
    println!("{total} commits acknowledged in {ROUNDS} rounds, each ended by kill -9");
}

/// One life of the writing process. Returns how many commits it acknowledged.
fn killed_after(
    directory: &Path,
    delay: Duration,
    in_opening: bool,
    acknowledged: &mut BTreeMap<u32, (u32, u64)>,
) -> u32 {
    let mut child = role("crash::role_writers", directory).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    if !in_opening {
        let first = lines
            .by_ref()
            .map_while(|l| l.ok())
            .any(|l| l.contains("writers are ready"));
        assert!(first, "the writers did not come up");
    }
    // Read on while they write, or they would stand still when the pipe is full.
    let reader = std::thread::spawn(move || lines.map_while(|l| l.ok()).collect::<Vec<_>>());
    std::thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut acks = 0;
    for line in reader.join().unwrap() {
        let words: Vec<_> = line.split(' ').collect();
        // The last line may be cut off in the middle, which is an acknowledgement that did not arrive.
        if let ["ack", writer, n, revision, "."] = words[..] {
            acks += 1;
            acknowledged.insert(
                writer.parse().unwrap(),
                (n.parse().unwrap(), revision.parse().unwrap()),
            );
        }
    }
    acks
}

async fn inspect(directory: &Path, acknowledged: &BTreeMap<u32, (u32, u64)>) {
    let store = SqliteStore::open(directory, options()).await.unwrap();
    let state = state(&store).await;
    let (replayed, counts_at) = replay(&store).await;
    assert_eq!(replayed, state, "the log is not what led to the state");
    for (writer, (n, revision)) in acknowledged {
        let now = count(&store, *writer)
            .await
            .expect("an acknowledged counter is there");
        assert!(
            now.vms >= *n,
            "writer {writer}: {n} was acknowledged, found {}",
            now.vms
        );
        assert_eq!(counts_at.get(revision), Some(&(counter(*writer).key(), *n)));
    }
    for writer in 0..WRITERS {
        let Some(now) = count(&store, writer).await else {
            continue;
        };
        for n in 1..=now.vms + 1 {
            let wanted = n <= now.vms && n + KEPT > now.vms;
            let there = state.contains_key(&vm(&format!("vm-{writer}-{n}")).key());
            assert_eq!(
                there, wanted,
                "writer {writer} at {}: half a commit at {n}",
                now.vms
            );
        }
    }
    store.close().await;
}

async fn state(store: &SqliteStore) -> BTreeMap<ObjectKey, Object> {
    let mut all = BTreeMap::new();
    for kind in [Kind::Vm, Kind::NodeAllocation] {
        let mut query = Query::new(kind, Selector::default());
        query.page.limit = 1000;
        let page = store.list(&query).await.unwrap();
        assert_eq!(page.next, None);
        all.extend(page.items.into_iter().map(|o| (o.key(), o)));
    }
    all
}

/// The state that the whole log leads to, and which counter had which value at which revision.
async fn replay(store: &SqliteStore) -> (BTreeMap<ObjectKey, Object>, BTreeMap<u64, (ObjectKey, u32)>) {
    let last = store.revision().await.unwrap();
    let mut watch = store.watch(Revision::ZERO, WatchFilter::default()).await.unwrap();
    let (mut state, mut counts) = (BTreeMap::new(), BTreeMap::new());
    let mut at = Revision::ZERO;
    while at < last {
        let commit = watch.next().await.unwrap().unwrap();
        assert_eq!(commit.revision, at.next(), "revisions have a gap");
        at = commit.revision;
        for change in commit.changes {
            assert_eq!(state.get(&change.key), change.before.as_ref());
            if let Some(Object::NodeAllocation(counter)) = &change.after {
                counts.insert(at.0, (change.key.clone(), counter.vms));
            }
            match change.after {
                Some(object) => state.insert(change.key, object),
                None => state.remove(&change.key),
            };
        }
    }
    (state, counts)
}

/// Several writers, so that commits share transactions. Each adds one to its counter, creates a VM of that
/// number and deletes an old one, in one changeset; then it says so.
#[test]
#[ignore = "a role that other tests start"]
fn role_writers() {
    let Some(directory) = given_directory() else {
        return;
    };
    runtime().block_on(async {
        let store = Arc::new(SqliteStore::open(directory, options()).await.unwrap());
        println!("\nwriters are ready");
        let writers = (0..WRITERS).map(|writer| tokio::spawn(write(Arc::clone(&store), writer)));
        futures_util::future::join_all(writers).await;
    });
}

async fn write(store: Arc<SqliteStore>, writer: u32) {
    loop {
        let mut changes = Changeset::new();
        let n = match count(&store, writer).await {
            None => {
                let mut first = counter(writer);
                first.vms = 1;
                changes.create(first);
                1
            }
            Some(mut counter) => {
                counter.vms += 1;
                let n = counter.vms;
                changes.update(counter);
                n
            }
        };
        let mut new = vm(&format!("vm-{writer}-{n}"));
        new.meta.labels = labels([("writer", "some"), ("kept", "for a while")]);
        changes.create(new);
        if let Some(old) = n.checked_sub(KEPT).filter(|old| *old > 0) {
            let key = vm(&format!("vm-{writer}-{old}")).key();
            let old = store.get(&key).await.unwrap().unwrap();
            changes.writes.push(limiquantix_core::contract::Write::Delete(
                key,
                old.meta().revision,
            ));
        }
        let commit = store.commit(changes).await.unwrap();
        let mut out = std::io::stdout().lock();
        // One write, so that lines of several writers do not mix.
        out.write_all(format!("ack {writer} {n} {} .\n", commit.revision).as_bytes())
            .unwrap();
        out.flush().unwrap();
    }
}
