use std::sync::Arc;

use limiquantix_core::contract::Repository;
use limiquantix_core::identity::{ClusterId, NodeId};
use limiquantix_core::resource::{Cluster, EventKind, Node, Resource as _};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result};
use serde::Serialize;

use super::ClusterService;
use crate::call::Call;
use crate::mutation::{Draft, mutate};

#[derive(Serialize)]
struct Request {
    cluster: ClusterId,
    node: NodeId,
}

impl ClusterService {
    /// Puts a node into a cluster, whose placement policy counts for it from then on. One that is there already
    /// stays as it is.
    ///
    /// Errors: `NOT_FOUND` (field `node_id` for the node), `VERSION_MISMATCH`, `WRONG_STATE` if it is in another.
    pub async fn add_node(&self, call: &Call, cluster: ClusterId, node: NodeId) -> Result<Arc<Cluster>> {
        let request = Request { cluster, node };
        mutate(&self.parts, call, "AddNode", &request, async |now| {
            let (cluster, node) = self.both(call, &request).await?;
            match node.admin.cluster {
                None => Ok(self.joined(&cluster, &node, Some(cluster.id), now)),
                Some(own) if own == cluster.id => Ok(Draft::unchanged(Cluster::clone(&cluster))),
                Some(other) => {
                    let message = format!("node {} is in another cluster: remove it there first", node.name);
                    Err(Error::new(Reason::WrongState, message)
                        .with("node", node.id.to_string())
                        .with("cluster", other.to_string()))
                }
            }
        })
        .await
    }

    /// Takes a node out of a cluster. Its VMs stay where they are.
    ///
    /// Errors: `NOT_FOUND` (field `node_id` for the node), `VERSION_MISMATCH`, `WRONG_STATE` if it is not in it.
    pub async fn remove_node(&self, call: &Call, cluster: ClusterId, node: NodeId) -> Result<Arc<Cluster>> {
        let request = Request { cluster, node };
        mutate(&self.parts, call, "RemoveNode", &request, async |now| {
            let (cluster, node) = self.both(call, &request).await?;
            if node.admin.cluster != Some(cluster.id) {
                let message = format!("node {} is not in cluster {}", node.name, cluster.name);
                return Err(Error::new(Reason::WrongState, message).with("node", node.id.to_string()));
            }
            Ok(self.joined(&cluster, &node, None, now))
        })
        .await
    }

    async fn both(&self, call: &Call, request: &Request) -> Result<(Arc<Cluster>, Arc<Node>)> {
        let cluster = self.get(request.cluster).await?;
        call.check_version(&cluster.key(), cluster.meta.revision)?;
        let nodes = Repository::<Node>::new(Arc::clone(&self.parts.store));
        let node = nodes.find(&request.node).await?;
        let node = node.ok_or_else(|| Error::not_found("node", request.node).with("field", "node_id"))?;
        Ok((cluster, node))
    }

    fn joined(
        &self,
        cluster: &Cluster,
        node: &Node,
        now_in: Option<ClusterId>,
        now: Timestamp,
    ) -> Draft<Cluster> {
        let mut node = node.clone();
        node.admin.cluster = now_in;
        node.meta.updated_at = now;
        let message = match now_in {
            Some(_) => format!("node {} was added", node.name),
            None => format!("node {} was removed", node.name),
        };
        let draft = Draft::update(cluster.clone(), now);
        let mut draft = draft.event(&self.parts, EventKind::ClusterUpdated, message, now);
        draft.changes.update(node);
        draft
    }
}
