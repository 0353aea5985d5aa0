use super::{BEST, Term, vm_count};
use crate::planning::Strategy;
use crate::planning::candidate::Candidate;

/// One thousandth of a node's capacity counts more than any difference in the number of VMs. This is the
/// least such weight.
pub(super) const WEIGHT: u32 = BEST * vm_count::WEIGHT + 1;

/// Spread prefers the node that has the largest share of itself free once the VM is there, pack the one that
/// has the smallest.
///
/// Of cores and memory, the scarcer one counts (the *dominant* share of Ghodsi et al., "Dominant Resource
/// Fairness", NSDI 2011): a node without memory is full, however many cores are idle. Shares rather than
/// amounts make small and large nodes comparable: all of them fill up at the same pace.
pub(super) fn term(candidate: &Candidate<'_>) -> Term {
    let free = candidate
        .cores
        .spare_permille()
        .min(candidate.memory.spare_permille());
    let (scorer, value) = match candidate.policy.strategy {
        Strategy::Spread => ("free_share", free),
        Strategy::Pack => ("used_share", BEST.saturating_sub(free)),
    };
    Term {
        scorer,
        value,
        weight: WEIGHT,
    }
}
