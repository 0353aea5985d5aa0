//! Who a node is, and what its agent may say of it.

use std::time::Duration;

use limiquantix::core::contract::{NodeRegistration, Repository, Selector};
use limiquantix::core::identity::NodeId;
use limiquantix::core::resource::{Node, NodePhase, Object, Pool, PoolFacts, Taint, TaintEffect};
use limiquantix::core::unit::{Bytes, Cores};
use limiquantix::{NodeUsage, UpdateNode};
use limiquantix_testkit::fixtures;

use crate::bench::{BOOT, Bench, call, code, field, registration, request};

async fn nodes(bench: &Bench) -> Vec<std::sync::Arc<Node>> {
    let all = bench
        .cp
        .nodes()
        .list(Selector::default(), Default::default())
        .await;
    all.unwrap().items
}

fn again(id: NodeId) -> NodeRegistration {
    NodeRegistration {
        id: Some(id),
        ..registration("n1", 8, 8192)
    }
}

/// For an operator: an agent that is restarted makes a second node, or every restart writes.
#[tokio::test]
async fn registering_again_is_the_same_node_and_no_news() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let id = nodes(&bench).await[0].id;
    let before = bench.revision().await;
    let service = bench.cp.nodes();
    assert_eq!(service.register(&again(id)).await.unwrap().id, id);
    // It has lost its notes, but it is the same boot of the same machine.
    assert_eq!(
        service.register(&registration("n1", 8, 8192)).await.unwrap().id,
        id
    );
    assert_eq!(bench.revision().await, before);
    // It was renamed, and has more memory.
    let grown = NodeRegistration {
        id: Some(id),
        ..registration("n1-new", 8, 16_384)
    };
    assert_eq!(service.register(&grown).await.unwrap().id, id);
    let all = nodes(&bench).await;
    assert_eq!((all.len(), all[0].name.as_str()), (1, "n1-new"));
    assert_eq!(service.get_by_name("n1-new").await.unwrap().id, id);
    assert_eq!(code(service.get_by_name("n1").await), "NOT_FOUND");
    // But not to a name that another node has.
    bench.node("n2", 8, 8192).await;
    let other = NodeRegistration {
        id: Some(id),
        ..registration("n2", 8, 8192)
    };
    let e = service.register(&other).await.unwrap_err();
    assert_eq!(
        (e.reason().code(), e.get("field")),
        ("NAME_TAKEN", Some("hostname"))
    );
}

/// For an operator: two machines share an identity: each gets the other's VMs, and they run twice.
#[tokio::test]
async fn a_stranger_does_not_take_the_place_of_a_node() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let id = nodes(&bench).await[0].id;
    let service = bench.cp.nodes();
    let stranger = NodeRegistration {
        boot_id: "another-machine".to_owned(),
        ..registration("n1", 8, 8192)
    };
    let e = service.register(&stranger).await.unwrap_err();
    assert_eq!(
        (e.reason().code(), e.get("field")),
        ("NAME_TAKEN", Some("hostname"))
    );
    // Nor one that has an identity of its own.
    let known = NodeRegistration {
        id: Some(fixtures::node_id("elsewhere")),
        ..stranger.clone()
    };
    assert_eq!(code(service.register(&known).await), "NAME_TAKEN");

    // Silence proves nothing while VMs may run there.
    let vm = bench.running("web").await;
    bench.clock.advance(Duration::from_secs(3600));
    let e = service.register(&stranger).await.unwrap_err();
    assert_eq!(e.reason().code(), "NAME_TAKEN");
    assert!(
        e.message().contains("1 VMs") && e.message().contains("node-id"),
        "{}",
        e.message()
    );
    // Its VM must be gone first. (Its agent is heard of then, and falls silent again.)
    bench.cp.vms().delete(&call(), vm.id, true).await.unwrap();
    bench.finish(vm.id).await;
    assert_eq!(code(service.register(&stranger).await), "NAME_TAKEN");
    bench.clock.advance(Duration::from_secs(3600));
    assert_eq!(
        service.register(&stranger).await.unwrap().id,
        id,
        "a machine that was installed anew"
    );
}

