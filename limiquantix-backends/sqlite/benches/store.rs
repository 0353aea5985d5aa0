//! Figures of the store, with `cargo bench -p limiquantix-sqlite`.
//!
//! First the rate of durable commits, beside what bare SQLite does with the same bytes in the same settings
//! on the same disk in the same run (a rate by itself says more about the disk than about the store). Then
//! reads from 100,000 VMs.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::semicolon_if_nothing_returned
)]

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use limiquantix_core::contract::{Changeset, IdSourceExt, Query, Selector, Store};
use limiquantix_core::identity::VmId;
use limiquantix_core::resource::{Kind, Placement, Resource, Vm, VmPhase};
use limiquantix_sqlite::{Options, SqliteStore};
use limiquantix_testkit::SequentialIds;
use limiquantix_testkit::fixtures::{disk, labels, node_id, project_id, vm_in};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection};
use tokio::runtime::Runtime;

/// Rates are measured in turns of this length, so many of each.
const SLICE: Duration = Duration::from_millis(300);
const SLICES: u32 = 8;
/// How many callers commit at the same time, where several do.
const CALLERS: usize = 64;
const POPULATION: usize = 100_000;
const PHASES: [VmPhase; 4] = [
    VmPhase::Running,
    VmPhase::Stopped,
    VmPhase::Starting,
    VmPhase::Error,
];

/// A VM as they are: two disks, two labels, placed; about a kilobyte when stored.
fn machine(n: usize) -> Vm {
    let mut vm = vm_in(&format!("project-{}", n % 10), &format!("vm-{n}"));
    vm.id = id(n);
    vm.spec.disks = vec![disk("root", 20, Some("debian-13.qcow2")), disk("data", 100, None)];
    vm.meta.labels = labels([("tier", ["front", "back"][n % 2]), ("env", "prod")]);
    vm.status.phase = PHASES[n / 10 % 4];
    vm.placement = Some(Placement {
        node: node_id(&format!("node-{}", n % 1000)),
        epoch: 1,
    });
    vm
}

/// Ids that ascend with time, as real ones do: where they fall in an index is much of what a write costs.
fn id(n: usize) -> VmId {
    static IDS: OnceLock<Vec<VmId>> = OnceLock::new();
    let make = || {
        let source = SequentialIds::new(1);
        (0..2 * POPULATION).map(|_| source.vm()).collect()
    };
    IDS.get_or_init(make)[n]
}

