//! The snapshot keeps its promise of order whoever made it.

use limiquantix_core::identity::NodeId;
use limiquantix_core::planning::ClusterSnapshot;

use crate::fixture::{id, node, taken};

fn ids(snapshot: &ClusterSnapshot) -> Vec<NodeId> {
    snapshot.nodes().iter().map(|n| n.id).collect()
}

#[test]
fn nodes_come_by_id_and_the_last_of_equals_counts() {
    let snapshot = ClusterSnapshot::new(vec![
        taken(3, 1, 1, 1),
        node(1),
        taken(3, 2, 2, 2),
        node(2),
        taken(3, 3, 3, 3),
    ]);
    assert_eq!(ids(&snapshot), [id(1), id(2), id(3)]);
    assert_eq!(snapshot.node(id(3)).map(|n| n.vms), Some(3));
    assert_eq!(snapshot.node(id(4)), None);
}

#[test]
fn upsert_and_remove_keep_the_order() {
    let mut snapshot = ClusterSnapshot::default();
    for number in [5, 1, 3] {
        snapshot.upsert(node(number));
    }
    snapshot.upsert(taken(3, 1, 1, 9));
    assert_eq!(ids(&snapshot), [id(1), id(3), id(5)]);
    assert_eq!(snapshot.node(id(3)).map(|n| n.vms), Some(9));
    snapshot.remove(id(3));
    snapshot.remove(id(4));
    assert_eq!(ids(&snapshot), [id(1), id(5)]);
}

#[test]
fn a_snapshot_from_elsewhere_is_sorted_and_refused_if_a_node_is_there_twice() {
    let written = |nodes: Vec<_>| serde_json::json!({ "nodes": nodes }).to_string();
    let read: ClusterSnapshot = serde_json::from_str(&written(vec![node(2), node(1)])).unwrap();
    assert_eq!(ids(&read), [id(1), id(2)]);
    let twice = serde_json::from_str::<ClusterSnapshot>(&written(vec![node(1), node(2), node(1)]));
    assert!(twice.unwrap_err().to_string().contains("more than once"));
}

#[test]
fn digests_tell_snapshots_apart_and_stay_the_same_for_ever() {
    let one = ClusterSnapshot::new(vec![node(1), node(2)]);
    let two = ClusterSnapshot::new(vec![node(2), node(1)]);
    assert_eq!(one.digest().unwrap(), two.digest().unwrap());
    let other = ClusterSnapshot::new(vec![node(1), taken(2, 1, 0, 0)]);
    assert_ne!(one.digest().unwrap(), other.digest().unwrap());
    // If this one changes, no receipt that was ever stored can be checked any more.
    let empty = ClusterSnapshot::default().digest().unwrap();
    assert_eq!(empty.to_string(), "d044bb75319dfa0a6e0541448fb82558");
}
