//! Nodes and requests to plan with.

use limiquantix_core::identity::{Name, NodeId};
use limiquantix_core::planning::{NodeView, PlacementRequest, Policy, Strategy};
use limiquantix_core::resource::{Accel, AccelPreference, AdminState, Labels, NodePhase, PlacementSpec};
use limiquantix_core::unit::{Cores, Mebibytes, Percent};
use uuid::Uuid;

pub(crate) fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

pub(crate) fn id(number: u128) -> NodeId {
    NodeId::from_uuid(Uuid::from_u128(number))
}

/// An empty node `node-<number>` with 8 cores and 8192 MiB, of which the host keeps 1024.
pub(crate) fn node(number: u128) -> NodeView {
    NodeView {
        id: id(number),
        name: name(&format!("node-{number}")),
        phase: NodePhase::Ready,
        admin: AdminState::default(),
        policy: None,
        labels: Labels::new(),
        taints: Vec::new(),
        accel: Accel::Kvm,
        pools: vec![name("default")],
        cores: Cores(8),
        memory: Mebibytes(7168),
        reserved_memory: Mebibytes(1024),
        allocated_cores: Cores::ZERO,
        allocated_memory: Mebibytes::ZERO,
        vms: 0,
    }
}

/// The same node with so much promised to so many VMs.
pub(crate) fn taken(number: u128, cores: u32, memory: u32, vms: u32) -> NodeView {
    NodeView {
        allocated_cores: Cores(cores),
        allocated_memory: Mebibytes(memory),
        vms,
        ..node(number)
    }
}

pub(crate) fn request(cores: u32, memory: u32) -> PlacementRequest {
    PlacementRequest {
        cores: Cores(cores),
        memory: Mebibytes(memory),
        pools: vec![name("default")],
        accel: AccelPreference::Auto,
        placement: PlacementSpec::default(),
        rules: Vec::new(),
        current: None,
    }
}

pub(crate) fn policy(strategy: Strategy, cpu: u32, memory: u32) -> Policy {
    Policy {
        strategy,
        overcommit_cpu: Percent(cpu),
        overcommit_memory: Percent(memory),
    }
}
