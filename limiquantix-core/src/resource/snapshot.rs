use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta, VmSpec};
use crate::identity::{Name, NodeId, ProjectId, SnapshotId, TaskId, VmId, VolumeId};

/// A VM as it was at one moment, to go back to. Kept inside the VM's volumes, so it goes where they go and ends
/// when they end. Named by its id on the node, never by a user's string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its id.
    pub id: SnapshotId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// The VM.
    pub vm: VmId,
    /// Unique among the VM's snapshots.
    pub name: Name,
    /// The tenant.
    pub project: ProjectId,
    /// Free text for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The node that has it.
    pub node: NodeId,
    /// The snapshot that the VM derived from when this one was taken.
    pub parent: Option<SnapshotId>,
    /// The guest was on, and its memory was kept too.
    pub with_memory: bool,
    /// What the VM was to be at that moment.
    pub spec: VmSpec,
    /// The VM's volumes at that moment, in the order of `spec.disks`.
    pub volumes: Vec<VolumeId>,
    /// Where it is in its life.
    pub phase: SnapshotPhase,
    /// The task that makes or removes it.
    pub task: Option<TaskId>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// Where a snapshot is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotPhase {
    /// Accepted; the node has not confirmed it.
    Creating,
    /// There: one can go back to it.
    Ready,
    /// Being removed.
    Deleting,
    /// Making or removing it failed: whether it is there is not known. It can be removed.
    Error,
}

impl SnapshotPhase {
    /// Every phase.
    pub const ALL: &'static [Self] = &[Self::Creating, Self::Ready, Self::Deleting, Self::Error];

    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Ready => "ready",
            Self::Deleting => "deleting",
            Self::Error => "error",
        }
    }
}

impl Snapshot {
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.project),
            name: Some(self.name.as_str()),
            unique: Some(format!("{}/{}", self.vm, self.name)),
            node: Some(self.node),
            phase: Some(self.phase.as_str()),
        }
    }
}
