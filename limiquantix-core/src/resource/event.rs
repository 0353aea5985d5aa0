use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta, ObjectKey};
use crate::identity::{EventId, NodeId, ProjectId};

/// Something that happened, in words for people. Written in the commit that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Revision and times.
    pub meta: Meta,
    /// The tenant it concerns; none for the infrastructure.
    pub project: Option<ProjectId>,
    /// What happened.
    pub kind: EventKind,
    /// To what.
    pub subject: ObjectKey,
    /// What the subject is called.
    pub subject_name: String,
    /// The node it happened on.
    pub node: Option<NodeId>,
    /// One sentence.
    pub message: String,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A VM was accepted.
    VmCreated,
    /// A VM's spec was changed.
    VmUpdated,
    /// A VM began to run.
    VmStarted,
    /// A VM no longer runs.
    VmStopped,
    /// A VM was paused.
    VmSuspended,
    /// A paused VM goes on.
    VmResumed,
    /// An operation on a VM failed.
    VmFailed,
    /// A VM is gone.
    VmDeleted,
    /// A cluster was created.
    ClusterCreated,
    /// A cluster, its policy or its nodes were changed.
    ClusterUpdated,
    /// A cluster is gone.
    ClusterDeleted,
    /// A project was created.
    ProjectCreated,
    /// A project or its quota was changed.
    ProjectUpdated,
    /// A project is gone.
    ProjectDeleted,
    /// A node was seen for the first time, or came back with another boot.
    NodeRegistered,
    /// A node's heartbeats arrive again.
    NodeReady,
    /// A node's heartbeats stopped.
    NodeNotReady,
    /// An administrator described or labelled a node.
    NodeUpdated,
    /// A node takes no new VMs.
    NodeCordoned,
    /// It does again.
    NodeUncordoned,
    /// An administrator gave a node a taint.
    NodeTainted,
    /// An administrator took a taint off a node.
    NodeUntainted,
    /// A node was removed.
    NodeDeleted,
    /// Somebody raised an alert.
    AlertRaised,
    /// Somebody takes care of an alert.
    AlertAcknowledged,
    /// Somebody said that an alert is over.
    AlertResolved,
    /// A network was made.
    NetworkCreated,
    /// A network's description or labels were changed.
    NetworkUpdated,
    /// A network is gone.
    NetworkDeleted,
}

impl EventKind {
    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VmCreated => "vm_created",
            Self::VmUpdated => "vm_updated",
            Self::VmStarted => "vm_started",
            Self::VmStopped => "vm_stopped",
            Self::VmSuspended => "vm_suspended",
            Self::VmResumed => "vm_resumed",
            Self::VmFailed => "vm_failed",
            Self::VmDeleted => "vm_deleted",
            Self::ClusterCreated => "cluster_created",
            Self::ClusterUpdated => "cluster_updated",
            Self::ClusterDeleted => "cluster_deleted",
            Self::ProjectCreated => "project_created",
            Self::ProjectUpdated => "project_updated",
            Self::ProjectDeleted => "project_deleted",
            Self::NodeRegistered => "node_registered",
            Self::NodeReady => "node_ready",
            Self::NodeNotReady => "node_not_ready",
            Self::NodeUpdated => "node_updated",
            Self::NodeCordoned => "node_cordoned",
            Self::NodeUncordoned => "node_uncordoned",
            Self::NodeTainted => "node_tainted",
            Self::NodeUntainted => "node_untainted",
            Self::NodeDeleted => "node_deleted",
            Self::AlertRaised => "alert_raised",
            Self::AlertAcknowledged => "alert_acknowledged",
            Self::AlertResolved => "alert_resolved",
            Self::NetworkCreated => "network_created",
            Self::NetworkUpdated => "network_updated",
            Self::NetworkDeleted => "network_deleted",
        }
    }
}

impl Event {
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: self.project.as_ref(),
            name: Some(&self.subject_name),
            unique: None,
            node: self.node,
            phase: Some(self.kind.as_str()),
        }
    }
}