/// For an operator: a database that was lost makes every agent a stranger; or an id that was removed comes back,
/// and with it what is still said about it. An agent that never got the answer is turned away for good.
#[tokio::test]
async fn one_with_an_id_that_is_not_known_is_a_new_node_once() {
    let bench = Bench::new().await;
    let service = bench.cp.nodes();
    let lost = again(fixtures::node_id("from-before"));
    let node = service.register(&lost).await.unwrap();
    assert_ne!(Some(node.id), lost.id);
    assert_eq!(service.register(&lost).await.unwrap().id, node.id);
    assert_eq!(nodes(&bench).await.len(), 1);
}

/// For an administrator: a node that was cordoned for maintenance takes VMs again, because its agent was
/// restarted, or because a heartbeat arrived (I13). What the agent no longer says stays for ever.
#[tokio::test]
async fn what_the_administrator_said_is_not_the_agents_to_change() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let id = nodes(&bench).await[0].id;
    let service = bench.cp.nodes();
    let taint = |key: &str| Taint {
        key: key.to_owned(),
        value: String::new(),
        effect: TaintEffect::NoSchedule,
    };
    let labels = UpdateNode {
        labels: Some(fixtures::labels([("rack", "7")])),
        description: Some("by the window".to_owned()),
    };
    service.update(&call(), id, labels).await.unwrap();
    service.cordon(&call(), id, "new disks").await.unwrap();
    service.add_taint(&call(), id, &taint("spare"), "").await.unwrap();

    let mut boots = NodeRegistration {
        boot_id: "boot-2".to_owned(),
        labels: fixtures::labels([("zone", "a"), ("rack", "unknown")]),
        ..again(id)
    };
    boots.spec.taints = vec![taint("gpu")];
    service.register(&boots).await.unwrap();
    service.heartbeat(id, "boot-2", None).await.unwrap();
    let node = service.get(id).await.unwrap();
    assert!(node.admin.cordoned);
    assert_eq!(
        (node.admin.reason.as_str(), node.admin.description.as_str()),
        ("new disks", "by the window")
    );
    assert_eq!(node.meta.labels, fixtures::labels([("rack", "7"), ("zone", "a")]));
    assert_eq!(node.taints(), [taint("gpu"), taint("spare")]);
    assert_eq!(node.status.boot_id, "boot-2");
    assert_eq!(
        code(bench.cp.vms().create(&call(), request("web")).await),
        "NO_NODE_FITS"
    );

    boots.spec.taints.clear();
    boots.labels.clear();
    service.register(&boots).await.unwrap();
    let node = service.get(id).await.unwrap();
    assert_eq!(node.meta.labels, fixtures::labels([("rack", "7")]));
    assert_eq!(node.taints(), [taint("spare")]);
    let settled = bench.revision().await;
    service.register(&boots).await.unwrap();
    assert_eq!(bench.revision().await, settled, "nothing new, nothing written");
}

/// For an operator: a node that says nonsense of itself is believed.
#[tokio::test]
async fn what_a_node_says_of_itself_is_checked() {
    let bench = Bench::new().await;
    let before = bench.revision().await;
    let service = bench.cp.nodes();
    let with = |change: fn(&mut NodeRegistration)| {
        let mut r = registration("n1", 8, 8192);
        change(&mut r);
        let service = service.clone();
        async move { field(service.register(&r).await) }
    };
    assert_eq!(with(|r| r.spec.cores = Cores(0)).await, "spec.cpu_cores");
    assert_eq!(with(|r| r.boot_id.clear()).await, "boot_id");
    assert_eq!(with(|r| r.boot_id = "a\nb".to_owned()).await, "boot_id");
    assert_eq!(with(|r| r.management_ip = "x".repeat(256)).await, "management_ip");
    assert_eq!(with(|r| r.agent_version = "\0".to_owned()).await, "agent_version");
    assert_eq!(
        with(|r| r.hypervisor.version = "\r".to_owned()).await,
        "hypervisor.version"
    );
    assert_eq!(with(|r| r.labels = fixtures::labels([("", "")])).await, "labels");
    assert_eq!(bench.revision().await, before);
}

