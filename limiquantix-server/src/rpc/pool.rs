use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult};
use limiquantix::{ControlPlane, PoolService as Pools};
use limiquantix_proto::convert::{id, page, storage as convert};
use limiquantix_proto::storage::v1 as wire;
use limiquantix_proto::storage::v1::PoolService;

use super::context::refuse;

/// `limiquantix.storage.v1.PoolService`.
#[derive(Debug)]
pub(super) struct Handler {
    pools: Pools,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            pools: control_plane.pools(),
        }
    }
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl PoolService for Handler {
    async fn get_pool(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetPoolRequest>,
    ) -> ServiceResult<wire::Pool> {
        let id = id::parse_pool_id("id", request.id).map_err(refuse)?;
        let pool = self.pools.get(id).await.map_err(refuse)?;
        Response::ok(convert::pool_to_wire(&pool))
    }

    async fn list_pools(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListPoolsRequest>,
    ) -> ServiceResult<wire::ListPoolsResponse> {
        let listing = convert::pools_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .pools
            .list(listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListPoolsResponse {
            pools: found
                .items
                .iter()
                .map(|pool| convert::pool_to_wire(pool))
                .collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn get_pool_metrics(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetPoolMetricsRequest>,
    ) -> ServiceResult<wire::PoolMetrics> {
        let id = id::parse_pool_id("id", request.id).map_err(refuse)?;
        let (pool, allocation) = self.pools.metrics(id).await.map_err(refuse)?;
        Response::ok(convert::metrics_to_wire(&pool, &allocation))
    }
}
