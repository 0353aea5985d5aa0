use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta};
use crate::identity::{Name, NodeId, PoolId};
use crate::unit::Bytes;

/// A place where volumes live. A directory pool belongs to one node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Its id.
    pub id: PoolId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// Unique on its node.
    pub name: Name,
    /// What it is.
    pub spec: PoolSpec,
    /// What was seen.
    pub status: PoolStatus,
}

/// What a pool is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolSpec {
    /// The node that has it.
    pub node: NodeId,
    /// How volumes are kept.
    pub driver: PoolDriver,
}

/// How volumes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolDriver {
    /// qcow2 files in a directory.
    Directory,
}

/// What was seen of a pool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolStatus {
    /// How large it is.
    pub capacity: Bytes,
    /// How much of it is free.
    pub available: Bytes,
}

impl Pool {
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            name: Some(self.name.as_str()),
            unique: Some(format!("{}/{}", self.spec.node, self.name)),
            node: Some(self.spec.node),
            ..IndexEntry::default()
        }
    }
}
