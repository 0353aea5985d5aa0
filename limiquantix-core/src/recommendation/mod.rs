//! The life of a recommendation as pure functions.
//!
//! ```text
//!   propose ──► PENDING ──approve──► APPROVED ──begin──► APPLYING ──succeed──► APPLIED
//!                 │  │                 │   │                 └──────fail─────► FAILED
//!                 │  └────reject───────┼───┴─► REJECTED
//!                 └─────expire─────────┴─────► EXPIRED
//! ```
//!
//! What is planned is planned on one version of a VM: whoever carries it out refuses when that is no longer so.
//! Deliberately absent: planning (a DRS engine proposes) and moving (an executor begins and ends).

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::error::{Error, Reason, Result};
use crate::identity::{NodeId, RecommendationId, VmId};
use crate::resource::{
    Decision, Impact, Labels, Meta, Node, NodeRef, Recommendation, RecommendationPriority,
    RecommendationState, Revision, Vm,
};
use crate::time::Timestamp;

/// The longest that a recommendation may be on offer. The load that it was planned on is another the next day.
pub const MAX_VALID_FOR: Duration = Duration::from_secs(24 * 3600);

/// How long one that has ended is kept, for people who ask what has been done.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// A move that an engine has planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The VM to move.
    pub vm: VmId,
    /// The VM's version that the plan rests on.
    pub planned_on: Revision,
    /// Where to.
    pub target: NodeId,
    /// How much is gained by it.
    pub priority: RecommendationPriority,
    /// Why, on one line.
    pub reason: String,
    /// What it changes on the source node.
    pub impact: Impact,
    /// How long the move is expected to take.
    pub estimated_duration: Duration,
    /// How long the plan is worth following.
    pub valid_for: Duration,
}

/// What happens to a recommendation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Somebody wants it.
    Approve(Decision),
    /// Somebody does not.
    Reject(Decision),
    /// It is too old, or another takes its place: why.
    Expire(String),
    /// It is being carried out.
    Begin,
    /// It was carried out.
    Succeed,
    /// It could not be: why.
    Fail(String),
}

impl Step {
    /// The state that it leads to.
    pub const fn leads_to(&self) -> RecommendationState {
        match self {
            Self::Approve(_) => RecommendationState::Approved,
            Self::Reject(_) => RecommendationState::Rejected,
            Self::Expire(_) => RecommendationState::Expired,
            Self::Begin => RecommendationState::Applying,
            Self::Succeed => RecommendationState::Applied,
            Self::Fail(_) => RecommendationState::Failed,
        }
    }
}

/// Whether a recommendation that is `from` may become `to`.
pub const fn may_follow(from: RecommendationState, to: RecommendationState) -> bool {
    use RecommendationState::{Applied, Applying, Approved, Expired, Failed, Pending, Rejected};
    matches!(
        (from, to),
        (Pending, Approved | Rejected | Expired)
            | (Approved, Applying | Rejected | Expired)
            | (Applying, Applied | Failed)
    )
}

/// A new recommendation.
///
/// `VERSION_MISMATCH` if `vm` is not at the version that the plan rests on, `WRONG_STATE` if it is on no node, and
/// `INVALID_FIELD` for a target that it is on already, a reason that is empty and a validity that is none.
pub fn propose(
    id: RecommendationId,
    proposal: &Proposal,
    vm: &Vm,
    source: &Node,
    target: &Node,
    now: Timestamp,
) -> Result<Recommendation> {
    if vm.meta.revision != proposal.planned_on {
        let message = format!(
            "the move of vm {} was planned on version {}, and it is at {}",
            vm.name, proposal.planned_on, vm.meta.revision
        );
        // With a field: reading again would not help, the plan itself is old.
        return Err(Error::new(Reason::VersionMismatch, message).with("field", "planned_on"));
    }
    if vm.placement.is_none_or(|p| p.node != source.id) {
        let message = format!("vm {} is not on node {}", vm.name, source.name);
        return Err(Error::new(Reason::WrongState, message));
    }
    if source.id == target.id {
        return Err(Error::invalid(
            "target",
            format!("vm {} is on {} already", vm.name, target.name),
        ));
    }
    if proposal.reason.trim().is_empty() {
        return Err(Error::invalid(
            "reason",
            "reason is required: why the VM should move",
        ));
    }
    crate::validate::line("reason", &proposal.reason)?;
    if proposal.valid_for.is_zero() || proposal.valid_for > MAX_VALID_FOR {
        let message = format!("valid_for must be more than nothing and at most {MAX_VALID_FOR:?}");
        return Err(Error::invalid("valid_for", message));
    }
    let mut recommendation = Recommendation {
        id,
        meta: Meta::created(now, Labels::new()),
        vm: vm.id,
        vm_name: vm.name.to_string(),
        planned_on: proposal.planned_on,
        project: vm.project.clone(),
        source: reference(source),
        target: reference(target),
        priority: proposal.priority,
        reason: proposal.reason.clone(),
        impact: proposal.impact,
        estimated_duration: proposal.estimated_duration,
        state: RecommendationState::Pending,
        expires_at: now.plus(proposal.valid_for),
        approved: None,
        rejected: None,
        message: String::new(),
    };
    recommendation.relabel();
    Ok(recommendation)
}

/// `recommendation` after `step`.
///
/// `ALREADY_IN_STATE` if it has been taken already, `WRONG_STATE` if it may not be taken from where it is; also for an
/// approval that comes when the recommendation is too old, whether or not anybody has noticed that.
pub fn advance(recommendation: &Recommendation, step: Step, now: Timestamp) -> Result<Recommendation> {
    let (from, to) = (recommendation.state, step.leads_to());
    let what = format!("the recommendation to move vm {}", recommendation.vm_name);
    if from == to {
        let message = format!("{what} is {} already", from.as_str());
        return Err(Error::new(Reason::AlreadyInState, message).with("state", from.as_str()));
    }
    if !may_follow(from, to) {
        let message = format!("{what} is {}: it cannot become {}", from.as_str(), to.as_str());
        return Err(Error::new(Reason::WrongState, message).with("state", from.as_str()));
    }
    if to == RecommendationState::Approved && is_expired(recommendation, now) {
        let message = format!("{what} is too old to be approved");
        return Err(Error::new(Reason::WrongState, message).with("state", "expired"));
    }
    let mut after = recommendation.clone();
    after.state = to;
    after.meta.updated_at = now;
    match step {
        Step::Approve(decision) => after.approved = Some(decision),
        Step::Reject(decision) => after.rejected = Some(decision),
        Step::Expire(why) | Step::Fail(why) => after.message = why,
        Step::Begin | Step::Succeed => {}
    }
    after.relabel();
    Ok(after)
}

/// Whether it is too old to be carried out. One that is being carried out, or has ended, is not a matter of age.
pub fn is_expired(recommendation: &Recommendation, now: Timestamp) -> bool {
    may_follow(recommendation.state, RecommendationState::Expired) && now >= recommendation.expires_at
}

/// Whether it ended so long ago that nobody asks for it any more.
pub fn is_history(recommendation: &Recommendation, now: Timestamp) -> bool {
    recommendation.state.is_terminal() && now.since(recommendation.meta.updated_at) >= KEPT_FOR
}

fn reference(node: &Node) -> NodeRef {
    NodeRef {
        id: node.id,
        name: node.name.to_string(),
    }
}