fn one(n: usize) -> Changeset {
    let mut changes = Changeset::new();
    changes.create(machine(n));
    changes
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// `callers` commit for a while, each waiting for its commit before it asks for the next. Returns how many
/// were made.
async fn commit_for(store: &Arc<SqliteStore>, callers: usize, next: &Arc<AtomicUsize>) -> usize {
    let begin = Instant::now();
    let work = (0..callers).map(|_| {
        let (store, next) = (Arc::clone(store), Arc::clone(next));
        tokio::spawn(async move {
            let mut made = 0;
            while begin.elapsed() < SLICE {
                store
                    .commit(one(next.fetch_add(1, Ordering::Relaxed)))
                    .await
                    .unwrap();
                made += 1;
            }
            made
        })
    });
    let made = futures_util::future::join_all(work).await;
    made.into_iter().map(Result::unwrap).sum()
}

/// A database of SQLite's own, in the store's settings.
async fn bare(directory: &Path) -> SqliteConnection {
    let mut connection = SqliteConnectOptions::new()
        .filename(directory.join("bare.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging()
        .connect()
        .await
        .unwrap();
    let table = "CREATE TABLE bare (id TEXT PRIMARY KEY, body BLOB) STRICT";
    connection.execute(table).await.unwrap();
    connection
}

/// The same bytes, one transaction each, into a table with a key and nothing else.
async fn insert_for(connection: &mut SqliteConnection, next: &mut usize) -> usize {
    let begin = Instant::now();
    let first = *next;
    while begin.elapsed() < SLICE {
        let vm = machine(*next).into_object();
        let body = vm.encode().unwrap();
        sqlx::query("INSERT INTO bare (id, body) VALUES (?, ?)")
            .bind(vm.key().id.clone())
            .bind(body)
            .execute(&mut *connection)
            .await
            .unwrap();
        *next += 1;
    }
    *next - first
}

/// In turns, so that whatever else the machine does slows all of them alike.
async fn rates() -> [f64; 3] {
    let directory = tempfile::tempdir().unwrap();
    let mut connection = bare(directory.path()).await;
    let serial = SqliteStore::open(directory.path().join("serial"), Options::default()).await;
    let shared = SqliteStore::open(directory.path().join("shared"), Options::default()).await;
    let (serial, shared) = (Arc::new(serial.unwrap()), Arc::new(shared.unwrap()));
    let (mut inserted, created) = (0, [(); 2].map(|()| Arc::new(AtomicUsize::new(0))));
    let mut made = [0; 3];
    for _ in 0..SLICES {
        made[0] += insert_for(&mut connection, &mut inserted).await;
        made[1] += commit_for(&serial, 1, &created[0]).await;
        made[2] += commit_for(&shared, CALLERS, &created[1]).await;
    }
    connection.close().await.unwrap();
    serial.close().await;
    shared.close().await;
    made.map(|made| made as f64 / (SLICE * SLICES).as_secs_f64())
}

fn commits(_: &mut Criterion) {
    let [bare, serial, shared] = runtime().block_on(rates());
    let line = |what: &str, rate: f64| {
        println!("{what:<44} {rate:>8.0} commits/s  {:>6.2} x bare", rate / bare);
    };
    println!("durable commits (WAL, synchronous=FULL, one VM each)");
    line("bare SQLite, one insert per transaction", bare);
    line("store, one caller", serial);
    line(&format!("store, {CALLERS} callers"), shared);
}

async fn populated(directory: &Path) -> SqliteStore {
    let options = Options {
        retain: 1,
        ..Options::default()
    };
    let store = SqliteStore::open(directory, options).await.unwrap();
    let begin = Instant::now();
    for first in (0..POPULATION).step_by(1000) {
        let mut changes = Changeset::new();
        for n in first..first + 1000 {
            changes.create(machine(n));
        }
        store.commit(changes).await.unwrap();
    }
    println!(
        "{POPULATION} VMs created in {:.1} s",
        begin.elapsed().as_secs_f64()
    );
    store
}

fn reads(c: &mut Criterion) {
    let directory = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let store = runtime.block_on(populated(directory.path()));
    let mut group = c.benchmark_group(format!("of {POPULATION} VMs"));
    group
        .sample_size(20)
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500));

    let mut n = 0;
    group.bench_function("get", |b| {
        b.to_async(&runtime).iter(|| {
            n = (n + 7919) % POPULATION;
            let key = machine(n).key();
            let store = &store;
            async move { store.get(&key).await.unwrap().unwrap() }
        })
    });
    let by_project = Selector {
        project: Some(project_id("project-3")),
        ..Selector::default()
    };
    let selectors = [
        ("any", Selector::default()),
        ("project", by_project.clone()),
        (
            "project and phase",
            Selector {
                phases: vec!["running"],
                ..by_project.clone()
            },
        ),
        (
            "project and three phases",
            Selector {
                phases: vec!["running", "stopped", "error"],
                ..by_project.clone()
            },
        ),
        (
            "node",
            Selector {
                node: Some(node_id("node-7")),
                ..Selector::default()
            },
        ),
        (
            "project and two labels",
            Selector {
                labels: labels([("tier", "back"), ("env", "prod")]),
                ..by_project
            },
        ),
    ];
    for (name, selector) in selectors {
        let mut query = Query::new(Kind::Vm, selector);
        // Begin in the middle: the first page is the cheapest.
        query.page.after = Some(machine(POPULATION / 2).id.to_string());
        group.bench_function(format!("page of 50 by {name}"), |b| {
            b.to_async(&runtime)
                .iter(|| async { store.list(&query).await.unwrap() })
        });
    }
    group.finish();
    runtime.block_on(store.close());
}

criterion_group!(benches, commits, reads);
criterion_main!(benches);
