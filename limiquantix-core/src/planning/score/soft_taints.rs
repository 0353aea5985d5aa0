use super::{BEST, Term, share, vm_count};
use crate::planning::candidate::Candidate;
use crate::resource::TaintEffect;

/// What one taint takes off. Ten of them are as bad as it gets: nobody will miss the difference between the
/// tenth and the eleventh, and 900 for one taint reads better than 999.
const STEP: u32 = 100;

/// "Prefer not to" means elsewhere if at all possible, and not elsewhere unless that is a little fuller: one
/// taint must outweigh the best that the other scorers can say. This is the least such weight.
pub(super) const WEIGHT: u32 = BEST * (share::WEIGHT + vm_count::WEIGHT) / STEP + 1;

/// Prefers nodes with fewer taints that discourage and are not tolerated.
pub(super) fn term(candidate: &Candidate<'_>) -> Term {
    let discouraging = candidate
        .node
        .taints
        .iter()
        .filter(|t| t.effect == TaintEffect::PreferNoSchedule && !candidate.request.tolerates(t))
        .take((BEST / STEP) as usize)
        .count() as u32;
    Term {
        scorer: "soft_taints",
        value: BEST - discouraging * STEP,
        weight: WEIGHT,
    }
}
