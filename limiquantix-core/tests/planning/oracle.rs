//! What placement should answer, written down from the documentation with none of its code: every rule as
//! one condition, wide integers that cannot overflow, and the order of preference as a tuple rather than as
//! a weighted sum.

use std::cmp::Reverse;

use limiquantix_core::identity::NodeId;
use limiquantix_core::planning::{ClusterSnapshot, NodeView, PlacementRequest, Policy, Strategy};
use limiquantix_core::resource::{Accel, AccelPreference, NodePhase, Taint, TaintEffect};

/// The node to choose, if any.
pub(crate) fn place(
    snapshot: &ClusterSnapshot,
    request: &PlacementRequest,
    policy: &Policy,
) -> Option<NodeId> {
    snapshot
        .nodes()
        .iter()
        .filter(|node| feasible(node, request, policy))
        .max_by_key(|node| preference(node, request, policy))
        .map(|node| node.id)
}

/// What may be promised and what is promised to others: cores, then memory.
fn resources(node: &NodeView, request: &PlacementRequest, policy: &Policy) -> [(i128, i128, i128); 2] {
    let limit =
        |total: u32, percent: u32| (i128::from(total) * i128::from(percent) / 100).min(i128::from(u32::MAX));
    let (mut cores, mut memory) = (
        i128::from(node.allocated_cores.0),
        i128::from(node.allocated_memory.0),
    );
    if let Some(own) = request.current
        && own.node == node.id
    {
        cores = (cores - i128::from(own.cores.0)).max(0);
        memory = (memory - i128::from(own.memory.0)).max(0);
    }
    [
        (
            limit(node.cores.0, policy.overcommit_cpu.0),
            cores,
            request.cores.0.into(),
        ),
        (
            limit(node.memory.0, policy.overcommit_memory.0),
            memory,
            request.memory.0.into(),
        ),
    ]
}

pub(crate) fn feasible(node: &NodeView, request: &PlacementRequest, policy: &Policy) -> bool {
    let policy = node.policy.as_ref().unwrap_or(policy);
    node.phase == NodePhase::Ready
        && !node.admin.cordoned
        && !node.admin.maintenance
        && request
            .placement
            .node_selector
            .iter()
            .all(|(k, v)| node.labels.get(k) == Some(v))
        && untolerated(node, request, TaintEffect::NoSchedule) == 0
        && !(request.accel == AccelPreference::Kvm && node.accel == Accel::Tcg)
        && request.pools.iter().all(|p| node.pools.contains(p))
        // Nothing asked of a node that has promised too much still fits: it makes nothing worse.
        && resources(node, request, policy)
            .iter()
            .all(|(limit, used, asked)| *asked == 0 || used + asked <= *limit)
}

/// Greater is better. No two nodes are equal, as the id is part of it.
fn preference(
    node: &NodeView,
    request: &PlacementRequest,
    policy: &Policy,
) -> (Reverse<usize>, i128, i128, Reverse<NodeId>) {
    let policy = node.policy.as_ref().unwrap_or(policy);
    let spare = resources(node, request, policy)
        .iter()
        .map(|(limit, used, asked)| match *limit {
            0 => 0,
            limit => (limit - used - asked).max(0) * 1000 / limit,
        })
        .min()
        .unwrap_or(0);
    let own = request.current.is_some_and(|own| own.node == node.id);
    let vms = (i128::from(node.vms) - i128::from(own)).clamp(0, 1000);
    let sign = match policy.strategy {
        Strategy::Spread => 1,
        Strategy::Pack => -1,
    };
    let soft = untolerated(node, request, TaintEffect::PreferNoSchedule).min(10);
    (Reverse(soft), sign * spare, -sign * vms, Reverse(node.id))
}

fn untolerated(node: &NodeView, request: &PlacementRequest, effect: TaintEffect) -> usize {
    let tolerated = |taint: &Taint| {
        request.placement.tolerations.iter().any(|t| {
            t.key == taint.key
                && match &t.value {
                    None => true,
                    Some(value) => *value == taint.value,
                }
        })
    };
    node.taints
        .iter()
        .filter(|t| t.effect == effect && !tolerated(t))
        .count()
}
