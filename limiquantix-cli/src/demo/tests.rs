use std::collections::BTreeSet;

use super::*;

#[test]
fn the_same_seed_gives_the_same_cluster() {
    let cluster = |seed| {
        let mut cast = Cast::new(seed);
        let nodes: Vec<String> = (1..=8).map(|n| format!("{:?}", cast.node(n, 8, 120))).collect();
        let vms: Vec<_> = (0..120).map(|n| cast.vm(n)).collect();
        (nodes, vms)
    };
    assert_eq!(cluster(42), cluster(42));
    assert_ne!(cluster(42).1, cluster(43).1);
}

#[test]
fn names_are_unique_and_the_smallest_nodes_hold_their_share() {
    for (nodes, vms) in [(8, 120), (1, 5), (3, 1000), (1000, 0)] {
        let mut cast = Cast::new(7);
        let memory: u32 = (1..=nodes)
            .map(|n| cast.node(n, nodes, vms).memory.0 - 1024)
            .sum();
        let requests: Vec<_> = (0..vms).map(|n| cast.vm(n)).collect();
        let names: BTreeSet<_> = requests.iter().map(|request| &request.name).collect();
        assert_eq!(names.len(), requests.len());
        let needed: i32 = requests.iter().map(|request| request.spec.memory.size_mib).sum();
        assert!(
            u32::try_from(needed).unwrap() < memory,
            "{nodes} nodes, {vms} VMs"
        );
    }
}
