use std::sync::Arc;

use limiquantix_core::Result;
use limiquantix_core::contract::Repository;
use limiquantix_core::identity::{TaskId, VmId};
use limiquantix_core::lifecycle::{self, not_cancellable};
use limiquantix_core::resource::{Resource as _, Task, Vm};

use super::TaskService;
use crate::call::Call;
use crate::mutation::{Draft, mutate};

impl TaskService {
    /// Cancels what can be undone: a creation (the VM is removed again), a start (it is powered off again)
    /// and a graceful stop that is still waiting (the guest stays on, unless it obeys what it was asked for
    /// already; it is not started again). The task ends as cancelled once that has happened; asking again
    /// meanwhile changes nothing. `NOT_CANCELLABLE` otherwise.
    pub async fn cancel(&self, call: &Call, id: TaskId) -> Result<Arc<Task>> {
        mutate(&self.parts, call, "CancelTask", &id, async |now| {
            let task = self.get(id).await?;
            call.check_version(&task.key(), task.meta.revision)?;
            if task.cancel_requested && !task.state.is_terminal() {
                return Ok(Draft::unchanged(Task::clone(&task)));
            }
            let vm = self.vm_of(&task).await?;
            let (vm, task) = lifecycle::cancel(&vm, &task, now)?;
            let mut draft = Draft::update(task, now);
            draft.changes.update(vm);
            Ok(draft)
        })
        .await
    }

    async fn vm_of(&self, task: &Task) -> Result<Arc<Vm>> {
        if task.state.is_terminal() {
            return Err(not_cancellable(task, "it has ended"));
        }
        let id: VmId = task
            .target
            .id
            .parse()
            .map_err(|_| not_cancellable(task, "it is not about a VM"))?;
        let vm = Repository::<Vm>::new(Arc::clone(&self.parts.store))
            .find(&id)
            .await?;
        vm.ok_or_else(|| not_cancellable(task, "its VM is gone"))
    }
}
