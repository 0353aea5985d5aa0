use serde::{Deserialize, Serialize};

use super::{IndexEntry, Kind, Labels, Meta, ObjectKey};
use crate::identity::{EventId, NodeId, ProjectId};

/// Something that happened, in words for people. Written in the commit that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Revision, times, and [`SUBJECT_LABEL`].
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
    /// A placement rule was created.
    RuleCreated,
    /// A placement rule was changed.
    RuleUpdated,
    /// A placement rule is gone.
    RuleDeleted,
    /// A project was created.
    ProjectCreated,
    /// A project or its quota was changed.
    ProjectUpdated,
    /// A project is gone.
    ProjectDeleted,
    /// A snapshot was taken.
    SnapshotCreated,
    /// A VM was put back to a snapshot.
    SnapshotReverted,
    /// A snapshot is gone.
    SnapshotDeleted,
    /// Taking or removing a snapshot failed.
    SnapshotFailed,
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
    /// A move of a VM was recommended.
    RecommendationProposed,
    /// Somebody wants it to be made.
    RecommendationApproved,
    /// Somebody does not.
    RecommendationRejected,
    /// It was not made in time.
    RecommendationExpired,
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
            Self::RuleCreated => "rule_created",
            Self::RuleUpdated => "rule_updated",
            Self::RuleDeleted => "rule_deleted",
            Self::ProjectCreated => "project_created",
            Self::ProjectUpdated => "project_updated",
            Self::ProjectDeleted => "project_deleted",
            Self::SnapshotCreated => "snapshot_created",
            Self::SnapshotReverted => "snapshot_reverted",
            Self::SnapshotDeleted => "snapshot_deleted",
            Self::SnapshotFailed => "snapshot_failed",
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
            Self::RecommendationProposed => "recommendation_proposed",
            Self::RecommendationApproved => "recommendation_approved",
            Self::RecommendationRejected => "recommendation_rejected",
            Self::RecommendationExpired => "recommendation_expired",
        }
    }
/// Declares the kinds as one table: what happened, its stored name, and the kind of object that it happens to.
macro_rules! event_kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $subject:ident;)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum EventKind { $($(#[$doc])* #[serde(rename = $name)] $variant,)* }

        impl EventKind {
            /// Every kind, in declaration order.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$variant,)*];

            /// Its name, in lower-case; stored and sent, so it never changes.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $name,)* } }

            /// The kind of object that this happens to.
            pub const fn subject(self) -> Kind { match self { $(Self::$variant => Kind::$subject,)* } }
        }
    };
}

event_kinds! {
    /// A VM was accepted.
    VmCreated = "vm_created", Vm;
    /// A VM's spec was changed.
    VmUpdated = "vm_updated", Vm;
    /// A VM began to run.
    VmStarted = "vm_started", Vm;
    /// A VM no longer runs.
    VmStopped = "vm_stopped", Vm;
    /// A VM was paused.
    VmSuspended = "vm_suspended", Vm;
    /// A paused VM goes on.
    VmResumed = "vm_resumed", Vm;
    /// An operation on a VM failed.
    VmFailed = "vm_failed", Vm;
    /// A VM is gone.
    VmDeleted = "vm_deleted", Vm;
    /// A cluster was created.
    ClusterCreated = "cluster_created", Cluster;
    /// A cluster, its policy or its nodes were changed.
    ClusterUpdated = "cluster_updated", Cluster;
    /// A cluster is gone.
    ClusterDeleted = "cluster_deleted", Cluster;
    /// A project was created.
    ProjectCreated = "project_created", Project;
    /// A project or its quota was changed.
    ProjectUpdated = "project_updated", Project;
    /// A project is gone.
    ProjectDeleted = "project_deleted", Project;
    /// A node was seen for the first time, or came back with another boot.
    NodeRegistered = "node_registered", Node;
    /// A node's heartbeats arrive again.
    NodeReady = "node_ready", Node;
    /// A node's heartbeats stopped.
    NodeNotReady = "node_not_ready", Node;
    /// An administrator described or labelled a node.
    NodeUpdated = "node_updated", Node;
    /// A node takes no new VMs.
    NodeCordoned = "node_cordoned", Node;
    /// It does again.
    NodeUncordoned = "node_uncordoned", Node;
    /// An administrator gave a node a taint.
    NodeTainted = "node_tainted", Node;
    /// An administrator took a taint off a node.
    NodeUntainted = "node_untainted", Node;
    /// A node was removed.
    NodeDeleted = "node_deleted", Node;
    /// Somebody raised an alert.
    AlertRaised = "alert_raised", Alert;
    /// Somebody takes care of an alert.
    AlertAcknowledged = "alert_acknowledged", Alert;
    /// Somebody said that an alert is over.
    AlertResolved = "alert_resolved", Alert;
}

/// The label by which events about one object are found: its value is the object's id.
pub const SUBJECT_LABEL: &str = "subject";

impl Event {
    /// The labels of every event about `subject`.
    pub fn labels_about(subject: &ObjectKey) -> Labels {
        Labels::from([(SUBJECT_LABEL.to_owned(), subject.id.to_string())])
    }

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
