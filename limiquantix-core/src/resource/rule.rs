use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{IndexEntry, Labels, Meta};
use crate::identity::{Name, NodeId, ProjectId, RuleId, VmId};

/// Which VMs of a project belong together, apart, on some nodes, or off them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementRule {
    /// Its id.
    pub id: RuleId,
    /// Revision, times, labels.
    pub meta: Meta,
    /// Unique in its project.
    pub name: Name,
    /// The tenant; the rule is about VMs of this project only.
    pub project: ProjectId,
    /// What it says.
    pub spec: RuleSpec,
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSpec {
    /// Free text for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The VMs that it is about.
    pub vms: VmSelector,
    /// Whether they are drawn to something or kept away from it.
    pub affinity: Affinity,
    /// To what, or from what.
    pub towards: RuleTarget,
    /// How firmly.
    pub strength: Strength,
}

/// The VMs that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VmSelector {
    /// These.
    Ids(BTreeSet<VmId>),
    /// Those with all of these labels, at least one.
    Labels(Labels),
}

/// Whether VMs are drawn to something or kept away from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Affinity {
    /// They are drawn to it.
    To,
    /// They are kept away from it.
    Anti,
}

/// What a rule draws VMs to, or keeps them away from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleTarget {
    /// The node of any other VM of the rule.
    EachOther,
    /// Nodes.
    Nodes(NodeSelector),
}

/// Some nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeSelector {
    /// These.
    Ids(BTreeSet<NodeId>),
    /// Those with all of these labels, at least one.
    Labels(Labels),
}

/// How firmly a rule is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// No VM is placed against it.
    Required,
    /// Nodes that keep it are preferred, by this weight of 1 to 100 beside other such rules.
    Preferred(u32),
}

impl VmSelector {
    /// Whether a VM with this id and these labels is one of them; a VM to be created has no id yet.
    pub fn matches(&self, id: Option<VmId>, labels: &Labels) -> bool {
        match self {
            Self::Ids(ids) => id.is_some_and(|id| ids.contains(&id)),
            Self::Labels(wanted) => wanted.iter().all(|(key, value)| labels.get(key) == Some(value)),
        }
    }
}

impl NodeSelector {
    /// Whether a node with this id and these labels is one of them.
    pub fn matches(&self, id: NodeId, labels: &Labels) -> bool {
        match self {
            Self::Ids(ids) => ids.contains(&id),
            Self::Labels(wanted) => wanted.iter().all(|(key, value)| labels.get(key) == Some(value)),
        }
    }
}

impl PlacementRule {
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: Some(&self.project),
            name: Some(self.name.as_str()),
            unique: Some(format!("{}/{}", self.project, self.name)),
            ..IndexEntry::default()
        }
    }
}
