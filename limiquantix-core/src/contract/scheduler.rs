use crate::planning::{ClusterSnapshot, Placed, PlacementReport, PlacementRequest, Policy};

/// Chooses a node for a VM. Pure: the same input gives the same output on every machine, and nothing is
/// reserved; the caller commits the choice with the versions of the snapshot as preconditions.
pub trait Scheduler: Send + Sync + std::fmt::Debug {
    /// The best node, or `None` if none fits. Ties go to the lowest node id.
    fn place(
        &self,
        snapshot: &ClusterSnapshot,
        request: &PlacementRequest,
        policy: &Policy,
    ) -> Option<Placed>;

    /// The same decision with the fate of every node: for each either the first filter that refused it,
    /// with the numbers, or its score term by term.
    fn explain(
        &self,
        snapshot: &ClusterSnapshot,
        request: &PlacementRequest,
        policy: &Policy,
    ) -> PlacementReport;
}
