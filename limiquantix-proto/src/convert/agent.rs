//! What the control plane and a node's agent tell each other: [`Assignment`] down, [`VmReport`] up. Both
//! arrive as they were sent, field by field.

use limiquantix_core::contract::{InstanceState, RunMark};
use limiquantix_core::identity::{Name, ProjectId, VolumeId};
use limiquantix_core::reconcile::Assignment;
use limiquantix_core::resource::{MacAddress, Operation, OperationKind, PowerIntent, PowerState, StopCause};
use limiquantix_core::settle::{Outcome, Seen, TaskReport, VmReport};
use limiquantix_core::{Error, Result};

use super::field::{known, path, required, signed, unsigned};
use super::task::{error_from_wire, error_to_wire};
use super::time::{duration_from_wire, duration_to_wire};
use super::vm::{accel_from_wire, accel_to_wire, cause_to_wire, power_to_wire};
use super::{id, vm_spec};
use crate::agent::v1 as wire;
use crate::agent::v1::task_report::Outcome as WireOutcome;
use crate::agent::v1::vm_report::Seen as WireSeen;
use crate::compute::v1 as compute;

/// An assignment as the control plane sends it.
pub fn assignment_to_wire(assignment: &Assignment) -> wire::Assignment {
    wire::Assignment {
        vm_id: assignment.vm.to_string(),
        vm_name: assignment.name.to_string(),
        project_id: assignment.project.to_string(),
        run_epoch: assignment.epoch,
        power: wire::PowerIntent {
            state: power_to_wire(assignment.power.state).into(),
            generation: assignment.power.generation,
            ..Default::default()
        }
        .into(),
        deleting: assignment.deleting,
        operation: assignment.operation.as_ref().map(operation_to_wire).into(),
        spec: vm_spec::to_wire(&assignment.spec).into(),
        volume_ids: assignment.volumes.iter().map(ToString::to_string).collect(),
        unmade_volume_ids: assignment.unmade.iter().map(ToString::to_string).collect(),
        mac_addresses: assignment.macs.iter().map(ToString::to_string).collect(),
        unseen: assignment.unseen,
        ..Default::default()
    }
}

/// Reads an assignment.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn assignment_from_wire(at: &str, assignment: &wire::Assignment) -> Result<Assignment> {
    let field = |name: &str| path(at, name);
    let power = assignment.power.as_option();
    let macs = assignment.mac_addresses.iter().enumerate();
    Ok(Assignment {
        vm: id::parse_vm_id(&field("vm_id"), &assignment.vm_id)?,
        name: Name::parse(&field("vm_name"), &assignment.vm_name)?,
        project: ProjectId::parse(&field("project_id"), &assignment.project_id)?,
        epoch: assignment.run_epoch,
        power: power_from_wire(&field("power"), power.ok_or_else(|| required(field("power")))?)?,
        deleting: assignment.deleting,
        operation: assignment
            .operation
            .as_option()
            .map(|operation| operation_from_wire(&field("operation"), operation))
            .transpose()?,
        spec: vm_spec::required_from_wire(&field("spec"), assignment.spec.as_option())?,
        volumes: volumes_from_wire(&field("volume_ids"), &assignment.volume_ids)?,
        unmade: volumes_from_wire(&field("unmade_volume_ids"), &assignment.unmade_volume_ids)?,
        macs: macs
            .map(|(i, text)| MacAddress::parse(&field(&format!("mac_addresses[{i}]")), text))
            .collect::<Result<_>>()?,
        unseen: assignment.unseen,
    })
}

fn volumes_from_wire<C: FromIterator<VolumeId>>(at: &str, ids: &[String]) -> Result<C> {
    let ids = ids.iter().enumerate();
    ids.map(|(i, text)| id::parse_volume_id(&format!("{at}[{i}]"), text))
        .collect()
}

fn power_from_wire(at: &str, power: &wire::PowerIntent) -> Result<PowerIntent> {
    let field = path(at, "state");
    Ok(PowerIntent {
        state: match known(&field, power.state)? {
            compute::PowerState::Unspecified => return Err(required(field)),
            compute::PowerState::On => PowerState::On,
            compute::PowerState::Off => PowerState::Off,
        },
        generation: power.generation,
    })
}

