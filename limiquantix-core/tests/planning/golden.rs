//! Reports as people read them. After a change that is meant, replace the golden file by what the failing
//! test prints.

use limiquantix_core::contract::Scheduler;
use limiquantix_core::planning::{ClusterSnapshot, FilterScore, NodeView, PlacementRequest, Strategy};
use limiquantix_core::resource::{AdminState, NodePhase, Taint, TaintEffect};
use limiquantix_core::unit::Cores;

use crate::fixture::{id, name, node, policy, request, taken};

fn render(nodes: Vec<NodeView>, request: &PlacementRequest, strategy: Strategy) -> String {
    let policy = policy(strategy, 400, 150);
    let report = FilterScore.explain(&ClusterSnapshot::new(nodes), request, &policy);
    format!("{report}\n")
}

#[track_caller]
fn assert_golden(got: &str, golden: &str) {
    assert!(
        got == golden,
        "the report has changed; it is now\n{got}\nand was\n{golden}"
    );
}

/// One node of every fate.
fn cluster() -> Vec<NodeView> {
    let taint = |effect| Taint {
        key: "gpu".into(),
        value: "a100".into(),
        effect,
    };
    vec![
        taken(1, 4, 2048, 2),
        taken(2, 12, 4096, 6),
        NodeView {
            taints: vec![taint(TaintEffect::PreferNoSchedule)],
            ..node(3)
        },
        NodeView {
            name: name("a node with a long name"),
            ..taken(4, 4, 2048, 1)
        },
        NodeView {
            phase: NodePhase::NotReady,
            ..node(5)
        },
        NodeView {
            admin: AdminState {
                cordoned: true,
                maintenance: true,
                reason: "new memory, by admin".into(),
                ..AdminState::default()
            },
            ..node(6)
        },
        NodeView {
            taints: vec![taint(TaintEffect::NoSchedule)],
            ..node(7)
        },
        NodeView {
            pools: Vec::new(),
            ..node(8)
        },
        taken(9, 31, 0, 31),
        taken(10, 0, 9216, 3),
        NodeView {
            phase: NodePhase::Unknown,
            ..node(11)
        },
        NodeView {
            cores: Cores::ZERO,
            ..node(12)
        },
    ]
}

#[test]
fn spread() {
    let got = render(cluster(), &request(2, 2048), Strategy::Spread);
    assert_golden(&got, include_str!("golden/spread.txt"));
}

#[test]
fn pack() {
    let got = render(cluster(), &request(2, 2048), Strategy::Pack);
    assert_golden(&got, include_str!("golden/pack.txt"));
}

#[test]
fn no_node_fits() {
    let mut request = request(2, 2048);
    request.placement.node_selector = [("zone".to_owned(), "b".to_owned())].into();
    let mut nodes = cluster();
    nodes[0].labels = [("zone".to_owned(), "a".to_owned())].into();
    nodes[8].labels = [("zone".to_owned(), "b".to_owned())].into();
    let got = render(nodes, &request, Strategy::Spread);
    assert_golden(&got, include_str!("golden/no_fit.txt"));
}

#[test]
fn small_clusters() {
    let mut request = request(2, 2048);
    let empty = render(vec![], &request, Strategy::Spread);
    let one = render(vec![node(1)], &request, Strategy::Spread);
    let one_of_two = render(vec![node(1), taken(2, 32, 0, 9)], &request, Strategy::Pack);
    request.cores = Cores(33);
    let none = render(vec![node(1)], &request, Strategy::Spread);
    let got = [empty, one, one_of_two, none].join("\n");
    assert_golden(&got, include_str!("golden/small.txt"));
}

/// Two equal nodes: the tie is visible, and the lower id is marked.
#[test]
fn ties_go_to_the_lowest_id() {
    let nodes = (1..=3).rev().map(node).collect();
    let report = FilterScore.explain(
        &ClusterSnapshot::new(nodes),
        &request(1, 512),
        &policy(Strategy::Pack, 100, 100),
    );
    assert_eq!(report.chosen.map(|chosen| chosen.node), Some(id(1)));
    assert_eq!(report.to_string().matches("* node-1").count(), 1);
}
