use std::sync::Arc;

use limiquantix_core::contract::{IdSourceExt as _, PageRequest, Repository, Selector};
use limiquantix_core::recommendation::{self, Proposal, Step};
use limiquantix_core::resource::{
    EventKind, Labels, Node, Recommendation, RecommendationState, Resource as _, Vm,
};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result};

use super::RecommendationService;
use crate::call::Call;
use crate::mutation::{Draft, mutate};

impl RecommendationService {
    /// Puts a planned move on offer. One that is still pending for the VM expires by that: the newer plan counts.
    ///
    /// Errors: `NOT_FOUND` for a VM or target that does not exist, `VERSION_MISMATCH` if the VM has changed since the
    /// plan was made, `OPERATION_IN_PROGRESS` if a move of the VM has been approved or is under way, `WRONG_STATE` if
    /// the VM is on no node, `INVALID_FIELD`, `REQUEST_ID_REUSED`.
    pub async fn propose(&self, call: &Call, proposal: &Proposal) -> Result<Arc<Recommendation>> {
        let request = (
            proposal.vm,
            proposal.planned_on,
            proposal.target,
            proposal.priority,
            &proposal.reason,
            proposal.impact,
            (proposal.estimated_duration, proposal.valid_for),
        );
        mutate(
            &self.parts,
            call,
            "ProposeRecommendation",
            &request,
            async |now| self.draft(proposal, now).await,
        )
        .await
    }

    async fn draft(&self, proposal: &Proposal, now: Timestamp) -> Result<Draft<Recommendation>> {
        let parts = &self.parts;
        let vm = Repository::<Vm>::new(Arc::clone(&parts.store))
            .get(&proposal.vm)
            .await?;
        let nodes = Repository::<Node>::new(Arc::clone(&parts.store));
        let target = nodes.get(&proposal.target).await?;
        let on = vm.placement.map(|p| p.node).ok_or_else(|| {
            let message = format!("vm {} is on no node", vm.name);
            Error::new(Reason::WrongState, message)
        })?;
        let source = nodes.get(&on).await?;
        let id = parts.ids.recommendation();
        let new = recommendation::propose(id, proposal, &vm, &source, &target, now)?;
        let message = format!("move to {} recommended: {}", target.name, proposal.reason);
        let mut draft = Draft::create(new).event(parts, EventKind::RecommendationProposed, message, now);
        draft.changes.guard(&*vm);
        if let Some(earlier) = self.lasting(&vm).await? {
            if earlier.state != RecommendationState::Pending {
                let message = format!("a move of vm {} is {} already", vm.name, earlier.state.as_str());
                return Err(
                    Error::new(Reason::OperationInProgress, message).with("key", earlier.key().to_string())
                );
            }
            let replaced = Step::Expire("a newer plan took its place".to_owned());
            let expired = recommendation::advance(&earlier, replaced, now)?;
            draft.changes.update(expired);
        }
        Ok(draft)
    }

    /// The recommendation for `vm` that has not ended. However many there were: O(log n).
    async fn lasting(&self, vm: &Vm) -> Result<Option<Arc<Recommendation>>> {
        let label = (Recommendation::LABEL_LASTING_VM.to_owned(), vm.id.to_string());
        let selector = Selector {
            labels: Labels::from([label]),
            ..Selector::default()
        };
        let page = PageRequest {
            limit: 1,
            ..PageRequest::default()
        };
        Ok(self.repository().page(selector, page).await?.items.pop())
    }
}
