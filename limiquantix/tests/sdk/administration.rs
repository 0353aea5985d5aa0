//! What administrators do to nodes: it is done once, told as an event, and leads nobody to run a VM twice.

use std::sync::Arc;
use std::time::Duration;

use limiquantix::core::contract::{Repository, Selector};
use limiquantix::core::identity::NodeId;
use limiquantix::core::resource::{
    Event, Node, NodeAllocation, NodePhase, Pool, Taint, TaintEffect, TaskState, Toleration,
};
use limiquantix::core::settle::Outcome;
use limiquantix::core::unit::{Cores, Mebibytes, MilliCpus, Percent};
use limiquantix::{Call, NodeUsage, RemoveNode, UpdateNode};
use limiquantix_testkit::fixtures;

use crate::bench::{BOOT, Bench, call, code, dry, field, registration, repeated, request, running};

async fn one() -> (Bench, NodeId) {
    let bench = Bench::new().await;
    let id = bench.node("n1", 8, 8192).await;
    (bench, id)
}

fn taint(key: &str, effect: TaintEffect) -> Taint {
    Taint {
        key: key.to_owned(),
        value: String::new(),
        effect,
    }
}

async fn told(bench: &Bench, kind: &'static str) -> Vec<String> {
    let events = Repository::<Event>::new(bench.cp.store().clone());
    let (all, _) = events.all(Selector::default()).await.unwrap();
    let those = all.iter().filter(|e| e.kind.as_str() == kind);
    those.map(|e| e.message.clone()).collect()
}

