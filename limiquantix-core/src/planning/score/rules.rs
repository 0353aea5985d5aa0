use super::{BEST, Term, share, soft_taints, vm_count};
use crate::planning::candidate::Candidate;
use crate::resource::Strength;

/// The least difference between two values: a hundredth of the weight of all rules. Finer, and the sum of all
/// scorers would not fit the API's numbers.
const STEP: u32 = 10;

/// "Preferred" means there if at all possible: one step must outweigh the best that the other scorers can say.
/// This is the least such weight.
pub(super) const WEIGHT: u32 = BEST * (soft_taints::WEIGHT + share::WEIGHT + vm_count::WEIGHT) / STEP + 1;

/// Prefers nodes that keep more of the preferred rules, by their weights; no opinion where there is none.
pub(super) fn term(candidate: &Candidate<'_>) -> Option<Term> {
    let (mut kept, mut all) = (0_u64, 0_u64);
    for rule in &candidate.request.rules {
        if let Strength::Preferred(weight) = rule.strength {
            all += u64::from(weight);
            if rule.breach(candidate.node).is_none() {
                kept += u64::from(weight);
            }
        }
    }
    let steps = (kept * u64::from(BEST / STEP)).checked_div(all)?;
    Some(Term {
        scorer: "rules",
        // Never more than `BEST`, as what is kept is part of all.
        value: steps as u32 * STEP,
        weight: WEIGHT,
    })
}
