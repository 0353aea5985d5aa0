//! [`Node`]: a node as the API shows it, and what its agent says about it.

use buffa::EnumValue;
use limiquantix_core::Result;
use limiquantix_core::contract::{NodeRegistration, Selector};
use limiquantix_core::identity::Name;
use limiquantix_core::resource::{
    HypervisorFacts, Labels, Node, NodeAllocation, NodePhase, NodeSpec, PoolFacts, Taint, TaintEffect,
};
use limiquantix_core::time::Timestamp;
use limiquantix_core::unit::{Bytes, Cores, Mebibytes, MilliCpus, Percent};

use super::field::{known, path, required, signed, signed_wide, unsigned, unsigned_wide};
use super::page::Listing;
use super::time::timestamp_to_wire;
use super::vm::{accel_from_wire, accel_to_wire};
use super::{etag, id};
use crate::compute::v1 as wire;

/// What a node uses, as it measures it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time in use.
    pub cpu: MilliCpus,
    /// Memory in use.
    pub memory: Bytes,
    /// Disk space in use in its pools.
    pub disk: Bytes,
}

/// What the control plane knows about a node beside the node itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// What is promised to VMs on it.
    pub allocation: Option<&'a NodeAllocation>,
    /// When its last heartbeat arrived, and what it said then that it uses.
    pub heartbeat: Option<(Timestamp, Option<Usage>)>,
}

/// The node as the API shows it.
pub fn to_wire(node: &Node, beside: Beside<'_>) -> wire::Node {
    wire::Node {
        id: node.id.to_string(),
        hostname: node.name.to_string(),
        management_ip: node.management_ip.clone(),
        labels: node.meta.labels.clone(),
        spec: spec_to_wire(&node.spec).into(),
        admin: wire::AdminState {
            cluster_id: node.admin.cluster.map(|id| id.to_string()).unwrap_or_default(),
            cordoned: node.admin.cordoned,
            maintenance: node.admin.maintenance,
            reason: node.admin.reason.clone(),
            description: node.admin.description.clone(),
            labels: node.admin.labels.clone(),
            taints: node.admin.taints.iter().map(taint_to_wire).collect(),
            ..Default::default()
        }
        .into(),
        status: status_to_wire(node, beside).into(),
        etag: etag::to_wire(node.meta.revision),
        revision: node.meta.revision.0,
        created_at: timestamp_to_wire(node.meta.created_at).into(),
        updated_at: timestamp_to_wire(node.meta.updated_at).into(),
        ..Default::default()
    }
}

fn status_to_wire(node: &Node, beside: Beside<'_>) -> wire::NodeStatus {
    let status = &node.status;
    wire::NodeStatus {
        phase: phase_to_wire(status.phase).into(),
        phase_since: timestamp_to_wire(status.phase_since).into(),
        conditions: status
            .conditions
            .iter()
            .map(|c| wire::Condition {
                name: c.name.clone(),
                holds: c.holds,
                message: c.message.clone(),
                ..Default::default()
            })
            .collect(),
        hypervisor: hypervisor_to_wire(&status.hypervisor).into(),
        boot_id: status.boot_id.clone(),
        agent_version: status.agent_version.clone(),
        allocated: beside.allocation.map(allocation_to_wire).into(),
        usage: beside.usage().into(),
        last_heartbeat_at: beside.heartbeat_at().into(),
        ..Default::default()
    }
}

impl Beside<'_> {
    fn usage(&self) -> Option<wire::NodeResources> {
        self.heartbeat?.1.map(usage_to_wire)
    }

    fn heartbeat_at(&self) -> Option<buffa_types::google::protobuf::Timestamp> {
        self.heartbeat.map(|(at, _)| timestamp_to_wire(at))
    }
}

fn phase_to_wire(phase: NodePhase) -> wire::NodePhase {
    match phase {
        NodePhase::Ready => wire::NodePhase::Ready,
        NodePhase::NotReady => wire::NodePhase::NotReady,
        NodePhase::Unknown => wire::NodePhase::Unknown,
    }
}

fn allocation_to_wire(promised: &NodeAllocation) -> wire::NodeAllocation {
    wire::NodeAllocation {
        cpu_cores: signed(promised.cores.get()),
        memory_mib: signed(promised.memory.get()),
        vms: signed(promised.vms),
        ..Default::default()
    }
}

/// How much guests may use and how much may be promised to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Before overcommit.
    pub capacity: (Cores, Mebibytes),
    /// How much of each may be promised.
    pub overcommit: (Percent, Percent),
    /// With overcommit.
    pub allocatable: (Cores, Mebibytes),
}

