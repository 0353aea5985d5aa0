use std::time::Duration;

use super::begin::decided;
use crate::error::{Error, Reason, Result};
use crate::resource::{OperationKind, PowerState, Task, TaskError, TaskState, Vm, VmPhase};
use crate::time::Timestamp;

/// The VM and the task with the operation turned round: a creation into a removal, a start into a stop at
/// once; a graceful stop is simply given up. `NOT_CANCELLABLE` for everything else.
///
/// Turning round raises the run epoch. The agent may be about to report what became of the operation as it
/// was, under the same task: taken for the outcome of the opposite, "started" would end a stop.
pub fn cancel(vm: &Vm, task: &Task, now: Timestamp) -> Result<(Vm, Task)> {
    let (mut vm, mut task) = (vm.clone(), task.clone());
    if task.state.is_terminal() {
        return Err(not_cancellable(&task, "it has ended"));
    }
    let ours = vm.operation.as_mut().filter(|op| op.task == task.id);
    let op = ours.ok_or_else(|| not_cancellable(&task, "its operation is over"))?;
    task.cancel_requested = true;
    task.meta.updated_at = now;
    task.note(now, "cancelling on request");
    vm.meta.updated_at = now;
    match op.kind {
        OperationKind::Create => {
            op.kind = OperationKind::Delete;
            vm.deleting = true;
            vm.power = decided(vm.power, PowerState::Off);
            vm.status.phase = VmPhase::Deleting;
            raise_epoch(&mut vm);
        }
        OperationKind::Start => {
            op.kind = OperationKind::Stop {
                grace: Duration::ZERO,
            };
            vm.power = decided(vm.power, PowerState::Off);
            vm.status.phase = VmPhase::Stopping;
            raise_epoch(&mut vm);
        }
        // The guest was asked and may yet obey: whatever it does is seen and shown. It is not started again.
        OperationKind::Stop { grace } if !grace.is_zero() => {
            vm.operation = None;
            vm.power = decided(vm.power, PowerState::On);
            vm.status.phase = VmPhase::Running;
            task.finish(now, TaskState::Cancelled, Some(cancelled()));
        }
        OperationKind::Stop { .. }
        | OperationKind::Reboot { .. }
        | OperationKind::Suspend
        | OperationKind::Resume
        | OperationKind::CreateSnapshot { .. }
        | OperationKind::RevertSnapshot { .. }
        | OperationKind::DeleteSnapshot { .. }
        | OperationKind::Update
        | OperationKind::Delete => {
            return Err(not_cancellable(&task, "what it does cannot be undone"));
        }
    }
    Ok((vm, task))
}

fn raise_epoch(vm: &mut Vm) {
    if let Some(placement) = &mut vm.placement {
        placement.epoch = placement.epoch.saturating_add(1);
    }
}

/// The outcome of a task that was cancelled on request.
pub(crate) fn cancelled() -> TaskError {
    TaskError {
        reason: Reason::Cancelled.code().to_owned(),
        message: "cancelled on request".to_owned(),
    }
}

/// The refusal to cancel `task`.
pub fn not_cancellable(task: &Task, why: &str) -> Error {
    Error::new(
        Reason::NotCancellable,
        format!("task {} cannot be cancelled: {why}", task.id),
    )
    .with("task", task.id.to_string())
}
