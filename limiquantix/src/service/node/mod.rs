mod administer;
mod liveness;
mod metrics;
mod register;
mod remove;

use std::sync::Arc;
use std::time::Duration;

use limiquantix_core::contract::{Changeset, PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::NodeId;
use limiquantix_core::resource::{EventKind, Kind, Node, NodeAllocation, NodePhase};
use limiquantix_core::{Error, Reason, Result};
use tracing::info;

use crate::call::{ROUNDS, lost_race, written};
use crate::control_plane::Parts;
use crate::mutation::event;
use crate::service::alert;
use crate::service::watch::{WatchItems, WatchStart, watch, watch_one};

pub use administer::UpdateNode;
pub(crate) use liveness::Liveness;
pub use liveness::{LastHeartbeat, NodeUsage};
pub use metrics::NodeMetrics;
pub use remove::RemoveNode;

/// The use cases of nodes.
#[derive(Debug, Clone)]
pub struct NodeService {
    parts: Arc<Parts>,
}

/// What an agent is told in answer to a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// When the next is expected.
    pub next: Duration,
}

impl NodeService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The node; `NOT_FOUND` if there is none.
    pub async fn get(&self, id: NodeId) -> Result<Arc<Node>> {
        self.repository().get(&id).await
    }

    /// The node with this name; `NOT_FOUND` if there is none.
    pub async fn get_by_name(&self, name: &str) -> Result<Arc<Node>> {
        self.find_by_name(name).await?.ok_or_else(|| {
            Error::new(Reason::NotFound, format!("no node is named {name:?}"))
                .with("kind", "node")
                .with("name", name)
        })
    }

    /// One page of nodes by id ascending, which is by age.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Node>> {
        self.repository().page(selector, page).await
    }

    /// Follows the nodes that `selector` matches.
    pub async fn watch(&self, selector: Selector, start: WatchStart) -> Result<WatchItems<Node>> {
        watch(&self.parts.store, selector, start).await
    }

    /// Follows one node, if `selector` matches it; `NOT_FOUND` if there is none to begin with.
    pub async fn watch_one(
        &self,
        id: NodeId,
        selector: Selector,
        start: WatchStart,
    ) -> Result<WatchItems<Node>> {
        watch_one(&self.parts.store, &id, selector, start).await
    }

    /// What is promised to VMs on a node. From memory.
    pub fn allocation(&self, id: NodeId) -> Option<Arc<NodeAllocation>> {
        self.parts.placer.allocation(id)
    }

    /// The last heartbeat of the node. From memory: lost when the control plane restarts.
    pub fn last_heartbeat(&self, id: NodeId) -> Option<LastHeartbeat> {
        self.parts.liveness.heartbeat(id)
    }

    /// Takes note that a node lives, and of what it uses, if it says so. Writes only when that is news: heartbeats are many.
    ///
    /// `NOT_FOUND` for an unknown node, `NODE_SUPERSEDED` for one that has booted since it registered: both
    /// have to register. Administrative state is never touched.
    pub async fn heartbeat(&self, id: NodeId, boot_id: &str, usage: Option<NodeUsage>) -> Result<Heartbeat> {
        let parts = &self.parts;
        for _ in 0..ROUNDS {
            let node = match parts.placer.node(id) {
                Some(node) => node,
                None => self.get(id).await?,
            };
            if node.status.boot_id != boot_id {
                let message = format!("node {} has registered with another boot", node.name);
                return Err(Error::new(Reason::NodeSuperseded, message).with("node", id.to_string()));
            }
            let at = parts.clock.now();
            parts
                .liveness
                .beat(id, parts.clock.monotonic(), LastHeartbeat { at, usage });
            if node.status.phase == NodePhase::Ready || self.mark_ready(&node).await? {
                break;
            }
            parts.placer.refresh(id).await?;
        }
        Ok(Heartbeat {
            next: parts.settings.heartbeat_interval,
        })
    }

    /// Whether it was recorded; not if something else was written first.
    async fn mark_ready(&self, node: &Node) -> Result<bool> {
        let parts = &self.parts;
        let now = parts.clock.now();
        let mut node = node.clone();
        node.status.phase = NodePhase::Ready;
        node.status.phase_since = now;
        node.meta.updated_at = now;
        info!(node = %node.name, "node is ready again");
        let event = event(parts, &node, EventKind::NodeReady, "heartbeats arrive again", now);
        let mut changes = Changeset::new();
        alert::node_is_ready(parts, &node, now, &mut changes).await?;
        changes.update(node).create(event);
        match parts.placer.commit(changes).await {
            Ok(_) => Ok(true),
            Err(e) if lost_race(&e) => Ok(false),
            Err(e) => Err(e),
        }
    }

    async fn commit_node(&self, changes: Changeset) -> Result<Arc<Node>> {
        written(self.parts.placer.commit(changes).await?, Kind::Node)
    }

    async fn find_by_name(&self, name: &str) -> Result<Option<Arc<Node>>> {
        let selector = Selector {
            name: Some(name.to_owned()),
            ..Selector::default()
        };
        let page = PageRequest {
            limit: 1,
            ..PageRequest::default()
        };
        Ok(self.repository().page(selector, page).await?.items.pop())
    }

    fn repository(&self) -> Repository<Node> {
        Repository::new(Arc::clone(&self.parts.store))
    }
}
