use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta};
use crate::identity::ProjectId;

/// A tenant: VMs, volumes and networks belong to one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its id, which is also its name.
    pub id: ProjectId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// What was said about it.
    pub spec: ProjectSpec,
}

/// What was said about a project.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectSpec {
    /// Free text for people.
    #[serde(default)]
    pub description: String,
}

impl Project {
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.id),
            name: Some(self.id.as_str()),
            ..IndexEntry::default()
        }
    }
}
