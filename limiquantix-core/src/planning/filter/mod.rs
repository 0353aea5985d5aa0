//! Hard conditions, one per file. Each is one function, `refusal`: nothing if the node passes, otherwise how
//! to say why, with the numbers. The words are made only when somebody asks for them.
//!
//! The order is the order of the reports: first what is wrong with the node whatever is asked of it, then
//! what the VM insists on, then capacity. "Not enough memory" on a node in maintenance would send its reader
//! to free memory in vain.

mod accel;
mod cores;
mod memory;
mod pools;
mod ready;
mod rules;
mod schedulable;
mod selector;
mod taints;
#[cfg(test)]
mod tests;

use super::Refusal;
use super::candidate::Candidate;
use super::recorder::Recorder;

/// Whether the node can take the VM; the first filter that refuses it is recorded.
pub(super) fn admits(candidate: &Candidate<'_>, recorder: &mut impl Recorder) -> bool {
    passes(candidate, recorder, ready::refusal(candidate))
        && passes(candidate, recorder, schedulable::refusal(candidate))
        && passes(candidate, recorder, selector::refusal(candidate))
        && passes(candidate, recorder, taints::refusal(candidate))
        && passes(candidate, recorder, accel::refusal(candidate))
        && passes(candidate, recorder, pools::refusal(candidate))
        && passes(candidate, recorder, rules::refusal(candidate))
        && passes(candidate, recorder, cores::refusal(candidate))
        && passes(candidate, recorder, memory::refusal(candidate))
}

fn passes(
    candidate: &Candidate<'_>,
    recorder: &mut impl Recorder,
    refusal: Option<impl FnOnce() -> Refusal>,
) -> bool {
    match refusal {
        None => true,
        Some(why) => {
            recorder.refuse(candidate.node, why);
            false
        }
    }
}
