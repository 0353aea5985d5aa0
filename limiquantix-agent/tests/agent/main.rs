//! The real agent against the real control plane, in memory, and a simulated node with faults: every test says
//! what would break for a user if it failed.
//!
//! Most of them run on paused time: it passes only while everybody waits for it, so that a grace of 90 seconds
//! and a hundred reconnects cost nothing, and a run repeats.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chaos;
mod consoles;
mod crowds;
mod delays;
mod hypervisor;
mod kills;
mod lies;
mod lifecycle;
mod site;
mod volumes;
