//! Pools and volumes as clients see them.

use connectrpc::ErrorCode;
use limiquantix_core::Reason;
use limiquantix_core::unit::Gibibytes;
use limiquantix_mock::MockConfig;
use limiquantix_proto::compute::v1::{CreateVMRequest, DeleteVMRequest, DiskConfig};
use limiquantix_proto::error::from_connect;
use limiquantix_proto::storage::v1::{
    GetPoolMetricsRequest, GetPoolRequest, GetVolumeRequest, ListPoolsRequest, ListVolumesRequest, Pool,
    PoolDriver, PoolMetrics, VolumePhase, WatchVolumesRequest,
};

use crate::harness::{Running, SimNode, create, next_change, spec};

const GIB: i64 = 1 << 30;

async fn only_pool(server: &Running) -> Pool {
    let pools = server.pools().list_pools(ListPoolsRequest::default()).await;
    let mut pools = pools.unwrap().into_owned().pools;
    assert_eq!(pools.len(), 1);
    pools.remove(0)
}

async fn metrics(server: &Running, id: &str) -> PoolMetrics {
    let request = GetPoolMetricsRequest {
        id: id.to_owned(),
        ..Default::default()
    };
    server
        .pools()
        .get_pool_metrics(request)
        .await
        .unwrap()
        .into_owned()
}

/// A VM with one more disk, of this size.
fn with_disk(name: &str, size_gib: i32) -> CreateVMRequest {
    let mut spec = spec(1, 512);
    spec.disks.push(DiskConfig {
        size_gib,
        ..Default::default()
    });
    CreateVMRequest {
        spec: spec.into(),
        ..create(name)
    }
}

#[tokio::test]
async fn a_pool_shows_what_it_has_and_what_is_promised() {
    let server = Running::memory().await;
    let mut config = MockConfig::new("node-1");
    config.pools[0].capacity = Gibibytes(1).bytes();
    config.pools[0].available = Gibibytes(1).bytes();
    let _node = SimNode::join_as(&server, config).await;
    let pool = only_pool(&server).await;
    assert_eq!((pool.name.as_str(), pool.capacity_bytes), ("default", GIB));
    assert_eq!(pool.driver, PoolDriver::Directory);
    assert_eq!(pool.etag, pool.revision.to_string());
    let again = GetPoolRequest {
        id: pool.id.clone(),
        ..Default::default()
    };
    assert_eq!(server.pools().get_pool(again).await.unwrap().into_owned(), pool);

    let promisable = i64::from(pool.thin_overcommit_percent) * GIB / 100;
    let vm = server
        .vms()
        .create_vm(with_disk("web", 4))
        .await
        .unwrap()
        .into_owned();
    server.finished(&vm.current_task_id).await;
    let shown = metrics(&server, &pool.id).await;
    assert_eq!(
        (shown.promised_bytes, shown.promisable_bytes, shown.volumes),
        (5 * GIB, promisable, 2)
    );

    let before = server.revision().await;
    let large = i32::try_from(promisable / GIB).unwrap();
    let refused = server
        .vms()
        .create_vm(with_disk("large", large))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::ResourceExhausted);
    let refused = from_connect(refused);
    assert_eq!(refused.reason(), Reason::PoolFull);
    assert_eq!(refused.get("pool"), Some("default"));
    assert!(refused.message().contains("of 20 GiB are promised"), "{refused}");
    assert_eq!(server.revision().await, before);

    let gone = DeleteVMRequest {
        id: vm.id,
        force: true,
        ..Default::default()
    };
    let gone = server.vms().delete_vm(gone).await.unwrap().into_owned();
    server.finished(&gone.current_task_id).await;
    let shown = metrics(&server, &pool.id).await;
    assert_eq!((shown.promised_bytes, shown.volumes), (0, 0));
}

#[tokio::test]
async fn volumes_are_listed_shown_and_watched() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let watch = WatchVolumesRequest {
        initial: true,
        ..Default::default()
    };
    let mut watch = server.volumes().watch_volumes(watch).await.unwrap();
    let vm = server.launch("web").await;
    let mut phases = Vec::new();
    while phases.last() != Some(&VolumePhase::InUse) {
        let news = next_change!(watch);
        assert_eq!(news.volume.spec.vm_id, vm.id);
        phases.extend(news.volume.phase.as_known());
    }
    assert_eq!(phases, [VolumePhase::Creating, VolumePhase::InUse]);

    let list = async |request: ListVolumesRequest| {
        let answer = server.volumes().list_volumes(request).await;
        answer.map(|answer| answer.into_owned().volumes)
    };
    let all = list(ListVolumesRequest::default()).await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(
        (all[0].spec.size_gib, all[0].spec.image.as_str()),
        (1, "probe.qcow2")
    );
    let creating = ListVolumesRequest {
        phase: VolumePhase::Creating.into(),
        ..Default::default()
    };
    assert!(list(creating).await.unwrap().is_empty());
    let elsewhere = ListVolumesRequest {
        project_id: "nobody".to_owned(),
        ..Default::default()
    };
    assert!(list(elsewhere).await.unwrap().is_empty());
    let shown = GetVolumeRequest {
        id: all[0].id.clone(),
        ..Default::default()
    };
    let shown = server.volumes().get_volume(shown).await.unwrap().into_owned();
    assert_eq!(shown, all[0]);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named() {
    let server = Running::memory().await;
    let reason = |e: connectrpc::ConnectError| {
        let e = from_connect(e);
        (e.reason(), e.get("field").unwrap_or_default().to_owned())
    };
    let field = |field: &str| (Reason::InvalidField, field.to_owned());
    let pools = server.pools();
    let e = pools.get_pool(GetPoolRequest::default()).await.unwrap_err();
    assert_eq!(reason(e), field("id"));
    let nowhere = GetPoolMetricsRequest {
        id: "0190c2a4-6f1e-7c3a-9d2b-1f0e5a7b3c4d".to_owned(),
        ..Default::default()
    };
    let e = pools.get_pool_metrics(nowhere).await.unwrap_err();
    assert_eq!(reason(e).0, Reason::NotFound);
    let bad = ListPoolsRequest {
        node_id: "node-1".to_owned(),
        ..Default::default()
    };
    assert_eq!(reason(pools.list_pools(bad).await.unwrap_err()), field("node_id"));
    let volumes = server.volumes();
    let bad = ListVolumesRequest {
        phase: buffa::EnumValue::from(77),
        ..Default::default()
    };
    assert_eq!(
        reason(volumes.list_volumes(bad).await.unwrap_err()),
        field("phase")
    );
    let bad = GetVolumeRequest {
        id: "../x".to_owned(),
        ..Default::default()
    };
    assert_eq!(reason(volumes.get_volume(bad).await.unwrap_err()), field("id"));
}
