//! What agents may say, and what it does.

use limiquantix::core::contract::{NodeRegistration, Selector, Uplink as _, UplinkEvent};
use limiquantix::core::resource::{PowerState, StopCause, TaskState, VmPhase, VolumePhase};
use limiquantix::core::settle::{Outcome, Seen, VmReport};

use crate::bench::{BOOT, Bench, call, code, failed, next, off, registration, running};

/// For a user: an agent speaks for VMs that are not its own, or for a life of its node that is over.
#[tokio::test]
async fn only_the_present_agent_of_the_vms_node_is_heard() {
    let bench = Bench::with_nodes(2, 1, 1024).await;
    let vm = bench.running("web").await;
    let node = vm.placement.unwrap().node;
    let other = bench.running("db").await.placement.unwrap().node;
    assert_ne!(node, other);
    let before = bench.revision().await;
    let report = VmReport {
        vm: vm.id,
        epoch: 1,
        seen: off(StopCause::Crashed),
        task: None,
        made: Vec::new(),
    };
    let link = bench.cp.agents();
    assert_eq!(code(link.report(other, BOOT, &report).await), "STALE_EPOCH");
    assert_eq!(
        code(link.report(node, "boot-0", &report).await),
        "NODE_SUPERSEDED"
    );
    let old = VmReport {
        epoch: 0,
        ..report.clone()
    };
    assert_eq!(code(link.report(node, BOOT, &old).await), "STALE_EPOCH");
    assert_eq!(bench.revision().await, before);
    link.report(node, BOOT, &report).await.unwrap();
    assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Stopped);
}

/// For an operator: agents that repeat what is known fill the log and wake every watcher.
#[tokio::test]
async fn a_report_without_news_writes_nothing() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let before = bench.revision().await;
    for _ in 0..3 {
        bench.told(&vm, running(&vm), None).await.unwrap();
    }
    assert_eq!(bench.revision().await, before);
}

/// For a user: a VM's failure, and no word on why; or disks that are shown as "creating" for ever because the
/// creation failed and a start made it good.
#[tokio::test]
async fn a_creation_that_failed_can_be_made_good_by_a_start() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.create("web").await;
    bench
        .told(&vm, Seen::Absent, Some(failed("no such image")))
        .await
        .unwrap();
    let broken = bench.vm(vm.id).await;
    assert_eq!(
        (broken.status.phase, broken.power.state),
        (VmPhase::Error, PowerState::Off)
    );
    assert_eq!(broken.status.message, "no such image");
    assert_eq!(bench.task_of(&vm).await.state, TaskState::Failed);
    assert_eq!(bench.volumes().await[0].phase, VolumePhase::Creating);
    bench.cp.vms().start(&call(), vm.id).await.unwrap();
    bench.finish(vm.id).await;
    assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Running);
    assert_eq!(bench.volumes().await[0].phase, VolumePhase::InUse);
}

/// For a user: two reports and a verb at the same moment, and one of them is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reports_and_verbs_at_once_are_all_heard() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    for round in 0..30 {
        let stop = {
            let vms = bench.cp.vms();
            let id = vm.id;
            tokio::spawn(async move { vms.stop(&call(), id, true, None).await })
        };
        let crash = {
            let (bench, vm) = (bench.clone(), vm.clone());
            tokio::spawn(async move { bench.told(&vm, off(StopCause::Crashed), None).await })
        };
        crash.await.unwrap().unwrap();
        let stopped = stop.await.unwrap();
        match stopped {
            // The stop came first: its operation is under way.
            Ok(_) => bench.finish(vm.id).await,
            Err(e) => assert_eq!(e.reason().code(), "ALREADY_IN_STATE", "round {round}"),
        }
        assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Stopped);
        bench.cp.vms().start(&call(), vm.id).await.unwrap();
        bench.finish(vm.id).await;
    }
}

/// For a user: an agent that comes back misses what was assigned meanwhile, or works on what is not its own.
#[tokio::test]
async fn an_agent_is_told_all_of_its_own_then_every_change() {
    let bench = Bench::with_nodes(2, 2, 2048).await;
    let mine = bench.running("a").await;
    let node = mine.placement.unwrap().node;
    let other = bench.running("b").await;
    assert_ne!(other.placement.unwrap().node, node);
    let link = bench.cp.agents();
    let mut told = link.assignments(node, BOOT).await.unwrap();
    let UplinkEvent::Assigned(a) = next(&mut told).await.unwrap() else {
        panic!("the list comes first");
    };
    assert_eq!((a.vm, a.epoch, a.operation.is_none()), (mine.id, 1, true));
    assert_eq!(next(&mut told).await.unwrap(), UplinkEvent::Synced);

    bench.cp.vms().stop(&call(), other.id, true, None).await.unwrap();
    bench.cp.vms().delete(&call(), mine.id, true).await.unwrap();
    let UplinkEvent::Assigned(a) = next(&mut told).await.unwrap() else {
        panic!("the change of one's own VM comes next");
    };
    assert!(a.deleting && a.vm == mine.id);
    bench.finish(mine.id).await;
    assert_eq!(next(&mut told).await.unwrap(), UplinkEvent::Removed(mine.id));
}

/// For a user: two agents of one node both act: the older one must learn that it is over.
#[tokio::test]
async fn a_second_agent_ends_the_stream_of_the_first() {
    let bench = Bench::with_nodes(1, 2, 2048).await;
    let node = bench
        .cp
        .nodes()
        .list(Selector::default(), Default::default())
        .await
        .unwrap()
        .items[0]
        .id;
    let link = bench.cp.agents();
    let mut first = link.assignments(node, BOOT).await.unwrap();
    assert_eq!(next(&mut first).await.unwrap(), UplinkEvent::Synced);
    let mut second = link.assignments(node, BOOT).await.unwrap();
    assert_eq!(next(&mut second).await.unwrap(), UplinkEvent::Synced);
    assert_eq!(code(next(&mut first).await), "NODE_SUPERSEDED");
    let end = tokio::time::timeout(
        limiquantix_testkit::fixtures::PATIENCE,
        futures_util::StreamExt::next(&mut first),
    );
    assert!(end.await.unwrap().is_none(), "an error is the last item");
    // And an agent of an earlier boot does not get one at all.
    assert_eq!(
        code(link.assignments(node, "boot-0").await.map(drop)),
        "NODE_SUPERSEDED"
    );
    let again = NodeRegistration {
        id: Some(node),
        boot_id: "boot-2".to_owned(),
        ..registration("n1", 2, 2048)
    };
    assert_eq!(link.register(&again).await.unwrap(), node);
    let vm = bench.create("web").await;
    let late = bench.told(&vm, Seen::Absent, Some(Outcome::Done)).await;
    assert_eq!(code(late), "NODE_SUPERSEDED");
}
