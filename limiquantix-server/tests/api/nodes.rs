//! Nodes as administrators see and change them.

use std::collections::BTreeMap;
use std::time::Duration;

use connectrpc::{ConnectError, ErrorCode};
use limiquantix_core::Reason;
use limiquantix_proto::compute::v1::{
    AddTaintRequest, CordonNodeRequest, DeleteNodeRequest, DeleteVMRequest, GetNodeMetricsRequest,
    GetNodeRequest, Node, NodePhase, RemoveTaintRequest, Taint, TaintEffect, UncordonNodeRequest,
    UpdateNodeRequest, WatchNodeRequest, WatchNodesRequest,
};
use limiquantix_proto::error::from_connect;
use limiquantix_proto::event::v1::ChangeType;
use limiquantix_server::StoreConfig;

use crate::harness::{Running, SimNode, config, create, next, next_change, soon};

async fn node(server: &Running, hostname: &str) -> Node {
    let request = GetNodeRequest {
        hostname: hostname.to_owned(),
        ..Default::default()
    };
    server.nodes().get_node(request).await.unwrap().into_owned()
}

fn cordon(id: &str, reason: &str) -> CordonNodeRequest {
    CordonNodeRequest {
        id: id.to_owned(),
        reason: reason.to_owned(),
        ..Default::default()
    }
}

fn labelled(id: &str, key: &str, value: &str) -> UpdateNodeRequest {
    UpdateNodeRequest {
        id: id.to_owned(),
        labels: BTreeMap::from([(key.to_owned(), value.to_owned())]),
        update_mask: buffa_types::google::protobuf::FieldMask {
            paths: vec!["labels".to_owned()],
            ..Default::default()
        }
        .into(),
        ..Default::default()
    }
}

fn reason(error: ConnectError) -> Reason {
    from_connect(error).reason()
}

/// A server that notices within a tenth of a second that a node fell silent.
async fn attentive() -> Running {
    let mut config = config(StoreConfig::Memory);
    config.settings.heartbeat_interval = Duration::from_millis(50);
    config.settings.heartbeat_timeout = Duration::from_secs(1);
    Running::start(config).await
}

#[tokio::test]
async fn a_cordon_holds_until_it_is_lifted_whatever_the_agent_says() {
    let directory = tempfile::tempdir().unwrap();
    let server = Running::sqlite(directory.path()).await;
    let sim = SimNode::join(&server, "node-1").await;
    let id = node(&server, "node-1").await.id;
    let request = CordonNodeRequest {
        request_id: "r-1".to_owned(),
        ..cordon(&id, "new disks")
    };
    let dry = CordonNodeRequest {
        validate_only: true,
        ..request.clone()
    };
    let before = server.revision().await;
    let preview = server.nodes().cordon_node(dry).await.unwrap().into_owned();
    assert!(preview.admin.cordoned);
    assert_eq!(server.revision().await, before);

    let cordoned = server
        .nodes()
        .cordon_node(request.clone())
        .await
        .unwrap()
        .into_owned();
    assert_eq!(
        (cordoned.admin.cordoned, cordoned.admin.reason.as_str()),
        (true, "new disks")
    );
    assert_ne!(cordoned.etag, preview.etag);
    let error = server.vms().create_vm(create("web")).await.map(drop).unwrap_err();
    assert_eq!(reason(error), Reason::NoNodeFits);

    // The agent comes back with another boot, the server with another process.
    let mock = sim.kill_agent().await;
    server.stop().await;
    let server = Running::sqlite(directory.path()).await;
    let _sim = SimNode::attach(&server.url(), mock);
    let repeated = server
        .nodes()
        .cordon_node(request.clone())
        .await
        .unwrap()
        .into_owned();
    assert_eq!(repeated.etag, cordoned.etag);
    let other = CordonNodeRequest {
        request_id: "r-1".to_owned(),
        ..cordon(&id, "another reason")
    };
    let error = server.nodes().cordon_node(other).await.map(drop).unwrap_err();
    assert_eq!(reason(error), Reason::RequestIdReused);
    assert!(node(&server, "node-1").await.admin.cordoned);

    let lift = UncordonNodeRequest {
        id: id.clone(),
        ..Default::default()
    };
    let open = server
        .nodes()
        .uncordon_node(lift.clone())
        .await
        .unwrap()
        .into_owned();
    assert!(!open.admin.cordoned && open.admin.reason.is_empty());
    let again = server.nodes().uncordon_node(lift).await.unwrap().into_owned();
    assert_eq!(again.etag, open.etag, "done already, so nothing happened");
    server.launch("web").await;
}

