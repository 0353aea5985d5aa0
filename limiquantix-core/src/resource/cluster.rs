use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta};
use crate::identity::{ClusterId, Name};
use crate::planning::Policy;

/// Nodes that share placement policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its id.
    pub id: ClusterId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// Unique.
    pub name: Name,
    /// Its policy.
    pub spec: ClusterSpec,
}

/// The policy of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSpec {
    /// How VMs are placed.
    pub placement: Policy,
}

impl Cluster {
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            name: Some(self.name.as_str()),
            unique: Some(self.name.to_string()),
            ..IndexEntry::default()
        }
    }
}
