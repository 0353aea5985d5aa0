use limiquantix_core::identity::NodeId;
use limiquantix_core::resource::{
    Accel, AdminState, Condition, HypervisorFacts, Meta, Node, NodeAllocation, NodePhase, NodeSpec,
    NodeStatus, PoolFacts, Taint, TaintEffect,
};
use limiquantix_core::unit::{Bytes, Cores, Mebibytes};
use proptest::prelude::*;
use proptest::sample::select;

use super::names::{any_labels, any_name};
use super::{any_time, any_uuid};

/// Any node, healthy or not, cordoned or not; the memory that the host keeps never exceeds what it has.
pub fn any_node() -> impl Strategy<Value = Node> {
    let identity = (any_uuid(), any_name(), any_labels(), any_time());
    let admin = (
        (any::<bool>(), any::<bool>(), "\\PC{0,30}", "\\PC{0,30}"),
        any_labels(),
        prop::collection::vec(any_taint(), 0..3),
    );
    (identity, any_node_spec(), admin, any_node_status()).prop_map(
        |((id, name, reported, created), spec, (said, labels, taints), mut status)| {
            let (cordoned, maintenance, reason, description) = said;
            status.labels = reported;
            let mut node = Node {
                id: NodeId::from_uuid(id),
                meta: Meta::created(created, Default::default()),
                name,
                management_ip: "192.0.2.1".to_owned(),
                spec,
                admin: AdminState {
                    cordoned,
                    maintenance,
                    reason,
                    description,
                    labels,
                    taints,
                    ..AdminState::default()
                },
                status,
            };
            node.settle_labels();
            node
        },
    )
}

/// Any promise on any node.
pub fn any_allocation() -> impl Strategy<Value = NodeAllocation> {
    (any_uuid(), any_time(), any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
        |(id, created, cores, memory, vms)| NodeAllocation {
            id: NodeId::from_uuid(id),
            meta: Meta::created(created, Default::default()),
            cores: Cores(cores),
            memory: Mebibytes(memory),
            vms,
        },
    )
}

/// Any taint that passes validation.
pub fn any_taint() -> impl Strategy<Value = Taint> {
    let effect = select(vec![TaintEffect::NoSchedule, TaintEffect::PreferNoSchedule]);
    ("[a-z]{1,8}", "[a-z]{0,8}", effect).prop_map(|(key, value, effect)| Taint { key, value, effect })
}

fn any_node_spec() -> impl Strategy<Value = NodeSpec> {
    let memory = (0u32..4_194_304).prop_flat_map(|all| (Just(all), 0..=all));
    let pool = (any_name(), any::<u64>()).prop_flat_map(|(name, capacity)| {
        (0..=capacity).prop_map(move |available| PoolFacts {
            name: name.clone(),
            capacity: Bytes(capacity),
            available: Bytes(available),
        })
    });
    (
        0u32..1024,
        memory,
        prop::collection::vec(any_taint(), 0..3),
        prop::collection::vec(pool, 0..3),
    )
        .prop_map(|(cores, (memory, reserved), taints, pools)| NodeSpec {
            cores: Cores(cores),
            memory: Mebibytes(memory),
            reserved_memory: Mebibytes(reserved),
            taints,
            pools,
        })
}

fn any_node_status() -> impl Strategy<Value = NodeStatus> {
    let phase = select(vec![NodePhase::Ready, NodePhase::NotReady, NodePhase::Unknown]);
    let accel = select(vec![Accel::Kvm, Accel::Tcg, Accel::Mock]);
    let condition = ("[A-Z][a-z]{1,12}", any::<bool>(), "\\PC{0,20}")
        .prop_map(|(name, holds, message)| Condition { name, holds, message });
    (
        phase,
        accel,
        prop::collection::vec(condition, 0..3),
        any_uuid(),
        any_time(),
    )
        .prop_map(|(phase, accel, conditions, boot, phase_since)| NodeStatus {
            phase,
            conditions,
            labels: Default::default(),
            hypervisor: HypervisorFacts {
                driver: "mock".to_owned(),
                version: "1".to_owned(),
                accel,
            },
            boot_id: boot.to_string(),
            agent_version: "0.1.0".to_owned(),
            phase_since,
        })
}
