//! What must hold for every cluster and every request.

use limiquantix_core::contract::Scheduler;
use limiquantix_core::identity::Name;
use limiquantix_core::planning::{
    ClusterSnapshot, FilterScore, NodeView, PlacementReport, PlacementRequest, Policy, Reservation, Strategy,
    Verdict,
};
use limiquantix_core::resource::{
    Accel, AccelPreference, AdminState, Labels, NodePhase, PlacementSpec, Taint, TaintEffect, Toleration,
};
use limiquantix_core::unit::{Cores, Mebibytes};
use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, Strategy as Generator, any};
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, FileFailurePersistence};
use proptest::{option, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::{fixture, oracle};

pub(crate) fn config(cases: u32) -> Config {
    Config {
        // What once failed is tried first from then on; commit the file.
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/planning/regressions.txt",
        ))),
        ..Config::with_cases(cases)
    }
}

/// Mostly small, so that nodes tie and fill up; now and then absurd.
fn amount(small: u32) -> impl Generator<Value = u32> {
    prop_oneof![
        20 => 0..=small,
        1 => select(vec![u32::MAX, u32::MAX - 1, u32::MAX / 2]),
    ]
}

fn text(from: &'static [&'static str]) -> impl Generator<Value = String> {
    select(from).prop_map(str::to_owned)
}

fn labels() -> impl Generator<Value = Labels> {
    btree_map(text(&["zone", "disk"]), text(&["a", "b"]), 0..=2)
}

fn taints() -> impl Generator<Value = Vec<Taint>> {
    let taint = (
        text(&["gpu", "old", "loud"]),
        text(&["", "x"]),
        prop_oneof![
            1 => Just(TaintEffect::NoSchedule),
            3 => Just(TaintEffect::PreferNoSchedule)
        ],
    );
    let taint = taint.prop_map(|(key, value, effect)| Taint { key, value, effect });
    prop_oneof![3 => Just(Vec::new()), 1 => vec(taint, 0..=14)]
}

fn pools() -> impl Generator<Value = Vec<Name>> {
    select(vec![
        vec!["default"],
        vec!["default", "fast"],
        vec!["fast"],
        vec![],
    ])
    .prop_map(|pools| pools.into_iter().map(fixture::name).collect())
}

fn node() -> impl Generator<Value = NodeView> {
    let phase = prop_oneof![
        12 => Just(NodePhase::Ready), 1 => Just(NodePhase::NotReady), 1 => Just(NodePhase::Unknown)
    ];
    let admin = prop_oneof![12 => Just((false, false)), 1 => Just((true, false)), 1 => Just((false, true))];
    let accel = prop_oneof![8 => Just(Accel::Kvm), 4 => Just(Accel::Tcg), 1 => Just(Accel::Mock)];
    let capacity = (amount(16), amount(4096), amount(8), amount(2048), amount(1100));
    (phase, admin, labels(), taints(), (pools(), accel), capacity).prop_map(
        |(phase, (cordoned, maintenance), labels, taints, (mut pools, accel), capacity)| {
            let (cores, memory, allocated_cores, allocated_memory, vms) = capacity;
            pools.push(fixture::name("root"));
            NodeView {
                phase,
                admin: AdminState {
                    cordoned,
                    maintenance,
                    reason: String::new(),
                    ..AdminState::default()
                },
                labels,
                taints,
                accel,
                pools,
                cores: Cores(cores),
                memory: Mebibytes(memory),
                allocated_cores: Cores(allocated_cores),
                allocated_memory: Mebibytes(allocated_memory),
                vms,
                ..fixture::node(0)
            }
        },
    )
}

/// Up to twelve nodes; ids in no relation to the order of the list.
fn nodes() -> impl Generator<Value = Vec<NodeView>> {
    vec(node(), 0..=12)
        .prop_map(|mut nodes| {
            for (i, node) in nodes.iter_mut().enumerate() {
                node.id = fixture::id(i as u128);
                node.name = fixture::name(&format!("node-{i}"));
            }
            nodes
        })
        .prop_shuffle()
}

fn request() -> impl Generator<Value = PlacementRequest> {
    let selector = prop_oneof![2 => Just(Labels::new()), 1 => labels()];
    let toleration = (text(&["gpu", "old", "loud"]), option::of(text(&["", "x"])));
    let tolerations = vec(
        toleration.prop_map(|(key, value)| Toleration { key, value }),
        0..=2,
    );
    let needs = prop_oneof![3 => Just(Vec::new()), 1 => pools()];
    let accel = select(vec![
        AccelPreference::Auto,
        AccelPreference::Kvm,
        AccelPreference::Tcg,
    ]);
    let current = option::of((0..14_u128, amount(8), amount(2048)));
    (
        amount(6),
        amount(1024),
        (needs, accel),
        selector,
        tolerations,
        current,
    )
        .prop_map(
            |(cores, memory, (pools, accel), node_selector, tolerations, current)| PlacementRequest {
                rules: Vec::new(),
                cores: Cores(cores),
                memory: Mebibytes(memory),
                pools,
                accel,
                placement: PlacementSpec {
                    node_selector,
                    tolerations,
                },
                current: current.map(|(node, cores, memory)| Reservation {
                    node: fixture::id(node),
                    cores: Cores(cores),
                    memory: Mebibytes(memory),
                }),
            },
        )
}

