use limiquantix_core::contract::Selector;
use limiquantix_core::identity::{NodeId, ProjectId, VmId};
use limiquantix_core::resource::{
    Kind, Labels, Object, Placement, Resource, TaskKind, TaskState, Vm, VmPhase,
};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::fixtures;

/// How many of everything there are in a colliding population.
const PROJECTS: [&str; 3] = ["default", "lab", "prod"];
const NAMES: [&str; 5] = ["web", "db", "cache", "Größe 1", "a.b_c-d"];
const NODES: [&str; 3] = ["node-1", "node-2", "node-3"];
const PHASES: [VmPhase; 4] = [
    VmPhase::Pending,
    VmPhase::Running,
    VmPhase::Stopped,
    VmPhase::Error,
];
const LABELS: [(&str, &str); 5] = [
    ("tier", "front"),
    ("tier", "back"),
    ("env", "prod"),
    ("quote'\"", "100%_\\"),
    ("", ""),
];

/// Objects of few ids, names, projects, nodes, phases and labels, so that everything that can collide does.
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    /// How many ids there are of each kind.
    pub ids: u8,
}

impl Slots {
    /// One of the ids of VMs. Ascending with `slot`, so that a page's order is easy to see in a failure.
    pub fn vm_id(slot: u8) -> VmId {
        VmId::from_uuid(crate::ids::version_7(
            (fixtures::T0.micros() / 1000).unsigned_abs() + u64::from(slot),
            u128::from(slot),
        ))
    }

    /// Any VM of the population.
    pub fn vm(self) -> impl Strategy<Value = Vm> {
        (
            0..self.ids,
            select(&NAMES[..]),
            select(&PROJECTS[..]),
            of(select(&NODES[..])),
            select(&PHASES[..]),
            some_labels(),
            1u32..5,
        )
            .prop_map(|(slot, name, project, node, phase, labels, cores)| {
                let mut vm = fixtures::vm_in(project, name);
                vm.id = Self::vm_id(slot);
                vm.meta.labels = labels;
                vm.spec.cpu.cores.0 = cores;
                vm.status.phase = phase;
                vm.placement = node.map(|n| Placement {
                    node: fixtures::node_id(n),
                    epoch: 1,
                });
                vm
            })
    }

    /// Any object of the population: mostly VMs, with nodes (unique names), tasks (no unique names) and
    /// allocations (no names, the id of a node) between them.
    pub fn object(self) -> impl Strategy<Value = Object> {
        let tasks = (
            0..self.ids,
            select(&NAMES[..]),
            of(select(&NODES[..])),
            any::<bool>(),
            some_labels(),
        )
            .prop_map(|(slot, name, node, running, labels)| {
                let mut vm = fixtures::vm(name);
                vm.placement = node.map(|n| Placement {
                    node: fixtures::node_id(n),
                    epoch: 1,
                });
                let mut task = fixtures::task(&format!("task-{slot}"), TaskKind::StartVm, &vm);
                task.meta.labels = labels;
                if running {
                    task.state = TaskState::Running;
                }
                task.into_object()
            });
        let nodes =
            (select(&NODES[..]), select(&NODES[..]), some_labels()).prop_map(|(slot, name, labels)| {
                let mut node = fixtures::node(name, 8, 8192);
                node.id = fixtures::node_id(slot);
                node.meta.labels = labels;
                node.into_object()
            });
        let allocations = (select(&NODES[..]), 0u32..9).prop_map(|(node, vms)| {
            let mut allocation = fixtures::allocation(fixtures::node_id(node));
            allocation.vms = vms;
            allocation.into_object()
        });
        prop_oneof![
            6 => self.vm().prop_map(Resource::into_object),
            2 => tasks,
            1 => nodes,
            1 => allocations,
        ]
    }

    /// A kind that the population has.
    pub fn kind(self) -> impl Strategy<Value = Kind> {
        prop_oneof![
            6 => Just(Kind::Vm),
            2 => Just(Kind::Task),
            1 => Just(Kind::Node),
            1 => Just(Kind::NodeAllocation),
        ]
    }
}

fn some_labels() -> impl Strategy<Value = Labels> {
    prop::collection::vec(select(&LABELS[..]), 0..3).prop_map(|pairs| {
        pairs
            .into_iter()
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect()
    })
}

/// Any combination of conditions on the objects of [`Slots`], from none to all at once, some of them on
/// values that nothing has.
pub fn any_selector() -> impl Strategy<Value = Selector> {
    let project = select(&[PROJECTS[0], PROJECTS[1], PROJECTS[2], "nobody"][..]);
    let name = prop_oneof![
        4 => select(&NAMES[..]).prop_map(str::to_owned),
        1 => Just("%".to_owned()),
        1 => Just(String::new()),
    ];
    let node = select(&[NODES[0], NODES[1], NODES[2], "nowhere"][..]);
    let phases = prop::collection::vec(
        select(&["pending", "running", "stopped", "error", "ready", "no such phase"][..]),
        0..4,
    );
    (
        of(project.prop_map(|p| -> ProjectId { fixtures::project_id(p) })),
        of(name),
        of(node.prop_map(|n| -> NodeId { fixtures::node_id(n) })),
        prop_oneof![1 => Just(Vec::new()), 1 => phases],
        prop_oneof![2 => Just(Labels::new()), 1 => some_labels()],
    )
        .prop_map(|(project, name, node, phases, labels)| Selector {
            project,
            name,
            node,
            phases,
            labels,
            filter: None,
        })
}
