//! Clusters: nodes that share policy, and placement that follows it.

use std::sync::Arc;

use limiquantix::core::identity::{ClusterId, NodeId};
use limiquantix::core::planning::{Policy, Strategy};
use limiquantix::core::resource::{Cluster, ClusterSpec};
use limiquantix::core::unit::Percent;
use limiquantix::{CreateCluster, UpdateCluster};
use limiquantix_testkit::fixtures;

use crate::bench::{Bench, call, code, dry, field, repeated, request, spec};

fn new(name: &str, placement: Policy) -> CreateCluster {
    CreateCluster {
        name: fixtures::name(name),
        labels: Default::default(),
        spec: ClusterSpec {
            placement,
            ..ClusterSpec::default()
        },
    }
}

/// Makes one thing wrong.
type Spoil = fn(&mut ClusterSpec);

fn policy(strategy: Strategy, memory: u32) -> Policy {
    Policy {
        strategy,
        overcommit_memory: Percent(memory),
        ..Policy::default()
    }
}

async fn cluster(bench: &Bench, placement: Policy, nodes: &[NodeId]) -> ClusterId {
    let clusters = bench.cp.clusters();
    let id = clusters.create(&call(), new("c", placement)).await.unwrap().id;
    for node in nodes {
        clusters.add_node(&call(), id, *node).await.unwrap();
    }
    id
}

async fn node_of_new(bench: &Bench, name: &str) -> NodeId {
    bench.create(name).await.placement.unwrap().node
}

/// For an operator: a policy that was set and that nothing follows.
#[tokio::test]
async fn the_policy_of_a_cluster_counts_for_its_nodes_and_for_no_others() {
    let bench = Bench::new().await;
    let (a, b) = (bench.node("a", 8, 4096).await, bench.node("b", 8, 4096).await);
    let id = cluster(&bench, policy(Strategy::Spread, 200), &[b]).await;
    let mut large = request("large");
    large.spec = spec(1, 6144);
    let vm = bench.cp.vms().create(&call(), large.clone()).await.unwrap();
    assert_eq!(
        vm.placement.unwrap().node,
        b,
        "twice its memory may be promised there"
    );

    // The policy changes, and the next plan follows it.
    let update = UpdateCluster {
        spec: Some(new("c", policy(Strategy::Spread, 300)).spec),
        ..UpdateCluster::default()
    };
    bench.cp.clusters().update(&call(), id, update).await.unwrap();
    large.name = fixtures::name("another");
    bench.cp.vms().create(&call(), large.clone()).await.unwrap();
    large.name = fixtures::name("third");
    let e = bench.cp.vms().create(&call(), large.clone()).await.unwrap_err();
    assert_eq!(e.reason().code(), "NO_NODE_FITS");
    let said: Vec<&str> = e
        .context()
        .filter(|(k, _)| *k == "node")
        .map(|(_, v)| v)
        .collect();
    assert!(said.iter().any(|s| s.contains("overcommit 3")), "{said:?}");

    // Out of the cluster, and what it is not promised to lend is not lent any more.
    bench.cp.clusters().remove_node(&call(), id, b).await.unwrap();
    assert_eq!(node_of_new(&bench, "small").await, a);
    // After a restart it is all the same.
    bench.cp.clusters().add_node(&call(), id, b).await.unwrap();
    let bench = bench.restarted().await;
    large.spec = spec(1, 5000);
    large.name = fixtures::name("fourth");
    assert!(bench.cp.vms().create(&dry(), large.clone()).await.is_err());
    assert_eq!(bench.cp.clusters().nodes(id), [b]);
}

/// For an operator: nodes that were to be filled up one after the other are all half full.
#[tokio::test]
async fn a_cluster_has_a_strategy_of_its_own() {
    let bench = Bench::with_nodes(3, 8, 8192).await;
    let nodes: Vec<NodeId> = {
        let mut nodes = Vec::new();
        for name in ["n1", "n2", "n3"] {
            nodes.push(bench.cp.nodes().get_by_name(name).await.unwrap().id);
        }
        nodes
    };
    cluster(&bench, policy(Strategy::Pack, 100), &nodes).await;
    let first = node_of_new(&bench, "a").await;
    for name in ["b", "c", "d"] {
        assert_eq!(node_of_new(&bench, name).await, first, "{name}");
    }
}

