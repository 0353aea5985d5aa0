use std::sync::Arc;

use limiquantix_core::contract::{Changeset, Repository};
use limiquantix_core::identity::{TaskId, VmId};
use limiquantix_core::lifecycle::{self, not_cancellable};
use limiquantix_core::resource::{Kind, Resource as _, Task, Vm};
use limiquantix_core::{Error, Reason, Result};

use super::TaskService;
use crate::call::{Call, ROUNDS, lost_race, written};

impl TaskService {
    /// Cancels what can be undone: a creation (the VM is removed again), a start (it is powered off again)
    /// and a graceful stop that is still waiting (the guest stays on, unless it obeys what it was asked for
    /// already; it is not started again). The task ends as cancelled once that has happened; asking again
    /// meanwhile changes nothing. `NOT_CANCELLABLE` otherwise.
    pub async fn cancel(&self, call: &Call, id: TaskId) -> Result<Arc<Task>> {
        for _ in 0..ROUNDS {
            let task = self.get(id).await?;
            call.check_version(&task.key(), task.meta.revision)?;
            if task.cancel_requested && !task.state.is_terminal() {
                return Ok(task);
            }
            let vm = self.vm_of(&task).await?;
            let now = self.parts.clock.now();
            let (vm, task) = lifecycle::cancel(&vm, &task, now)?;
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
