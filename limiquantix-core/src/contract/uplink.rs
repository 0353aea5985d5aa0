use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::BoxStream;
use crate::error::Result;
use crate::identity::{Name, NodeId, VmId};
use crate::reconcile::Assignment;
use crate::resource::{HypervisorFacts, Labels, NodeSpec};
use crate::settle::VmReport;

/// What a node's agent needs of the control plane. Implemented by the control plane itself, for an agent in
/// the same process, and by a client over the wire. The agent is always the one that calls: nothing listens
/// on a node.
///
/// Errors: `SERVER_UNAVAILABLE` or `STORE_UNAVAILABLE` (retry), `NODE_SUPERSEDED` and `NOT_FOUND` (register
/// again), others as said.
#[async_trait]
pub trait Uplink: Send + Sync + std::fmt::Debug {
    /// Makes the node known, or brings what is known of it up to date; returns its id. Safe to repeat.
    /// `NAME_TAKEN` if another live node has the name.
    async fn register(&self, node: &NodeRegistration) -> Result<NodeId>;

    /// Says that the node lives; returns when to say so again.
    async fn heartbeat(&self, node: NodeId, boot_id: &str) -> Result<Duration>;

    /// Everything assigned to the node, then [`UplinkEvent::Synced`], then every change; requests for consoles
    /// at any time. Ends with an error when the connection is lost or a newer agent has connected.
    async fn assignments(&self, node: NodeId, boot_id: &str) -> Result<BoxStream<Result<UplinkEvent>>>;

    /// Reports on one VM. When this returns, the report is stored. `STALE_EPOCH` if the VM was given to
    /// another run since, `NOT_FOUND` if it is gone: the report does not count, and need not be repeated.
    async fn report(&self, node: NodeId, boot_id: &str, report: &VmReport) -> Result<()>;

    /// Dials back for a console that was requested: connects `from_guest` with whoever waits, and returns
    /// what they type. Dropping either stream ends the other. `NOT_FOUND` if nobody waits any more.
    async fn serve_console(
        &self,
        session: SessionId,
        from_guest: BoxStream<ConsoleSource>,
    ) -> Result<BoxStream<Vec<u8>>>;
}

/// What an agent says when it comes up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRegistration {
    /// The id that it was given when it first registered, if it remembers one.
    pub id: Option<NodeId>,
    /// Its hostname.
    pub name: Name,
    /// Where its management interface answers, for people.
    pub management_ip: String,
    /// Labels to set; others, set by administrators, are left.
    pub labels: Labels,
    /// What it has.
    pub spec: NodeSpec,
    /// Changes with every boot of its kernel.
    pub boot_id: String,
    /// The version of the agent.
    pub agent_version: String,
    /// What runs its guests.
    pub hypervisor: HypervisorFacts,
}

/// What an agent is told.
#[derive(Debug, Clone, PartialEq)]
pub enum UplinkEvent {
    /// This VM is assigned to the node, as described: new, or changed.
    Assigned(Box<Assignment>),
    /// This VM is not, or no longer, assigned to the node.
    Removed(VmId),
    /// The full list has been told: what was not in it is not assigned.
    Synced,
    /// Somebody wants a console: dial back.
    Console(ConsoleRequest),
}

/// Names one console between request and dial-back. Random bits make it unguessable; it is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub Uuid);

/// What an agent is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsoleRequest {
    /// To dial back with.
    pub session: SessionId,
    /// The VM.
    pub vm: VmId,
    /// What is wanted of its console.
    pub kind: ConsoleKind,
}

/// What is wanted of a console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleKind {
    /// A piece of its log.
    Log {
        /// The first byte.
        offset: u64,
        /// At most this many.
        max: u32,
    },
    /// To read and to type.
    Interactive,
}

/// What travels from the guest to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleSource {
    /// What the guest wrote.
    Data {
        /// The bytes.
        bytes: Vec<u8>,
        /// Where they begin in the log; zero for an interactive console.
        offset: u64,
        /// How long the log is; zero for an interactive console.
        size: u64,
    },
    /// It could not be opened, or broke.
    Failed {
        /// The code of a [`Reason`](crate::Reason).
        reason: String,
        /// What was wrong.
        message: String,
    },
}
