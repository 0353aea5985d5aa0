use std::sync::Arc;

use limiquantix_core::Result;
use limiquantix_core::identity::NodeId;
use limiquantix_core::resource::{Node, NodeAllocation};
use limiquantix_core::unit::{Cores, Mebibytes, Percent};

use super::{LastHeartbeat, NodeService};

/// What a node has, what of it is promised and what is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeMetrics {
    /// The node.
    pub node: Arc<Node>,
    /// Cores and memory for guests, before overcommit.
    pub capacity: (Cores, Mebibytes),
    /// How much of each may be promised, in percent of what is there.
    pub overcommit: (Percent, Percent),
    /// How much of each may be promised.
    pub allocatable: (Cores, Mebibytes),
    /// What is promised.
    pub allocated: Option<Arc<NodeAllocation>>,
    /// What was last reported.
    pub last_heartbeat: Option<LastHeartbeat>,
}

impl NodeService {
    /// The figures of one node; `NOT_FOUND` if there is none.
    pub async fn metrics(&self, id: NodeId) -> Result<NodeMetrics> {
        let node = self.get(id).await?;
        let policy = &self.parts.settings.placement;
        let (cpu, memory) = (policy.overcommit_cpu, policy.overcommit_memory);
        let capacity = (
            node.spec.cores,
            node.spec.memory.saturating_sub(node.spec.reserved_memory),
        );
        Ok(NodeMetrics {
            capacity,
            overcommit: (cpu, memory),
            allocatable: (
                Cores(cpu.of(capacity.0.get())),
                Mebibytes(memory.of(capacity.1.get())),
            ),
            allocated: self.allocation(id),
            last_heartbeat: self.last_heartbeat(id),
            node,
        })
    }
}
