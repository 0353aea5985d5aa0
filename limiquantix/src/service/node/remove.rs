use std::sync::Arc;

use limiquantix_core::administration::{Occupants, admit_removal, removed_with_node};
use limiquantix_core::contract::{Changeset, Repository, Selector};
use limiquantix_core::identity::NodeId;
use limiquantix_core::resource::{
    EventKind, Node, NodeAllocation, Pool, PoolAllocation, Resource, Task, Vm, Volume,
};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Result, validate};
use serde::Serialize;

use super::NodeService;
use super::administer::told;
use crate::agent_link::AgentLink;
use crate::call::Call;
use crate::mutation::{Draft, event, mutate};
use crate::service::alert;

/// How to remove a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RemoveNode {
    /// The statement that the node is destroyed and will never run a VM again. VMs that are being deleted, whose
    /// end nobody is left to confirm, are removed with it.
    pub gone: bool,
    /// Why. Required together with that statement.
    pub reason: String,
}

impl NodeService {
    /// Removes a node that is silent and empty, with its promises and its pools.
    ///
    /// `NODE_ALIVE` while it reports, `NODE_NOT_EMPTY` while it has VMs or volumes. Its id does not come back:
    /// what its agent reports under it is answered with `NOT_FOUND`, and registering makes a new node.
    pub async fn remove(&self, call: &Call, id: NodeId, request: &RemoveNode) -> Result<Arc<Node>> {
        validate::line("reason", &request.reason)?;
        if request.gone && request.reason.trim().is_empty() {
            let message =
                "reason is required with node_is_gone: say how it is known that the node is destroyed";
            return Err(Error::invalid("reason", message));
        }
        let removed = mutate(&self.parts, call, "DeleteNode", &(id, request), async |now| {
            let node = self.get(id).await?;
            call.check_version(&node.key(), node.meta.revision)?;
            self.draft_removal(call, &node, request, now).await
        })
        .await?;
        if !call.validate_only {
            self.parts.liveness.forget(id);
        }
        Ok(removed)
    }

    async fn draft_removal(
        &self,
        call: &Call,
        node: &Node,
        request: &RemoveNode,
        now: Timestamp,
    ) -> Result<Draft<Node>> {
        let parts = &self.parts;
        let mut rest = self.admit(node, request.gone).await?;
        if !call.validate_only && !rest.vms.is_empty() {
            // Each in a commit of its own: it is gone whatever becomes of the node's removal.
            for vm in &rest.vms {
                self.remove_with_node(vm, node, now).await?;
            }
            rest = self.admit(node, request.gone).await?;
        }
        let what = if request.gone {
            "removed as destroyed"
        } else {
            "removed"
        };
        let message = told(what, &call.principal, &request.reason);
        let mut draft = Draft::delete(node).event(parts, EventKind::NodeDeleted, message, now);
        alert::node_is_gone(parts, node, now, &mut draft.changes).await?;
        if let Some(allocation) = &rest.allocation {
            // Whatever was placed here meanwhile has changed it, and so refuses this commit.
            draft.changes.delete(&**allocation);
        }
        for pool in self.on::<Pool>(node.id).await? {
            draft.changes.delete(&*pool);
        }
        for promised in self.on::<PoolAllocation>(node.id).await? {
            draft.changes.delete(&*promised);
        }
        Ok(draft)
    }

    /// What is on a node that may be removed.
    async fn admit(&self, node: &Node, gone: bool) -> Result<Rest> {
        let parts = &self.parts;
        // The promises first: whatever is placed after they were read has changed them.
        let allocation = Repository::<NodeAllocation>::new(Arc::clone(&parts.store))
            .find(&node.id)
            .await?;
        let vms = self.on::<Vm>(node.id).await?;
        let volumes = self.on::<Volume>(node.id).await?;
        let theirs = |v: &&Arc<Volume>| v.spec.vm.is_some_and(|vm| vms.iter().any(|here| here.id == vm));
        let here = Occupants {
            vms: &vms,
            promised: allocation.as_ref().map_or(0, |a| a.vms),
            volumes: volumes.len() - volumes.iter().filter(theirs).count(),
        };
        let silent = parts.liveness.silence(node.id, parts.clock.monotonic());
        let heard = silent <= parts.settings.heartbeat_timeout;
        admit_removal(node, heard, here, gone)?;
        Ok(Rest { vms, allocation })
    }

    /// Removes a VM that is being deleted together with its node, on condition that the node has not come back.
    async fn remove_with_node(&self, vm: &Vm, node: &Node, now: Timestamp) -> Result<()> {
        let parts = &self.parts;
        let mut changes = Changeset::new();
        changes.guard(node);
        AgentLink::new(Arc::clone(parts))
            .forget(vm, now, &mut changes)
            .await?;
        if let Some(op) = &vm.operation {
            let tasks = Repository::<Task>::new(Arc::clone(&parts.store));
            let task = tasks.find(&op.task).await?;
            if let Some(ended) = task.and_then(|task| removed_with_node(&task, node, now)) {
                changes.update(ended);
            }
        }
        alert::vm_is_gone(parts, vm, now, &mut changes).await?;
        let message = format!("removed with node {}, which is gone", node.name);
        changes.create(event(parts, vm, EventKind::VmDeleted, message, now));
        parts.placer.commit(changes).await?;
        Ok(())
    }

    /// Everything of a kind on one node. Linear in what that node has.
    async fn on<R: Resource>(&self, node: NodeId) -> Result<Vec<Arc<R>>> {
        let selector = Selector {
            node: Some(node),
            ..Selector::default()
        };
        let (all, _) = Repository::<R>::new(Arc::clone(&self.parts.store))
            .all(selector)
            .await?;
        Ok(all)
    }
}

/// What goes with a node.
struct Rest {
    vms: Vec<Arc<Vm>>,
    allocation: Option<Arc<NodeAllocation>>,
}
