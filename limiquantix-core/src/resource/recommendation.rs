use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{IndexEntry, Labels, Meta, Revision};
use crate::identity::{NodeId, ProjectId, RecommendationId, VmId};
use crate::time::Timestamp;

/// A move that the cluster would gain from, on offer until it expires. Changed by the pure functions of
/// [`crate::recommendation`] only; its labels are the control plane's own, see [`Recommendation::relabel`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recommendation {
    /// Its id.
    pub id: RecommendationId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// The VM to move.
    pub vm: VmId,
    /// What the VM is called.
    pub vm_name: String,
    /// The VM's version that this was planned on.
    pub planned_on: Revision,
    /// The tenant whom the VM belongs to.
    pub project: ProjectId,
    /// The node that the VM is on.
    pub source: NodeRef,
    /// The node that it is to move to.
    pub target: NodeRef,
    /// How much is gained by it.
    pub priority: RecommendationPriority,
    /// Why, on one line.
    pub reason: String,
    /// What it changes on the source node.
    pub impact: Impact,
    /// How long the move is expected to take.
    pub estimated_duration: Duration,
    /// What has become of it.
    pub state: RecommendationState,
    /// When it is too old to be approved.
    pub expires_at: Timestamp,
    /// Who approved it.
    pub approved: Option<Decision>,
    /// Who rejected it.
    pub rejected: Option<Decision>,
    /// Why it failed or expired.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// A node, and what it was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRef {
    /// Its id.
    pub id: NodeId,
    /// Its name.
    pub name: String,
}

/// By how much the load of the source node is expected to drop, in percent points of its capacity. Negative: it rises.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// Of its processors.
    pub cpu: i32,
    /// Of its memory.
    pub memory: i32,
}

/// Who decided about a recommendation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The caller.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What they said about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

/// How much is gained by a recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecommendationPriority {
    /// A little.
    Low,
    /// Something.
    Medium,
    /// Much.
    High,
    /// Guests suffer until it is done.
    Critical,
}

impl RecommendationPriority {
    /// Every priority, the lowest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// What has become of a recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecommendationState {
    /// Nobody has decided.
    Pending,
    /// It may be carried out.
    Approved,
    /// It is being carried out.
    Applying,
    /// It was carried out.
    Applied,
    /// Somebody does not want it.
    Rejected,
    /// It is too old, or another took its place.
    Expired,
    /// It could not be carried out.
    Failed,
}

impl RecommendationState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Approved,
        Self::Applying,
        Self::Applied,
        Self::Rejected,
        Self::Expired,
        Self::Failed,
    ];

    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Applying => "applying",
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }

    /// It has ended, and will never change again.
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Applied | Self::Rejected | Self::Expired | Self::Failed
        )
    }
}

impl Recommendation {
    /// The label with the id of the VM.
    pub const LABEL_VM: &'static str = "about";
    /// The label with the id of the VM that only a recommendation which has not ended has.
    pub const LABEL_LASTING_VM: &'static str = "lasting_vm";
    /// The label with the priority. After the others in order, because it narrows a list down least.
    pub const LABEL_PRIORITY: &'static str = "priority";

    /// Brings the labels in line with the recommendation, by which stores find it.
    pub fn relabel(&mut self) {
        let mut labels = Labels::from([
            (Self::LABEL_VM.to_owned(), self.vm.to_string()),
            (Self::LABEL_PRIORITY.to_owned(), self.priority.as_str().to_owned()),
        ]);
        if !self.state.is_terminal() {
            labels.insert(Self::LABEL_LASTING_VM.to_owned(), self.vm.to_string());
        }
        self.meta.labels = labels;
    }

    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.project),
            name: Some(&self.vm_name),
            // One move at a time for a VM.
            unique: (!self.state.is_terminal()).then(|| self.vm.to_string()),
            node: Some(self.source.id),
            phase: Some(self.state.as_str()),
        }
    }
}