fn operation_to_wire(operation: &Operation) -> wire::Operation {
    let mut of_snapshot = (None, false);
    let (kind, force, grace) = match operation.kind {
        OperationKind::Create => (wire::OperationKind::Create, false, None),
        OperationKind::Start => (wire::OperationKind::Start, false, None),
        OperationKind::Stop { grace } => (wire::OperationKind::Stop, false, Some(grace)),
        OperationKind::Reboot { force } => (wire::OperationKind::Reboot, force, None),
        OperationKind::Suspend => (wire::OperationKind::Suspend, false, None),
        OperationKind::Resume => (wire::OperationKind::Resume, false, None),
        OperationKind::CreateSnapshot { snapshot, memory } => {
            of_snapshot = (Some(snapshot), memory);
            (wire::OperationKind::CreateSnapshot, false, None)
        }
        OperationKind::RevertSnapshot { snapshot, memory } => {
            of_snapshot = (Some(snapshot), memory);
            (wire::OperationKind::RevertSnapshot, false, None)
        }
        OperationKind::DeleteSnapshot { snapshot } => {
            of_snapshot = (Some(snapshot), false);
            (wire::OperationKind::DeleteSnapshot, false, None)
        }
        OperationKind::Update => (wire::OperationKind::Update, false, None),
        OperationKind::Delete => (wire::OperationKind::Delete, false, None),
    };
    wire::Operation {
        task_id: operation.task.to_string(),
        kind: kind.into(),
        force,
        grace: grace.map(duration_to_wire).into(),
        snapshot_id: of_snapshot.0.map(|id| id.to_string()).unwrap_or_default(),
        with_memory: of_snapshot.1,
        ..Default::default()
    }
}

fn operation_from_wire(at: &str, operation: &wire::Operation) -> Result<Operation> {
    let (kind, grace) = (path(at, "kind"), path(at, "grace"));
    let snapshot = || id::parse_snapshot_id(&path(at, "snapshot_id"), &operation.snapshot_id);
    let memory = operation.with_memory;
    Ok(Operation {
        task: id::parse_task_id(&path(at, "task_id"), &operation.task_id)?,
        kind: match known(&kind, operation.kind)? {
            wire::OperationKind::Unspecified => return Err(required(kind)),
            wire::OperationKind::Create => OperationKind::Create,
            wire::OperationKind::Start => OperationKind::Start,
            wire::OperationKind::Stop => {
                // A grace that got lost must not read as "pull the plug".
                let length = operation
                    .grace
                    .as_option()
                    .ok_or_else(|| required(grace.as_str()))?;
                OperationKind::Stop {
                    grace: duration_from_wire(&grace, length)?,
                }
            }
            wire::OperationKind::Reboot => OperationKind::Reboot {
                force: operation.force,
            },
            wire::OperationKind::Suspend => OperationKind::Suspend,
            wire::OperationKind::Resume => OperationKind::Resume,
            wire::OperationKind::CreateSnapshot => OperationKind::CreateSnapshot {
                snapshot: snapshot()?,
                memory,
            },
            wire::OperationKind::RevertSnapshot => OperationKind::RevertSnapshot {
                snapshot: snapshot()?,
                memory,
            },
            wire::OperationKind::DeleteSnapshot => OperationKind::DeleteSnapshot {
                snapshot: snapshot()?,
            },
            wire::OperationKind::Update => OperationKind::Update,
            wire::OperationKind::Delete => OperationKind::Delete,
        },
    })
}

/// A report as an agent sends it.
pub fn report_to_wire(report: &VmReport) -> wire::VmReport {
    wire::VmReport {
        vm_id: report.vm.to_string(),
        run_epoch: report.epoch,
        seen: seen_to_wire(report.seen),
        task: report.task.as_ref().map(task_to_wire).into(),
        made_volume_ids: report.made.iter().map(ToString::to_string).collect(),
        ..Default::default()
    }
}

