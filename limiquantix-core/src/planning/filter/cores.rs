use crate::planning::Refusal;
use crate::planning::candidate::Candidate;

/// The VM's cores fit into what is not promised to others.
pub(super) fn refusal(candidate: &Candidate<'_>) -> Option<impl FnOnce() -> Refusal> {
    let room = candidate.cores;
    (!room.fits()).then_some(move || Refusal::Cores {
        needed: room.needed,
        free: room.free,
        total: candidate.node.cores.get(),
        overcommit: candidate.policy.overcommit_cpu.0,
    })
}
