//! What the control plane keeps: one file per kind, each with spec (what is wanted), status (what was
//! seen) and the entry by which stores index it.
//!
//! [`Object`] is the closed sum of all kinds, which is what a store holds; [`Resource`] is what each kind
//! must tell about itself. Serialization here is for stores only: the wire has its own types.

mod alert;
mod alert_counts;
mod allocation;
mod cluster;
mod event;
mod idempotency;
mod meta;
mod network;
mod network_allocation;
mod node;
mod object;
mod pool;
mod pool_allocation;
mod port;
mod project;
mod recommendation;
mod rule;
mod snapshot;
mod task;
mod vm;
mod volume;

pub use alert::{Alert, AlertMark, AlertSeverity, AlertSource, AlertSourceKind, AlertState};
pub use alert_counts::{AlertCounts, AlertShard, AlertTally, SeverityTally};
pub use allocation::NodeAllocation;
pub use cluster::{Cluster, ClusterSpec, DrsMode, DrsPolicy, HaPolicy};
pub use event::{Event, EventKind, SUBJECT_LABEL};
pub use idempotency::IdempotencyRecord;
pub use meta::{Labels, Meta, Revision};
pub use network::{AddressRange, Network, NetworkSpec, Subnet};
pub use network_allocation::NetworkAllocation;
pub use node::{
    AdminState, Condition, HypervisorFacts, Node, NodePhase, NodeSpec, NodeStatus, PoolFacts, Taint,
    TaintEffect,
};
pub use object::{IndexEntry, Kind, Object, ObjectKey, Resource};
pub use pool::{DEFAULT_THIN_OVERCOMMIT, Pool, PoolDriver, PoolSpec, PoolStatus};
pub use pool_allocation::PoolAllocation;
pub use port::{Attachment, Port};
pub use project::{Amounts, Project, ProjectSpec, ProjectUsage, Quota};
pub use recommendation::{
    Decision, Impact, NodeRef, Recommendation, RecommendationPriority, RecommendationState,
};
pub use rule::{Affinity, NodeSelector, PlacementRule, RuleSpec, RuleTarget, Strength, VmSelector};
pub use snapshot::{Snapshot, SnapshotPhase};
pub use task::{Task, TaskError, TaskKind, TaskLogLine, TaskState, TaskTarget};
pub use vm::{
    Accel, AccelPreference, Boot, CloudInit, CpuSpec, DiskSpec, MacAddress, NicModel, NicSpec, Operation,
    OperationKind, Placement, PlacementSpec, PowerIntent, PowerState, StopCause, Toleration, Vm, VmPhase,
    VmSpec, VmStatus,
};
pub use volume::{Volume, VolumePhase, VolumeSource, VolumeSpec};
