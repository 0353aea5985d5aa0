use std::sync::Arc;

use limiquantix_core::contract::Repository;
use limiquantix_core::identity::RecommendationId;
use limiquantix_core::recommendation::{Step, advance};
use limiquantix_core::resource::{Decision, EventKind, Recommendation, Resource as _, Vm};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result, validate};

use super::RecommendationService;
use crate::call::Call;
use crate::mutation::{Draft, mutate};

impl RecommendationService {
    /// The caller wants a recommendation to be carried out.
    ///
    /// Errors: `NOT_FOUND`, `ALREADY_IN_STATE` if it has been approved, `WRONG_STATE` if it is no longer pending, is
    /// too old, or its VM is no longer where it was, `VERSION_MISMATCH`, `INVALID_FIELD` for `comment`,
    /// `REQUEST_ID_REUSED`.
    pub async fn approve(
        &self,
        call: &Call,
        id: RecommendationId,
        comment: &str,
    ) -> Result<Arc<Recommendation>> {
        validate::comment(comment)?;
        mutate(
            &self.parts,
            call,
            "ApproveRecommendation",
            &(id, comment),
            async |now| {
                let before = self.seen(call, id).await?;
                let after = advance(&before, Step::Approve(decision(call, comment, now)), now)?;
                let vm = self.still_there(&before).await?;
                let message = format!("{} approved the move to {}", call.principal, after.target.name);
                let mut draft = Draft::update(after, now).event(
                    &self.parts,
                    EventKind::RecommendationApproved,
                    message,
                    now,
                );
                // What was approved is the move from where the VM is.
                draft.changes.guard(&*vm);
                Ok(draft)
            },
        )
        .await
    }

    /// The caller does not want a recommendation, also if it has been approved.
    ///
    /// Errors: `NOT_FOUND`, `ALREADY_IN_STATE` if it has been rejected, `WRONG_STATE` if it is being carried out or
    /// has ended, `VERSION_MISMATCH`, `INVALID_FIELD` for `comment`, `REQUEST_ID_REUSED`.
    pub async fn reject(
        &self,
        call: &Call,
        id: RecommendationId,
        comment: &str,
    ) -> Result<Arc<Recommendation>> {
        validate::comment(comment)?;
        mutate(
            &self.parts,
            call,
            "RejectRecommendation",
            &(id, comment),
            async |now| {
                let before = self.seen(call, id).await?;
                let after = advance(&before, Step::Reject(decision(call, comment, now)), now)?;
                let message = format!("{} rejected the move to {}", call.principal, after.target.name);
                let kind = EventKind::RecommendationRejected;
                Ok(Draft::update(after, now).event(&self.parts, kind, message, now))
            },
        )
        .await
    }

    /// The recommendation, if it is at the version that the caller has seen.
    async fn seen(&self, call: &Call, id: RecommendationId) -> Result<Arc<Recommendation>> {
        let recommendation = self.get(id).await?;
        call.check_version(&recommendation.key(), recommendation.meta.revision)?;
        Ok(recommendation)
    }

    /// The VM, if it is still where the recommendation would move it away from.
    async fn still_there(&self, it: &Recommendation) -> Result<Arc<Vm>> {
        let vms = Repository::<Vm>::new(Arc::clone(&self.parts.store));
        let vm = vms.find(&it.vm).await?;
        let there = vm.filter(|vm| !vm.deleting && vm.placement.is_some_and(|p| p.node == it.source.id));
        there.ok_or_else(|| {
            let message = format!("vm {} is no longer on {}", it.vm_name, it.source.name);
            Error::new(Reason::WrongState, message)
        })
    }
}

fn decision(call: &Call, comment: &str, at: Timestamp) -> Decision {
    Decision {
        by: call.principal.clone(),
        at,
        comment: comment.to_owned(),
    }
}