/// Reads a report.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn report_from_wire(at: &str, report: &wire::VmReport) -> Result<VmReport> {
    let task = report.task.as_option();
    Ok(VmReport {
        vm: id::parse_vm_id(&path(at, "vm_id"), &report.vm_id)?,
        epoch: report.run_epoch,
        seen: match &report.seen {
            None => return Err(required(path(at, "seen"))),
            Some(WireSeen::Absent(_)) => Seen::Absent,
            Some(WireSeen::Defined(defined)) => defined_from_wire(&path(at, "defined"), defined)?,
        },
        task: task
            .map(|task| task_from_wire(&path(at, "task"), task))
            .transpose()?,
        made: volumes_from_wire(&path(at, "made_volume_ids"), &report.made_volume_ids)?,
    })
}

fn seen_to_wire(seen: Seen) -> Option<WireSeen> {
    let Seen::Defined {
        state,
        last_run,
        accel,
    } = seen
    else {
        return wire::Absent::default().into();
    };
    let (state, cause) = match state {
        InstanceState::Running => (wire::InstanceState::Running, compute::StopCause::Unspecified),
        InstanceState::Paused => (wire::InstanceState::Paused, compute::StopCause::Unspecified),
        InstanceState::Off(cause) => (wire::InstanceState::Off, cause_to_wire(cause)),
    };
    wire::Defined {
        state: state.into(),
        stop_cause: cause.into(),
        last_run: last_run
            .map(|run| wire::RunMark {
                epoch: run.epoch,
                generation: run.generation,
                ..Default::default()
            })
            .into(),
        accel: accel_to_wire(accel).into(),
        ..Default::default()
    }
    .into()
}

fn defined_from_wire(at: &str, defined: &wire::Defined) -> Result<Seen> {
    let (state, cause) = (path(at, "state"), path(at, "stop_cause"));
    Ok(Seen::Defined {
        state: match known(&state, defined.state)? {
            wire::InstanceState::Unspecified => return Err(required(state)),
            wire::InstanceState::Running => InstanceState::Running,
            wire::InstanceState::Paused => InstanceState::Paused,
            wire::InstanceState::Off => InstanceState::Off(match known(&cause, defined.stop_cause)? {
                compute::StopCause::Unspecified => return Err(required(cause)),
                compute::StopCause::Requested => StopCause::Requested,
                compute::StopCause::GuestShutdown => StopCause::GuestShutdown,
                compute::StopCause::Outside => StopCause::Outside,
                compute::StopCause::Crashed => StopCause::Crashed,
                compute::StopCause::StartFailed => StopCause::StartFailed,
                compute::StopCause::Unknown => StopCause::Unknown,
            }),
        },
        last_run: defined.last_run.as_option().map(|run| RunMark {
            epoch: run.epoch,
            generation: run.generation,
        }),
        accel: accel_from_wire(&path(at, "accel"), defined.accel)?,
    })
}

fn task_to_wire(report: &TaskReport) -> wire::TaskReport {
    wire::TaskReport {
        task_id: report.task.to_string(),
        outcome: match &report.outcome {
            Outcome::Progress { phase, percent } => wire::Progress {
                phase: phase.clone(),
                percent: signed(*percent),
                ..Default::default()
            }
            .into(),
            Outcome::Done => wire::Done::default().into(),
            Outcome::Failed(error) => error_to_wire(error).into(),
        },
        ..Default::default()
    }
}

fn task_from_wire(at: &str, report: &wire::TaskReport) -> Result<TaskReport> {
    Ok(TaskReport {
        task: id::parse_task_id(&path(at, "task_id"), &report.task_id)?,
        outcome: match &report.outcome {
            None => return Err(required(path(at, "outcome"))),
            Some(WireOutcome::Progress(progress)) => progress_from_wire(&path(at, "progress"), progress)?,
            Some(WireOutcome::Done(_)) => Outcome::Done,
            Some(WireOutcome::Failed(error)) => Outcome::Failed(error_from_wire(error)),
        },
    })
}

fn progress_from_wire(at: &str, progress: &wire::Progress) -> Result<Outcome> {
    let field = path(at, "percent");
    let percent = unsigned(&field, progress.percent)?;
    if percent > 100 {
        return Err(Error::invalid(
            &field,
            format!("{field} is {percent}: at most 100"),
        ));
    }
    Ok(Outcome::Progress {
        phase: progress.phase.clone(),
        percent,
    })
}
