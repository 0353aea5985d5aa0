use limiquantix_core::identity::{NodeId, TaskId, VmId, VolumeId};
use limiquantix_core::resource::{
    Kind, Meta, Task, TaskError, TaskKind, TaskLogLine, TaskState, TaskTarget, Volume, VolumePhase,
    VolumeSource, VolumeSpec,
};
use limiquantix_core::unit::Gibibytes;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::names::{any_image, any_labels, any_name, any_project};
use super::{any_time, any_uuid};

/// Any task in any state, with up to as many log lines as a task keeps.
pub fn any_task() -> impl Strategy<Value = Task> {
    let kind = select(vec![
        TaskKind::CreateVm,
        TaskKind::StartVm,
        TaskKind::StopVm,
        TaskKind::RebootVm,
        TaskKind::SuspendVm,
        TaskKind::ResumeVm,
        TaskKind::CreateSnapshot,
        TaskKind::RevertSnapshot,
        TaskKind::DeleteSnapshot,
        TaskKind::UpdateVm,
        TaskKind::DeleteVm,
    ]);
    let state = select(vec![
        TaskState::Pending,
        TaskState::Running,
        TaskState::Succeeded,
        TaskState::Failed,
        TaskState::Cancelled,
    ]);
    let target = (any_uuid(), any_name(), of(any_uuid())).prop_map(|(id, name, node)| TaskTarget {
        kind: Kind::Vm,
        id: id.to_string(),
        name: name.to_string(),
        node: node.map(NodeId::from_uuid),
    });
    let line = (any_time(), "\\PC{0,40}").prop_map(|(at, text)| TaskLogLine { at, text });
    let error = ("[A-Z_]{3,20}", "\\PC{0,40}").prop_map(|(reason, message)| TaskError { reason, message });
    let times = (any_time(), of(any_time()), of(any_time()));
    let progress = (
        "[a-z]{0,10}",
        0u32..=100,
        prop::collection::vec(line, 0..=Task::LOG_MAX),
    );
    (
        (any_uuid(), any_project(), any_labels(), any::<bool>()),
        (kind, state, target),
        progress,
        of(error),
        times,
    )
        .prop_map(
            |((id, project, labels, cancel_requested), (kind, state, target), progress, error, times)| Task {
                id: TaskId::from_uuid(id),
                meta: Meta::created(times.0, labels),
                project,
                kind,
                target,
                state,
                cancel_requested,
                phase: progress.0,
                percent: progress.1,
                log: progress.2,
                error,
                started_at: times.1,
                finished_at: times.2,
            },
        )
}

/// Any volume.
pub fn any_volume() -> impl Strategy<Value = Volume> {
    let phase = select(VolumePhase::ALL);
    let source = prop_oneof![
        Just(VolumeSource::Empty),
        any_image().prop_map(|image| VolumeSource::Image { image }),
    ];
    let spec = (any_uuid(), any_name(), 1u32..65_536, source, of(any_uuid())).prop_map(
        |(node, pool, size, source, vm)| VolumeSpec {
            node: NodeId::from_uuid(node),
            pool,
            size: Gibibytes(size),
            source,
            vm: vm.map(VmId::from_uuid),
        },
    );
    (
        (any_uuid(), any_name(), any_project(), any_labels(), any_time()),
        spec,
        phase,
    )
        .prop_map(|((id, name, project, labels, created), spec, phase)| Volume {
            id: VolumeId::from_uuid(id),
            meta: Meta::created(created, labels),
            name,
            project,
            spec,
            phase,
        })
}
