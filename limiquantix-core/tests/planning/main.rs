//! Placement, from outside: properties against an oracle, reports against golden files, and that deciding
//! allocates nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod allocations;
mod fast_path;
mod fixture;
mod golden;
mod oracle;
mod properties;
mod report;
mod sequences;
mod snapshot;