/// For an operator: a node that two clusters count on.
#[tokio::test]
async fn a_node_is_in_one_cluster_at_most() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let node = bench.cp.nodes().get_by_name("n1").await.unwrap();
    let clusters = bench.cp.clusters();
    let one = cluster(&bench, Policy::default(), &[node.id]).await;
    let two = clusters
        .create(&call(), new("d", Policy::default()))
        .await
        .unwrap()
        .id;
    let before = bench.revision().await;
    clusters.add_node(&call(), one, node.id).await.unwrap();
    assert_eq!(bench.revision().await, before, "it is there already");
    assert_eq!(
        code(clusters.add_node(&call(), two, node.id).await),
        "WRONG_STATE"
    );
    assert_eq!(
        code(clusters.remove_node(&call(), two, node.id).await),
        "WRONG_STATE"
    );
    let nowhere = fixtures::node_id("nowhere");
    let e = clusters.add_node(&call(), two, nowhere).await.unwrap_err();
    assert_eq!(
        (e.reason().code(), e.get("field")),
        ("NOT_FOUND", Some("node_id"))
    );

    let e = clusters.delete(&call(), one).await.unwrap_err();
    assert_eq!((e.reason().code(), e.get("name")), ("IN_USE", Some("n1")));
    clusters.remove_node(&call(), one, node.id).await.unwrap();
    clusters.add_node(&call(), two, node.id).await.unwrap();
    clusters.delete(&dry(), one).await.unwrap();
    clusters.delete(&call(), one).await.unwrap();
    assert_eq!(code(clusters.get(one).await), "NOT_FOUND");
    // An agent that registers again does not take its node out.
    let again = crate::bench::registration("n1", 8, 8192);
    limiquantix::core::contract::Uplink::register(&bench.cp.agents(), &again)
        .await
        .unwrap();
    assert_eq!(clusters.nodes(two), [node.id]);
}

/// For an operator: a node in a cluster that is gone, and that nobody can take it out of.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_adding_a_node_and_deleting_the_cluster_one_fails() {
    for round in 0..50 {
        let bench = Bench::with_nodes(1, 8, 8192).await;
        let node = bench.cp.nodes().get_by_name("n1").await.unwrap().id;
        let id = cluster(&bench, Policy::default(), &[]).await;
        let clusters = bench.cp.clusters();
        let add = tokio::spawn(async move { clusters.add_node(&call(), id, node).await });
        let clusters = bench.cp.clusters();
        let delete = tokio::spawn(async move { clusters.delete(&call(), id).await });
        let (added, deleted) = (add.await.unwrap(), delete.await.unwrap());
        assert_ne!(added.is_ok(), deleted.is_ok(), "round {round}");
        let node = bench.cp.nodes().get(node).await.unwrap();
        assert_eq!(node.admin.cluster.is_some(), added.is_ok());
    }
}

/// For an operator: a call that was lost on the way makes a second cluster; a wrong number is stored.
#[tokio::test]
async fn clusters_are_made_once_and_checked() {
    let bench = Bench::new().await;
    let clusters = bench.cp.clusters();
    let first: Arc<Cluster> = clusters
        .create(&repeated("r-1"), new("c", Policy::default()))
        .await
        .unwrap();
    let again = clusters
        .create(&repeated("r-1"), new("c", Policy::default()))
        .await;
    assert_eq!(again.unwrap(), first);
    let taken = clusters.create(&dry(), new("c", Policy::default())).await;
    assert_eq!(code(taken), "NAME_TAKEN");
    let wrong: [(Spoil, &str); 6] = [
        (
            |s| s.placement.overcommit_cpu = Percent(0),
            "spec.placement.overcommit_cpu_percent",
        ),
        (
            |s| s.placement.overcommit_memory = Percent(10_001),
            "spec.placement.overcommit_memory_percent",
        ),
        (
            |s| s.drs.cpu_threshold = Percent(101),
            "spec.drs.cpu_threshold_percent",
        ),
        (
            |s| s.drs.interval = std::time::Duration::from_secs(1),
            "spec.drs.interval",
        ),
        (
            |s| s.ha.restart_order = vec![Default::default()],
            "spec.ha.restart_order[0].labels",
        ),
        (|s| s.ha.tolerated_failures = 65, "spec.ha.tolerated_failures"),
    ];
    for (spoil, named) in wrong {
        let mut request = new("d", Policy::default());
        spoil(&mut request.spec);
        assert_eq!(field(clusters.create(&call(), request.clone()).await), named);
        let update = UpdateCluster {
            spec: Some(request.spec),
            ..UpdateCluster::default()
        };
        assert_eq!(field(clusters.update(&call(), first.id, update).await), named);
    }
}
