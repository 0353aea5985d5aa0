//! Watches over the wire: what is there, then every change, in order, resumable.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use connectrpc::ErrorCode;
use limiquantix_core::Reason;
use limiquantix_memory::{MemoryStore, Options};
use limiquantix_proto::compute::v1::{DeleteVMRequest, UpdateVMRequest, WatchNodeRequest, WatchVMRequest};
use limiquantix_proto::error::from_connect;
use limiquantix_proto::event::v1::ChangeType;
use limiquantix_proto::task::v1::WatchTaskRequest;

use crate::harness::{Running, SimNode, create, next, next_change, soon};

fn from(revision: u64) -> WatchVMRequest {
    WatchVMRequest {
        from_revision: revision,
        ..Default::default()
    }
}

fn initial() -> WatchVMRequest {
    WatchVMRequest {
        initial: true,
        ..Default::default()
    }
}

/// Changes a VM's description.
async fn describe(server: &Running, id: &str, text: &str) {
    let request = UpdateVMRequest {
        id: id.to_owned(),
        description: text.to_owned(),
        update_mask: buffa_types::google::protobuf::FieldMask {
            paths: vec!["description".to_owned()],
            ..Default::default()
        }
        .into(),
        ..Default::default()
    };
    server.vms().update_vm(request).await.unwrap();
}

#[tokio::test]
async fn a_watch_begins_with_what_is_there_and_follows_a_vm_to_its_end() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let (a, b) = (server.launch("a").await, server.launch("b").await);
    let mut watch = server.vms().watch_vm(initial()).await.unwrap();
    let mut present = BTreeMap::new();
    let start = loop {
        let event = next!(watch).unwrap().unwrap();
        match event.r#type.as_known() {
            Some(ChangeType::Added) => present.insert(event.vm.name.clone(), event.vm.id.clone()),
            Some(ChangeType::Bookmark) => break event.revision,
            other => panic!("{other:?} before the first bookmark"),
        };
    };
    assert_eq!(
        present,
        BTreeMap::from([("a".to_owned(), a.id.clone()), ("b".to_owned(), b.id)])
    );
    assert_eq!(start, server.revision().await);

    let delete = DeleteVMRequest {
        id: a.id.clone(),
        force: true,
        ..Default::default()
    };
    server.vms().delete_vm(delete).await.unwrap();
    let mut last = start;
    loop {
        let event = next_change!(watch);
        assert!(event.revision > last, "in order, none twice");
        last = event.revision;
        assert_eq!(event.vm.id, a.id, "b has not changed");
        if event.r#type == ChangeType::Deleted {
            assert_eq!(event.vm.name, "a", "what is gone is shown as it was last");
            break;
        }
    }
}

