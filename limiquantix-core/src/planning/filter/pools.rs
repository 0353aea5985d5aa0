use crate::planning::Refusal;
use crate::planning::candidate::Candidate;

/// The node has every pool that the VM's disks and images are in. A plain search: nodes have a handful of
/// pools, and a snapshot from elsewhere may have them in any order.
pub(super) fn refusal(candidate: &Candidate<'_>) -> Option<impl FnOnce() -> Refusal> {
    let there = &candidate.node.pools;
    let missing = candidate
        .request
        .pools
        .iter()
        .find(|pool| !there.contains(pool))?;
    Some(move || Refusal::Pool {
        pool: missing.clone(),
    })
}
