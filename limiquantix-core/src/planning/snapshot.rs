use serde::{Deserialize, Serialize};

use crate::identity::{Name, NodeId};
use crate::resource::{AdminState, Labels, Node, NodeAllocation, NodePhase, Taint};
use crate::unit::{Cores, Mebibytes};

/// The nodes at one moment, by id ascending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSnapshot {
    nodes: Vec<NodeView>,
}

impl ClusterSnapshot {
    /// A snapshot of these nodes, in whatever order.
    pub fn new(mut nodes: Vec<NodeView>) -> Self {
        nodes.sort_by_key(|n| n.id);
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
    /// Its labels.
    pub labels: Labels,
    /// Reasons to keep VMs away.
    pub taints: Vec<Taint>,
    /// Its pools, ascending.
    pub pools: Vec<Name>,
    /// Cores before overcommit.
    pub cores: Cores,
    /// Memory before overcommit, less what the host keeps.
    pub memory: Mebibytes,
    /// Promised cores.
    pub allocated_cores: Cores,
    /// Promised memory.
    pub allocated_memory: Mebibytes,
    /// How many VMs are promised to it.
    pub vms: u32,
}

impl NodeView {
    /// What the planner needs of a node and what is promised on it.
    pub fn new(node: &Node, allocation: &NodeAllocation) -> Self {
        let mut pools: Vec<Name> = node.spec.pools.iter().map(|p| p.name.clone()).collect();
        pools.sort();
        Self {
            id: node.id,
            name: node.name.clone(),
            phase: node.status.phase,
            admin: node.admin.clone(),
            labels: node.meta.labels.clone(),
            taints: node.spec.taints.clone(),
            pools,
            cores: node.spec.cores,
            memory: node.spec.memory.saturating_sub(node.spec.reserved_memory),
            allocated_cores: allocation.cores,
            allocated_memory: allocation.memory,
            vms: allocation.vms,
        }
    }
}