#[tokio::test]
async fn a_resumed_watch_misses_nothing_and_repeats_nothing() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    let begin = server.revision().await;
    for i in 0..20 {
        describe(&server, &vm.id, &format!("text {i}")).await;
    }
    let mut seen = Vec::new();
    let mut at = begin;
    while seen.len() < 20 {
        // A client whose connection breaks after every third message.
        let mut watch = server.vms().watch_vm(from(at)).await.unwrap();
        for _ in 0..3 {
            let event = next!(watch).unwrap().unwrap();
            if event.r#type == ChangeType::Modified {
                seen.push(event.vm.description.clone());
            }
            at = event.revision;
            if seen.len() == 20 {
                break;
            }
        }
    }
    let expected: Vec<_> = (0..20).map(|i| format!("text {i}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_revision_that_is_no_longer_kept_is_an_error_that_says_what_to_do() {
    let store = MemoryStore::with_options(Options { retain: 8 });
    let server = Running::on(Arc::new(store)).await;
    let _node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    for i in 0..20 {
        describe(&server, &vm.id, &i.to_string()).await;
    }
    let refused = match server.vms().watch_vm(from(1)).await {
        Err(e) => e,
        Ok(mut watch) => next!(watch).map(drop).unwrap_err(),
    };
    assert_eq!(refused.code, ErrorCode::OutOfRange);
    assert_eq!(from_connect(refused).reason(), Reason::RevisionExpired);

    // A revision that is still to come is a mistake, too: it was never given to anybody.
    let future = server.vms().watch_vm(from(1 << 40)).await;
    let refused = match future {
        Err(e) => e,
        Ok(mut watch) => next!(watch).map(drop).unwrap_err(),
    };
    assert!(
        [ErrorCode::OutOfRange, ErrorCode::InvalidArgument].contains(&refused.code),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_watch_of_one_vm_is_about_that_one_and_may_be_resumed_past_its_end() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let (a, b) = (server.launch("a").await, server.launch("b").await);
    let only = |request: WatchVMRequest| WatchVMRequest {
        vm_id: a.id.clone(),
        ..request
    };
    let mut watch = server.vms().watch_vm(only(initial())).await.unwrap();
    let first = next!(watch).unwrap().unwrap();
    assert_eq!(
        (first.vm.id.as_str(), first.r#type),
        (a.id.as_str(), ChangeType::Added.into())
    );
    let bookmark = next!(watch).unwrap().unwrap();
    assert_eq!(bookmark.r#type, ChangeType::Bookmark, "no other VM is listed");
    describe(&server, &b.id, "not for you").await;
    describe(&server, &a.id, "for you").await;
    assert_eq!(next_change!(watch).vm.description, "for you");

    let delete = DeleteVMRequest {
        id: a.id.clone(),
        force: true,
        ..Default::default()
    };
    let gone = server.vms().delete_vm(delete).await.unwrap().into_owned();
    server.finished(&gone.current_task_id).await;
    // Whoever was away meanwhile is told the end.
    let mut watch = server
        .vms()
        .watch_vm(only(from(bookmark.revision)))
        .await
        .unwrap();
    loop {
        let event = next_change!(watch);
        assert_eq!(event.vm.id, a.id);
        if event.r#type == ChangeType::Deleted {
            break;
        }
    }
    // One that is in another project is not there for those who look in this one.
    let elsewhere = WatchVMRequest {
        vm_id: b.id.clone(),
        project_id: "elsewhere".to_owned(),
        ..initial()
    };
    let mut watch = server.vms().watch_vm(elsewhere).await.unwrap();
    assert_eq!(next!(watch).map(drop).unwrap_err().code, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_watch_of_what_never_was_is_refused_at_once() {
    let server = Running::memory().await;
    let nobody = "01890000-0000-7000-8000-000000000000".to_owned();
    let vm = WatchVMRequest {
        vm_id: nobody.clone(),
        ..initial()
    };
    let task = WatchTaskRequest {
        task_id: nobody.clone(),
        ..Default::default()
    };
    let node = WatchNodeRequest {
        node_id: nobody,
        ..Default::default()
    };
    let code = |outcome: Result<(), connectrpc::ConnectError>| outcome.map_err(|e| e.code);
    let vm = match server.vms().watch_vm(vm).await {
        Ok(mut watch) => next!(watch).map(drop),
        Err(e) => Err(e),
    };
    assert_eq!(code(vm), Err(ErrorCode::NotFound));
    let task = match server.tasks().watch_task(task).await {
        Ok(mut watch) => next!(watch).map(drop),
        Err(e) => Err(e),
    };
    assert_eq!(code(task), Err(ErrorCode::NotFound));
    let node = match server.nodes().watch_node(node).await {
        Ok(mut watch) => next!(watch).map(drop),
        Err(e) => Err(e),
    };
    assert_eq!(code(node), Err(ErrorCode::NotFound));

    let both = WatchVMRequest {
        initial: true,
        ..from(1)
    };
    let both = match server.vms().watch_vm(both).await {
        Ok(mut watch) => next!(watch).map(drop),
        Err(e) => Err(e),
    };
    assert_eq!(code(both), Err(ErrorCode::InvalidArgument));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_that_does_not_read_delays_nobody_and_loses_nothing() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    let begin = server.revision().await;
    let mut slow = server.vms().watch_vm(from(begin)).await.unwrap();
    let mut quick = server.vms().watch_vm(from(begin)).await.unwrap();
    // Four megabytes: far beyond what the connection's buffers hold.
    let text = "x".repeat(4000);
    for i in 0..1000 {
        describe(&server, &vm.id, &format!("{i} {text}")).await;
    }
    for i in 0..1000 {
        let event = next_change!(quick);
        assert!(event.vm.description.starts_with(&format!("{i} ")));
    }
    soon("the server to answer others", server.launch("other")).await;
    for i in 0..1000 {
        let event = next_change!(slow);
        assert!(event.vm.description.starts_with(&format!("{i} ")));
    }
}

#[tokio::test]
async fn a_watcher_that_leaves_is_forgotten() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let store = Arc::clone(server.control_plane.store());
    let idle = Arc::strong_count(&store);
    let mut watches = Vec::new();
    for _ in 0..50 {
        let mut watch = server.vms().watch_vm(initial()).await.unwrap();
        next!(watch).unwrap();
        watches.push(watch);
    }
    drop(watches);
    let vm = server.vms().create_vm(create("web")).await.unwrap().into_owned();
    server.finished(&vm.current_task_id).await;
    let forgotten = async {
        while Arc::strong_count(&store) > idle + 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    soon("the server to let go of watches", forgotten).await;
}
