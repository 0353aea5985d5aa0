use serde::{Deserialize, Serialize};

use super::Policy;
use crate::error::{Error, Result};
use crate::identity::{Name, NodeId};
use crate::resource::{Accel, AdminState, Labels, Node, NodeAllocation, NodePhase, Taint};
use crate::unit::{Cores, Mebibytes};

/// The nodes at one moment, by id ascending, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Unordered")]
pub struct ClusterSnapshot {
    nodes: Vec<NodeView>,
}

/// A snapshot as it is read: any program may have written it, in any order.
#[derive(Deserialize)]
struct Unordered {
    nodes: Vec<NodeView>,
}

impl TryFrom<Unordered> for ClusterSnapshot {
    type Error = Error;

    /// Refuses a node that is there twice: which of the two is meant cannot be known.
    fn try_from(read: Unordered) -> Result<Self> {
        let count = read.nodes.len();
        let snapshot = Self::new(read.nodes);
        if snapshot.nodes.len() != count {
            return Err(Error::invalid("nodes", "nodes has the same id more than once"));
        }
        Ok(snapshot)
    }
}

impl ClusterSnapshot {
    /// A snapshot of these nodes, in whatever order; of several with one id the last counts, as if each had
    /// been [`upsert`](Self::upsert)ed.
    pub fn new(mut nodes: Vec<NodeView>) -> Self {
        // Both steps keep the first of equals, so that reversing makes it the last one given.
        nodes.reverse();
        nodes.sort_by_key(|n| n.id);
        nodes.dedup_by_key(|n| n.id);
        Self { nodes }
    }

    /// The nodes, by id ascending.
    pub fn nodes(&self) -> &[NodeView] {
        &self.nodes
    }

    /// The node with this id. O(log n).
    pub fn node(&self, id: NodeId) -> Option<&NodeView> {
        self.nodes
            .binary_search_by_key(&id, |n| n.id)
            .ok()
            .map(|i| &self.nodes[i])
    }

    /// Adds a node or replaces what is known of it. O(log n) for a known node.
    pub fn upsert(&mut self, node: NodeView) {
        match self.nodes.binary_search_by_key(&node.id, |n| n.id) {
            Ok(i) => self.nodes[i] = node,
            Err(i) => self.nodes.insert(i, node),
        }
    }

    /// Forgets a node.
    pub fn remove(&mut self, id: NodeId) {
        if let Ok(i) = self.nodes.binary_search_by_key(&id, |n| n.id) {
            self.nodes.remove(i);
        }
    }
}

/// What the planner knows of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeView {
    /// The node.
    pub id: NodeId,
    /// Its name, for reports.
    pub name: Name,
    /// Whether it answers.
    pub phase: NodePhase,
    /// What the administrator wants of it.
    pub admin: AdminState,
    /// The policy of its cluster; if it is in none, what is planned with counts for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// Its labels.
    pub labels: Labels,
    /// Reasons to keep VMs away.
    pub taints: Vec<Taint>,
    /// What its guests run under.
    pub accel: Accel,
    /// Its pools, ascending.
    pub pools: Vec<Name>,
    /// Cores before overcommit.
    pub cores: Cores,
    /// Memory before overcommit, less what the host keeps.
    pub memory: Mebibytes,
    /// What the host keeps, for reports: already taken off `memory`.
    #[serde(default)]
    pub reserved_memory: Mebibytes,
    /// Promised cores.
    pub allocated_cores: Cores,
    /// Promised memory.
    pub allocated_memory: Mebibytes,
    /// How many VMs are promised to it.
    pub vms: u32,
}

impl NodeView {
    /// What the planner needs of a node and what is promised on it. Whoever knows its cluster sets `policy`.
    pub fn new(node: &Node, allocation: &NodeAllocation) -> Self {
        let mut pools: Vec<Name> = node.spec.pools.iter().map(|p| p.name.clone()).collect();
        pools.sort();
        Self {
            id: node.id,
            name: node.name.clone(),
            phase: node.status.phase,
            // What else the administrator said is no business of the planner's, or is in what follows.
            admin: AdminState {
                cordoned: node.admin.cordoned,
                maintenance: node.admin.maintenance,
                reason: node.admin.reason.clone(),
                ..AdminState::default()
            },
            policy: None,
            labels: node.meta.labels.clone(),
            taints: node.taints(),
            accel: node.status.hypervisor.accel,
            pools,
            cores: node.spec.cores,
            memory: node.spec.memory.saturating_sub(node.spec.reserved_memory),
            // No more than there is, so that this and `memory` always add up to the node's memory.
            reserved_memory: node.spec.reserved_memory.min(node.spec.memory),
            allocated_cores: allocation.cores,
            allocated_memory: allocation.memory,
            vms: allocation.vms,
        }
    }
}
