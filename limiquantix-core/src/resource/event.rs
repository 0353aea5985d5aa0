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
    /// A placement rule was created.
    RuleCreated = "rule_created", PlacementRule;
    /// A placement rule was changed.
    RuleUpdated = "rule_updated", PlacementRule;
    /// A placement rule is gone.
    RuleDeleted = "rule_deleted", PlacementRule;
    /// A snapshot was taken.
    SnapshotCreated = "snapshot_created", Snapshot;
    /// A VM was put back to a snapshot.
    SnapshotReverted = "snapshot_reverted", Snapshot;
    /// A snapshot is gone.
    SnapshotDeleted = "snapshot_deleted", Snapshot;
    /// Taking or removing a snapshot failed.
    SnapshotFailed = "snapshot_failed", Snapshot;
    /// A network was made.
    NetworkCreated = "network_created", Network;
    /// A network's description or labels were changed.
    NetworkUpdated = "network_updated", Network;
    /// A network is gone.
    NetworkDeleted = "network_deleted", Network;
    /// A move of a VM was recommended.
    RecommendationProposed = "recommendation_proposed", Recommendation;
    /// Somebody wants it to be made.
    RecommendationApproved = "recommendation_approved", Recommendation;
    /// Somebody does not.
    RecommendationRejected = "recommendation_rejected", Recommendation;
    /// It was not made in time.
    RecommendationExpired = "recommendation_expired", Recommendation;
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
