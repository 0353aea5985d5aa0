use crate::error::{Error, Reason, Result};
use crate::identity::TaskId;
use crate::resource::{Operation, OperationKind, Vm, VmPhase};

/// What a user asks of a VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Power on.
    Start,
    /// Power off.
    Stop {
        /// At once, whatever is under way.
        force: bool,
    },
    /// Restart.
    Reboot,
    /// Pause, the memory kept on the node.
    Suspend,
    /// Let go on what is paused.
    Resume,
    /// Take a snapshot.
    Snapshot,
    /// Go back to a snapshot.
    Revert {
        /// It has the guest's memory.
        memory: bool,
    },
    /// Remove a snapshot.
    RemoveSnapshot,
    /// Change the spec.
    Update,
    /// Remove.
    Delete {
        /// Although it runs.
        force: bool,
    },
}

impl Verb {
    /// As users call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop { .. } => "stop",
            Self::Reboot => "reboot",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Snapshot => "take a snapshot of",
            Self::Revert { .. } => "revert",
            Self::RemoveSnapshot => "remove a snapshot of",
            Self::Update => "update",
            Self::Delete { .. } => "delete",
        }
    }
}

/// A verb was admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Admission {
    /// Nothing is in the way.
    Proceed,
    /// It takes the place of the operation of this task, which ends as superseded.
    Supersede(TaskId),
}

/// Decides whether `verb` may be done to `vm` now.
///
/// Refusals: `OPERATION_IN_PROGRESS` names the task in the way, `ALREADY_IN_STATE` says that nothing is left
/// to do, `WRONG_STATE` says which state is in the way and what would help.
pub fn admit(vm: &Vm, verb: Verb) -> Result<Admission> {
    if vm.deleting {
        return Err(match &vm.operation {
            Some(op) => busy(vm, verb, op),
            None => wrong(vm, verb, "it is being deleted"),
        });
    }
    match &vm.operation {
        Some(op) if supersedes(verb, op.kind) => Ok(Admission::Supersede(op.task)),
        Some(op) => Err(busy(vm, verb, op)),
        None => phase_admits(vm, verb).map(|()| Admission::Proceed),
    }
}

/// Pulling the plug must always be possible, and so must giving up on a VM that is still being made: an
/// operator at a stuck machine is never told to wait for the thing that is stuck.
fn supersedes(verb: Verb, under_way: OperationKind) -> bool {
    use OperationKind::{
        Create, CreateSnapshot, Delete, DeleteSnapshot, Reboot, Resume, RevertSnapshot, Start, Stop, Suspend,
        Update,
    };
    match (verb, under_way) {
        (_, Delete) => false,
        (Verb::Delete { force: true }, _) | (Verb::Delete { .. }, Create) => true,
        (Verb::Stop { force: true }, Start | Reboot { .. } | Suspend | Resume) => true,
        (Verb::Stop { force: true }, Stop { grace }) => !grace.is_zero(),
        (_, Create | Start | Stop { .. } | Reboot { .. } | Suspend | Resume | Update) => false,
        // Half a snapshot on a disk that a guest is torn from serves nobody: it is soon over.
        (_, CreateSnapshot { .. } | RevertSnapshot { .. } | DeleteSnapshot { .. }) => false,
    }
}

fn phase_admits(vm: &Vm, verb: Verb) -> Result<()> {
    use VmPhase::{Deleting, Error as Failed, Migrating, Pending, Running, Stopped, Suspended, Unknown};
    match (verb, vm.status.phase) {
        (Verb::Start, Stopped | Failed) => Ok(()),
        (Verb::Stop { .. } | Verb::Reboot | Verb::Suspend, Running) => Ok(()),
        (Verb::Stop { .. }, Suspended | Failed) | (Verb::Resume, Suspended) => Ok(()),
        (Verb::Update, Stopped | Failed) => Ok(()),
        (Verb::Snapshot, Running | Suspended | Stopped) => Ok(()),
        (Verb::RemoveSnapshot, Running | Suspended | Stopped | Failed) => Ok(()),
        (Verb::Revert { .. }, Stopped | Failed) => Ok(()),
        (Verb::Revert { memory: true }, Running | Suspended) => Ok(()),
        (Verb::Revert { memory: false }, Running | Suspended) => Err(wrong(
            vm,
            verb,
            "the snapshot was taken while it was off, without its memory: stop it first",
        )),
        (Verb::Snapshot, Failed) => Err(wrong(vm, verb, "start or stop it first")),
        (Verb::Delete { .. }, Stopped | Failed | Pending) | (Verb::Delete { force: true }, _) => Ok(()),
        (Verb::Start | Verb::Resume, Running) => Err(already(vm, "runs already")),
        (Verb::Suspend, Suspended) => Err(already(vm, "is suspended already")),
        (Verb::Stop { .. }, Stopped) => Err(already(vm, "is stopped already")),
        (Verb::Delete { force: false }, Unknown) => Err(wrong(
            vm,
            verb,
            "its node does not report, so it may well be running; force the deletion if you are sure",
        )),
        (Verb::Delete { force: false }, _) => Err(wrong(vm, verb, "stop it first, or force the deletion")),
        (Verb::Update, Running | Suspended) => {
            Err(wrong(vm, verb, "its hardware can be changed while it is stopped"))
        }
        (Verb::Reboot, Stopped | Failed | Suspended) => {
            Err(wrong(vm, verb, "only what runs can be restarted"))
        }
        (Verb::Suspend, Stopped | Failed) => Err(wrong(vm, verb, "only what runs can be suspended")),
        (Verb::Resume, Stopped | Failed) => {
            Err(wrong(vm, verb, "it is not suspended, and has to be started"))
        }
        (Verb::Start, Suspended) => Err(wrong(vm, verb, "it is suspended: resume or stop it first")),
        (_, Unknown) => Err(wrong(
            vm,
            verb,
            "its node does not report, so its state is not known",
        )),
        (_, Migrating) => Err(wrong(vm, verb, "it is moving to another node")),
        (_, Deleting) => Err(wrong(vm, verb, "it is being deleted")),
        (_, _) => Err(wrong(vm, verb, "wait until it has settled")),
    }
}

fn busy(vm: &Vm, verb: Verb, op: &Operation) -> Error {
    let message = format!(
        "cannot {} vm {:?}: task {} is under way",
        verb.as_str(),
        vm.name,
        op.task
    );
    Error::new(Reason::OperationInProgress, message)
        .with("vm", vm.id.to_string())
        .with("task", op.task.to_string())
}

fn already(vm: &Vm, what: &str) -> Error {
    Error::new(Reason::AlreadyInState, format!("vm {:?} {what}", vm.name))
        .with("vm", vm.id.to_string())
        .with("state", vm.status.phase.as_str())
}

fn wrong(vm: &Vm, verb: Verb, why: &str) -> Error {
    let message = format!(
        "cannot {} vm {:?} in state {}: {why}",
        verb.as_str(),
        vm.name,
        vm.status.phase
    );
    Error::new(Reason::WrongState, message)
        .with("vm", vm.id.to_string())
        .with("state", vm.status.phase.as_str())
}
