use super::{BEST, Term};
use crate::planning::Strategy;
use crate::planning::candidate::Candidate;

/// The least important: it decides between nodes that are equally full.
pub(super) const WEIGHT: u32 = 1;

/// Spread prefers the node with fewer VMs, as its failure takes fewer along; pack the one with more. Nodes
/// with more than a thousand VMs are all the same.
pub(super) fn term(candidate: &Candidate<'_>) -> Term {
    let vms = candidate.vms.min(BEST);
    let (scorer, value) = match candidate.policy.strategy {
        Strategy::Spread => ("few_vms", BEST - vms),
        Strategy::Pack => ("many_vms", vms),
    };
    Term {
        scorer,
        value,
        weight: WEIGHT,
    }
}
