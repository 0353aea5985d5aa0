use std::sync::Arc;
use std::time::Duration;

use limiquantix_core::contract::Repository;
use limiquantix_core::identity::{TaskId, VmId};
use limiquantix_core::lifecycle::{Admission, Verb, admit, begin};
use limiquantix_core::reconcile::default_grace;
use limiquantix_core::resource::{OperationKind, Resource as _, Task, TaskError, TaskKind, TaskState, Vm};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result};
use serde::Serialize;

use super::{VmService, accepted};
use crate::call::Call;
use crate::mutation::{Draft, mutate};

/// The longest grace of a stop: a day. Longer is a typing error.
const MAX_GRACE: Duration = Duration::from_secs(24 * 3600);

impl VmService {
    /// Powers on. The VM's operation names the task to follow.
    pub async fn start(&self, call: &Call, id: VmId) -> Result<Arc<Vm>> {
        self.operate(
            call,
            "StartVM",
            id,
            Verb::Start,
            TaskKind::StartVm,
            OperationKind::Start,
        )
        .await
    }

    /// Powers off: asks the guest and forces it off after `grace` (90 s if none), or forces it off at once.
    pub async fn stop(&self, call: &Call, id: VmId, force: bool, grace: Option<Duration>) -> Result<Arc<Vm>> {
        let grace = if force {
            Duration::ZERO
        } else {
            grace.unwrap_or_else(default_grace)
        };
        if grace > MAX_GRACE {
            return Err(Error::invalid(
                "timeout",
                format!("timeout is too long: at most {} s", MAX_GRACE.as_secs()),
            ));
        }
        let verb = Verb::Stop {
            force: grace.is_zero(),
        };
        self.operate(
            call,
            "StopVM",
            id,
            verb,
            TaskKind::StopVm,
            OperationKind::Stop { grace },
        )
        .await
    }

    /// Restarts the guest: asks it, or resets it.
    pub async fn reboot(&self, call: &Call, id: VmId, force: bool) -> Result<Arc<Vm>> {
        self.operate(
            call,
            "RebootVM",
            id,
            Verb::Reboot,
            TaskKind::RebootVm,
            OperationKind::Reboot { force },
        )
        .await
    }

    /// Pauses the guest, its memory kept on the node.
    pub async fn suspend(&self, call: &Call, id: VmId) -> Result<Arc<Vm>> {
        self.operate(
            call,
            "SuspendVM",
            id,
            Verb::Suspend,
            TaskKind::SuspendVm,
            OperationKind::Suspend,
        )
        .await
    }

    /// Lets a paused guest go on, whoever paused it.
    pub async fn resume(&self, call: &Call, id: VmId) -> Result<Arc<Vm>> {
        self.operate(
            call,
            "ResumeVM",
            id,
            Verb::Resume,
            TaskKind::ResumeVm,
            OperationKind::Resume,
        )
        .await
    }

    /// Removes the VM and its volumes. The record stays, marked as deleting, until its node has confirmed
    /// that nothing is left. A VM that is not stopped is refused unless forced.
    pub async fn delete(&self, call: &Call, id: VmId, force: bool) -> Result<Arc<Vm>> {
        self.operate(
            call,
            "DeleteVM",
            id,
            Verb::Delete { force },
            TaskKind::DeleteVm,
            OperationKind::Delete,
        )
        .await
    }

    async fn operate(
        &self,
        call: &Call,
        method: &'static str,
        id: VmId,
        verb: Verb,
        kind: TaskKind,
        operation: OperationKind,
    ) -> Result<Arc<Vm>> {
        #[derive(Serialize)]
        struct Request {
            id: VmId,
            operation: OperationKind,
            /// What the operation of a deletion does not tell.
            force: bool,
        }
        let force = matches!(verb, Verb::Delete { force: true });
        let request = Request { id, operation, force };
        mutate(&self.parts, call, method, &request, async |now| {
            let parts = &self.parts;
            let vm = self.get(id).await?;
            call.check_version(&vm.key(), vm.meta.revision)?;
            let admission = admit(&vm, verb)?;
            let task = accepted(parts, &vm, kind, now);
            let mut draft = Draft::update(begin(&vm, operation, task.id, now), now);
            if let Admission::Supersede(old) = admission
                && let Some(ended) = self.superseded(old, task.id, now).await?
            {
                draft.changes.update(ended);
            }
            draft.changes.create(task);
            Ok(draft)
        })
        .await
    }

    /// The task that another takes the place of, ended; `None` if it has ended by itself.
    async fn superseded(&self, old: TaskId, by: TaskId, now: Timestamp) -> Result<Option<Task>> {
        let tasks = Repository::<Task>::new(Arc::clone(&self.parts.store));
        let Some(task) = tasks.find(&old).await? else {
            return Ok(None);
        };
        if task.state.is_terminal() {
            return Ok(None);
        }
        let mut task = Task::clone(&task);
        let error = TaskError {
            reason: Reason::Superseded.code().to_owned(),
            message: format!("task {by} took its place"),
        };
        task.finish(now, TaskState::Cancelled, Some(error));
        Ok(Some(task))
    }
}
