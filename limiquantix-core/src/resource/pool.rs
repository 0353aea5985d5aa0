use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta};
use crate::identity::{Name, NodeId, PoolId};
use crate::unit::{Bytes, Percent};

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
    /// How much may be promised to volumes, as a share of the capacity.
    #[serde(default = "default_thin_overcommit")]
    pub thin_overcommit: Percent,
}

/// How much a pool may promise, unless somebody says otherwise: twenty times what it has, as OpenStack Cinder does
/// (`max_over_subscription_ratio`). Volumes are thin, and most guests write to a small part of their disks; a lower
/// ratio would refuse what works on every other platform, none at all would let one typing error promise a petabyte.
pub const DEFAULT_THIN_OVERCOMMIT: Percent = Percent(2000);

fn default_thin_overcommit() -> Percent {
    DEFAULT_THIN_OVERCOMMIT
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
    /// How much may be promised to its volumes.
    pub fn promisable(&self) -> Bytes {
        let share = u128::from(self.status.capacity.get()) * u128::from(self.spec.thin_overcommit.0) / 100;
        Bytes(u64::try_from(share).unwrap_or(u64::MAX))
    }

    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            name: Some(self.name.as_str()),
            unique: Some(format!("{}/{}", self.spec.node, self.name)),
            node: Some(self.spec.node),
            ..IndexEntry::default()
        }
    }
}
