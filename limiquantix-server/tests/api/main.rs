//! The server as its callers see it: a real port, real protocols, simulated nodes with real agents.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod alerts;
mod bad_bytes;
mod bad_fields;
mod capacity;
mod clusters;
mod console;
mod curl;
mod events;
mod every_method;
mod harness;
mod health;
mod lists;
mod networks;
mod nodes;
mod projects;
mod protocols;
mod recommendations;
mod repeat;
mod rules;
mod snapshots;
mod startup;
mod stopping;
mod storage;
mod stores;
mod suspend;
mod tasks;
mod watch;
