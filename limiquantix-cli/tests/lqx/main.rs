//! The real `lqx` against a server that exists for the test: what scripts and people rely on, from exit
//! codes to the last line on standard error.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(feature = "up")]
mod alerts;
mod api;
mod change;
mod console;
mod create;
#[cfg(feature = "up")]
mod demo;
#[cfg(feature = "up")]
mod demo_clusters;
#[cfg(feature = "up")]
mod demo_projects;
#[cfg(feature = "up")]
mod demo_rules;
mod events;
mod fake;
mod network;
mod nodes;
mod read;
mod recommendations;
mod run;
mod setup;
mod snapshot;
mod storage;
mod terminal;
#[cfg(feature = "up")]
mod up;
mod waiting;
