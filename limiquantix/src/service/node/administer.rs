use std::sync::Arc;

use limiquantix_core::administration::{self as decide, Change};
use limiquantix_core::identity::NodeId;
use limiquantix_core::resource::{Labels, Node, Resource as _, Taint, TaintEffect};
use limiquantix_core::{Error, Result, validate};
use serde::Serialize;

use super::NodeService;
use crate::call::Call;
use crate::mutation::{Draft, mutate};

/// What to change of what an administrator said of a node; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpdateNode {
    /// Another description.
    pub description: Option<String>,
    /// Other labels, replacing all that an administrator gave it. Those of its agent stay.
    pub labels: Option<Labels>,
}

impl NodeService {
    /// Describes and labels a node. `INVALID_FIELD` where nothing is to be changed.
    pub async fn update(&self, call: &Call, id: NodeId, request: UpdateNode) -> Result<Arc<Node>> {
        if request == UpdateNode::default() {
            return Err(Error::invalid(
                "update_mask",
                "nothing to change: name at least one field",
            ));
        }
        if let Some(text) = &request.description {
            validate::description("description", text)?;
        }
        if let Some(labels) = &request.labels {
            validate::labels("labels", labels)?;
        }
        self.administer(call, "UpdateNode", id, &request, "", |node| {
            Ok(decide::describe(
                node,
                request.description.as_deref(),
                request.labels.as_ref(),
            ))
        })
        .await
    }

    /// Keeps new VMs away from a node; those that are there stay. Nothing but [`uncordon`](Self::uncordon)
    /// undoes it: no heartbeat, no registration, no restart.
    pub async fn cordon(&self, call: &Call, id: NodeId, reason: &str) -> Result<Arc<Node>> {
        validate::line("reason", reason)?;
        self.administer(call, "CordonNode", id, &reason, reason, |node| {
            Ok(decide::cordon(node, reason))
        })
        .await
    }

    /// Lets new VMs on a node again. `reason` is for the event only.
    pub async fn uncordon(&self, call: &Call, id: NodeId, reason: &str) -> Result<Arc<Node>> {
        validate::line("reason", reason)?;
        self.administer(call, "UncordonNode", id, &reason, reason, |node| {
            Ok(decide::uncordon(node))
        })
        .await
    }

    /// Adds a taint. It takes the place of one with the same key and effect that an administrator added before.
    pub async fn add_taint(&self, call: &Call, id: NodeId, taint: &Taint, reason: &str) -> Result<Arc<Node>> {
        validate::taint("taint", taint)?;
        validate::line("reason", reason)?;
        self.administer(call, "AddTaint", id, &(taint, reason), reason, |node| {
            decide::add_taint(node, taint)
        })
        .await
    }

    /// Removes the taints with this key, and with this effect if one is given, that administrators added.
    /// `REPORTED_BY_AGENT` if the only ones are in the configuration of the node's agent.
    pub async fn remove_taint(
        &self,
        call: &Call,
        id: NodeId,
        key: &str,
        effect: Option<TaintEffect>,
        reason: &str,
    ) -> Result<Arc<Node>> {
        if key.is_empty() {
            return Err(Error::invalid("key", "key is required"));
        }
        validate::line("reason", reason)?;
        self.administer(call, "RemoveTaint", id, &(key, effect, reason), reason, |node| {
            decide::remove_taint(node, key, effect)
        })
        .await
    }

    async fn administer(
        &self,
        call: &Call,
        method: &'static str,
        id: NodeId,
        request: &(impl Serialize + Sync),
        reason: &str,
        change: impl Fn(&Node) -> Result<Option<Change>> + Send + Sync,
    ) -> Result<Arc<Node>> {
        let change = &change;
        mutate(&self.parts, call, method, &(id, request), async |now| {
            let node = self.get(id).await?;
            call.check_version(&node.key(), node.meta.revision)?;
            Ok(match change(&node)? {
                None => Draft::unchanged(Node::clone(&node)),
                Some(Change { node, kind, what }) => {
                    let message = told(&what, &call.principal, reason);
                    Draft::update(node, now).event(&self.parts, kind, message, now)
                }
            })
        })
        .await
    }
}

/// What was done, by whom and why, as an event says it.
pub(super) fn told(what: &str, by: &str, why: &str) -> String {
    let by = if by.is_empty() {
        String::new()
    } else {
        format!(" by {by}")
    };
    let why = if why.is_empty() {
        String::new()
    } else {
        format!(": {why}")
    };
    format!("{what}{by}{why}")
}
