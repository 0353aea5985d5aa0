//! Small objects to write tests with. Ids are derived from names, so that a failure prints the same ids in
//! every run; all fields are public, so a test changes what it is about and leaves the rest.

use std::time::Duration;

use limiquantix_core::alert::{self, Trouble};
use limiquantix_core::identity::{
    AlertId, ClusterId, EventId, ImageName, Name, NetworkId, NodeId, PoolId, PortId, ProjectId,
    RecommendationId, RuleId, SecurityGroupId, SnapshotId, TaskId, VmId, VolumeId,
};
use limiquantix_core::resource::{
    Accel, AccelPreference, AdminState, Affinity, Alert, AlertCounts, AlertSeverity, AlertShard, AlertSource,
    AlertSourceKind, AlertTally, Boot, Cluster, ClusterSpec, CpuSpec, DEFAULT_THIN_OVERCOMMIT, DiskSpec,
    Event, EventKind, HypervisorFacts, IdempotencyRecord, Impact, Kind, Labels, MacAddress, Meta, Network,
    NetworkAllocation, NetworkSpec, NicModel, NicSpec, Node, NodeAllocation, NodePhase, NodeRef, NodeSpec,
    NodeStatus, Placement, PlacementRule, PlacementSpec, Pool, PoolAllocation, PoolDriver, PoolFacts,
    PoolSpec, PoolStatus, Port, PowerIntent, PowerState, Project, ProjectSpec, ProjectUsage, Recommendation,
    RecommendationPriority, RecommendationState, Resource, RuleSpec, RuleTarget, Snapshot, SnapshotPhase,
    Strength, Task, TaskKind, TaskTarget, Vm, VmPhase, VmSelector, VmSpec, VmStatus, Volume, VolumePhase,
    VolumeSource, VolumeSpec,
};
use limiquantix_core::time::Timestamp;
use limiquantix_core::unit::{Bytes, Cores, Gibibytes, Mebibytes};
use uuid::Uuid;

use crate::ids::{mix, version_7};

/// When fixtures were made: 2026-01-01T00:00:00Z.
pub const T0: Timestamp = Timestamp(1_767_225_600_000_000);

