use buffa::Message as _;
use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult};
use limiquantix::core::Error;
use limiquantix::core::identity::{ClusterId, Name};
use limiquantix::core::resource::Cluster;
use limiquantix::{ClusterService as Clusters, ControlPlane, CreateCluster, UpdateCluster};
use limiquantix_proto::cluster::v1 as wire;
use limiquantix_proto::cluster::v1::ClusterService;
use limiquantix_proto::convert::{cluster as convert, id, page};

use super::context::{call, refuse};

/// `limiquantix.cluster.v1.ClusterService`.
#[derive(Debug)]
pub(super) struct Handler {
    clusters: Clusters,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            clusters: control_plane.clusters(),
        }
    }

    fn shown(&self, cluster: &Cluster) -> wire::Cluster {
        convert::to_wire(cluster, &self.clusters.nodes(cluster.id))
    }
}

fn cluster_id(field: &str, text: &str) -> Result<ClusterId, ConnectError> {
    id::parse_cluster_id(field, text).map_err(refuse)
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl ClusterService for Handler {
    async fn create_cluster(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::CreateClusterRequest>,
    ) -> ServiceResult<wire::Cluster> {
        let request = request.to_owned_message();
        let create = CreateCluster {
            name: Name::parse("name", &request.name).map_err(refuse)?,
            labels: request.labels.clone(),
            spec: convert::spec_from_wire("spec", request.spec.as_option()).map_err(refuse)?,
        };
        let call = call(&ctx, &request.request_id, "", request.validate_only)?;
        let cluster = self.clusters.create(&call, create).await.map_err(refuse)?;
        let mut shown = self.shown(&cluster);
        if request.validate_only {
            // Nobody is to remember an id that will not be.
            shown.id.clear();
        }
        Response::ok(shown)
    }

    async fn get_cluster(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetClusterRequest>,
    ) -> ServiceResult<wire::Cluster> {
        let cluster = match (request.id, request.name) {
            ("", "") => return Err(refuse(Error::invalid("id", "id is required, or a name"))),
            ("", name) => self.clusters.get_by_name(name).await.map_err(refuse)?,
            (id, _) => self.clusters.get(cluster_id("id", id)?).await.map_err(refuse)?,
        };
        Response::ok(self.shown(&cluster))
    }

    async fn list_clusters(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListClustersRequest>,
    ) -> ServiceResult<wire::ListClustersResponse> {
        let listing = convert::listing_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .clusters
            .list(listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListClustersResponse {
            clusters: found.items.iter().map(|c| self.shown(c)).collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn update_cluster(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::UpdateClusterRequest>,
    ) -> ServiceResult<wire::Cluster> {
        let request = request.to_owned_message();
        let id = cluster_id("id", &request.id)?;
        let mut call = call(&ctx, &request.request_id, &request.etag, request.validate_only)?;
        call.sent = Some(request.encode_to_vec());
        let current = self.clusters.get(id).await.map_err(refuse)?;
        let changes = convert::changes_from_wire(&request, &current.spec).map_err(refuse)?;
        // The mask was applied to this very version: what changed meanwhile must not be overwritten.
        if changes.spec.is_some() {
            call.expected = call.expected.or(Some(current.meta.revision));
        }
        let update = UpdateCluster {
            labels: changes.labels,
            spec: changes.spec,
        };
        let cluster = self.clusters.update(&call, id, update).await.map_err(refuse)?;
        Response::ok(self.shown(&cluster))
    }

    async fn delete_cluster(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::DeleteClusterRequest>,
    ) -> ServiceResult<wire::Cluster> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = cluster_id("id", request.id)?;
        let cluster = self.clusters.delete(&call, id).await.map_err(refuse)?;
        Response::ok(self.shown(&cluster))
    }

    async fn add_node(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::AddNodeRequest>,
    ) -> ServiceResult<wire::Cluster> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = cluster_id("cluster_id", request.cluster_id)?;
        let node = id::parse_node_id("node_id", request.node_id).map_err(refuse)?;
        let cluster = self.clusters.add_node(&call, id, node).await.map_err(refuse)?;
        Response::ok(self.shown(&cluster))
    }

    async fn remove_node(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::RemoveNodeRequest>,
    ) -> ServiceResult<wire::Cluster> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = cluster_id("cluster_id", request.cluster_id)?;
        let node = id::parse_node_id("node_id", request.node_id).map_err(refuse)?;
        let cluster = self.clusters.remove_node(&call, id, node).await.map_err(refuse)?;
        Response::ok(self.shown(&cluster))
    }
}
