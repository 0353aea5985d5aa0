//! Wishes, one per file. Each is one function, `term`, that gives 0 to 1000, 1000 being best, and a weight.
//!
//! Weights make the sum an order by importance: the difference of a single step of one scorer outweighs
//! everything that the scorers below it can say together.
//!
//! ```text
//!   rules         the VM's owner's wishes        before
//!   soft_taints   an administrator's wish        before
//!   share         room left (or used up)         before
//!   vm_count      how many VMs a failure takes   before the node's id
//! ```

mod rules;
mod share;
mod soft_taints;
#[cfg(test)]
mod tests;
mod vm_count;

use super::candidate::Candidate;
use super::recorder::Recorder;

/// The most a scorer gives. Thousandths are coarse on purpose: nodes within 0.1 % of each other are as good
/// as equal, and it is more useful to let the number of VMs decide between them than the last few MiB.
const BEST: u32 = 1000;

/// What one scorer says of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) scorer: &'static str,
    /// 0 to [`BEST`].
    pub(super) value: u32,
    pub(super) weight: u32,
}

/// The weighted sum of what the scorers say. It stays below 2^31, the most that the API can show.
pub(super) fn total(candidate: &Candidate<'_>, recorder: &mut impl Recorder) -> i64 {
    let terms = [
        soft_taints::term(candidate),
        share::term(candidate),
        vm_count::term(candidate),
    ];
    let mut total = 0;
    for term in rules::term(candidate).into_iter().chain(terms) {
        recorder.term(term);
        total += i64::from(term.value) * i64::from(term.weight);
    }
    total
}