/// A UUID of version 7 that is a function of `label` and `text`.
fn uuid_for(label: &str, text: &str) -> Uuid {
    // FNV-1a: short, stable, and its collisions do not matter at the size of a test.
    let hash = |start: u64| {
        label
            .bytes()
            .chain([b'/'])
            .chain(text.bytes())
            .fold(start, |h, b| {
                (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
            })
    };
    let (a, b) = (mix(hash(0xcbf2_9ce4_8422_2325)), mix(hash(0x8422_2325_cbf2_9ce4)));
    version_7(
        (T0.micros() / 1000).unsigned_abs() + (a & 0xffff),
        (u128::from(a) << 64) | u128::from(b),
    )
}

macro_rules! ids {
    ($($(#[$doc:meta])* $function:ident -> $id:ident($label:literal);)*) => {$(
        $(#[$doc])*
        pub fn $function(name: &str) -> $id { $id::from_uuid(uuid_for($label, name)) }
    )*};
}

ids! {
    /// The id of the VM that fixtures call `name`.
    vm_id -> VmId("vm");
    /// The id of the node that fixtures call `name`.
    node_id -> NodeId("node");
    /// The id of the cluster that fixtures call `name`.
    cluster_id -> ClusterId("cluster");
    /// The id of the placement rule that fixtures call `name`.
    rule_id -> RuleId("rule");
    /// The id of the pool that fixtures call `name`.
    pool_id -> PoolId("pool");
    /// The id of the snapshot that fixtures call `name`.
    snapshot_id -> SnapshotId("snapshot");
    /// The id of the volume that fixtures call `name`.
    volume_id -> VolumeId("volume");
    /// The id of the network that fixtures call `name`.
    network_id -> NetworkId("network");
    /// The id of the port that fixtures call `name`.
    port_id -> PortId("port");
    /// The id of the security group that fixtures call `name`.
    security_group_id -> SecurityGroupId("security_group");
    /// The id of the task that fixtures call `name`.
    task_id -> TaskId("task");
    /// The id of the event that fixtures call `name`.
    event_id -> EventId("event");
    /// The id of the alert that fixtures call `name`.
    alert_id -> AlertId("alert");
    /// The id of the recommendation that fixtures call `name`.
    recommendation_id -> RecommendationId("recommendation");
}

/// A checked name.
pub fn name(text: &str) -> Name {
    Name::parse("name", text).expect("a fixture's name is valid")
}

/// A checked project id.
pub fn project_id(text: &str) -> ProjectId {
    ProjectId::parse("project_id", text).expect("a fixture's project id is valid")
}

/// A checked image name.
pub fn image(text: &str) -> ImageName {
    ImageName::parse("image", text).expect("a fixture's image name is valid")
}

/// Labels from pairs.
pub fn labels<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    pairs
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
}

/// What a newly created object carries.
pub fn meta() -> Meta {
    Meta::created(T0, Labels::new())
}

/// The hardware of a VM without disks and interfaces.
pub fn vm_spec(cores: u32, memory_mib: u32) -> VmSpec {
    VmSpec {
        cpu: CpuSpec { cores: Cores(cores) },
        memory: Mebibytes(memory_mib),
        disks: Vec::new(),
        nics: Vec::new(),
        boot: Boot::Disk,
        cloud_init: None,
        placement: PlacementSpec::default(),
        accel: AccelPreference::Auto,
    }
}

/// A disk in the pool `default`; an overlay of `base.qcow2` where that is asked for.
pub fn disk(disk_name: &str, size_gib: u32, base: Option<&str>) -> DiskSpec {
    DiskSpec {
        name: name(disk_name),
        size: Gibibytes(size_gib),
        image: base.map(image),
        pool: name("default"),
    }
}

/// An interface on this network that asks for nothing.
pub fn nic(network: &str) -> NicSpec {
    NicSpec {
        network: name(network),
        mac: None,
        model: NicModel::Virtio,
        addresses: Vec::new(),
    }
}

/// A VM of one core and 512 MiB in the default project: accepted, switched off, placed nowhere.
pub fn vm(vm_name: &str) -> Vm {
    vm_in(ProjectId::DEFAULT, vm_name)
}

/// The same in another project. VMs of the same name in different projects have different ids.
pub fn vm_in(project: &str, vm_name: &str) -> Vm {
    let id = match project {
        ProjectId::DEFAULT => vm_id(vm_name),
        _ => vm_id(&format!("{project}/{vm_name}")),
    };
    Vm {
        id,
        meta: meta(),
        name: name(vm_name),
        project: project_id(project),
        description: String::new(),
        spec: vm_spec(1, 512),
        power: PowerIntent {
            state: PowerState::Off,
            generation: 1,
        },
        placement: None,
        volumes: Vec::new(),
        attachments: Vec::new(),
        snapshots: Vec::new(),
        current_snapshot: None,
        operation: None,
        deleting: false,
        status: VmStatus::pending(),
    }
}

/// A VM that runs on `node`.
pub fn running_vm(vm_name: &str, node: NodeId) -> Vm {
    let mut vm = vm(vm_name);
    vm.power.state = PowerState::On;
    vm.placement = Some(Placement { node, epoch: 1 });
    vm.status.phase = VmPhase::Running;
    vm.status.accel = Some(Accel::Mock);
    vm.status.started_at = Some(T0);
    vm
}

/// A node that answers, with one pool `default` of 1 TiB. The host keeps 512 MiB, or nothing where it has
/// less than 1 GiB.
pub fn node(node_name: &str, cores: u32, memory_mib: u32) -> Node {
    Node {
        id: node_id(node_name),
        meta: meta(),
        name: name(node_name),
        management_ip: "127.0.0.1".to_owned(),
        spec: NodeSpec {
            cores: Cores(cores),
            memory: Mebibytes(memory_mib),
            reserved_memory: Mebibytes(if memory_mib >= 1024 { 512 } else { 0 }),
            taints: Vec::new(),
            pools: vec![PoolFacts {
                name: name("default"),
                capacity: Bytes(1 << 40),
                available: Bytes(1 << 40),
            }],
        },
        admin: AdminState::default(),
        status: NodeStatus {
            phase: NodePhase::Ready,
            conditions: Vec::new(),
            labels: Labels::new(),
            hypervisor: HypervisorFacts {
                driver: "mock".to_owned(),
                version: "1".to_owned(),
                accel: Accel::Mock,
            },
            boot_id: format!("boot-1-of-{node_name}"),
            agent_version: "0.1.0".to_owned(),
            phase_since: T0,
        },
    }
}

/// Nothing promised yet on `node`.
pub fn allocation(node: NodeId) -> NodeAllocation {
    NodeAllocation::empty(node, meta())
}

/// A task that was just accepted; `label` tells the tasks of one VM apart.
pub fn task(label: &str, kind: TaskKind, vm: &Vm) -> Task {
    let target = TaskTarget {
        kind: Kind::Vm,
        id: vm.id.to_string(),
        name: vm.name.to_string(),
        node: vm.placement.map(|p| p.node),
    };
    Task::accepted(task_id(label), vm.project.clone(), kind, target, T0)
}

/// A snapshot of `vm`, which is ready, without memory.
pub fn snapshot(snapshot_name: &str, vm: &Vm) -> Snapshot {
    Snapshot {
        id: snapshot_id(snapshot_name),
        meta: meta(),
        vm: vm.id,
        name: name(snapshot_name),
        project: vm.project.clone(),
        description: String::new(),
        node: vm.placement.map_or_else(|| node_id("node-1"), |p| p.node),
        parent: None,
        with_memory: false,
        spec: vm.spec.clone(),
        volumes: vm.volumes.clone(),
        phase: SnapshotPhase::Ready,
        task: None,
        message: String::new(),
    }
}

/// An empty volume of 10 GiB in the pool `default` of `node`.
pub fn volume(volume_name: &str, node: NodeId) -> Volume {
    Volume {
        id: volume_id(volume_name),
        meta: meta(),
        name: name(volume_name),
        project: ProjectId::default(),
        spec: VolumeSpec {
            node,
            pool: name("default"),
            size: Gibibytes(10),
            source: VolumeSource::Empty,
            vm: None,
        },
        phase: VolumePhase::Available,
    }
}

/// A cluster with the default policy.
pub fn cluster(cluster_name: &str) -> Cluster {
    Cluster {
        id: cluster_id(cluster_name),
        meta: meta(),
        name: name(cluster_name),
        spec: ClusterSpec::default(),
    }
}

/// A rule of the default project that keeps VMs with the label `app=<name>` apart.
pub fn rule(rule_name: &str) -> PlacementRule {
    PlacementRule {
        id: rule_id(rule_name),
        meta: meta(),
        name: name(rule_name),
        project: ProjectId::default(),
        spec: RuleSpec {
            description: String::new(),
            vms: VmSelector::Labels(labels([("app", rule_name)])),
            affinity: Affinity::Anti,
            towards: RuleTarget::EachOther,
            strength: Strength::Required,
        },
    }
}

/// A tenant.
pub fn project(id: &str) -> Project {
    Project {
        id: project_id(id),
        meta: meta(),
        spec: ProjectSpec::default(),
    }
}

/// Nothing used yet by the tenant.
pub fn project_usage(id: &str) -> ProjectUsage {
    ProjectUsage::empty(project_id(id), meta())
}

/// A directory pool of 1 TiB on `node`.
pub fn pool(pool_name: &str, node: NodeId) -> Pool {
    Pool {
        id: pool_id(&format!("{node}/{pool_name}")),
        meta: meta(),
        name: name(pool_name),
        spec: PoolSpec {
            node,
            driver: PoolDriver::Directory,
            thin_overcommit: DEFAULT_THIN_OVERCOMMIT,
        },
        status: PoolStatus {
            capacity: Bytes(1 << 40),
            available: Bytes(1 << 40),
        },
    }
}

/// Nothing promised yet in `pool`.
pub fn pool_allocation(pool: &Pool) -> PoolAllocation {
    PoolAllocation::empty(pool, meta())
}

/// A network of the default project, backed by `virbr0`.
pub fn network(network_name: &str) -> Network {
    Network {
        id: network_id(network_name),
        meta: meta(),
        name: name(network_name),
        project: ProjectId::default(),
        description: String::new(),
        spec: NetworkSpec {
            backing: name("virbr0"),
            shared: false,
            subnets: Vec::new(),
        },
    }
}

/// Nothing taken yet of `network`.
pub fn network_allocation(network: &Network) -> NetworkAllocation {
    NetworkAllocation::empty(network, meta())
}

/// The first interface of `vm` on `network`.
pub fn port(network: &Network, vm: &Vm) -> Port {
    let mac = MacAddress([0x52, 0x54, 0, 0, 0, 1]);
    Port {
        id: port_id(&format!("{}/{}", network.id, vm.id)),
        meta: Meta::created(T0, Port::labels(network.id, vm.id, mac)),
        project: vm.project.clone(),
        network: network.id,
        network_name: network.name.clone(),
        vm: vm.id,
        vm_name: vm.name.clone(),
        device_index: 0,
        mac,
        addresses: Vec::new(),
        security_groups: Vec::new(),
    }
}

/// Something that happened to `vm`; `label` tells the events of one VM apart.
pub fn event(label: &str, kind: EventKind, vm: &Vm) -> Event {
    Event {
        id: event_id(label),
        meta: Meta::created(T0, Event::labels_about(&vm.key())),
        project: Some(vm.project.clone()),
        kind,
        subject: vm.key(),
        subject_name: vm.name.to_string(),
        node: vm.placement.map(|p| p.node),
        message: format!("{} happened to {}", kind.as_str(), vm.name),
    }
}

/// Trouble with something that is called `title`; with an empty key, every one is an alert of its own.
pub fn trouble(title: &str, severity: AlertSeverity, dedup_key: &str) -> Trouble {
    Trouble {
        severity,
        title: title.to_owned(),
        message: format!("{title} is in trouble"),
        source: AlertSource {
            kind: AlertSourceKind::Storage,
            id: format!("id-of-{title}"),
            name: title.to_owned(),
            project: None,
            node: None,
        },
        dedup_key: dedup_key.to_owned(),
    }
}

/// An open alert about something that is called `title`.
pub fn alert(title: &str, severity: AlertSeverity) -> Alert {
    alert::raise(alert_id(title), trouble(title, severity, ""), T0)
}

/// A pending recommendation to move `vm` from one node to another.
pub fn recommendation(vm: &Vm, source: &Node, target: &Node) -> Recommendation {
    let reference = |node: &Node| NodeRef {
        id: node.id,
        name: node.name.to_string(),
    };
    let mut recommendation = Recommendation {
        id: recommendation_id(vm.name.as_str()),
        meta: meta(),
        vm: vm.id,
        vm_name: vm.name.to_string(),
        planned_on: vm.meta.revision,
        project: vm.project.clone(),
        source: reference(source),
        target: reference(target),
        priority: RecommendationPriority::High,
        reason: "cpu at 93 %".to_owned(),
        impact: Impact { cpu: 12, memory: 3 },
        estimated_duration: Duration::from_secs(150),
        state: RecommendationState::Pending,
        expires_at: T0.plus(Duration::from_secs(3600)),
        approved: None,
        rejected: None,
        message: String::new(),
    };
    recommendation.relabel();
    recommendation
}

/// The counter of `alert`, which has counted nothing else.
pub fn alert_counts(alert: &Alert) -> AlertCounts {
    let mut tally = AlertTally::default();
    tally.note(None, alert);
    AlertCounts {
        id: AlertShard::of(alert),
        meta: meta(),
        tally,
    }
}

/// The answer that the request `id` about `vm` got.
pub fn idempotency(id: &str, vm: &Vm) -> IdempotencyRecord {
    IdempotencyRecord {
        id: id.into(),
        meta: meta(),
        digest: "0".repeat(64),
        subject: vm.key(),
        answer: "{}".to_owned(),
        unchanged: false,
    }
}

/// How long a test waits for something that should happen at once, before it calls it a failure. Long,
/// because a machine that runs many tests on two cores may pause any one of them for seconds.
pub const PATIENCE: Duration = Duration::from_secs(20);