pub(crate) fn policy() -> impl Generator<Value = Policy> {
    let percent = || {
        prop_oneof![
            10 => select(vec![50, 100, 150, 400]),
            1 => select(vec![0, 1, u32::MAX]),
        ]
    };
    let strategy = select(vec![Strategy::Spread, Strategy::Pack]);
    (strategy, percent(), percent()).prop_map(|(s, cpu, memory)| fixture::policy(s, cpu, memory))
}

proptest! {
    #![proptest_config(config(4096))]

    /// Deciding is what the documentation says, whatever the numbers.
    #[test]
    fn placing_agrees_with_the_oracle(nodes in nodes(), request in request(), policy in policy()) {
        let snapshot = ClusterSnapshot::new(nodes);
        let placed = FilterScore.place(&snapshot, &request, &policy);
        prop_assert_eq!(placed.map(|p| p.node), oracle::place(&snapshot, &request, &policy));
    }

    /// An explanation that differs from the decision would be worse than none.
    #[test]
    fn explaining_agrees_with_deciding(nodes in nodes(), request in request(), policy in policy()) {
        let snapshot = ClusterSnapshot::new(nodes);
        let report = FilterScore.explain(&snapshot, &request, &policy);
        prop_assert_eq!(report.chosen, FilterScore.place(&snapshot, &request, &policy));
        prop_assert_eq!(report.verdicts.len(), snapshot.nodes().len());
        for (verdict, node) in report.verdicts.iter().zip(snapshot.nodes()) {
            prop_assert_eq!((verdict.node, &verdict.name), (node.id, &node.name));
            match &verdict.verdict {
                Verdict::Refused(_) => prop_assert!(!oracle::feasible(node, &request, &policy)),
                Verdict::Scored { terms, total } => {
                    prop_assert!(oracle::feasible(node, &request, &policy));
                    prop_assert_eq!(terms.iter().map(|t| t.value * t.weight).sum::<i64>(), *total);
                    prop_assert!(terms.iter().all(|t| (0..=1000).contains(&t.value)));
                    prop_assert!(report.chosen.is_some_and(|best| best.score >= *total));
                }
            }
        }
    }

    /// Stores list nodes in different orders; the answer must not show it.
    #[test]
    fn the_order_of_the_nodes_does_not_matter(
        (nodes, shuffled) in nodes().prop_flat_map(|n| (Just(n.clone()), Just(n).prop_shuffle())),
        request in request(),
        policy in policy(),
    ) {
        let (one, two) = (ClusterSnapshot::new(nodes), ClusterSnapshot::new(shuffled));
        let (one, two) = (
            FilterScore.explain(&one, &request, &policy),
            FilterScore.explain(&two, &request, &policy),
        );
        prop_assert_eq!(one.digest().unwrap(), two.digest().unwrap());
        prop_assert_eq!(one, two);
    }

    /// Adding capacity, whether a node or a part of one, never turns "fits" into "does not fit".
    #[test]
    fn more_capacity_never_hurts(
        nodes in nodes(),
        request in request(),
        policy in policy(),
        grown in any::<Index>(),
        (cores, memory, percent) in (amount(8), amount(1024), amount(100)),
        new in node(),
    ) {
        let mut snapshot = ClusterSnapshot::new(nodes);
        let before = FilterScore.place(&snapshot, &request, &policy).is_some();
        let mut more = policy;
        more.overcommit_cpu.0 = more.overcommit_cpu.0.saturating_add(percent);
        more.overcommit_memory.0 = more.overcommit_memory.0.saturating_add(percent);
        prop_assert!(!before || FilterScore.place(&snapshot, &request, &more).is_some());
        if !snapshot.nodes().is_empty() {
            let mut node = snapshot.nodes()[grown.index(snapshot.nodes().len())].clone();
            node.cores = node.cores.saturating_add(Cores(cores));
            node.memory = node.memory.saturating_add(Mebibytes(memory));
            snapshot.upsert(node);
            prop_assert!(!before || FilterScore.place(&snapshot, &request, &policy).is_some());
        }
        snapshot.upsert(NodeView { id: fixture::id(99), ..new });
        prop_assert!(!before || FilterScore.place(&snapshot, &request, &policy).is_some());
    }

    /// A report can be stored and read again.
    #[test]
    fn a_report_survives_storage(nodes in nodes(), request in request(), policy in policy()) {
        let snapshot = ClusterSnapshot::new(nodes);
        let report = FilterScore.explain(&snapshot, &request, &policy);
        let text = serde_json::to_string(&report).unwrap();
        let read: PlacementReport = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read.digest().unwrap(), report.digest().unwrap());
        prop_assert_eq!(read, report);
        let text = serde_json::to_string(&snapshot).unwrap();
        prop_assert_eq!(serde_json::from_str::<ClusterSnapshot>(&text).unwrap(), snapshot);
        let text = serde_json::to_string(&request).unwrap();
        prop_assert_eq!(serde_json::from_str::<PlacementRequest>(&text).unwrap(), request);
    }
}
