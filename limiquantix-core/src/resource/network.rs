use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta};
use crate::identity::{Name, NetworkId, ProjectId};

/// A virtual network that VMs plug into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Its id.
    pub id: NetworkId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// Unique in its project.
    pub name: Name,
    /// The tenant.
    pub project: ProjectId,
    /// What it is.
    pub spec: NetworkSpec,
}

/// What a network is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSpec {
    /// The network or bridge of this name that the hypervisor of every node has.
    pub backing: Name,
}

impl Network {
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.project),
            name: Some(self.name.as_str()),
            unique: Some(format!("{}/{}", self.project, self.name)),
            ..IndexEntry::default()
        }
    }
}
