//! What SQLite stores must survive: second owners, foreign and damaged files, full disks, kill -9.
//!
//! Some tests need another process. It is this binary again, running one of the ignored tests called
//! `role_…`; run by themselves these do nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod closing;
mod crash;
mod damage;
mod disk_full;
mod ownership;
mod schema;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use limiquantix_core::contract::{Changeset, Commit, Store};
use limiquantix_core::error::Result;
use limiquantix_core::resource::Resource;
use limiquantix_sqlite::{Options, SqliteStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

/// Tells a role which directory to work in.
const DIRECTORY: &str = "LQX_TEST_DIRECTORY";

/// This binary as another process that plays `role`, the path of an ignored test.
fn role(role: &str, directory: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    play(&mut command, role, directory);
    command
}

fn play(command: &mut Command, role: &str, directory: &Path) {
    command
        .args([role, "--exact", "--ignored", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
}

/// The directory that a role was given; `None` if nobody asked for it.
fn given_directory() -> Option<PathBuf> {
    std::env::var_os(DIRECTORY).map(PathBuf::from)
}

async fn open(directory: &Path) -> SqliteStore {
    SqliteStore::open(directory, Options::default()).await.unwrap()
}

async fn create<R: Resource>(store: &SqliteStore, resource: R) -> Result<Commit> {
    let mut changes = Changeset::new();
    changes.create(resource);
    store.commit(changes).await
}

/// A connection past the store, to do what it never would.
async fn raw(directory: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(directory.join("limiquantix.db"));
    SqliteConnection::connect_with(&options).await.unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}
