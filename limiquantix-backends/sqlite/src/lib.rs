//! Embedded durable store of LimiQuantix on SQLite.
//!
//! One directory, one process, two files: `limiquantix.db` and the lock beside it that keeps a second
//! process out.
//!
//! ```text
//!              ┌──────────────────── one task, one connection ──────────────────────┐
//!  commit ──►  queue ──► batch ──► BEGIN · load · decide each · save · COMMIT ──► ack each, raise revision
//!                                                   │ also                            │ wakes
//!                                                   ▼                                 │
//!  watch  ◄── filter ◄── recent commits in memory, or the log table ◄───────┘
//!  list, get  ◄── a few read-only connections, one statement each
//!
//!  options, lock, schema, open    how a store comes to be
//!  writer                         the queue, the transactions, the acknowledgements
//!  load, batch, save, script      what a batch needs, what is decided on it, what becomes of it
//!  list, row                      how objects are found and read
//!  recent, log, watch             how followers follow
//!  error                          what SQLite's errors mean to callers
//! ```
//!
//! **Group commit.** While one transaction is being made durable, the changesets that arrive wait, and then
//! share the next: one look at the database, one fsync. Each is still decided by itself, in order, on what
//! those before it left; it is acknowledged, or refused, only after the COMMIT; and it is tried again alone
//! when a batch fails, so that nobody fails for another's sake.
//!
//! **Reads** are single statements, and a statement sees one snapshot: a page and its revision agree.
//!
//! Deliberately absent: a cache of objects (SQLite's page cache is one), a query language (the selector is
//! all there is), and any second writer.

mod batch;
mod error;
mod list;
mod load;
mod lock;
mod log;
mod open;
mod options;
mod recent;
mod row;
mod save;
mod schema;
mod script;
mod store;
mod watch;
mod writer;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;

pub use options::{Durability, Options};
pub use store::SqliteStore;