/// The figures of one node.
pub fn metrics_to_wire(node: &Node, room: Room, beside: Beside<'_>) -> wire::NodeMetrics {
    let capacity = |(cores, memory): (Cores, Mebibytes)| wire::NodeCapacity {
        cpu_cores: signed(cores.get()),
        memory_mib: signed(memory.get()),
        ..Default::default()
    };
    wire::NodeMetrics {
        node_id: node.id.to_string(),
        hostname: node.name.to_string(),
        phase: phase_to_wire(node.status.phase).into(),
        capacity: capacity(room.capacity).into(),
        cpu_overcommit_percent: signed(room.overcommit.0.0),
        memory_overcommit_percent: signed(room.overcommit.1.0),
        allocatable: capacity(room.allocatable).into(),
        allocated: beside.allocation.map(allocation_to_wire).into(),
        usage: beside.usage().into(),
        last_heartbeat_at: beside.heartbeat_at().into(),
        ..Default::default()
    }
}

/// A registration as an agent sends it.
pub fn registration_to_wire(registration: &NodeRegistration) -> wire::RegisterNodeRequest {
    wire::RegisterNodeRequest {
        node_id: registration.id.map(|id| id.to_string()).unwrap_or_default(),
        hostname: registration.name.to_string(),
        management_ip: registration.management_ip.clone(),
        labels: registration.labels.clone(),
        spec: spec_to_wire(&registration.spec).into(),
        boot_id: registration.boot_id.clone(),
        agent_version: registration.agent_version.clone(),
        hypervisor: hypervisor_to_wire(&registration.hypervisor).into(),
        ..Default::default()
    }
}

/// Reads a registration.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn registration_from_wire(request: &wire::RegisterNodeRequest) -> Result<NodeRegistration> {
    let spec = request.spec.as_option().ok_or_else(|| required("spec"))?;
    let hypervisor = request.hypervisor.as_option();
    if request.boot_id.is_empty() {
        return Err(required("boot_id"));
    }
    Ok(NodeRegistration {
        id: id::optional("node_id", &request.node_id, id::parse_node_id)?,
        name: Name::parse("hostname", &request.hostname)?,
        management_ip: request.management_ip.clone(),
        labels: request.labels.clone(),
        spec: spec_from_wire("spec", spec)?,
        boot_id: request.boot_id.clone(),
        agent_version: request.agent_version.clone(),
        hypervisor: hypervisor_from_wire("hypervisor", hypervisor.ok_or_else(|| required("hypervisor"))?)?,
    })
}

/// What a node has, as the API shows it.
pub fn spec_to_wire(spec: &NodeSpec) -> wire::NodeSpec {
    wire::NodeSpec {
        cpu_cores: signed(spec.cores.get()),
        memory_mib: signed(spec.memory.get()),
        reserved_memory_mib: signed(spec.reserved_memory.get()),
        taints: spec.taints.iter().map(taint_to_wire).collect(),
        pools: spec
            .pools
            .iter()
            .map(|pool| wire::PoolFacts {
                name: pool.name.to_string(),
                capacity_bytes: signed_wide(pool.capacity.get()),
                available_bytes: signed_wide(pool.available.get()),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    }
}

/// Reads what a node has.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn spec_from_wire(at: &str, spec: &wire::NodeSpec) -> Result<NodeSpec> {
    let taints = spec.taints.iter().enumerate();
    let pools = spec.pools.iter().enumerate();
    Ok(NodeSpec {
        cores: Cores(unsigned(&path(at, "cpu_cores"), spec.cpu_cores)?),
        memory: Mebibytes(unsigned(&path(at, "memory_mib"), spec.memory_mib)?),
        reserved_memory: Mebibytes(unsigned(
            &path(at, "reserved_memory_mib"),
            spec.reserved_memory_mib,
        )?),
        taints: taints
            .map(|(i, taint)| taint_from_wire(&path(at, &format!("taints[{i}]")), taint))
            .collect::<Result<_>>()?,
        pools: pools
            .map(|(i, pool)| pool_from_wire(&path(at, &format!("pools[{i}]")), pool))
            .collect::<Result<_>>()?,
    })
}

fn taint_to_wire(taint: &Taint) -> wire::Taint {
    wire::Taint {
        key: taint.key.clone(),
        value: taint.value.clone(),
        effect: match taint.effect {
            TaintEffect::NoSchedule => wire::TaintEffect::NoSchedule,
            TaintEffect::PreferNoSchedule => wire::TaintEffect::PreferNoSchedule,
        }
        .into(),
        ..Default::default()
    }
}

/// Reads a taint.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn taint_from_wire(at: &str, taint: &wire::Taint) -> Result<Taint> {
    let field = path(at, "effect");
    let effect = effect_from_wire(&field, taint.effect)?.ok_or_else(|| required(field))?;
    Ok(Taint {
        key: taint.key.clone(),
        value: taint.value.clone(),
        effect,
    })
}