/// For a user: a pool that was added to a node cannot be used, or is listed twice.
#[tokio::test]
async fn pools_follow_what_the_node_says() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let id = nodes(&bench).await[0].id;
    let pools = Repository::<Pool>::new(bench.cp.store().clone());
    let names = async || -> Vec<(String, Bytes)> {
        let (all, _) = pools.all(Selector::default()).await.unwrap();
        all.iter()
            .map(|p| (p.name.to_string(), p.status.capacity))
            .collect()
    };
    let (tib, pib) = (Bytes(1 << 40), Bytes(1 << 50));
    assert_eq!(names().await, [("default".to_owned(), pib)]);
    let mut more = again(id);
    more.spec.pools[0].capacity = Bytes(2 << 40);
    more.spec.pools.push(PoolFacts {
        name: fixtures::name("fast"),
        capacity: tib,
        available: tib,
    });
    bench.cp.nodes().register(&more).await.unwrap();
    assert_eq!(
        names().await,
        [("default".to_owned(), Bytes(2 << 40)), ("fast".to_owned(), tib)]
    );
    let before = bench.revision().await;
    bench.cp.nodes().register(&more).await.unwrap();
    assert_eq!(bench.revision().await, before);
}

/// For an operator: ten thousand heartbeats a second are ten thousand commits; a node that has booted since
/// goes on under its old name.
#[tokio::test]
async fn heartbeats_write_only_news_and_know_the_boot() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let id = nodes(&bench).await[0].id;
    let service = bench.cp.nodes();
    let before = bench.revision().await;
    let registered = service.last_heartbeat(id).unwrap();
    assert_eq!(
        registered.usage, None,
        "nothing was measured, so nothing is shown"
    );
    let usage = Some(NodeUsage {
        memory: Bytes(7),
        ..NodeUsage::default()
    });
    for _ in 0..5 {
        let answer = service.heartbeat(id, BOOT, usage).await.unwrap();
        assert_eq!(answer.next, Duration::from_secs(5));
    }
    assert_eq!(bench.revision().await, before);
    assert_eq!(service.last_heartbeat(id).unwrap().usage, usage);
    assert_eq!(
        code(service.heartbeat(id, "boot-2", usage).await),
        "NODE_SUPERSEDED"
    );
    assert_eq!(
        code(service.heartbeat(fixtures::node_id("nobody"), BOOT, usage).await),
        "NOT_FOUND"
    );

    // One that was shown as silent is ready again, once.
    let all = Repository::<Node>::new(bench.cp.store().clone());
    let mut node = Node::clone(&*all.get(&id).await.unwrap());
    node.status.phase = NodePhase::NotReady;
    all.update(node).await.unwrap();
    // The control plane follows the log; a heartbeat that comes before it has read that far is repeated soon.
    let deadline = tokio::time::Instant::now() + fixtures::PATIENCE;
    while service.get(id).await.unwrap().status.phase != NodePhase::Ready {
        assert!(tokio::time::Instant::now() < deadline, "it stays not ready");
        service.heartbeat(id, BOOT, usage).await.unwrap();
        tokio::task::yield_now().await;
    }
    let events = bench
        .log()
        .await
        .into_iter()
        .flat_map(|c| c.changes)
        .filter_map(|c| match c.after {
            Some(Object::Event(e)) => Some(e.kind.as_str()),
            _ => None,
        });
    assert_eq!(events.filter(|k| *k == "node_ready").count(), 1);
}

/// For an operator: many agents that start at once are turned away, or make two nodes of one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_registrations_of_one_node_make_one_node() {
    for _ in 0..10 {
        let bench = Bench::new().await;
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let service = bench.cp.nodes();
                tokio::spawn(async move { service.register(&registration("n1", 8, 8192)).await })
            })
            .collect();
        let mut ids = std::collections::BTreeSet::new();
        for call in calls {
            match call.await.unwrap() {
                Ok(node) => {
                    ids.insert(node.id);
                }
                Err(e) => panic!("refused: {e}"),
            }
        }
        assert_eq!((ids.len(), nodes(&bench).await.len()), (1, 1));
    }
}