/// The node is silent, and shown so.
async fn silence(bench: &Bench, id: NodeId) {
    bench.clock.advance(Duration::from_secs(3600));
    let all = Repository::<Node>::new(bench.cp.store().clone());
    let deadline = tokio::time::Instant::now() + fixtures::PATIENCE;
    while all.get(&id).await.unwrap().status.phase == NodePhase::Ready {
        assert!(tokio::time::Instant::now() < deadline, "never noticed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn gone(reason: &str) -> RemoveNode {
    RemoveNode {
        gone: true,
        reason: reason.to_owned(),
    }
}

/// For an administrator: new VMs land on a node that was just taken out; nobody knows who did it and why; doing
/// it twice fails, or tells it twice.
#[tokio::test]
async fn a_cordoned_node_takes_no_new_vms_and_says_why() {
    let (bench, id) = one().await;
    let service = bench.cp.nodes();
    let node = service.cordon(&call(), id, "new disks").await.unwrap();
    assert!(node.admin.cordoned);
    let e = bench.cp.vms().create(&call(), request("web")).await.unwrap_err();
    assert!(e.get("node").unwrap().contains("cordoned (new disks)"), "{e:?}");
    assert_eq!(
        told(&bench, "node_cordoned").await,
        ["cordoned by alice: new disks"]
    );

    let before = bench.revision().await;
    assert_eq!(service.cordon(&call(), id, "new disks").await.unwrap(), node);
    assert_eq!(bench.revision().await, before);

    let open = service.uncordon(&call(), id, "").await.unwrap();
    assert!(!open.admin.cordoned && open.admin.reason.is_empty());
    assert_eq!(told(&bench, "node_uncordoned").await, ["uncordoned by alice"]);
    bench.create("web").await;
    let before = bench.revision().await;
    service.uncordon(&call(), id, "").await.unwrap();
    assert_eq!(bench.revision().await, before);
}

/// For an administrator: a retry does it again, after somebody else has undone it; a request id that was used
/// for something else is taken for a retry; a dry run writes.
#[tokio::test]
async fn conditions_of_a_call_hold_for_nodes_too() {
    let (bench, id) = one().await;
    let service = bench.cp.nodes();
    let seen = service.get(id).await.unwrap().meta.revision;
    let first = service.cordon(&repeated("r1"), id, "a").await.unwrap();
    service.uncordon(&call(), id, "").await.unwrap();
    assert_eq!(service.cordon(&repeated("r1"), id, "a").await.unwrap(), first);
    assert!(!service.get(id).await.unwrap().admin.cordoned);
    assert_eq!(
        code(service.cordon(&repeated("r1"), id, "b").await),
        "REQUEST_ID_REUSED"
    );

    let before = bench.revision().await;
    assert!(service.cordon(&dry(), id, "a").await.unwrap().admin.cordoned);
    let stale = Call {
        expected: Some(seen),
        ..call()
    };
    assert_eq!(code(service.cordon(&stale, id, "a").await), "VERSION_MISMATCH");
    let nobody = fixtures::node_id("nobody");
    assert_eq!(code(service.cordon(&call(), nobody, "a").await), "NOT_FOUND");
    assert_eq!(field(service.cordon(&call(), id, "a\nb").await), "reason");
    let nothing = UpdateNode::default();
    assert_eq!(field(service.update(&call(), id, nothing).await), "update_mask");
    let odd = UpdateNode {
        labels: Some(fixtures::labels([("", "x")])),
        ..UpdateNode::default()
    };
    assert_eq!(field(service.update(&call(), id, odd).await), "labels");
    let bad = taint("", TaintEffect::NoSchedule);
    assert_eq!(field(service.add_taint(&call(), id, &bad, "").await), "taint.key");
    assert_eq!(
        field(service.remove_taint(&call(), id, "", None, "").await),
        "key"
    );
    assert_eq!(bench.revision().await, before);
}

/// For an administrator: a taint that was set by hand keeps nobody away.
#[tokio::test]
async fn the_planner_sees_the_taints_of_both() {
    let bench = Bench::new().await;
    let mut agents = registration("n1", 8, 8192);
    agents.spec.taints = vec![taint("gpu", TaintEffect::NoSchedule)];
    let id = bench.cp.nodes().register(&agents).await.unwrap().id;
    let service = bench.cp.nodes();
    let spare = taint("spare", TaintEffect::NoSchedule);
    service.add_taint(&call(), id, &spare, "").await.unwrap();
    let tolerating = |keys: &[&str]| {
        let mut request = request("web");
        let tolerate = |key: &&str| Toleration {
            key: (*key).to_owned(),
            value: None,
        };
        request.spec.placement.tolerations = keys.iter().map(tolerate).collect();
        request
    };
    let vms = bench.cp.vms();
    for keys in [&[][..], &["gpu"], &["spare"]] {
        assert_eq!(code(vms.create(&dry(), tolerating(keys)).await), "NO_NODE_FITS");
    }
    vms.create(&dry(), tolerating(&["gpu", "spare"])).await.unwrap();

    let e = service
        .remove_taint(&call(), id, "gpu", None, "")
        .await
        .unwrap_err();
    assert_eq!(e.reason().code(), "REPORTED_BY_AGENT");
    service
        .remove_taint(&call(), id, "spare", None, "")
        .await
        .unwrap();
    vms.create(&dry(), tolerating(&["gpu"])).await.unwrap();
    assert_eq!(
        told(&bench, "node_untainted").await,
        ["freed of the taint spare:no-schedule by alice"]
    );
}

/// For an operator: figures that nobody measured.
#[tokio::test]
async fn metrics_show_what_is_there_promised_and_used() {
    let (bench, id) = one().await;
    bench.create("web").await;
    let service = bench.cp.nodes();
    let metrics = service.metrics(id).await.unwrap();
    assert_eq!(metrics.capacity, (Cores(8), Mebibytes(8192)));
    assert_eq!(metrics.overcommit, (Percent(400), Percent(100)));
    assert_eq!(metrics.allocatable, (Cores(32), Mebibytes(8192)));
    let allocated = metrics.allocated.unwrap();
    assert_eq!(
        (allocated.cores, allocated.memory, allocated.vms),
        (Cores(1), Mebibytes(1024), 1)
    );
    assert_eq!(metrics.last_heartbeat.unwrap().usage, None);
    let usage = NodeUsage {
        cpu: MilliCpus(1500),
        ..NodeUsage::default()
    };
    bench.clock.advance(Duration::from_secs(5));
    service.heartbeat(id, BOOT, Some(usage)).await.unwrap();
    let last = service.metrics(id).await.unwrap().last_heartbeat.unwrap();
    assert_eq!(last.usage, Some(usage));
    assert_eq!(last.at.since(fixtures::T0), Duration::from_secs(5));
    assert_eq!(
        code(service.metrics(fixtures::node_id("nobody")).await),
        "NOT_FOUND"
    );
}

/// For an operator: a node that lives, or has VMs, is struck off the list; of one that was, something stays
/// behind.
#[tokio::test]
async fn a_node_is_removed_when_it_is_silent_and_empty() {
    let (bench, id) = one().await;
    let service = bench.cp.nodes();
    let plain = RemoveNode::default();
    let e = service.remove(&call(), id, &plain).await.unwrap_err();
    assert_eq!(
        (e.reason().code(), e.get("node")),
        ("NODE_ALIVE", Some(id.to_string().as_str()))
    );
    assert_eq!(
        code(service.remove(&call(), id, &gone("fire")).await),
        "NODE_ALIVE"
    );

    let vm = bench.running("web").await;
    silence(&bench, id).await;
    let e = service.remove(&call(), id, &plain).await.unwrap_err();
    assert_eq!((e.reason().code(), e.get("vms")), ("NODE_NOT_EMPTY", Some("1")));
    assert!(e.message().contains("web"), "{e}");

    bench.cp.vms().delete(&call(), vm.id, true).await.unwrap();
    bench.finish(vm.id).await;
    // Its agent was heard of with that.
    assert_eq!(code(service.remove(&call(), id, &plain).await), "NODE_ALIVE");
    bench.clock.advance(Duration::from_secs(3600));
    let before = bench.revision().await;
    service.remove(&dry(), id, &plain).await.unwrap();
    assert_eq!(bench.revision().await, before);
    let removed = service.remove(&repeated("r1"), id, &plain).await.unwrap();
    assert_eq!(removed.id, id);
    assert_eq!(service.remove(&repeated("r1"), id, &plain).await.unwrap().id, id);
    assert_eq!(code(service.remove(&call(), id, &plain).await), "NOT_FOUND");

    assert_eq!(code(service.get(id).await), "NOT_FOUND");
    let pools = Repository::<Pool>::new(bench.cp.store().clone());
    assert!(pools.all(Selector::default()).await.unwrap().0.is_empty());
    let promises = Repository::<NodeAllocation>::new(bench.cp.store().clone());
    assert!(promises.find(&id).await.unwrap().is_none());
    assert_eq!(told(&bench, "node_deleted").await, ["removed by alice"]);
    assert_eq!(
        code(bench.cp.vms().create(&call(), request("new")).await),
        "NO_NODE_FITS"
    );
}

/// For an operator: VMs on a machine that burnt down stay in the list for ever; or a statement about the node
/// sweeps away what nobody gave up; or the node comes back with what was deleted.
#[tokio::test]
async fn what_is_being_deleted_goes_with_a_destroyed_node_and_does_not_come_back() {
    let (bench, id) = one().await;
    let service = bench.cp.nodes();
    let doomed = bench.running("doomed").await;
    let kept = bench.running("kept").await;
    silence(&bench, id).await;
    let doomed = bench.cp.vms().delete(&call(), doomed.id, true).await.unwrap();
    let task = doomed.operation.clone().unwrap().task;

    assert_eq!(field(service.remove(&call(), id, &gone(" ")).await), "reason");
    let before = bench.revision().await;
    let e = service.remove(&call(), id, &gone("fire")).await.unwrap_err();
    assert_eq!((e.reason().code(), e.get("vms")), ("NODE_NOT_EMPTY", Some("1")));
    assert!(
        e.message().contains("kept") && !e.message().contains("doomed"),
        "{e}"
    );
    let kept = bench.cp.vms().delete(&call(), kept.id, true).await.unwrap();
    // Without the statement it may yet come back.
    assert_eq!(
        code(service.remove(&call(), id, &RemoveNode::default()).await),
        "NODE_NOT_EMPTY"
    );
    assert_eq!(bench.revision().await, before.next());
    service.remove(&dry(), id, &gone("fire")).await.unwrap();
    assert_eq!(bench.revision().await, before.next());

    service.remove(&repeated("r1"), id, &gone("fire")).await.unwrap();
    for vm in [&doomed, &kept] {
        assert_eq!(code(bench.cp.vms().get(vm.id).await), "NOT_FOUND");
    }
    assert!(bench.volumes().await.is_empty());
    let task = bench.task(task).await;
    assert_eq!(task.state, TaskState::Succeeded);
    assert!(task.log.last().unwrap().text.contains("n1"), "{task:?}");
    assert_eq!(told(&bench, "vm_deleted").await.len(), 2);
    assert_eq!(
        told(&bench, "node_deleted").await,
        ["removed as destroyed by alice: fire"]
    );

    // It was not destroyed after all: nothing that it says counts, and it is a new node.
    let before = bench.revision().await;
    let report = bench.told(&doomed, running(&doomed), Some(Outcome::Done)).await;
    assert_eq!(code(report), "NOT_FOUND");
    assert_eq!(code(service.heartbeat(id, BOOT, None).await), "NOT_FOUND");
    assert_eq!(bench.revision().await, before);
    let mut agent = registration("n1", 8, 8192);
    agent.id = Some(id);
    let back = service.register(&agent).await.unwrap();
    assert_ne!(back.id, id);
    assert_eq!(bench.allocation(back.id).await, (0, 0, 0));
    assert_eq!(
        code(bench.told(&doomed, running(&doomed), None).await),
        "NOT_FOUND"
    );
    // Names are free again, and the new VM is another one.
    assert_ne!(bench.create("doomed").await.id, doomed.id);
}

/// For an operator: a removal that races with a node's return, or with a placement, strikes off a node that
/// lives.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_removal_and_a_return_one_wins() {
    for _ in 0..20 {
        let (bench, id) = one().await;
        silence(&bench, id).await;
        let (service, beating) = (bench.cp.nodes(), bench.cp.nodes());
        let removal = tokio::spawn(async move { service.remove(&call(), id, &RemoveNode::default()).await });
        let beat = tokio::spawn(async move { beating.heartbeat(id, BOOT, None).await });
        let (removed, alive) = (removal.await.unwrap(), beat.await.unwrap());
        match (removed, alive) {
            (Ok(_), alive) => {
                assert_eq!(code(alive), "NOT_FOUND");
                assert_eq!(code(bench.cp.nodes().get(id).await), "NOT_FOUND");
            }
            (Err(e), alive) => {
                assert_eq!(e.reason().code(), "NODE_ALIVE", "{e}");
                alive.unwrap();
                let node: Arc<Node> = bench.cp.nodes().get(id).await.unwrap();
                assert_eq!(node.status.phase, NodePhase::Ready);
            }
        }
    }
}
