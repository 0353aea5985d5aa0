use crate::planning::Refusal;
use crate::planning::candidate::Candidate;
use crate::resource::NodePhase;

/// The node answers. One that was not heard of yet is no candidate either: what is promised to it is known,
/// but nobody would start the VM.
pub(super) fn refusal(candidate: &Candidate<'_>) -> Option<impl FnOnce() -> Refusal> {
    let phase = candidate.node.phase;
    (phase != NodePhase::Ready).then_some(move || Refusal::NotReady {
        phase: phase.as_str().to_owned(),
    })
}
