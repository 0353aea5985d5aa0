//! Clusters over the wire.

use connectrpc::ErrorCode;
use limiquantix_core::Reason;
use limiquantix_proto::cluster::v1::{
    AddNodeRequest, Cluster, CreateClusterRequest, DeleteClusterRequest, DrsMode, GetClusterRequest,
    ListClustersRequest, RemoveNodeRequest, UpdateClusterRequest,
};
use limiquantix_proto::compute::v1::{GetNodeRequest, PlacementStrategy};
use limiquantix_proto::error::from_connect;
use serde_json::json;

use crate::harness::{Running, SimNode};

async fn make(server: &Running, body: serde_json::Value) -> Cluster {
    let request: CreateClusterRequest = serde_json::from_value(body).unwrap();
    server
        .clusters()
        .create_cluster(request)
        .await
        .unwrap()
        .into_owned()
}

#[tokio::test]
async fn a_cluster_lives_and_dies() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let clusters = server.clusters();
    let dry = json!({"name": "east", "validateOnly": true});
    let before = server.revision().await;
    assert_eq!(make(&server, dry).await.id, "");
    assert_eq!(server.revision().await, before);

    let made = make(
        &server,
        json!({"name": "east", "labels": {"site": "e"}, "spec": {
            "placement": {"strategy": "PLACEMENT_STRATEGY_PACK", "overcommitCpuPercent": 200},
            "drs": {"mode": "DRS_MODE_FULL", "interval": "60s"},
            "ha": {"enabled": true, "restartOrder": [{"labels": {"tier": "db"}}], "toleratedFailures": 1},
        }}),
    )
    .await;
    let spec = &made.spec;
    assert_eq!(spec.placement.strategy, PlacementStrategy::Pack);
    assert_eq!(
        (
            spec.placement.overcommit_cpu_percent,
            spec.placement.overcommit_memory_percent
        ),
        (200, 100)
    );
    assert_eq!(
        (spec.drs.cpu_threshold_percent, spec.drs.interval.seconds),
        (80, 60)
    );
    assert_eq!(spec.ha.restart_order[0].labels["tier"], "db");

    let node = GetNodeRequest {
        hostname: "node-1".into(),
        ..Default::default()
    };
    let node_id = server
        .nodes()
        .get_node(node.clone())
        .await
        .unwrap()
        .into_owned()
        .id;
    let add = AddNodeRequest {
        cluster_id: made.id.clone(),
        node_id: node_id.clone(),
        ..Default::default()
    };
    let with = clusters.add_node(add).await.unwrap().into_owned();
    assert_eq!(with.node_ids, std::slice::from_ref(&node_id));
    let shown = server.nodes().get_node(node).await.unwrap().into_owned();
    assert_eq!(shown.admin.cluster_id, made.id);

    let update: UpdateClusterRequest = serde_json::from_value(json!({
        "id": made.id, "etag": with.etag, "updateMask": "spec.drs,spec.description",
        "spec": {"description": "in the east", "ha": {"enabled": false}},
    }))
    .unwrap();
    let changed = clusters
        .update_cluster(update.clone())
        .await
        .unwrap()
        .into_owned();
    assert_eq!(
        changed.spec.drs.mode,
        DrsMode::Manual,
        "the named part is replaced"
    );
    assert!(changed.spec.ha.enabled, "the other stays");
    assert_eq!(changed.node_ids, with.node_ids);
    let stale = clusters.update_cluster(update).await.map(drop).unwrap_err();
    assert_eq!(stale.code, ErrorCode::Aborted);

    let delete = DeleteClusterRequest {
        id: made.id.clone(),
        request_id: "r-1".into(),
        ..Default::default()
    };
    let e = from_connect(
        clusters
            .delete_cluster(delete.clone())
            .await
            .map(drop)
            .unwrap_err(),
    );
    assert_eq!((e.reason(), e.get("name")), (Reason::InUse, Some("node-1")));
    let remove = RemoveNodeRequest {
        cluster_id: made.id.clone(),
        node_id,
        ..Default::default()
    };
    let without = clusters.remove_node(remove.clone()).await.unwrap().into_owned();
    assert!(without.node_ids.is_empty());
    let e = from_connect(clusters.remove_node(remove).await.map(drop).unwrap_err());
    assert_eq!(e.reason(), Reason::WrongState);
    let gone = clusters
        .delete_cluster(delete.clone())
        .await
        .unwrap()
        .into_owned();
    assert_eq!(clusters.delete_cluster(delete).await.unwrap().into_owned(), gone);
    for get in [json!({"name": "east"}), json!({"id": made.id})] {
        let get: GetClusterRequest = serde_json::from_value(get).unwrap();
        let e = from_connect(clusters.get_cluster(get).await.map(drop).unwrap_err());
        assert_eq!(e.reason(), Reason::NotFound);
    }
}

#[tokio::test]
async fn clusters_are_listed_and_what_is_wrong_is_named() {
    let server = Running::memory().await;
    let clusters = server.clusters();
    for name in ["a", "b", "c"] {
        make(&server, json!({"name": name, "labels": {"n": name}})).await;
    }
    let mut request = ListClustersRequest {
        page_size: 2,
        with_total_count: true,
        ..Default::default()
    };
    let first = clusters
        .list_clusters(request.clone())
        .await
        .unwrap()
        .into_owned();
    request.page_token.clone_from(&first.next_page_token);
    let second = clusters.list_clusters(request).await.unwrap().into_owned();
    let found = first.clusters.iter().chain(&second.clusters);
    let names: Vec<&str> = found.map(|c| c.name.as_str()).collect();
    assert_eq!((names, first.total_count), (vec!["a", "b", "c"], Some(3)));

    let broken = [
        (json!({}), "name"),
        (
            json!({"name": "x", "spec": {"placement": {"overcommitCpuPercent": -1}}}),
            "spec.placement.overcommit_cpu_percent",
        ),
        (
            json!({"name": "x", "spec": {"placement": {"strategy": 9}}}),
            "spec.placement.strategy",
        ),
        (
            json!({"name": "x", "spec": {"drs": {"mode": 9}}}),
            "spec.drs.mode",
        ),
        (
            json!({"name": "x", "spec": {"drs": {"interval": "-1s"}}}),
            "spec.drs.interval",
        ),
        (
            json!({"name": "x", "spec": {"ha": {"toleratedFailures": -1}}}),
            "spec.ha.tolerated_failures",
        ),
    ];
    for (body, field) in broken {
        let request: CreateClusterRequest = serde_json::from_value(body).unwrap();
        let e = from_connect(clusters.create_cluster(request).await.map(drop).unwrap_err());
        assert_eq!((e.reason(), e.get("field")), (Reason::InvalidField, Some(field)));
    }
    for mask in ["", "name", "spec.drs.mode"] {
        let update: UpdateClusterRequest =
            serde_json::from_value(json!({"id": first.clusters[0].id, "updateMask": mask})).unwrap();
        let e = from_connect(clusters.update_cluster(update).await.map(drop).unwrap_err());
        assert_eq!(e.get("field"), Some("update_mask"), "{mask:?}");
    }
}
