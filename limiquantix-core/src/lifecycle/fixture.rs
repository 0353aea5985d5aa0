//! A small VM and its task, for the tests of what decides about them.

use std::time::Duration;

use uuid::Uuid;

use crate::identity::{Name, NodeId, ProjectId, SnapshotId, TaskId, VmId};
use crate::resource::{
    AccelPreference, Boot, CpuSpec, Kind, Labels, Meta, Operation, OperationKind, Placement, PlacementSpec,
    PowerIntent, PowerState, Snapshot, SnapshotPhase, Task, TaskKind, TaskTarget, Vm, VmPhase, VmSpec,
    VmStatus,
};
use crate::time::Timestamp;
use crate::unit::{Cores, Mebibytes};

/// The present, in all of these tests.
pub(crate) const NOW: Timestamp = Timestamp(1_000_000);

/// A snapshot.
pub(crate) const SNAPSHOT: SnapshotId = SnapshotId::from_uuid(Uuid::from_u128(0x5000));

/// Every kind of operation, both ways of those that have two.
pub(crate) const OPERATIONS: [OperationKind; 15] = [
    OperationKind::Create,
    OperationKind::Start,
    OperationKind::Stop {
        grace: Duration::from_secs(90),
    },
    OperationKind::Stop {
        grace: Duration::ZERO,
    },
    OperationKind::Reboot { force: false },
    OperationKind::Reboot { force: true },
    OperationKind::Suspend,
    OperationKind::Resume,
    OperationKind::CreateSnapshot {
        snapshot: SNAPSHOT,
        memory: true,
    },
    OperationKind::CreateSnapshot {
        snapshot: SNAPSHOT,
        memory: false,
    },
    OperationKind::RevertSnapshot {
        snapshot: SNAPSHOT,
        memory: true,
    },
    OperationKind::RevertSnapshot {
        snapshot: SNAPSHOT,
        memory: false,
    },
    OperationKind::DeleteSnapshot { snapshot: SNAPSHOT },
    OperationKind::Update,
    OperationKind::Delete,
];

/// The task `n`.
pub(crate) fn task_id(n: u128) -> TaskId {
    TaskId::from_uuid(Uuid::from_u128(0x1000 + n))
}

/// The least VM that passes validation.
pub(crate) fn spec() -> VmSpec {
    VmSpec {
        cpu: CpuSpec { cores: Cores(1) },
        memory: Mebibytes(512),
        disks: Vec::new(),
        nics: Vec::new(),
        boot: Boot::Kernel {
            pool: name("default"),
            kernel: crate::identity::ImageName::parse("kernel", "vmlinuz").unwrap(),
            initrd: None,
            cmdline: "console=ttyS0".to_owned(),
        },
        cloud_init: None,
        placement: PlacementSpec::default(),
        accel: AccelPreference::Auto,
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

/// A VM in `phase` at power generation 3 and epoch 1, with the intent that fits the phase.
pub(crate) fn vm(phase: VmPhase) -> Vm {
    let on = matches!(
        phase,
        VmPhase::Running | VmPhase::Starting | VmPhase::Rebooting | VmPhase::Suspended | VmPhase::Unknown
    );
    let mut status = VmStatus::pending();
    status.phase = phase;
    status.started_at = on.then_some(Timestamp(500_000));
    Vm {
        id: VmId::from_uuid(Uuid::from_u128(1)),
        meta: Meta::created(Timestamp(1), Labels::new()),
        name: name("web"),
        project: ProjectId::default(),
        description: String::new(),
        spec: spec(),
        power: PowerIntent {
            state: if on { PowerState::On } else { PowerState::Off },
            generation: 3,
        },
        placement: Some(Placement {
            node: NodeId::from_uuid(Uuid::from_u128(7)),
            epoch: 1,
        }),
        volumes: Vec::new(),
        attachments: Vec::new(),
        snapshots: Vec::new(),
        current_snapshot: None,
        operation: None,
        deleting: phase == VmPhase::Deleting,
        status,
    }
}

/// A snapshot of that VM, which is ready.
pub(crate) fn snapshot(vm: &Vm, with_memory: bool) -> Snapshot {
    Snapshot {
        id: SNAPSHOT,
        meta: Meta::created(Timestamp(1), Labels::new()),
        vm: vm.id,
        name: name("before"),
        project: vm.project.clone(),
        description: String::new(),
        node: NodeId::from_uuid(Uuid::from_u128(7)),
        parent: None,
        with_memory,
        spec: vm.spec.clone(),
        volumes: vm.volumes.clone(),
        phase: SnapshotPhase::Ready,
        task: None,
        message: String::new(),
    }
}

/// The same with an operation under way for task 0.
pub(crate) fn busy(phase: VmPhase, kind: OperationKind) -> Vm {
    let mut vm = vm(phase);
    vm.operation = Some(Operation {
        task: task_id(0),
        kind,
    });
    vm
}

/// Task 0, about that VM.
pub(crate) fn task(kind: TaskKind) -> Task {
    let vm = vm(VmPhase::Running);
    let target = TaskTarget {
        kind: Kind::Vm,
        id: vm.id.to_string(),
        name: vm.name.to_string(),
        node: vm.placement.map(|p| p.node),
    };
    Task::accepted(task_id(0), vm.project, kind, target, Timestamp(1))
}
