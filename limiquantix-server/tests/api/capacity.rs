//! A node is never promised more than it has, however many ask at once.

use std::path::Path;

use connectrpc::ErrorCode;
use limiquantix_mock::MockConfig;
use limiquantix_proto::compute::v1::{CreateVMRequest, ListNodesRequest, ListVMsRequest};
use limiquantix_proto::error::from_connect;

use crate::harness::{Running, SimNode, create, spec};

/// Two nodes have 15 GiB for guests each, so that three VMs of 4 GiB fit on each, and no seventh anywhere.
async fn a_hundred_at_once(server: &Running) {
    let nodes = [
        SimNode::join(server, "node-1").await,
        SimNode::join_as(server, MockConfig::new("node-2")).await,
    ];
    let calls = (0..100).map(|i| {
        // Each over a connection of its own, as a hundred users have.
        let vms = server.vms();
        tokio::spawn(async move {
            let request = CreateVMRequest {
                spec: spec(1, 4096).into(),
                ..create(&format!("vm-{i}"))
            };
            vms.create_vm(request).await.map(|vm| vm.into_owned())
        })
    });
    let calls: Vec<_> = calls.collect();
    let mut accepted = Vec::new();
    for call in calls {
        match call.await.unwrap() {
            Ok(vm) => accepted.push(vm),
            Err(e) => {
                assert_eq!(e.code, ErrorCode::ResourceExhausted, "{e:?}");
                let e = from_connect(e);
                assert_eq!(e.reason(), limiquantix_core::Reason::NoNodeFits);
                let fates: Vec<_> = e.context().map(|(_, value)| value.to_owned()).collect();
                assert!(
                    fates.iter().any(|f| f.contains("memory")),
                    "says what is missing: {fates:?}"
                );
            }
        }
    }
    assert_eq!(accepted.len(), 6, "all that fit, and no more");

    let listed = server
        .nodes()
        .list_nodes(ListNodesRequest::default())
        .await
        .unwrap();
    let mut vms = 0;
    for node in listed.into_owned().nodes {
        let (has, kept) = (node.spec.memory_mib, node.spec.reserved_memory_mib);
        let promised = &node.status.allocated;
        assert!(
            promised.memory_mib <= has - kept,
            "{} MiB of {has} - {kept}",
            promised.memory_mib
        );
        assert_eq!(
            (promised.memory_mib, promised.cpu_cores),
            (promised.vms * 4096, promised.vms)
        );
        vms += promised.vms;
    }
    assert_eq!(vms, 6);

    for vm in &accepted {
        server.finished(&vm.current_task_id).await;
    }
    let started: usize = nodes.iter().map(|n| n.mock.instances().len()).sum();
    assert_eq!(started, 6);

    // What is given back can be had again.
    let request = limiquantix_proto::compute::v1::DeleteVMRequest {
        id: accepted[0].id.clone(),
        force: true,
        ..Default::default()
    };
    let gone = server.vms().delete_vm(request).await.unwrap().into_owned();
    server.finished(&gone.current_task_id).await;
    let request = CreateVMRequest {
        spec: spec(1, 4096).into(),
        ..create("again")
    };
    server.vms().create_vm(request).await.unwrap();
    let listed = server.vms().list_vms(ListVMsRequest::default()).await.unwrap();
    assert_eq!(listed.into_owned().vms.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_creations_at_once_never_overcommit_in_memory() {
    a_hundred_at_once(&Running::memory().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_creations_at_once_never_overcommit_on_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    a_hundred_at_once(&Running::sqlite(Path::new(directory.path())).await).await;
}
