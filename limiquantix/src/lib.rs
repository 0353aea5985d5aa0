//! The LimiQuantix SDK: a control plane as a library.
//!
//! ```text
//!   caller ─► service ─► (pure functions of core) ─► one Changeset ─► Store
//!                                                                      │ watch
//!   agent  ◄──────────── assignments ◄───────────────────────────────┘
//!   agent  ─► report ─► settle (core) ─► one Changeset ─► Store
//! ```
//!
//! A [`ControlPlane`] is built from components (store, clock, ids, scheduler) and settings. Its services are
//! the use cases: each method checks, decides purely, and commits once. Nothing is ever sent to a node: what
//! should be is written down, and the node's agent follows the store's log. Controllers do what nobody asks
//! for, such as noticing that a node fell silent.
//!
//! Deliberately absent: the wire format, authentication, and every particular database or hypervisor.

mod agent_link;
mod builder;
mod call;
mod console;
mod control_plane;
mod controller;
mod mutation;
mod placement;
mod service;
mod system;

pub use agent_link::AgentLink;
pub use builder::{ControlPlaneBuilder, Retention, Settings};
pub use call::Call;
pub use console::{AgentConsole, ConsoleSession};
pub use control_plane::ControlPlane;
pub use service::{
    AlertService, ClusterService, CreateCluster, CreateNetwork, CreateProject, CreateRule, CreateSnapshot,
    CreateVm, EventService, Explanation, Heartbeat, LastHeartbeat, NetworkService, NodeMetrics, NodeService,
    NodeUsage, PoolService, ProjectService, QuotaChanges, RecommendationService, RemoveNode, RuleService,
    TaskService, UpdateCluster, UpdateNetwork, UpdateNode, UpdateProject, UpdateRule, UpdateVm, VmService,
    VolumeService, WatchEvent, WatchItems, WatchStart,
};
pub use system::{SystemClock, SystemIds};

pub use limiquantix_core as core;
