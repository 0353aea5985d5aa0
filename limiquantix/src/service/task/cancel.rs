use std::sync::Arc;
use std::time::Duration;

use limiquantix_core::contract::{Changeset, Repository};
use limiquantix_core::identity::{TaskId, VmId};
use limiquantix_core::resource::{
    Kind, OperationKind, PowerIntent, PowerState, Resource as _, Task, TaskError, TaskState, Vm, VmPhase,
};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result};

use super::TaskService;
use crate::call::{Call, ROUNDS, lost_race, written};

impl TaskService {
    /// Cancels what can be undone: a creation (the VM is removed again), a start (it is powered off again)
    /// and a graceful stop that is still waiting (the guest stays on). The task ends as cancelled once that
    /// has happened; asking again meanwhile changes nothing. `NOT_CANCELLABLE` otherwise.
    pub async fn cancel(&self, call: &Call, id: TaskId) -> Result<Arc<Task>> {
        for _ in 0..ROUNDS {
            let task = self.get(id).await?;
            call.check_version(&task.key(), task.meta.revision)?;
            if task.cancel_requested && !task.state.is_terminal() {
                return Ok(task);
            }
            let vm = self.vm_of(&task).await?;
            let now = self.parts.clock.now();
            let (vm, task) = undo(&vm, &task, now)?;
            if call.validate_only {
                return Ok(Arc::new(task));
            }
            let mut changes = Changeset::new();
            changes.update(task).update(vm);
            match self.parts.store.commit(changes).await {
                Ok(commit) => return written(commit, Kind::Task),
                Err(e) if lost_race(&e) => {}
                Err(e) => return Err(e),
            }
        }
        Err(
            Error::new(Reason::VersionMismatch, format!("task {id} keeps changing"))
                .with("task", id.to_string()),
        )
    }

    async fn vm_of(&self, task: &Task) -> Result<Arc<Vm>> {
        if task.state.is_terminal() {
            return Err(refused(task, "it has ended"));
        }
        let id: VmId = task
            .target
            .id
            .parse()
            .map_err(|_| refused(task, "it is not about a VM"))?;
        let vm = Repository::<Vm>::new(Arc::clone(&self.parts.store))
            .find(&id)
            .await?;
        vm.ok_or_else(|| refused(task, "its VM is gone"))
    }
}

/// The VM and the task with the operation turned round. Pure.
fn undo(vm: &Vm, task: &Task, now: Timestamp) -> Result<(Vm, Task)> {
    let (mut vm, mut task) = (vm.clone(), task.clone());
    let ours = vm.operation.as_mut().filter(|op| op.task == task.id);
    let op = ours.ok_or_else(|| refused(&task, "its operation is over"))?;
    task.cancel_requested = true;
    task.meta.updated_at = now;
    task.note(now, "cancelling on request");
    vm.meta.updated_at = now;
    let intend = |power: PowerIntent, state| PowerIntent {
        state,
        generation: power.generation.saturating_add(1),
    };
    match op.kind {
        OperationKind::Create => {
            op.kind = OperationKind::Delete;
            vm.deleting = true;
            vm.power = intend(vm.power, PowerState::Off);
            vm.status.phase = VmPhase::Deleting;
        }
        OperationKind::Start => {
            op.kind = OperationKind::Stop {
                grace: Duration::ZERO,
            };
            vm.power = intend(vm.power, PowerState::Off);
            vm.status.phase = VmPhase::Stopping;
        }
        OperationKind::Stop { grace } if !grace.is_zero() => {
            vm.operation = None;
            vm.power = intend(vm.power, PowerState::On);
            vm.status.phase = VmPhase::Running;
            let error = TaskError {
                reason: Reason::Cancelled.code().to_owned(),
                message: "cancelled on request".to_owned(),
            };
            task.finish(now, TaskState::Cancelled, Some(error));
        }
        OperationKind::Stop { .. }
        | OperationKind::Reboot { .. }
        | OperationKind::Update
        | OperationKind::Delete => {
            return Err(refused(&task, "what it does cannot be undone"));
        }
    }
    Ok((vm, task))
}

fn refused(task: &Task, why: &str) -> Error {
    Error::new(
        Reason::NotCancellable,
        format!("task {} cannot be cancelled: {why}", task.id),
    )
    .with("task", task.id.to_string())
}
