use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{IndexEntry, Labels, Meta};
use crate::identity::{ClusterId, Name};
use crate::planning::Policy;
use crate::unit::Percent;

/// Nodes that share policy. Which nodes, each of them says ([`AdminState`](super::AdminState)): a node is in one
/// cluster at most. A commit that adds or removes a node also updates its cluster, so that nobody decides on a
/// cluster whose nodes change at that moment.
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSpec {
    /// Free text for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How VMs are placed on its nodes.
    pub placement: Policy,
    /// How its load is to be balanced.
    #[serde(default)]
    pub drs: DrsPolicy,
    /// What is to happen when one of its nodes fails.
    #[serde(default)]
    pub ha: HaPolicy,
}

/// How the load of a cluster is to be balanced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrsPolicy {
    /// Who decides on moves.
    pub mode: DrsMode,
    /// Use of a node's cores above which it counts as overloaded.
    pub cpu_threshold: Percent,
    /// Use of a node's memory above which it counts as overloaded.
    pub memory_threshold: Percent,
    /// How often the cluster is looked at.
    pub interval: Duration,
}

impl Default for DrsPolicy {
    /// Recommend only; 80 % leaves a node room for a burst; five minutes are longer than a migration takes, so
    /// that each look sees the outcome of the last.
    fn default() -> Self {
        Self {
            mode: DrsMode::Manual,
            cpu_threshold: Percent(80),
            memory_threshold: Percent(80),
            interval: Duration::from_secs(300),
        }
    }
}

/// Who decides on moves of VMs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrsMode {
    /// People: moves are recommended.
    #[default]
    Manual,
    /// The system where a VM is to be started, people where a running one is to be moved.
    Partial,
    /// The system.
    Full,
}

/// What is to happen when a node of a cluster fails.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HaPolicy {
    /// Its VMs are to be restarted elsewhere.
    pub enabled: bool,
    /// Which VMs are restarted first: those with the labels of the first entry, then those of the second, and at
    /// last all others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub restart_order: Vec<Labels>,
    /// How many nodes may fail at once with room left for all of their VMs.
    pub tolerated_failures: u32,
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
