//! What people and programs get to read.

use limiquantix_core::contract::Scheduler;
use limiquantix_core::identity::NodeId;
use limiquantix_core::planning::{
    self, ClusterSnapshot, Digest, FilterScore, NodeView, PlacementReport, PlacementRequest, Strategy,
};
use limiquantix_core::resource::{
    AccelPreference, AdminState, Boot, CpuSpec, DiskSpec, NodePhase, PlacementSpec, VmSpec,
};
use limiquantix_core::unit::{Cores, Gibibytes, Mebibytes};
use limiquantix_core::{Error, ErrorKind, Reason};

use crate::fixture::{id, name, node, policy, request, taken};

fn explain(nodes: Vec<NodeView>, request: &PlacementRequest) -> PlacementReport {
    let policy = policy(Strategy::Spread, 100, 150);
    FilterScore.explain(&ClusterSnapshot::new(nodes), request, &policy)
}

fn context<'a>(error: &'a Error, key: &str) -> Vec<&'a str> {
    error
        .context()
        .filter(|(k, _)| *k == key)
        .map(|(_, v)| v)
        .collect()
}

#[test]
fn the_error_names_each_node_with_its_reason() {
    let maintained = NodeView {
        admin: AdminState {
            cordoned: false,
            maintenance: true,
            reason: "by admin".into(),
            ..AdminState::default()
        },
        ..node(2)
    };
    let silent = NodeView {
        phase: NodePhase::NotReady,
        ..node(3)
    };
    // 7168 × 1.5 = 10752, less 9216.
    let report = explain(vec![silent, taken(1, 0, 9216, 1), maintained], &request(2, 2048));
    let error = planning::error(&report, "web");
    assert_eq!(
        (error.reason(), error.kind()),
        (Reason::NoNodeFits, ErrorKind::ResourceExhausted)
    );
    assert_eq!(
        error.message(),
        r#"cannot place vm "web": none of 3 nodes can take it"#
    );
    assert_eq!(error.get("vm"), Some("web"));
    assert_eq!(
        context(&error, "node"),
        [
            "node-1: memory: needs 2048 MiB, 1536 MiB free of 8192 after overcommit 1.5 and reserve 1024",
            "node-2: in maintenance (by admin)",
            "node-3: not ready: its heartbeats stopped",
        ]
    );
    assert_eq!(error.get("nodes"), None);
}

#[test]
fn beyond_ten_nodes_the_error_counts_the_commonest_first() {
    let mut nodes: Vec<NodeView> = (0..10).map(node).collect();
    nodes.extend((10..42).map(|n| taken(n, 8, 0, 1)));
    nodes.extend((42..222).map(|n| taken(n, 0, 10_000, 1)));
    let report = explain(nodes, &request(1, 2048));
    assert!(report.chosen.is_some());
    // The first ten are full as well.
    let nodes = (0..222).map(|n| match n {
        0..10 => taken(n, 0, 10_752, 1),
        10..42 => taken(n, 8, 0, 1),
        _ => taken(n, 0, 10_000, 1),
    });
    let error = planning::error(&explain(nodes.collect(), &request(1, 2048)), "web");
    let named = context(&error, "node");
    assert_eq!(named.len(), 10);
    assert!(named[9].starts_with("node-9: memory: needs 2048 MiB, 0 MiB free"));
    assert_eq!(context(&error, "nodes"), ["212 more: memory 180, cpu 32"]);
}

#[test]
fn no_nodes_and_one_node_have_words_of_their_own() {
    let none = planning::error(&explain(vec![], &request(1, 512)), "web");
    assert_eq!(none.message(), r#"cannot place vm "web": there are no nodes"#);
    assert_eq!(none.context().count(), 1);
    let one = planning::error(&explain(vec![node(1)], &request(9, 512)), "web");
    assert_eq!(
        one.message(),
        r#"cannot place vm "web": the only node cannot take it"#
    );
    assert_eq!(one.get("node"), Some("node-1: cpu: needs 9 cores, 8 free of 8"));
}

#[test]
fn a_success_has_no_error() {
    let error = planning::error(&explain(vec![node(1)], &request(1, 512)), "web");
    assert_eq!(error.reason(), Reason::Internal);
}

#[test]
fn the_json_form_of_a_report_is_an_interface() {
    let report = explain(
        vec![taken(1, 0, 9216, 1), taken(2, 4, 2152, 3)],
        &request(2, 2048),
    );
    let json = serde_json::to_value(&report).unwrap();
    let expected = serde_json::json!({
        "strategy": "spread",
        "chosen": { "node": id(2), "score": 10_272_247 },
        "verdicts": [
            { "node": id(1), "name": "node-1", "verdict": { "refused": {
                "filter": "memory", "needed": 2048, "free": 1536, "total": 8192, "reserved": 1024,
                "overcommit": 150
            } } },
            { "node": id(2), "name": "node-2", "verdict": { "scored": {
                "terms": [
                    { "scorer": "soft_taints", "value": 1000, "weight": 10_021 },
                    { "scorer": "free_share", "value": 250, "weight": 1001 },
                    { "scorer": "few_vms", "value": 997, "weight": 1 },
                ],
                "total": 10_272_247
            } } },
        ]
    });
    assert_eq!(json, expected);
}

#[test]
fn a_digest_has_one_spelling() {
    let digest = explain(vec![node(1)], &request(1, 512)).digest().unwrap();
    let json = serde_json::to_string(&digest).unwrap();
    assert_eq!(json, format!("\"{digest}\""));
    assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
    for bad in [
        "",
        "0",
        &"0".repeat(33),
        &"F".repeat(32),
        &"g".repeat(32),
        &"é".repeat(16),
    ] {
        assert!(serde_json::from_value::<Digest>(bad.into()).is_err(), "{bad:?}");
    }
}

fn spec(cores: u32, memory: u32) -> VmSpec {
    let disk = |n: &str, pool: &str| DiskSpec {
        name: name(n),
        size: Gibibytes(1),
        image: None,
        pool: name(pool),
    };
    VmSpec {
        cpu: CpuSpec { cores: Cores(cores) },
        memory: Mebibytes(memory),
        disks: vec![disk("a", "slow"), disk("b", "fast"), disk("c", "slow")],
        nics: Vec::new(),
        boot: Boot::Kernel {
            pool: name("boot"),
            kernel: String::from("vmlinuz").try_into().unwrap(),
            initrd: None,
            cmdline: String::new(),
        },
        cloud_init: None,
        placement: PlacementSpec::default(),
        accel: AccelPreference::Auto,
    }
}

#[test]
fn a_request_needs_every_pool_of_its_spec_once() {
    let request = PlacementRequest::new(&spec(2, 2048), None);
    assert_eq!(request.pools, [name("boot"), name("fast"), name("slow")]);
    assert_eq!(
        (request.cores, request.memory, request.current),
        (Cores(2), Mebibytes(2048), None)
    );
}

#[test]
fn a_vm_that_grows_holds_what_it_had() {
    let (old, new) = (spec(2, 1024), spec(6, 2048));
    let on: NodeId = id(1);
    let same = PlacementRequest::new(&old, Some(on));
    assert_eq!(same, PlacementRequest::new(&old, None).holding(on, &old));
    let grown = PlacementRequest::new(&new, Some(on)).holding(on, &old);
    assert_eq!(grown.cores, Cores(6));
    let held = grown.current.unwrap();
    assert_eq!(
        (held.node, held.cores, held.memory),
        (on, Cores(2), Mebibytes(1024))
    );
}
