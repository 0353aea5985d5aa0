//! What backends implement. Each contract is small, says for every method what holds before and after, and
//! has a conformance suite in `limiquantix-testkit` that tests exactly those sentences.

mod clock;
mod hypervisor;
mod ids;
mod repository;
mod scheduler;
mod storage;
mod store;
mod uplink;

pub use clock::Clock;
pub use hypervisor::{
    AssignedDisk, Capabilities, ConsoleChunk, ConsoleIo, DEFAULT_STOP_GRACE, Firmware, Hypervisor, Instance,
    InstanceEvent, InstanceState, Machine, NodeFacts, RunMark, SnapshotInfo, Stop,
};
pub use ids::{IdSource, IdSourceExt};
pub use repository::{
    AlertRepository, AllocationRepository, ClusterRepository, EventRepository, NetworkAllocationRepository,
    NetworkRepository, NodeRepository, PoolAllocationRepository, PoolRepository, PortRepository,
    ProjectRepository, ProjectUsageRepository, Repository, SnapshotRepository, TaskRepository, TypedPage,
    VmRepository, VolumeRepository,
};
pub use scheduler::Scheduler;
pub use storage::{StorageBackend, VolumeInfo, VolumeRequest};
pub use store::{
    Change, ChangeKind, Changeset, Commit, Guard, Page, PageRequest, Query, Selector, Store, WatchFilter,
    WatchStream, Write,
};

pub use uplink::{
    ConsoleKind, ConsoleRequest, ConsoleSource, NodeRegistration, SessionId, Uplink, UplinkEvent,
};

use std::pin::Pin;

/// A stream behind a pointer, as contracts return it.
pub type BoxStream<T> = Pin<Box<dyn futures_core::Stream<Item = T> + Send>>;
