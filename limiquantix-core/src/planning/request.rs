use serde::{Deserialize, Serialize};

use super::Constraint;
use crate::identity::{Name, NodeId};
use crate::resource::{AccelPreference, Boot, PlacementSpec, Taint, VmSpec};
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
    /// What it insists on running under.
    #[serde(default)]
    pub accel: AccelPreference,
    /// Hard conditions.
    pub placement: PlacementSpec,
    /// What placement rules say about it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Constraint>,
    /// What the VM holds already, if it is placed: there, that does not count against it.
    pub current: Option<Reservation>,
}

/// What a placed VM holds on its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The node.
    pub node: NodeId,
    /// Cores promised to the VM there.
    pub cores: Cores,
    /// Memory promised to the VM there.
    pub memory: Mebibytes,
}

impl PlacementRequest {
    /// What a VM with this spec needs. With `current`, it is placed there already and holds exactly what
    /// `spec` says; where it holds something else (a resize), see [`holding`](Self::holding).
    pub fn new(spec: &VmSpec, current: Option<NodeId>) -> Self {
        let mut pools: Vec<Name> = spec.disks.iter().map(|d| d.pool.clone()).collect();
        if let Boot::Kernel { pool, .. } = &spec.boot {
            pools.push(pool.clone());
        }
        pools.sort();
        pools.dedup();
        let request = Self {
            cores: spec.cpu.cores,
            memory: spec.memory,
            pools,
            accel: spec.accel,
            placement: spec.placement.clone(),
            rules: Vec::new(),
            current: None,
        };
        match current {
            Some(node) => request.holding(node, spec),
            None => request,
        }
    }

    /// The same for a VM that is on `node` and holds there what `spec` needs. For a resize this is the spec
    /// as it was: counting the new size as already held would promise the difference twice.
    #[must_use]
    pub fn holding(mut self, node: NodeId, spec: &VmSpec) -> Self {
        self.current = Some(Reservation {
            node,
            cores: spec.cpu.cores,
            memory: spec.memory,
        });
        self
    }

    /// Whether this taint does not keep the VM away. Effects play no part: whoever tolerates a reason
    /// tolerates it in both strengths.
    pub(super) fn tolerates(&self, taint: &Taint) -> bool {
        self.placement
            .tolerations
            .iter()
            .any(|t| t.key == taint.key && t.value.as_ref().is_none_or(|value| *value == taint.value))
    }
}
