#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use super::*;
use crate::identity::{Name, NodeId};
use crate::planning::{NodeView, PlacementRequest, Policy, Reservation, Strategy};
use crate::resource::{
    Accel, AccelPreference, AdminState, Labels, NodePhase, PlacementSpec, Taint, TaintEffect, Toleration,
};
use crate::unit::{Cores, Mebibytes, Percent};

/// A node with this many cores and MiB, and as much promised.
fn node(cores: u32, memory: u32, allocated: (u32, u32), vms: u32) -> NodeView {
    NodeView {
        id: NodeId::from_uuid(uuid::Uuid::from_u128(1)),
        name: Name::parse("name", "node-1").unwrap(),
        phase: NodePhase::Ready,
        admin: AdminState::default(),
        policy: None,
        labels: Labels::new(),
        taints: Vec::new(),
        accel: Accel::Kvm,
        pools: Vec::new(),
        cores: Cores(cores),
        memory: Mebibytes(memory),
        reserved_memory: Mebibytes::ZERO,
        allocated_cores: Cores(allocated.0),
        allocated_memory: Mebibytes(allocated.1),
        vms,
    }
}

fn request(cores: u32, memory: u32) -> PlacementRequest {
    PlacementRequest {
        cores: Cores(cores),
        memory: Mebibytes(memory),
        pools: Vec::new(),
        accel: AccelPreference::Auto,
        placement: PlacementSpec::default(),
        rules: Vec::new(),
        current: None,
    }
}

fn policy(strategy: Strategy) -> Policy {
    Policy {
        strategy,
        overcommit_cpu: Percent::WHOLE,
        overcommit_memory: Percent::WHOLE,
    }
}

/// What the scorer says under spread and under pack.
fn both(term: fn(&Candidate<'_>) -> Term, node: &NodeView, request: &PlacementRequest) -> (u32, u32) {
    let value = |strategy| term(&Candidate::new(node, request, &policy(strategy))).value;
    (value(Strategy::Spread), value(Strategy::Pack))
}

#[test]
fn the_scarcer_resource_decides_after_the_vm_is_there() {
    // Cores: 10 − 2 − 3 = 5 of 10 free. Memory: 1000 − 100 − 200 = 700 of 1000 free.
    let roomy = node(10, 1000, (2, 100), 1);
    assert_eq!(both(share::term, &roomy, &request(3, 200)), (500, 500));
    // Memory: 1000 − 850 − 100 = 50 of 1000 free.
    let tight = node(10, 1000, (2, 850), 1);
    assert_eq!(both(share::term, &tight, &request(3, 100)), (50, 950));
    // 2 of 3 free, rounded down.
    assert_eq!(
        both(share::term, &node(3, 1000, (0, 0), 0), &request(1, 1)),
        (666, 334)
    );
}

#[test]
fn an_empty_and_a_full_node_are_the_ends_of_the_scale() {
    assert_eq!(
        both(share::term, &node(8, 8, (0, 0), 0), &request(0, 0)),
        (1000, 0)
    );
    assert_eq!(
        both(share::term, &node(8, 8, (4, 8), 0), &request(4, 0)),
        (0, 1000)
    );
}

#[test]
fn a_node_without_any_of_a_resource_counts_as_full_and_divides_by_nothing() {
    assert_eq!(
        both(share::term, &node(0, 0, (0, 0), 0), &request(0, 0)),
        (0, 1000)
    );
    assert_eq!(
        both(share::term, &node(0, 8, (0, 0), 0), &request(0, 1)),
        (0, 1000)
    );
}

#[test]
fn absurd_numbers_stay_on_the_scale() {
    let max = u32::MAX;
    let huge = node(max, max, (0, 0), max);
    assert_eq!(both(share::term, &huge, &request(0, 0)), (1000, 0));
    assert_eq!(both(share::term, &huge, &request(max, max)), (0, 1000));
    assert_eq!(both(vm_count::term, &huge, &request(1, 1)), (0, 1000));
    assert_eq!(
        both(share::term, &node(1, 1, (max, max), 0), &request(max, max)),
        (0, 1000)
    );
}

#[test]
fn fewer_vms_are_better_to_spread_and_worse_to_pack_and_the_vm_itself_is_none_of_them() {
    let node = node(8, 8, (2, 2), 7);
    let mut request = request(1, 1);
    assert_eq!(both(vm_count::term, &node, &request), (993, 7));
    request.current = Some(Reservation {
        node: node.id,
        cores: Cores(1),
        memory: Mebibytes(1),
    });
    assert_eq!(both(vm_count::term, &node, &request), (994, 6));
    assert_eq!(
        both(share::term, &node, &request),
        (750, 250),
        "its own core is given back and taken again"
    );
}

#[test]
fn each_soft_taint_that_is_not_tolerated_takes_off_a_step() {
    let soft = |key: &str| Taint {
        key: key.into(),
        value: String::new(),
        effect: TaintEffect::PreferNoSchedule,
    };
    let mut node = node(8, 8, (0, 0), 0);
    let mut request = request(1, 1);
    assert_eq!(both(soft_taints::term, &node, &request), (1000, 1000));
    node.taints = vec![soft("a"), soft("b")];
    assert_eq!(both(soft_taints::term, &node, &request), (800, 800));
    request.placement.tolerations = vec![Toleration {
        key: "a".into(),
        value: None,
    }];
    assert_eq!(both(soft_taints::term, &node, &request), (900, 900));
    node.taints = (0..25).map(|i| soft(&format!("t{i}"))).collect();
    assert_eq!(both(soft_taints::term, &node, &request), (0, 0));
}

#[test]
fn no_scorer_can_be_outvoted_by_those_below_it() {
    const { assert!(vm_count::WEIGHT > 0) };
    // One thousandth of a node against a thousand VMs.
    const { assert!(share::WEIGHT > BEST * vm_count::WEIGHT) };
    // One taint (100 points) against everything else.
    const { assert!(100 * soft_taints::WEIGHT > BEST * (share::WEIGHT + vm_count::WEIGHT)) };
    // One step of the rules (10 points) against everything else, and all of it within the API's numbers.
    const { assert!(10 * rules::WEIGHT > BEST * (soft_taints::WEIGHT + share::WEIGHT + vm_count::WEIGHT)) };
    const {
        let most =
            BEST as i64 * (rules::WEIGHT + soft_taints::WEIGHT + share::WEIGHT + vm_count::WEIGHT) as i64;
        assert!(most <= i32::MAX as i64);
    };
    // And no more than that is needed.
    const { assert!(100 * (soft_taints::WEIGHT - 1) <= BEST * (share::WEIGHT + vm_count::WEIGHT)) };
}