#[tokio::test]
async fn labels_and_taints_of_administrators_are_shown_apart() {
    let server = Running::memory().await;
    let _sim = SimNode::join(&server, "node-1").await;
    let id = node(&server, "node-1").await.id;
    let nodes = server.nodes();
    let shown = nodes
        .update_node(labelled(&id, "rack", "7"))
        .await
        .unwrap()
        .into_owned();
    assert_eq!(shown.labels.get("rack").map(String::as_str), Some("7"));
    assert_eq!(shown.admin.labels.len(), 1);
    let add = AddTaintRequest {
        id: id.clone(),
        taint: Taint {
            key: "spare".to_owned(),
            effect: TaintEffect::NoSchedule.into(),
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    let shown = nodes.add_taint(add.clone()).await.unwrap().into_owned();
    assert_eq!((shown.admin.taints.len(), shown.spec.taints.len()), (1, 0));
    let again = nodes.add_taint(add).await.unwrap().into_owned();
    assert_eq!(again.etag, shown.etag);
    let error = server.vms().create_vm(create("web")).await.map(drop).unwrap_err();
    assert_eq!(reason(error), Reason::NoNodeFits);
    let remove = RemoveTaintRequest {
        id: id.clone(),
        key: "spare".to_owned(),
        effect: TaintEffect::NoSchedule.into(),
        ..Default::default()
    };
    let shown = nodes.remove_taint(remove).await.unwrap().into_owned();
    assert!(shown.admin.taints.is_empty());
    server.launch("web").await;

    let metrics = GetNodeMetricsRequest {
        node_id: id,
        ..Default::default()
    };
    let metrics = nodes.get_node_metrics(metrics).await.unwrap().into_owned();
    assert_eq!(
        (metrics.capacity.cpu_cores, metrics.capacity.memory_mib),
        (8, 15 * 1024)
    );
    assert_eq!((metrics.allocated.vms, metrics.allocated.memory_mib), (1, 512));
    let percent = metrics.cpu_overcommit_percent;
    assert_eq!(metrics.allocatable.cpu_cores, 8 * percent / 100);
    assert!(
        metrics.last_heartbeat_at.is_set() && metrics.usage.is_unset(),
        "nobody measured it"
    );
}

#[tokio::test]
async fn a_watch_of_nodes_shows_those_that_match_and_of_one_only_that() {
    let server = Running::memory().await;
    let _one = SimNode::join(&server, "node-1").await;
    let _two = SimNode::join(&server, "node-2").await;
    let (one, two) = (node(&server, "node-1").await.id, node(&server, "node-2").await.id);
    let ready = WatchNodesRequest {
        labels: BTreeMap::from([("rack".to_owned(), "7".to_owned())]),
        phase: NodePhase::Ready.into(),
        initial: true,
        ..Default::default()
    };
    let mut rack = server.nodes().watch_nodes(ready.clone()).await.unwrap();
    let bookmark = next!(rack).unwrap().unwrap();
    assert_eq!(bookmark.r#type, ChangeType::Bookmark, "none is there yet");
    let only = WatchNodeRequest {
        node_id: two.clone(),
        initial: true,
        ..Default::default()
    };
    let mut only = server.nodes().watch_node(only).await.unwrap();
    assert_eq!(next_change!(only).node.hostname, "node-2");

    let nodes = server.nodes();
    nodes.update_node(labelled(&one, "rack", "7")).await.unwrap();
    let added = next_change!(rack);
    assert_eq!(
        (added.r#type, added.node.hostname.as_str()),
        (ChangeType::Added.into(), "node-1")
    );
    nodes.cordon_node(cordon(&one, "x")).await.unwrap();
    assert_eq!(next_change!(rack).r#type, ChangeType::Modified);
    nodes.update_node(labelled(&one, "rack", "8")).await.unwrap();
    let left = next_change!(rack);
    assert_eq!(left.r#type, ChangeType::Deleted);

    nodes.cordon_node(cordon(&two, "y")).await.unwrap();
    assert_eq!(next_change!(only).node.admin.reason, "y", "nothing of node-1");
    let resumed = WatchNodesRequest {
        from_revision: added.revision,
        initial: false,
        ..ready.clone()
    };
    let mut resumed = server.nodes().watch_nodes(resumed).await.unwrap();
    assert_eq!(next_change!(resumed).r#type, ChangeType::Modified);
    assert_eq!(next_change!(resumed).revision, left.revision);

    let nobody = WatchNodeRequest::default();
    let refused = match server.nodes().watch_node(nobody).await {
        Ok(mut watch) => next!(watch).map(drop),
        Err(e) => Err(e),
    };
    assert_eq!(refused.unwrap_err().code, ErrorCode::InvalidArgument);
}

#[tokio::test]
async fn a_destroyed_node_goes_with_what_was_being_deleted_and_comes_back_as_another() {
    let server = attentive().await;
    let sim = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    let id = node(&server, "node-1").await.id;
    let plain = DeleteNodeRequest {
        id: id.clone(),
        ..Default::default()
    };
    let nodes = server.nodes();
    let error = nodes.delete_node(plain.clone()).await.map(drop).unwrap_err();
    assert_eq!(error.code, ErrorCode::FailedPrecondition);
    assert_eq!(reason(error), Reason::NodeAlive);

    let mock = sim.kill_agent().await;
    let silent = async {
        while node(&server, "node-1").await.status.phase == NodePhase::Ready {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon("the node to be shown as not ready", silent).await;
    let error = from_connect(nodes.delete_node(plain).await.map(drop).unwrap_err());
    assert_eq!(
        (error.reason(), error.get("vms")),
        (Reason::NodeNotEmpty, Some("1"))
    );
    let gone = DeleteNodeRequest {
        id: id.clone(),
        node_is_gone: true,
        reason: "fire".to_owned(),
        request_id: "r-1".to_owned(),
        ..Default::default()
    };
    let error = nodes.delete_node(gone.clone()).await.map(drop).unwrap_err();
    assert_eq!(reason(error), Reason::NodeNotEmpty, "nobody gave up that VM");
    let delete = DeleteVMRequest {
        id: vm.id.clone(),
        force: true,
        ..Default::default()
    };
    let deleting = server.vms().delete_vm(delete).await.unwrap().into_owned();
    assert!(deleting.deleting);
    let removed = nodes.delete_node(gone.clone()).await.unwrap().into_owned();
    assert_eq!(removed.id, id);
    assert_eq!(nodes.delete_node(gone).await.unwrap().into_owned().id, id);
    server.finished(&deleting.current_task_id).await;

    // The machine was only unplugged: its agent comes back with the same id and the same guests.
    let sim = SimNode::attach(&server.url(), mock);
    let back = async {
        loop {
            let request = GetNodeRequest {
                hostname: "node-1".to_owned(),
                ..Default::default()
            };
            if let Ok(node) = server.nodes().get_node(request).await {
                return node.into_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let back = soon("the node to come back", back).await;
    assert_ne!(back.id, id);
    assert_eq!(back.status.allocated.vms, 0);
    let again = server.launch("web").await;
    assert_ne!(again.id, vm.id);
    drop(sim);
}
