//! Conformance suites, generators, fixtures and a manual clock for LimiQuantix.
//!
//! ```text
//!  fixtures     small objects with deterministic ids      vm("web"), node("node-1", 8, 16_384)
//!  strategies   proptest generators                       any_vm(), any_node(), Slots (colliding populations)
//!  clock, ids   time and ids that a test decides          ManualClock, SequentialIds
//!  store        what every Store must do                  store_conformance! { … }
//!  hypervisor   what every Hypervisor must do             hypervisor_conformance!(rig)
//!  storage      what every StorageBackend must do         storage_conformance!(rig)
//! ```
//!
//! A suite has one function per sentence of the contract that it tests, and a macro that turns each into a
//! named `#[test]` of the backend. Cases that a backend declares it cannot pass are generated as ignored
//! tests, so that they are counted and named wherever tests are reported.
//!
//! Deliberately absent: anything that a product links. This crate is a dev-dependency only, and its code is
//! test code: it asserts and unwraps, because a test that cannot go on has failed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc
)]

pub mod clock;
pub mod fixtures;
pub mod hypervisor;
pub mod ids;
pub mod storage;
pub mod store;
pub mod strategies;

pub use clock::ManualClock;
pub use ids::SequentialIds;

#[cfg(test)]
mod tests;
