use crate::planning::Refusal;
use crate::planning::candidate::Candidate;
use crate::resource::{Accel, AccelPreference};

/// The node's guests run under what the VM insists on. Every node can emulate in software; hardware
/// virtualization has to be found working there. A simulated node simulates either.
pub(super) fn refusal(candidate: &Candidate<'_>) -> Option<impl FnOnce() -> Refusal> {
    let missing = (candidate.request.accel, candidate.node.accel) == (AccelPreference::Kvm, Accel::Tcg);
    missing.then_some(|| Refusal::Accel)
}
