//! Where a VM should run: plain functions over an immutable snapshot.
//!
//! ```text
//!   ClusterSnapshot ─┐
//!   PlacementRequest ├─► filter ─► score ─► argmax ─► Placed
//!   Policy ──────────┘      └────────┴── recorder ──► PlacementReport
//! ```
//!
//! Integers throughout, sorted input, ties to the lowest node id: the same input gives the same output on
//! every machine. Deciding and explaining are the same code with another recorder, so an explanation can
//! never differ from the decision.

mod policy;
mod report;
mod request;
mod snapshot;

pub use policy::{Policy, Strategy};
pub use report::{NodeVerdict, Placed, PlacementReport, Refusal, ScoreTerm, Verdict};
pub use request::PlacementRequest;
pub use snapshot::{ClusterSnapshot, NodeView};
