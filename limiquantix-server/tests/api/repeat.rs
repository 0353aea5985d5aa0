//! Repeating a call that may or may not have arrived, and asking without doing.

use buffa_types::google::protobuf::FieldMask;
use connectrpc::ErrorCode;
use limiquantix_core::Reason;
use limiquantix_proto::compute::v1::{
    CreateVMRequest, DeleteVMRequest, ListVMsRequest, StartVMRequest, StopVMRequest, UpdateVMRequest,
};
use limiquantix_proto::error::from_connect;
use serde_json::json;

use crate::harness::http::post;
use crate::harness::{Running, SimNode, create, spec};

fn named(name: &str, request_id: &str) -> CreateVMRequest {
    CreateVMRequest {
        request_id: request_id.to_owned(),
        ..create(name)
    }
}

#[tokio::test]
async fn a_repeated_call_is_answered_as_the_first_time_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let server = Running::sqlite(directory.path()).await;
    let node = SimNode::join(&server, "node-1").await;
    let created = server
        .vms()
        .create_vm(named("web", "r-1"))
        .await
        .unwrap()
        .into_owned();
    let repeated = server
        .vms()
        .create_vm(named("web", "r-1"))
        .await
        .unwrap()
        .into_owned();
    assert_eq!(created, repeated);
    server.finished(&created.current_task_id).await;

    let stop = StopVMRequest {
        id: created.id.clone(),
        request_id: "r-2".to_owned(),
        ..Default::default()
    };
    let stopped = server.vms().stop_vm(stop.clone()).await.unwrap().into_owned();
    server.finished(&stopped.current_task_id).await;
    let update = UpdateVMRequest {
        id: created.id.clone(),
        request_id: "r-4".to_owned(),
        description: "about to go".to_owned(),
        update_mask: FieldMask {
            paths: vec!["description".to_owned()],
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    let updated = server.vms().update_vm(update.clone()).await.unwrap().into_owned();
    let delete = DeleteVMRequest {
        id: created.id.clone(),
        request_id: "r-3".to_owned(),
        ..Default::default()
    };
    let deleted = server.vms().delete_vm(delete.clone()).await.unwrap().into_owned();
    server.finished(&deleted.current_task_id).await;
    let before = server.revision().await;
    let mock = node.kill_agent().await;
    server.stop().await;

    let server = Running::sqlite(directory.path()).await;
    let vms = server.vms();
    assert_eq!(
        vms.create_vm(named("web", "r-1")).await.unwrap().into_owned(),
        created
    );
    assert_eq!(vms.stop_vm(stop).await.unwrap().into_owned(), stopped);
    assert_eq!(vms.update_vm(update).await.unwrap().into_owned(), updated);
    assert_eq!(
        vms.delete_vm(delete).await.unwrap().into_owned(),
        deleted,
        "though the VM is long gone"
    );
    assert_eq!(server.revision().await, before, "nothing was done again");
    assert!(mock.instances().is_empty());

    // The id belongs to that request and to no other.
    let error = vms.create_vm(named("other", "r-1")).await.map(drop).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidArgument);
    assert_eq!(from_connect(error).reason(), Reason::RequestIdReused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_call_made_many_times_at_once_happens_once() {
    let server = Running::memory().await;
    let node = SimNode::join(&server, "node-1").await;
    let calls: Vec<_> = (0..32)
        .map(|_| {
            let vms = server.vms();
            tokio::spawn(async move { vms.create_vm(named("web", "r-1")).await.unwrap().into_owned() })
        })
        .collect();
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    assert!(answers.iter().all(|vm| *vm == answers[0]));
    server.finished(&answers[0].current_task_id).await;
    let listed = server
        .vms()
        .list_vms(ListVMsRequest::default())
        .await
        .unwrap()
        .into_owned();
    assert_eq!(listed.vms.len(), 1);
    assert_eq!(node.mock.instances().len(), 1);
}

#[tokio::test]
async fn two_callers_may_use_the_same_request_id() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let login = post(
        server.address,
        "/limiquantix.auth.v1.AuthService/Login",
        r#"{"username": "admin", "password": "admin"}"#,
    )
    .await;
    let token = format!("Bearer {}", login.json()["accessToken"].as_str().unwrap());
    let body = |name: &str| {
        json!({
            "name": name, "requestId": "r-1",
            "spec": { "cpu": { "cores": 1 }, "memory": { "sizeMib": 512 },
                      "disks": [{ "sizeGib": 1, "image": "probe.qcow2" }] },
        })
        .to_string()
    };
    let path = "/limiquantix.compute.v1.VMService/CreateVM";
    let headers = [
        ("Content-Type", "application/json"),
        ("Authorization", token.as_str()),
    ];
    let mine = crate::harness::http::send(server.address, "POST", path, &headers, body("a").as_bytes()).await;
    let theirs = post(server.address, path, &body("b")).await;
    assert_eq!(
        (mine.status, theirs.status),
        (200, 200),
        "{} {}",
        mine.text(),
        theirs.text()
    );
    assert_ne!(mine.json()["id"], theirs.json()["id"]);
}

#[tokio::test]
async fn asking_whether_it_would_work_changes_nothing() {
    let server = Running::memory().await;
    let node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    let before = server.revision().await;
    let vms = server.vms();

    let preview = CreateVMRequest {
        validate_only: true,
        ..named("new", "r-9")
    };
    let shown = vms.create_vm(preview.clone()).await.unwrap().into_owned();
    assert_eq!(shown.status.node_name, "node-1", "where it would go");
    assert!(shown.placement_report.is_set(), "and why");
    assert!(shown.id.is_empty() && shown.current_task_id.is_empty());

    let id = vm.id.clone();
    let stop = StopVMRequest {
        id: id.clone(),
        validate_only: true,
        ..Default::default()
    };
    vms.stop_vm(stop).await.unwrap();
    let delete = DeleteVMRequest {
        id: id.clone(),
        force: true,
        validate_only: true,
        ..Default::default()
    };
    vms.delete_vm(delete).await.unwrap();
    let update = UpdateVMRequest {
        id: id.clone(),
        description: "x".to_owned(),
        update_mask: buffa_types::google::protobuf::FieldMask {
            paths: vec!["description".to_owned()],
            ..Default::default()
        }
        .into(),
        validate_only: true,
        ..Default::default()
    };
    vms.update_vm(update).await.unwrap();
    assert_eq!(server.revision().await, before);
    assert_eq!(node.mock.instances().len(), 1);

    // What would be refused is refused now.
    let start = StartVMRequest {
        id,
        validate_only: true,
        ..Default::default()
    };
    let error = vms.start_vm(start).await.map(drop).unwrap_err();
    assert_eq!(from_connect(error).reason(), Reason::AlreadyInState);
    let huge = CreateVMRequest {
        spec: spec(1, 1 << 20).into(),
        ..preview
    };
    let error = vms.create_vm(huge).await.map(drop).unwrap_err();
    assert_eq!(from_connect(error).reason(), Reason::NoNodeFits);
    let taken = CreateVMRequest {
        validate_only: true,
        ..create("web")
    };
    let error = vms.create_vm(taken).await.map(drop).unwrap_err();
    assert_eq!(from_connect(error).reason(), Reason::NameTaken);
    assert_eq!(server.revision().await, before);

    // And the request id is still free.
    vms.create_vm(named("new", "r-9")).await.unwrap();
}
