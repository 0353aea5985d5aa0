//! Typed ids and names: an id of one kind can never be passed where another is meant, and a [`Name`] has
//! been checked once, when it was made.

mod id;
mod name;
#[cfg(test)]
mod tests;

pub use id::{
    AlertId, ClusterId, EventId, NetworkId, NodeId, PoolId, PortId, RecommendationId, RuleId,
    SecurityGroupId, SnapshotId, TaskId, VmId, VolumeId,
};
pub use name::{ImageName, Name, ProjectId};
