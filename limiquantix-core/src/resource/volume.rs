use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta};
use crate::identity::{ImageName, Name, NodeId, ProjectId, VmId, VolumeId};
use crate::unit::Gibibytes;

/// A virtual disk. Its file is named by its id, never by a user's string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Its id.
    pub id: VolumeId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// What people call it.
    pub name: Name,
    /// The tenant.
    pub project: ProjectId,
    /// What it should be.
    pub spec: VolumeSpec,
    /// Where it is in its life.
    pub phase: VolumePhase,
}

/// What a volume should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeSpec {
    /// The node whose pool it is in.
    pub node: NodeId,
    /// The pool.
    pub pool: Name,
    /// Virtual size.
    pub size: Gibibytes,
    /// What it starts out as.
    pub source: VolumeSource,
    /// The VM that it was made for and goes with.
    pub vm: Option<VmId>,
}

/// What a volume starts out as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum VolumeSource {
    /// Zeros.
    Empty,
    /// A qcow2 overlay of an image, which stays as it is.
    Image {
        /// The image, in the same pool.
        image: ImageName,
    },
}

/// Where a volume is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumePhase {
    /// Accepted; the node has not confirmed it.
    Creating,
    /// There, and attached to no VM.
    Available,
    /// Attached to its VM.
    InUse,
    /// Being taken out of its VM.
    Detaching,
    /// Being removed.
    Deleting,
    /// Making or removing it failed.
    Error,
}

impl VolumePhase {
    /// Every phase.
    pub const ALL: &'static [Self] = &[
        Self::Creating,
        Self::Available,
        Self::InUse,
        Self::Detaching,
        Self::Deleting,
        Self::Error,
    ];

    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::InUse => "in_use",
            Self::Detaching => "detaching",
            Self::Deleting => "deleting",
            Self::Error => "error",
        }
    }
}

impl Volume {
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.project),
            name: Some(self.name.as_str()),
            unique: None,
            node: Some(self.spec.node),
            phase: Some(self.phase.as_str()),
        }
    }
}
