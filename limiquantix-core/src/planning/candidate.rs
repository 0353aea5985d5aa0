use super::{NodeView, PlacementRequest, Policy};
use crate::unit::Percent;

/// One node as one request sees it: the arithmetic that filters and scorers share, done once.
pub(super) struct Candidate<'a> {
    pub(super) node: &'a NodeView,
    pub(super) request: &'a PlacementRequest,
    pub(super) policy: &'a Policy,
    pub(super) cores: Room,
    pub(super) memory: Room,
    /// VMs promised to the node, the one to be placed not counted.
    pub(super) vms: u32,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(node: &'a NodeView, request: &'a PlacementRequest, policy: &'a Policy) -> Self {
        let policy = node.policy.as_ref().unwrap_or(policy);
        let own = request.current.filter(|current| current.node == node.id);
        let (own_cores, own_memory) = own.map_or((0, 0), |own| (own.cores.get(), own.memory.get()));
        Self {
            node,
            request,
            policy,
            cores: Room::new(
                request.cores.get(),
                node.cores.get(),
                policy.overcommit_cpu,
                node.allocated_cores.get().saturating_sub(own_cores),
            ),
            memory: Room::new(
                request.memory.get(),
                node.memory.get(),
                policy.overcommit_memory,
                node.allocated_memory.get().saturating_sub(own_memory),
            ),
            vms: node.vms.saturating_sub(u32::from(own.is_some())),
        }
    }
}

/// What is needed of one resource and what is there.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub(super) needed: u32,
    /// What is not promised to others. None, where more is promised than may be: overcommit was lowered,
    /// or memory was taken out of the node.
    pub(super) free: u32,
    capacity: u32,
}

impl Room {
    fn new(needed: u32, total: u32, overcommit: Percent, taken: u32) -> Self {
        let capacity = overcommit.of(total);
        Self {
            needed,
            free: capacity.saturating_sub(taken),
            capacity,
        }
    }

    pub(super) const fn fits(self) -> bool {
        self.needed <= self.free
    }

    /// How many thousandths of the capacity are free once the VM is there, rounded down. A node that has
    /// none of a resource has nothing of it to spare either: 0.
    pub(super) fn spare_permille(self) -> u32 {
        let spare = u64::from(self.free.saturating_sub(self.needed));
        let permille = (spare * 1000).checked_div(u64::from(self.capacity));
        // Never more than 1000, as what is free is part of the capacity.
        permille.map_or(0, |p| p as u32)
    }
}
