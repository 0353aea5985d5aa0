//! The control plane as its embedders see it, on the reference store: every test says what would break for a
//! user if it failed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod administration;
mod alerts;
mod bench;
mod capacity;
mod clusters;
mod consoles;
mod create;
mod events;
mod monitor;
mod networks;
mod nodes;
mod operations;
mod projects;
mod recommendations;
mod repeats;
mod reports;
mod retention;
mod rules;
mod snapshots;
mod storage;
mod task_waits;
mod watching;
