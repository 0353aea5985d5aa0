use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix_core::Error;
use limiquantix_proto::storage::v1::{
    GetPoolMetricsRequest, GetPoolRequest, GetVolumeRequest, ListPoolsRequest, ListPoolsResponse,
    ListVolumesRequest, ListVolumesResponse, Pool, PoolDriver, PoolMetrics, PoolService, Volume, VolumePhase,
    VolumeService, VolumeSpec, WatchVolumesRequest, WatchVolumesResponse,
};

use super::{at, id, refusal};

/// A pool `default` on two nodes, and a pool `fast` on one.
pub(super) struct Pools;

/// Volumes `root` of two VMs, and a volume `data` of none.
pub(super) struct Volumes;

const GIB: i64 = 1 << 30;

fn pools() -> Vec<Pool> {
    let pool = |number: usize, name: &str, node: usize| Pool {
        id: id(number),
        name: name.to_owned(),
        node_id: id(node),
        driver: PoolDriver::Directory.into(),
        thin_overcommit_percent: 2000,
        capacity_bytes: 100 * GIB,
        available_bytes: 60 * GIB,
        created_at: at(60).into(),
        ..Default::default()
    };
    vec![
        pool(201, "default", 100),
        pool(202, "default", 101),
        pool(203, "fast", 100),
    ]
}

fn volumes() -> Vec<Volume> {
    let volume = |number: usize, name: &str, vm: Option<usize>| Volume {
        id: id(number),
        name: name.to_owned(),
        project_id: "default".to_owned(),
        spec: VolumeSpec {
            node_id: id(100),
            pool: "default".to_owned(),
            size_gib: 10,
            vm_id: vm.map(id).unwrap_or_default(),
            ..Default::default()
        }
        .into(),
        phase: vm.map_or(VolumePhase::Available, |_| VolumePhase::InUse).into(),
        created_at: at(7_200).into(),
        ..Default::default()
    };
    vec![
        volume(301, "root", Some(1)),
        volume(302, "root", Some(2)),
        volume(303, "data", None),
    ]
}

#[allow(refining_impl_trait)]
impl PoolService for Pools {
    async fn get_pool(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetPoolRequest>,
    ) -> ServiceResult<Pool> {
        let found = pools().into_iter().find(|pool| pool.id == request.id);
        Response::ok(found.ok_or_else(|| refusal(&Error::not_found("pool", request.id)))?)
    }

    async fn list_pools(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, ListPoolsRequest>,
    ) -> ServiceResult<ListPoolsResponse> {
        let fits = |pool: &Pool| {
            (request.name.is_empty() || pool.name == request.name)
                && (request.node_id.is_empty() || pool.node_id == request.node_id)
        };
        Response::ok(ListPoolsResponse {
            pools: pools().into_iter().filter(fits).collect(),
            ..Default::default()
        })
    }

    async fn get_pool_metrics(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetPoolMetricsRequest>,
    ) -> ServiceResult<PoolMetrics> {
        Response::ok(PoolMetrics {
            pool_id: request.id.to_owned(),
            capacity_bytes: 100 * GIB,
            available_bytes: 60 * GIB,
            promised_bytes: 30 * GIB,
            promisable_bytes: 2000 * GIB,
            volumes: 3,
            ..Default::default()
        })
    }
}

#[allow(refining_impl_trait)]
impl VolumeService for Volumes {
    async fn get_volume(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetVolumeRequest>,
    ) -> ServiceResult<Volume> {
        let found = volumes().into_iter().find(|volume| volume.id == request.id);
        Response::ok(found.ok_or_else(|| refusal(&Error::not_found("volume", request.id)))?)
    }

    async fn list_volumes(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, ListVolumesRequest>,
    ) -> ServiceResult<ListVolumesResponse> {
        let any = request.phase == VolumePhase::Unspecified;
        let fits = |volume: &Volume| {
            (request.name.is_empty() || volume.name == request.name) && (any || volume.phase == request.phase)
        };
        Response::ok(ListVolumesResponse {
            volumes: volumes().into_iter().filter(fits).collect(),
            ..Default::default()
        })
    }

    async fn watch_volumes(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, WatchVolumesRequest>,
    ) -> ServiceResult<ServiceStream<WatchVolumesResponse>> {
        Ok(Response::stream(tokio_stream::empty()))
    }
}
