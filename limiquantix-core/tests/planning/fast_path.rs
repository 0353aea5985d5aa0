//! Deciding costs no allocation and no text: it runs under a lock, for every VM of every client.

use limiquantix_core::contract::Scheduler;
use limiquantix_core::planning::{ClusterSnapshot, FilterScore, NodeView, Strategy};
use limiquantix_core::resource::{NodePhase, Taint, TaintEffect, Toleration};

use crate::allocations::count;
use crate::fixture::{policy, request, taken};

/// Nodes that pass and nodes that each filter refuses.
fn cluster() -> ClusterSnapshot {
    let nodes = (0..140).map(|n| {
        let mut view = taken(n, (n % 8) as u32, 512, 1);
        view.labels = [("zone".to_owned(), "a".to_owned())].into();
        let taint = |effect| Taint {
            key: "gpu".into(),
            value: "a100".into(),
            effect,
        };
        match n % 14 {
            0 => view.phase = NodePhase::NotReady,
            1 => view.admin.cordoned = true,
            2 => view.labels.clear(),
            3 => view.taints = vec![taint(TaintEffect::NoSchedule)],
            4 => view.taints = vec![taint(TaintEffect::PreferNoSchedule)],
            5 => view.pools.clear(),
            6 => {
                view = NodeView {
                    labels: view.labels,
                    ..taken(n, 8, 0, 1)
                }
            }
            7 => {
                view = NodeView {
                    labels: view.labels,
                    ..taken(n, 0, 7168, 1)
                }
            }
            _ => {}
        }
        view
    });
    ClusterSnapshot::new(nodes.collect())
}

#[test]
fn deciding_allocates_nothing() {
    let snapshot = cluster();
    let mut request = request(1, 512);
    request.placement.node_selector = [("zone".to_owned(), "a".to_owned())].into();
    request.placement.tolerations = vec![Toleration {
        key: "gpu".into(),
        value: Some("h100".into()),
    }];
    for strategy in [Strategy::Spread, Strategy::Pack] {
        let policy = policy(strategy, 100, 100);
        assert_eq!(count(|| FilterScore.place(&snapshot, &request, &policy)), 0);
        // The counter counts.
        assert!(count(|| FilterScore.explain(&snapshot, &request, &policy)) > 140);
        assert!(FilterScore.place(&snapshot, &request, &policy).is_some());
    }
}
