//! What an agent should do next about one VM: a pure function of what is assigned, what the hypervisor
//! has, and what this agent did already. The agent's shell carries the step out, looks again, and asks
//! again, until there is nothing to do. Crashing between any two steps is harmless: the next agent looks
//! and asks the same question.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::contract::{DEFAULT_STOP_GRACE, Instance, InstanceState, RunMark};
use crate::error::{Error, Reason, Result};
use crate::identity::{Name, ProjectId, SnapshotId, TaskId, VmId, VolumeId};
use crate::resource::{
    MacAddress, Operation, OperationKind, PowerIntent, PowerState, StopCause, TaskError, Vm, VmPhase, VmSpec,
};
use crate::settle::Outcome;
use crate::time::Monotonic;

/// What the control plane wants of one VM on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The VM.
    pub vm: VmId,
    /// Its name.
    pub name: Name,
    /// Its tenant.
    pub project: ProjectId,
    /// The permission to run it.
    pub epoch: u32,
    /// Whether it should run.
    pub power: PowerIntent,
    /// It is to be removed.
    pub deleting: bool,
    /// The operation under way.
    pub operation: Option<Operation>,
    /// What it should be. Its interfaces name their networks as the node knows them.
    pub spec: VmSpec,
    /// Its volumes, in the order of `spec.disks`.
    pub volumes: Vec<VolumeId>,
    /// Those of them that are not known to have been made. The node makes these and no others: where any other
    /// is missing, its data is, and a blank one in its place would hide that.
    pub unmade: BTreeSet<VolumeId>,
    /// The addresses of its NICs, in the order of `spec.nics`.
    pub macs: Vec<MacAddress>,
    /// The control plane has lost sight of it: a report is wanted even if nothing has changed.
    pub unseen: bool,
}

impl Assignment {
    /// What `vm` asks of its node, where `unmade` are the volumes that are still being created. Fails if it has
    /// none, or an interface without an address or without a network: all are settled before a VM is written down.
    pub fn of(vm: &Vm, unmade: &BTreeSet<VolumeId>) -> Result<Self> {
        let unfit = |what| Error::internal(format!("vm {} has {what}", vm.id));
        let placement = vm.placement.ok_or_else(|| unfit("no node"))?;
        let macs = vm
            .spec
            .nics
            .iter()
            .map(|n| n.mac.ok_or_else(|| unfit("an interface without an address")));
        let mut spec = vm.spec.clone();
        if vm.attachments.len() != spec.nics.len() {
            return Err(unfit("an interface that is plugged into nothing"));
        }
        for (nic, attachment) in spec.nics.iter_mut().zip(&vm.attachments) {
            nic.network.clone_from(&attachment.backing);
        }
        Ok(Self {
            vm: vm.id,
            name: vm.name.clone(),
            project: vm.project.clone(),
            epoch: placement.epoch,
            power: vm.power,
            deleting: vm.deleting,
            operation: vm.operation.clone(),
            spec,
            volumes: vm.volumes.clone(),
            unmade: vm
                .volumes
                .iter()
                .copied()
                .filter(|id| unmade.contains(id))
                .collect(),
            macs: macs.collect::<Result<_>>()?,
            unseen: vm.status.phase == VmPhase::Unknown,
        })
    }

    /// The mark of a start for the present intent.
    pub fn run_mark(&self) -> RunMark {
        RunMark {
            epoch: self.epoch,
            generation: self.power.generation,
        }
    }
}

/// What this agent process did for the operation under way. Lost when the agent dies, and nothing breaks:
/// steps are repeated, and a graceful stop waits its grace again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    task: Option<TaskId>,
    /// The volumes are there.
    pub volumes_ready: bool,
    /// The control plane knows that they have been made.
    pub volumes_recorded: bool,
    /// The volumes are gone.
    pub volumes_removed: bool,
    /// The guest was asked to stop at this time.
    pub stop_asked: Option<Monotonic>,
    /// The guest was restarted.
    pub rebooted: bool,
    /// The snapshot was taken, removed, or gone back to.
    pub snapshot_done: bool,
}

