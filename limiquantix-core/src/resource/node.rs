use serde::{Deserialize, Serialize};

use super::{Accel, IndexEntry, Labels, Meta};
use crate::identity::{ClusterId, Name, NodeId};
use crate::time::Timestamp;
use crate::unit::{Bytes, Cores, Mebibytes};

/// A host that runs VMs. Three parts with three writers: the agent reports `spec` and `status`, an
/// administrator sets `admin`; neither ever writes the other's (a heartbeat must not undo a cordon).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its id, across reboots and renames.
    pub id: NodeId,
    /// Revision, times, and the labels that it is selected by: see [`Node::settle_labels`].
    pub meta: Meta,
    /// Its hostname, unique among nodes; a label, not the identity.
    pub name: Name,
    /// Where its management interface answers, for people.
    #[serde(default)]
    pub management_ip: String,
    /// What it has.
    pub spec: NodeSpec,
    /// What the administrator wants.
    pub admin: AdminState,
    /// What was seen.
    pub status: NodeStatus,
}

/// What a node has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// Cores that guests may use, before overcommit.
    pub cores: Cores,
    /// Physical memory.
    pub memory: Mebibytes,
    /// Memory kept for the host itself, taken off before overcommit.
    pub reserved_memory: Mebibytes,
    /// Reasons to keep VMs away, as its agent was configured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
    /// Its storage pools.
    #[serde(default)]
    pub pools: Vec<PoolFacts>,
}

/// A reason to keep VMs away that do not tolerate it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taint {
    /// What it is about.
    pub key: String,
    /// More precisely.
    #[serde(default)]
    pub value: String,
    /// What it does.
    pub effect: TaintEffect,
}

/// What a taint does to VMs that do not tolerate it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaintEffect {
    /// New VMs stay away.
    NoSchedule,
    /// New VMs go elsewhere if they can.
    PreferNoSchedule,
}

/// A storage pool as its node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolFacts {
    /// Unique on the node.
    pub name: Name,
    /// How large it is.
    pub capacity: Bytes,
    /// How much of it is free.
    pub available: Bytes,
}

/// What the administrator wants of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdminState {
    /// The cluster that it is in, whose policy counts for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterId>,
    /// No new VMs.
    #[serde(default)]
    pub cordoned: bool,
    /// It is being worked on.
    #[serde(default)]
    pub maintenance: bool,
    /// Why it takes no new VMs, in the administrator's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it is, in the administrator's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Labels that the administrator gave it; of a key that the agent has set too, this value counts.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// Reasons to keep VMs away, besides those that its agent reports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taints: Vec<Taint>,
}

/// What was seen of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Whether it answers.
    pub phase: NodePhase,
    /// Details of its health.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Labels that its agent gives it.
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// What runs its guests.
    pub hypervisor: HypervisorFacts,
    /// Changes with every boot of the node's kernel.
    pub boot_id: String,
    /// The version of its agent.
    pub agent_version: String,
    /// When the phase last changed.
    pub phase_since: Timestamp,
}

/// Whether a node answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodePhase {
    /// Its heartbeats arrive.
    Ready,
    /// They stopped.
    NotReady,
    /// The control plane has just started and has not heard from it yet.
    Unknown,
}

impl NodePhase {
    /// Every phase.
    pub const ALL: &'static [Self] = &[Self::Ready, Self::NotReady, Self::Unknown];

    /// Its name, in lower-case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NotReady => "not_ready",
            Self::Unknown => "unknown",
        }
    }
}

/// One aspect of a node's health.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Which aspect, for example `HypervisorReachable`.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// One sentence for people.
    pub message: String,
}

/// What runs a node's guests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HypervisorFacts {
    /// `libvirt` or `mock`.
    pub driver: String,
    /// Its version.
    pub version: String,
    /// What guests run under on this node, found by trying.
    pub accel: Accel,
}

impl Node {
    /// The taints that count: those of its agent, then those of the administrator, each once.
    pub fn taints(&self) -> Vec<Taint> {
        let mut taints = self.spec.taints.clone();
        let more = self.admin.taints.iter().filter(|t| !self.spec.taints.contains(t));
        taints.extend(more.cloned());
        taints
    }

    /// Makes the labels that it is selected by those of its agent and those of the administrator, whose values
    /// win. To be called by whoever has changed either.
    pub fn settle_labels(&mut self) {
        self.meta.labels.clone_from(&self.status.labels);
        self.meta.labels.extend(self.admin.labels.clone());
    }

    /// Where the stores find it.
    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            project: None,
            name: Some(self.name.as_str()),
            unique: Some(self.name.to_string()),
            node: Some(self.id),
            phase: Some(self.status.phase.as_str()),
        }
    }
}
