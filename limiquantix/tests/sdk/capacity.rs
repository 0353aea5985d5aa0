//! Capacity is promised once.

use limiquantix::UpdateVm;
use limiquantix::core::contract::Selector;
use limiquantix::core::resource::VmPhase;

use crate::bench::{Bench, call, code, request, spec};

/// For an operator: a node takes more VMs than it has memory for, and the kernel picks one to kill.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_parallel_creations_fill_the_nodes_exactly() {
    for _ in 0..5 {
        let bench = Bench::with_nodes(3, 64, 4096).await;
        let calls: Vec<_> = (0..100)
            .map(|i| {
                let vms = bench.cp.vms();
                tokio::spawn(async move { vms.create(&call(), request(&format!("vm-{i}"))).await })
            })
            .collect();
        let mut accepted = 0;
        for call in calls {
            match call.await.unwrap() {
                Ok(_) => accepted += 1,
                Err(e) => assert_eq!(e.reason().code(), "NO_NODE_FITS", "{e}"),
            }
        }
        // Three nodes of 4096 MiB, 1024 each.
        assert_eq!(accepted, 12);
        bench.assert_never_overcommitted().await;
    }
}

/// For an operator: two control planes on one store, as after a botched failover, promise the same memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_replicas_on_one_store_do_not_overcommit_either() {
    let bench = Bench::with_nodes(3, 64, 4096).await;
    let replica = Bench {
        cp: crate::bench::control_plane(
            &bench.store,
            bench.clock.clone(),
            std::sync::Arc::new(limiquantix_testkit::SequentialIds::new(99)),
            Default::default(),
        )
        .await,
        ..bench.clone()
    };
    let calls: Vec<_> = (0..40)
        .map(|i| {
            let vms = if i % 2 == 0 {
                bench.cp.vms()
            } else {
                replica.cp.vms()
            };
            tokio::spawn(async move { vms.create(&call(), request(&format!("vm-{i}"))).await })
        })
        .collect();
    let mut accepted = 0;
    for call in calls {
        accepted += usize::from(call.await.unwrap().is_ok());
    }
    assert_eq!(accepted, 12);
    bench.assert_never_overcommitted().await;
}

/// For an operator: a VM grows into memory that another one was promised at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn growing_and_creating_at_once_share_what_is_there() {
    for round in 0..10 {
        let bench = Bench::with_nodes(1, 64, 8192).await;
        let mut stopped = Vec::new();
        for i in 0..4 {
            stopped.push(bench.stopped(&format!("old-{i}")).await.id);
        }
        // 4 of 8 GiB are promised; 4 VMs want to grow by one, and 8 new ones want one each.
        let mut calls: Vec<tokio::task::JoinHandle<bool>> = Vec::new();
        for id in stopped {
            let vms = bench.cp.vms();
            calls.push(tokio::spawn(async move {
                let grown = UpdateVm {
                    spec: Some(spec(1, 2048)),
                    ..UpdateVm::default()
                };
                vms.update(&call(), id, grown).await.is_ok()
            }));
        }
        for i in 0..8 {
            let vms = bench.cp.vms();
            calls.push(tokio::spawn(async move {
                vms.create(&call(), request(&format!("new-{i}"))).await.is_ok()
            }));
        }
        let mut accepted = 0;
        for call in calls {
            accepted += usize::from(call.await.unwrap());
        }
        assert_eq!(
            accepted, 4,
            "round {round}: each takes one of the four that are left"
        );
        bench.assert_never_overcommitted().await;
    }
}

/// For a user: a VM that was made smaller keeps what it gave up, or a larger one is not counted in full.
#[tokio::test]
async fn an_update_moves_the_reservation_in_its_own_commit() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.stopped("web").await;
    let node = vm.placement.unwrap().node;
    assert_eq!(bench.allocation(node).await, (1, 1024, 1));
    let resize = |cores, memory| UpdateVm {
        spec: Some(spec(cores, memory)),
        ..UpdateVm::default()
    };
    let vms = bench.cp.vms();
    vms.update(&call(), vm.id, resize(4, 8192)).await.unwrap();
    assert_eq!(bench.allocation(node).await, (4, 8192, 1));
    assert_eq!(
        code(vms.update(&call(), vm.id, resize(1, 1024)).await),
        "OPERATION_IN_PROGRESS"
    );
    bench.finish(vm.id).await;
    assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Stopped);
    // It does not stand in its own way, and it cannot have more than there is.
    let e = vms.update(&call(), vm.id, resize(4, 8193)).await.unwrap_err();
    assert_eq!(e.reason().code(), "NO_NODE_FITS");
    assert!(e.get("node").is_some_and(|n| n.starts_with("n1: ")), "{e:?}");
    vms.update(&call(), vm.id, resize(1, 512)).await.unwrap();
    assert_eq!(bench.allocation(node).await, (1, 512, 1));
    bench.assert_never_overcommitted().await;
}

/// For an operator: every VM that comes and goes leaves a little less room, until nothing fits on an empty node.
#[tokio::test]
async fn a_deletion_gives_back_everything_in_one_commit() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let node = vm.placement.unwrap().node;
    bench.cp.vms().delete(&call(), vm.id, true).await.unwrap();
    assert_eq!(
        bench.allocation(node).await,
        (1, 1024, 1),
        "until the node has confirmed that nothing is left"
    );
    assert_eq!(bench.volumes().await.len(), 1);
    let before = bench.revision().await;
    bench.finish(vm.id).await;
    assert_eq!(bench.revision().await, before.next());
    assert_eq!(bench.allocation(node).await, (0, 0, 0));
    assert_eq!(bench.volumes().await, vec![]);
    let left = bench.cp.vms().list(Selector::default(), Default::default()).await;
    assert_eq!(left.unwrap().items, vec![]);
    bench.assert_never_overcommitted().await;
    // The name is free again.
    bench.create("web").await;
}
