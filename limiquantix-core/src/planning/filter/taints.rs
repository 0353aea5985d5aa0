use crate::planning::Refusal;
use crate::planning::candidate::Candidate;
use crate::resource::TaintEffect;

/// The VM tolerates every taint that keeps VMs away. Those that only discourage are a matter of score.
pub(super) fn refusal(candidate: &Candidate<'_>) -> Option<impl FnOnce() -> Refusal> {
    let mut taints = candidate.node.taints.iter();
    let taint = taints.find(|t| t.effect == TaintEffect::NoSchedule && !candidate.request.tolerates(t))?;
    Some(move || Refusal::Taint {
        key: taint.key.clone(),
        value: taint.value.clone(),
    })
}
