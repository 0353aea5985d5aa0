//! Where a VM should run: plain functions over an immutable snapshot.
//!
//! ```text
//!   ClusterSnapshot ─┐
//!   PlacementRequest ├─► candidate ─► filter ─► score ─► highest total ─► Placed
//!   Policy ──────────┘  (per node)      └─────────┴──► recorder ───────► PlacementReport
//! ```
//!
//! [`FilterScore`] runs the pipeline for one node after the other. A *filter* is a hard condition: it
//! refuses a node or has no opinion. A *scorer* is a wish: it gives 0 to 1000, and the weighted sum ranks
//! the nodes that are left. The recorder is either [`PlacementReport`]'s or nothing; with nothing, no byte
//! is allocated and no text is made. As deciding and explaining are the same code with another recorder, an
//! explanation can never differ from the decision.
//!
//! Integers throughout, sorted input, ties to the lowest node id: the same input gives the same output on
//! every machine.
//!
//! Deliberately absent: reserving what was decided (the caller commits it, with the versions of what the
//! snapshot was made of as preconditions), and observed load (only promises count).

mod policy;
mod request;
mod snapshot;

mod rules;

mod candidate;
mod filter;
mod pipeline;
mod recorder;
mod score;

mod digest;
mod no_fit;
mod refusal;
mod report;
mod report_text;

pub use digest::Digest;
pub use no_fit::error;
pub use pipeline::FilterScore;
pub use policy::{Policy, Strategy};
pub use refusal::Refusal;
pub use report::{NodeVerdict, Placed, PlacementReport, ScoreTerm, Verdict};
pub use request::{PlacementRequest, Reservation};
pub use rules::{Breach, Constraint, RuleIndex, Towards};
pub use snapshot::{ClusterSnapshot, NodeView};
