use std::sync::Arc;

use limiquantix_core::contract::{IdSourceExt as _, Repository, Selector};
use limiquantix_core::identity::ClusterId;
use limiquantix_core::resource::{Cluster, EventKind, Meta, Node, Object, Resource as _};
use limiquantix_core::{Error, Reason, Result, validate};
use serde::Serialize;

use super::{ClusterService, CreateCluster, UpdateCluster};
use crate::call::Call;
use crate::mutation::{Draft, mutate};

impl ClusterService {
    /// Creates a cluster without nodes. Errors: `INVALID_FIELD`, `NAME_TAKEN`, `REQUEST_ID_REUSED`.
    pub async fn create(&self, call: &Call, request: CreateCluster) -> Result<Arc<Cluster>> {
        validate::cluster_spec("spec", &request.spec)?;
        validate::labels("labels", &request.labels)?;
        mutate(&self.parts, call, "CreateCluster", &request, async |now| {
            if let Some(other) = self.find_by_name(request.name.as_str()).await? {
                return Err(Object::Cluster(other).name_taken());
            }
            let cluster = Cluster {
                id: self.parts.ids.cluster(),
                meta: Meta::created(now, request.labels.clone()),
                name: request.name.clone(),
                spec: request.spec.clone(),
            };
            Ok(Draft::create(cluster).event(&self.parts, EventKind::ClusterCreated, "created", now))
        })
        .await
    }

    /// Changes a cluster's policy. Where VMs are, stays; the next placements follow the new policy. Overcommit
    /// that is lowered below what is promised already takes nothing away.
    ///
    /// Errors: `INVALID_FIELD`, `NOT_FOUND`, `VERSION_MISMATCH`.
    pub async fn update(&self, call: &Call, id: ClusterId, request: UpdateCluster) -> Result<Arc<Cluster>> {
        #[derive(Serialize)]
        struct Request<'a> {
            id: ClusterId,
            request: &'a UpdateCluster,
        }
        if request == UpdateCluster::default() {
            return Err(Error::invalid(
                "update_mask",
                "nothing to change: name at least one field",
            ));
        }
        if let Some(spec) = &request.spec {
            validate::cluster_spec("spec", spec)?;
        }
        if let Some(labels) = &request.labels {
            validate::labels("labels", labels)?;
        }
        let sent = Request {
            id,
            request: &request,
        };
        mutate(&self.parts, call, "UpdateCluster", &sent, async |now| {
            let cluster = self.get(id).await?;
            call.check_version(&cluster.key(), cluster.meta.revision)?;
            let mut changed = Cluster::clone(&cluster);
            if let Some(labels) = &request.labels {
                changed.meta.labels.clone_from(labels);
            }
            if let Some(spec) = &request.spec {
                changed.spec.clone_from(spec);
            }
            let draft = Draft::update(changed, now);
            Ok(draft.event(&self.parts, EventKind::ClusterUpdated, "changed on request", now))
        })
        .await
    }

    /// Removes a cluster that has no nodes. Linear in the number of nodes: what is in memory may be a moment old,
    /// and a cluster that is gone must not be one that a node is in.
    ///
    /// Errors: `NOT_FOUND`, `VERSION_MISMATCH`, `IN_USE` (with the name of one of its nodes).
    pub async fn delete(&self, call: &Call, id: ClusterId) -> Result<Arc<Cluster>> {
        mutate(&self.parts, call, "DeleteCluster", &id, async |now| {
            let cluster = self.get(id).await?;
            call.check_version(&cluster.key(), cluster.meta.revision)?;
            let nodes = Repository::<Node>::new(Arc::clone(&self.parts.store));
            let (nodes, _) = nodes.all(Selector::default()).await?;
            if let Some(member) = nodes.iter().find(|node| node.admin.cluster == Some(id)) {
                let message = format!("cluster {} still has node {}", cluster.name, member.name);
                return Err(Error::new(Reason::InUse, message)
                    .with("cluster", cluster.name.as_str())
                    .with("kind", "node")
                    .with("name", member.name.as_str()));
            }
            let draft = Draft::delete(&*cluster);
            Ok(draft.event(&self.parts, EventKind::ClusterDeleted, "deleted on request", now))
        })
        .await
    }
}
