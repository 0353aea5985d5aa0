use serde::{Deserialize, Serialize};

use crate::identity::{Name, NodeId};
use crate::resource::{PlacementSpec, VmSpec};
use crate::unit::{Cores, Mebibytes};

/// What a VM needs of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlacementRequest {
    /// Cores.
    pub cores: Cores,
    /// Memory.
    pub memory: Mebibytes,
    /// Pools that must be there, each once, ascending.
    pub pools: Vec<Name>,
    /// Hard conditions.
    pub placement: PlacementSpec,
    /// Where the VM is already, if it is: its own reservation there does not count against it.
    pub current: Option<NodeId>,
}

impl PlacementRequest {
    /// What a VM with this spec needs.
    pub fn new(spec: &VmSpec, current: Option<NodeId>) -> Self {
        let mut pools: Vec<Name> = spec.disks.iter().map(|d| d.pool.clone()).collect();
        if let crate::resource::Boot::Kernel { pool, .. } = &spec.boot {
            pools.push(pool.clone());
        }
        pools.sort();
        pools.dedup();
        Self {
            cores: spec.cpu.cores,
            memory: spec.memory,
            pools,
            placement: spec.placement.clone(),
            current,
        }
    }
}
