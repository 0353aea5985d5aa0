//! Nodes that fall silent and come back. Time is paused: it passes only while everybody waits for it.

use std::sync::Arc;
use std::time::Duration;

use limiquantix::core::contract::{Selector, Uplink as _};
use limiquantix::core::identity::NodeId;
use limiquantix::core::resource::{NodePhase, Vm, VmPhase};
use limiquantix::{ControlPlane, Settings, WatchEvent, WatchStart};
use limiquantix_memory::MemoryStore;
use limiquantix_testkit::SequentialIds;
use tokio::time::Instant;

use crate::bench::{
    BOOT, Bench, TokioClock, call, code, control_plane, next, off, registration, request, running,
};

/// A control plane that lives by tokio's time, with one node.
async fn bench() -> (Bench, NodeId) {
    let quiet = Bench::new().await;
    let store = Arc::new(MemoryStore::new());
    let cp = start(&store).await;
    let node = cp.agents().register(&registration("n1", 8, 8192)).await.unwrap();
    (Bench { store, cp, ..quiet }, node)
}

async fn start(store: &Arc<MemoryStore>) -> ControlPlane {
    let ids = Arc::new(SequentialIds::new(Instant::now().elapsed().as_nanos() as u64 + 3));
    control_plane(store, Arc::new(TokioClock::new()), ids, Settings::default()).await
}

/// Waits until the VM is in this phase.
async fn until(bench: &Bench, vm: &Vm, phase: VmPhase) -> Arc<Vm> {
    let mut events = bench
        .cp
        .vms()
        .watch(Selector::default(), WatchStart::Initial)
        .await
        .unwrap();
    loop {
        let event = tokio::time::timeout(
            Duration::from_secs(3600),
            futures_util::StreamExt::next(&mut events),
        );
        let event = event
            .await
            .unwrap_or_else(|_| panic!("never {phase}"))
            .unwrap()
            .unwrap();
        if let WatchEvent::Changed { object, .. } = event
            && object.id == vm.id
            && object.status.phase == phase
        {
            return object;
        }
    }
}

async fn beats(bench: &Bench, node: NodeId) {
    let service = bench.cp.nodes();
    loop {
        service.heartbeat(node, BOOT, None).await.unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// For a user: a VM on a dead node is shown as running for ever; or one on a live node as lost.
#[tokio::test(start_paused = true)]
async fn a_silent_node_is_not_ready_and_its_vms_unknown_until_they_are_seen_again() {
    let (bench, node) = bench().await;
    let vm = bench.running("web").await;
    let idle = bench.stopped("idle").await;
    let service = bench.cp.nodes();

    // As long as heartbeats arrive, nothing happens.
    let quiet = bench.revision().await;
    let _ = tokio::time::timeout(Duration::from_secs(600), beats(&bench, node)).await;
    assert_eq!(bench.revision().await, quiet);

    let silent_since = Instant::now();
    let lost = until(&bench, &vm, VmPhase::Unknown).await;
    let took = silent_since.elapsed();
    assert!(
        took >= Duration::from_secs(14) && took <= Duration::from_secs(25),
        "after {took:?}"
    );
    until(&bench, &idle, VmPhase::Unknown).await;
    assert_eq!(service.get(node).await.unwrap().status.phase, NodePhase::NotReady);
    assert!(lost.status.message.contains("may or may not run"));
    assert_eq!(
        (lost.power, &lost.placement),
        (vm.power, &vm.placement),
        "only what is shown"
    );
    assert_eq!(
        code(bench.cp.vms().create(&call(), request("new")).await),
        "NO_NODE_FITS"
    );
    assert_eq!(
        code(bench.cp.vms().delete(&call(), vm.id, false).await),
        "WRONG_STATE"
    );

    // Silence that lasts is no news.
    let quiet = bench.revision().await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(bench.revision().await, quiet);

    // Back again: the node at once, the VMs when they were looked at.
    service.heartbeat(node, BOOT, None).await.unwrap();
    assert_eq!(service.get(node).await.unwrap().status.phase, NodePhase::Ready);
    bench.told(&vm, running(&vm), None).await.unwrap();
    bench
        .told(&idle, off(limiquantix::core::resource::StopCause::Unknown), None)
        .await
        .unwrap();
    let back = bench.vm(vm.id).await;
    assert_eq!(
        (back.status.phase, back.status.message.as_str()),
        (VmPhase::Running, "")
    );
    assert_eq!(back.status.started_at, vm.status.started_at, "it ran on");
    assert_eq!(bench.vm(idle.id).await.status.phase, VmPhase::Stopped);
}

/// For a user: the end of an operation is lost because the node was silent in the middle of it.
#[tokio::test(start_paused = true)]
async fn an_operation_survives_the_silence_of_its_node() {
    let (bench, _) = bench().await;
    let vm = bench.create("web").await;
    until(&bench, &vm, VmPhase::Unknown).await;
    let lost = bench.vm(vm.id).await;
    assert_eq!(lost.operation, vm.operation);
    bench.finish(vm.id).await;
    assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Running);
}

/// For an operator: a control plane that was restarted takes every node for dead, because it has not heard of
/// any yet (I6).
#[tokio::test(start_paused = true)]
async fn a_new_control_plane_gives_every_node_its_time_to_report() {
    let (bench, node) = bench().await;
    let vm = bench.running("web").await;
    bench.cp.shutdown();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    let bench = Bench {
        cp: start(&bench.store).await,
        ..bench
    };
    let born = Instant::now();
    let quiet = bench.revision().await;
    tokio::time::sleep(Duration::from_secs(19)).await;
    assert_eq!(bench.revision().await, quiet, "not before the timeout has passed");
    until(&bench, &vm, VmPhase::Unknown).await;
    assert!(born.elapsed() >= Duration::from_secs(20));
    assert_eq!(
        bench.cp.nodes().get(node).await.unwrap().status.phase,
        NodePhase::NotReady
    );
}

/// For a user: a VM flips between "unknown" and "running" because its agent's heartbeats are held up while its
/// reports are not.
#[tokio::test(start_paused = true)]
async fn whoever_reports_is_alive() {
    let (bench, _) = bench().await;
    let vm = bench.running("web").await;
    let quiet = bench.revision().await;
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_secs(10)).await;
        bench.told(&vm, running(&vm), None).await.unwrap();
    }
    assert_eq!(bench.revision().await, quiet);
}

/// For a user: an agent that was cut off and is back is not asked what has become of the VMs.
#[tokio::test(start_paused = true)]
async fn an_agent_is_asked_to_report_what_was_lost_from_sight() {
    let (bench, node) = bench().await;
    let vm = bench.running("web").await;
    let mut told = bench.cp.agents().assignments(node, BOOT).await.unwrap();
    for _ in 0..2 {
        next(&mut told).await.unwrap();
    }
    until(&bench, &vm, VmPhase::Unknown).await;
    let limiquantix::core::contract::UplinkEvent::Assigned(a) = next(&mut told).await.unwrap() else {
        panic!("the agent is told");
    };
    assert!(a.unseen);
}