impl Progress {
    /// Forgets what was done for another operation than the one under way.
    pub fn align(&mut self, operation: Option<&Operation>) {
        let task = operation.map(|op| op.task);
        if self.task != task {
            *self = Self {
                task,
                ..Self::default()
            };
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Make the volumes that were never made, and make sure of the others.
    EnsureVolumes,
    /// Tell the control plane that the volumes have been made, and go on when it has written that down: from then
    /// on they are never made again. No guest writes to a volume before.
    RecordVolumes(TaskId),
    /// Bring the definition up to the spec.
    Define,
    /// Power on, or bring the mark of a running guest up to date.
    Run(RunMark),
    /// Ask the guest to shut down.
    AskToStop,
    /// Pull the plug.
    ForceOff,
    /// Restart the guest.
    Reboot {
        /// Reset rather than ask.
        force: bool,
    },
    /// Pause the guest.
    Suspend,
    /// Let the paused guest go on.
    Resume,
    /// Take a snapshot.
    TakeSnapshot {
        /// Which.
        snapshot: SnapshotId,
        /// With the memory of the guest, which is on.
        memory: bool,
    },
    /// Go back to a snapshot, and mark the machine if it then runs.
    Revert {
        /// Which.
        snapshot: SnapshotId,
        /// It has the guest's memory.
        memory: bool,
    },
    /// Remove a snapshot.
    RemoveSnapshot(SnapshotId),
    /// Force off and remove the machine.
    RemoveMachine,
    /// Remove the volumes.
    RemoveVolumes,
    /// Look again when this much time has passed, or when something changes.
    Wait(Duration),
    /// Tell the control plane what became of the operation, and what is seen.
    Report(TaskId, Outcome),
    /// Nothing to do: tell the control plane what is seen, if it changed.
    Rest,
}

impl Step {
    /// What to call this step in a task's log, and how far the task is then.
    pub fn progress(&self) -> Option<(&'static str, u32)> {
        match self {
            Self::EnsureVolumes => Some(("disk", 20)),
            Self::Define => Some(("defining", 40)),
            Self::Run(_) => Some(("starting", 70)),
            Self::AskToStop => Some(("waiting for the guest to shut down", 30)),
            Self::ForceOff => Some(("forcing off", 70)),
            Self::Reboot { .. } => Some(("restarting", 50)),
            Self::Suspend => Some(("suspending", 50)),
            Self::Resume => Some(("resuming", 50)),
            Self::TakeSnapshot { .. } => Some(("taking the snapshot", 50)),
            Self::Revert { .. } => Some(("reverting", 50)),
            Self::RemoveSnapshot(_) => Some(("removing the snapshot", 50)),
            Self::RemoveMachine => Some(("removing the machine", 30)),
            Self::RemoveVolumes => Some(("removing volumes", 70)),
            Self::RecordVolumes(_) | Self::Wait(_) | Self::Report(..) | Self::Rest => None,
        }
    }
}

/// The next step for `assignment`. `instance` is a fresh look at the hypervisor; `digest` is that of the
/// machine that the assignment describes; `now` is the clock that `progress` was noted on.
pub fn next_step(
    assignment: &Assignment,
    instance: Option<&Instance>,
    digest: &str,
    progress: &Progress,
    now: Monotonic,
) -> Step {
    let defined = instance.is_some_and(|i| i.digest == digest && i.epoch == assignment.epoch);
    // Without an operation nothing is started, stopped or removed: a guest that ended by itself, or that
    // somebody at the node started or stopped, is only reported.
    let Some(op) = &assignment.operation else {
        return Step::Rest;
    };
    let done = || Step::Report(op.task, Outcome::Done);
    let unrecorded = !assignment.unmade.is_empty() && !progress.volumes_recorded;
    match op.kind {
        OperationKind::Create | OperationKind::Update if !progress.volumes_ready => Step::EnsureVolumes,
        OperationKind::Create | OperationKind::Update if unrecorded => Step::RecordVolumes(op.task),
        OperationKind::Create | OperationKind::Update if !defined => Step::Define,
        OperationKind::Create if assignment.power.state == PowerState::On => start(assignment, instance, op),
        OperationKind::Create | OperationKind::Update => done(),

        OperationKind::Start if instance.is_some_and(|i| i.state == InstanceState::Running) => {
            start(assignment, instance, op)
        }
        OperationKind::Start if !progress.volumes_ready => Step::EnsureVolumes,
        OperationKind::Start if unrecorded => Step::RecordVolumes(op.task),
        OperationKind::Start if !defined => Step::Define,
        OperationKind::Start => start(assignment, instance, op),

        OperationKind::Stop { grace } => match instance.map(|i| i.state) {
            None | Some(InstanceState::Off(_)) => done(),
            Some(state) => stop(state, grace, progress, now),
        },

        OperationKind::Reboot { .. } if progress.rebooted => done(),
        OperationKind::Reboot { force } => match instance.map(|i| i.state) {
            Some(InstanceState::Running) => Step::Reboot { force },
            _ => Step::Report(op.task, not_running()),
        },

        OperationKind::Suspend => match instance.map(|i| i.state) {
            Some(InstanceState::Paused) => done(),
            Some(InstanceState::Running) => Step::Suspend,
            _ => Step::Report(op.task, not_running()),
        },
        // What has ended while it was suspended is not started by letting it go on.
        OperationKind::Resume => match instance.map(|i| i.state) {
            Some(InstanceState::Running) => done(),
            Some(InstanceState::Paused) => Step::Resume,
            _ => Step::Report(op.task, not_running()),
        },

        // What is not there has no snapshots.
        OperationKind::DeleteSnapshot { .. } if progress.snapshot_done || instance.is_none() => done(),
        OperationKind::DeleteSnapshot { snapshot } => Step::RemoveSnapshot(snapshot),
        OperationKind::CreateSnapshot { .. } | OperationKind::RevertSnapshot { .. } if instance.is_none() => {
            Step::Report(op.task, gone())
        }
        OperationKind::CreateSnapshot { .. } if progress.snapshot_done => done(),
        OperationKind::CreateSnapshot { snapshot, memory } => Step::TakeSnapshot { snapshot, memory },
        OperationKind::RevertSnapshot { snapshot, memory } => {
            // The mark of what runs outlives this agent; for what stays off, doing it once more does no harm.
            let marked = instance.is_some_and(|i| i.last_run == Some(assignment.run_mark()));
            let reverted = if memory { marked } else { progress.snapshot_done };
            match reverted {
                false => Step::Revert { snapshot, memory },
                // It came back with the definition of that time.
                true if !defined => Step::Define,
                true if memory => start(assignment, instance, op),
                true => done(),
            }
        }

        OperationKind::Delete if instance.is_some() => Step::RemoveMachine,
        OperationKind::Delete if !progress.volumes_removed => Step::RemoveVolumes,
        OperationKind::Delete => done(),
    }
}

fn start(assignment: &Assignment, instance: Option<&Instance>, op: &Operation) -> Step {
    let mark = assignment.run_mark();
    match instance {
        Some(i) if i.last_run == Some(mark) => match i.state {
            // It was started for this very intent and is off again: starting it once more would be a loop.
            InstanceState::Off(cause @ (StopCause::Crashed | StopCause::StartFailed)) => {
                Step::Report(op.task, died(cause))
            }
            _ => Step::Report(op.task, Outcome::Done),
        },
        _ => Step::Run(mark),
    }
}

fn stop(state: InstanceState, grace: Duration, progress: &Progress, now: Monotonic) -> Step {
    let waited = progress
        .stop_asked
        .map_or(Duration::ZERO, |asked| now.since(asked));
    match grace.checked_sub(waited) {
        None | Some(Duration::ZERO) => Step::ForceOff,
        // A guest that stands still hears nothing, and has to go on to shut down.
        Some(_) if state == InstanceState::Paused => Step::Resume,
        Some(_) if progress.stop_asked.is_none() => Step::AskToStop,
        Some(left) => Step::Wait(left),
    }
}

fn died(cause: StopCause) -> Outcome {
    let what = if cause == StopCause::Crashed {
        "the guest crashed"
    } else {
        "the hypervisor could not keep it running"
    };
    failure(
        Reason::HypervisorFailed,
        &format!("{what} right after it was started; see its console log"),
    )
}

fn gone() -> Outcome {
    failure(
        Reason::WrongState,
        "its machine is gone from the node, and its snapshots with it",
    )
}

fn not_running() -> Outcome {
    failure(Reason::WrongState, "the guest is not running")
}

fn failure(reason: Reason, message: &str) -> Outcome {
    Outcome::Failed(TaskError::from(&Error::new(reason, message)))
}

/// The grace of a stop whose caller named none.
pub const fn default_grace() -> Duration {
    DEFAULT_STOP_GRACE
}
