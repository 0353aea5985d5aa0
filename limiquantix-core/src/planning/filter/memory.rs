use crate::planning::Refusal;
use crate::planning::candidate::Candidate;

/// The VM's memory fits into what neither the host keeps nor is promised to others.
pub(super) fn refusal(candidate: &Candidate<'_>) -> Option<impl FnOnce() -> Refusal> {
    let room = candidate.memory;
    (!room.fits()).then_some(move || Refusal::Memory {
        needed: room.needed,
        free: room.free,
        total: candidate
            .node
            .memory
            .saturating_add(candidate.node.reserved_memory)
            .get(),
        reserved: candidate.node.reserved_memory.get(),
        overcommit: candidate.policy.overcommit_memory.0,
    })
}
