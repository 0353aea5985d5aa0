//! How a server stops: its clients are told, go elsewhere, and miss nothing.

use std::time::{Duration, Instant};

use connectrpc::ErrorCode;
use limiquantix_core::Reason;
use limiquantix_proto::compute::v1::console_request::Frame as Asked;
use limiquantix_proto::compute::v1::{ConsoleOpen, ConsoleRequest, UpdateVMRequest, WatchVMRequest};
use limiquantix_proto::error::from_connect;
use limiquantix_proto::event::v1::ChangeType;

use crate::harness::http::get;
use crate::harness::{Running, SimNode, next, next_change, soon};

#[tokio::test]
async fn streams_end_with_a_word_and_the_server_stops_at_once() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    let mut watch = server
        .vms()
        .watch_vm(WatchVMRequest {
            initial: true,
            ..Default::default()
        })
        .await
        .unwrap();
    next_change!(watch);
    let open = ConsoleOpen {
        vm_id: vm.id,
        ..Default::default()
    };
    let mut console = server.vms().console().await.unwrap();
    console
        .send(ConsoleRequest {
            frame: Some(Asked::Open(Box::new(open))),
            ..Default::default()
        })
        .await
        .unwrap();
    next!(console).unwrap().unwrap();
    // Somebody who has opened a console and says nothing, and the agent's own stream, are there as well.
    let silent = server.vms().console().await.unwrap();

    let begun = Instant::now();
    server.ask_to_stop();
    let error = loop {
        match next!(watch) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a clean end would say that there is nothing more to come"),
            Err(e) => break e,
        }
    };
    assert_eq!(error.code, ErrorCode::Unavailable);
    let error = from_connect(error);
    assert_eq!(error.reason(), Reason::ServerUnavailable);
    assert!(error.message().contains("resume"), "{error}");
    let error = loop {
        match next!(console) {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the console must say why it ends"),
            Err(e) => break e,
        }
    };
    assert_eq!(error.code, ErrorCode::Unavailable);
    // Clients that have read this hang up; those that do not are cut off after a while.
    drop((console, silent));
    server.stop().await;
    assert!(
        begun.elapsed() < Duration::from_secs(4),
        "nothing had to be cut off: {:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn a_watch_goes_on_at_the_next_server_without_a_gap() {
    let directory = tempfile::tempdir().unwrap();
    let server = Running::sqlite(directory.path()).await;
    let node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    let describe = |text: String| UpdateVMRequest {
        id: vm.id.clone(),
        description: text,
        update_mask: buffa_types::google::protobuf::FieldMask {
            paths: vec!["description".to_owned()],
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    let begin = server.revision().await;
    for i in 0..10 {
        server.vms().update_vm(describe(i.to_string())).await.unwrap();
    }
    let request = |from_revision| WatchVMRequest {
        from_revision,
        ..Default::default()
    };
    let mut watch = server.vms().watch_vm(request(begin)).await.unwrap();
    let mut seen: Vec<String> = Vec::new();
    let mut at = begin;
    while seen.len() < 4 {
        let event = next!(watch).unwrap().unwrap();
        at = event.revision;
        if event.r#type == ChangeType::Modified {
            seen.push(event.vm.description.clone());
        }
    }
    drop(node.kill_agent().await);
    server.stop().await;

    let server = Running::sqlite(directory.path()).await;
    for i in 10..15 {
        server.vms().update_vm(describe(i.to_string())).await.unwrap();
    }
    let mut watch = server.vms().watch_vm(request(at)).await.unwrap();
    while seen.len() < 15 {
        let event = next_change!(watch);
        // Nodes may fall silent meanwhile, which shows on their VMs.
        if seen.last() != Some(&event.vm.description) {
            seen.push(event.vm.description.clone());
        }
    }
    let expected: Vec<_> = (0..15).map(|i| i.to_string()).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn agents_find_the_next_server_by_themselves() {
    let directory = tempfile::tempdir().unwrap();
    let server = Running::sqlite(directory.path()).await;
    let address = server.address;
    let node = SimNode::join(&server, "node-1").await;
    server.launch("before").await;
    server.stop().await;
    assert_eq!(
        node.mock.instances().len(),
        1,
        "guests do not need the control plane"
    );

    let mut config = crate::harness::config(limiquantix_server::StoreConfig::Sqlite(
        directory.path().to_owned(),
    ));
    config.listen = address;
    let server = Running::restart(config).await;
    assert_eq!(get(server.address, "/ready").await.status, 200);
    soon("the agent to come back and work", server.launch("after")).await;
    assert_eq!(node.mock.instances().len(), 2);
    assert!(node.mock.journal().violations().is_empty());
}
