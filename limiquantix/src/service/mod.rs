//! The use cases. Every method checks its input, decides with the pure functions of core, and writes one
//! commit: the object, its task, its event and the memory of its request id together, or nothing.

pub(crate) mod alert;
mod cluster;
mod event;
mod network;
mod node;
pub(crate) mod project;
mod recommendation;
mod rule;
mod storage;
mod task;
mod vm;
mod watch;

pub use alert::AlertService;
pub use cluster::{ClusterService, CreateCluster, UpdateCluster};
pub use event::EventService;
pub(crate) use network::ensure_default as ensure_default_network;
pub use network::{CreateNetwork, NetworkService, UpdateNetwork};
pub(crate) use node::Liveness;
pub use node::{Heartbeat, LastHeartbeat, NodeMetrics, NodeService, NodeUsage, RemoveNode, UpdateNode};
pub use project::{CreateProject, ProjectService, QuotaChanges, UpdateProject};
pub use recommendation::RecommendationService;
pub use rule::{CreateRule, RuleService, UpdateRule};
pub use storage::{PoolService, VolumeService};
pub use task::TaskService;
pub(crate) use vm::claims;
pub(crate) use vm::snapshot::{settle_snapshots, snapshots_of};
pub use vm::{CreateSnapshot, CreateVm, Explanation, UpdateVm, VmService};
pub(crate) use watch::watch;
pub use watch::{WatchEvent, WatchItems, WatchStart};