/// Reads what a taint does; none if it is not said.
///
/// # Errors
///
/// `INVALID_FIELD` naming `field`.
pub fn effect_from_wire(field: &str, effect: EnumValue<wire::TaintEffect>) -> Result<Option<TaintEffect>> {
    Ok(match known(field, effect)? {
        wire::TaintEffect::Unspecified => None,
        wire::TaintEffect::NoSchedule => Some(TaintEffect::NoSchedule),
        wire::TaintEffect::PreferNoSchedule => Some(TaintEffect::PreferNoSchedule),
    })
}

fn pool_from_wire(at: &str, pool: &wire::PoolFacts) -> Result<PoolFacts> {
    Ok(PoolFacts {
        name: Name::parse(&path(at, "name"), &pool.name)?,
        capacity: Bytes(unsigned_wide(&path(at, "capacity_bytes"), pool.capacity_bytes)?),
        available: Bytes(unsigned_wide(&path(at, "available_bytes"), pool.available_bytes)?),
    })
}

fn hypervisor_to_wire(facts: &HypervisorFacts) -> wire::HypervisorInfo {
    wire::HypervisorInfo {
        driver: facts.driver.clone(),
        version: facts.version.clone(),
        accel: accel_to_wire(Some(facts.accel)).into(),
        ..Default::default()
    }
}

fn hypervisor_from_wire(at: &str, facts: &wire::HypervisorInfo) -> Result<HypervisorFacts> {
    let field = path(at, "accel");
    Ok(HypervisorFacts {
        driver: facts.driver.clone(),
        version: facts.version.clone(),
        accel: accel_from_wire(&field, facts.accel)?.ok_or_else(|| required(field))?,
    })
}

/// What a node uses, as a heartbeat carries it.
pub fn usage_to_wire(usage: Usage) -> wire::NodeResources {
    wire::NodeResources {
        cpu_used_millicores: signed(usage.cpu.get()),
        memory_used_bytes: signed_wide(usage.memory.get()),
        disk_used_bytes: signed_wide(usage.disk.get()),
        ..Default::default()
    }
}

/// Reads what a node uses.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn usage_from_wire(at: &str, usage: &wire::NodeResources) -> Result<Usage> {
    let cpu = unsigned(&path(at, "cpu_used_millicores"), usage.cpu_used_millicores)?;
    let memory = unsigned_wide(&path(at, "memory_used_bytes"), usage.memory_used_bytes)?;
    let disk = unsigned_wide(&path(at, "disk_used_bytes"), usage.disk_used_bytes)?;
    Ok(Usage {
        cpu: MilliCpus(cpu),
        memory: Bytes(memory),
        disk: Bytes(disk),
    })
}

/// Which nodes, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn listing_from_wire(request: &wire::ListNodesRequest) -> Result<Listing> {
    Listing::read::<Node>(selector(request.phase, &request.labels)?, request)
}

/// Which nodes a watch is to tell of.
///
/// # Errors
///
/// `INVALID_FIELD`.
pub fn watched_from_wire(request: &wire::WatchNodesRequest) -> Result<Selector> {
    selector(request.phase, &request.labels)
}

fn selector(phase: EnumValue<wire::NodePhase>, labels: &Labels) -> Result<Selector> {
    Ok(Selector {
        phases: phase_from_wire("phase", phase)?
            .map(NodePhase::as_str)
            .into_iter()
            .collect(),
        labels: labels.clone(),
        ..Selector::default()
    })
}

fn phase_from_wire(field: &str, phase: EnumValue<wire::NodePhase>) -> Result<Option<NodePhase>> {
    Ok(match known(field, phase)? {
        wire::NodePhase::Unspecified => None,
        wire::NodePhase::Ready => Some(NodePhase::Ready),
        wire::NodePhase::NotReady => Some(NodePhase::NotReady),
        wire::NodePhase::Unknown => Some(NodePhase::Unknown),
    })
}
