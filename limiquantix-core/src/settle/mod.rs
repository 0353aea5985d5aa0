//! What an agent's report means: a pure function from what was known and what was seen to what is known
//! now. The caller commits the outcome with the versions it read as preconditions.

mod snapshot;
#[cfg(test)]
mod tests;

pub use snapshot::{SnapshotsSettled, settle_snapshots};

use crate::contract::{InstanceState, RunMark};
use crate::error::{Error, Reason, Result};
use crate::identity::{TaskId, VmId, VolumeId};
use crate::lifecycle::{cancelled, may_follow};
use crate::resource::{
    Accel, EventKind, OperationKind, PowerIntent, PowerState, StopCause, Task, TaskError, TaskState, Vm,
    VmPhase,
};
use crate::time::Timestamp;

/// What an agent says about one VM: made from a fresh look at the hypervisor, sent in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VmReport {
    /// The VM.
    pub vm: VmId,
    /// The permission that the agent acts under.
    pub epoch: u32,
    /// What was seen.
    pub seen: Seen,
    /// What became of the operation, if the agent worked on one.
    pub task: Option<TaskReport>,
    /// Volumes of the VM that the agent has made.
    pub made: Vec<VolumeId>,
}

/// What was seen of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is not defined.
    Absent,
    /// It is defined.
    Defined {
        /// What it does.
        state: InstanceState,
        /// For which decision it was last started.
        last_run: Option<RunMark>,
        /// What it runs under.
        accel: Option<Accel>,
    },
}

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskReport {
    /// Its task.
    pub task: TaskId,
    /// How it stands.
    pub outcome: Outcome,
}

/// How an operation stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Under way.
    Progress {
        /// One or two words.
        phase: String,
        /// 0 to 100.
        percent: u32,
    },
    /// Done: its effect is there.
    Done,
    /// It cannot be done.
    Failed(TaskError),
}

/// The outcome of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Settled {
    /// The VM as it is now known; `None` if it is gone for good.
    pub vm: Option<Vm>,
    /// The task, if it changed.
    pub task: Option<Task>,
    /// What is worth telling people.
    pub events: Vec<(EventKind, String)>,
}

/// Applies `report` to `vm` and to `task`, the task of its operation under way if it has one.
///
/// `STALE_EPOCH` if the report was made under another permission than the VM's present one: nothing that
/// such an agent says counts. `INVALID_FIELD` if what it says was done contradicts what it says it saw.
pub fn settle(vm: &Vm, task: Option<&Task>, report: &VmReport, now: Timestamp) -> Result<Settled> {
    let epoch = vm.placement.map_or(0, |p| p.epoch);
    if epoch != report.epoch {
        let message = format!(
            "a report of run epoch {} about vm {}, which is at {epoch}",
            report.epoch, vm.id
        );
        return Err(Error::new(Reason::StaleEpoch, message));
    }
    let mut s = Settling {
        vm: vm.clone(),
        task: None,
        told_of: None,
        events: Vec::new(),
        gone: false,
        now,
    };
    let about = report
        .task
        .as_ref()
        .filter(|t| vm.operation.as_ref().is_some_and(|op| op.task == t.task));
    if vm.status.phase == VmPhase::Unknown {
        // It said that nothing was known, which is over.
        s.vm.status.message.clear();
    }
    if let Some(told) = about {
        // Should the task's record be lost, the operation ends all the same.
        s.task = task.cloned();
        s.operation_told(&told.outcome, report.seen)?;
    }
    if !s.gone {
        s.observe(report.seen);
        s.check_edge(vm.status.phase)?;
    }
    if s.vm != *vm {
        s.vm.meta.updated_at = now;
    }
    let task = s.task.filter(|t| Some(t) != task);
    Ok(Settled {
        vm: (!s.gone).then_some(s.vm),
        task,
        events: s.events,
    })
}

struct Settling {
    vm: Vm,
    task: Option<Task>,
    /// The operation that the report is about.
    told_of: Option<OperationKind>,
    events: Vec<(EventKind, String)>,
    gone: bool,
    now: Timestamp,
}

impl Settling {
    fn operation_told(&mut self, outcome: &Outcome, seen: Seen) -> Result<()> {
        let Some(op) = self.vm.operation.clone() else {
            return Ok(());
        };
        self.told_of = Some(op.kind);
        match outcome {
            Outcome::Progress { phase, percent } => {
                if self.vm.status.phase == VmPhase::Pending {
                    self.vm.status.phase = VmPhase::Provisioning;
                }
                self.progress(phase, *percent);
            }
            Outcome::Done => {
                believable(op.kind, seen)?;
                self.vm.operation = None;
                self.done(op.kind);
            }
            Outcome::Failed(error) => {
                self.vm.operation = None;
                self.failed(op.kind, error, seen);
            }
        }
        Ok(())
    }

    fn progress(&mut self, phase: &str, percent: u32) {
        let now = self.now;
        let Some(task) = self.task.as_mut().filter(|t| !t.state.is_terminal()) else {
            return;
        };
        if task.state == TaskState::Pending {
            task.state = TaskState::Running;
            task.started_at = Some(now);
        }
        task.percent = task.percent.max(percent.min(99));
        if task.phase != phase {
            phase.clone_into(&mut task.phase);
            task.note(now, phase);
        }
        task.meta.updated_at = now;
    }

    fn done(&mut self, kind: OperationKind) {
        let now = self.now;
        self.vm.status.message.clear();
        if let Some(task) = &mut self.task {
            task.started_at.get_or_insert(now);
            match task.cancel_requested {
                true => task.finish(now, TaskState::Cancelled, Some(cancelled())),
                false => task.finish(now, TaskState::Succeeded, None),
            }
        }
        match kind {
            OperationKind::Create
            | OperationKind::Start
            | OperationKind::Reboot { .. }
            | OperationKind::Suspend
            | OperationKind::Resume
            | OperationKind::CreateSnapshot { .. }
            | OperationKind::RevertSnapshot { .. }
            | OperationKind::DeleteSnapshot { .. } => {}
            OperationKind::Stop { .. } => self.vm.status.cause = Some(StopCause::Requested),
            OperationKind::Update => self.event(EventKind::VmUpdated, "brought up to its new spec"),
            OperationKind::Delete => {
                self.gone = true;
                self.event(EventKind::VmDeleted, "removed from its node");
            }
        }
    }

    fn failed(&mut self, kind: OperationKind, error: &TaskError, seen: Seen) {
        let now = self.now;
        if let Some(task) = &mut self.task {
            task.started_at.get_or_insert(now);
            task.finish(now, TaskState::Failed, Some(error.clone()));
        }
        self.vm.status.message.clone_from(&error.message);
        self.event(EventKind::VmFailed, &error.message);
        match kind {
            // What could not be started must not be tried for ever: the intent goes back to "off".
            OperationKind::Create | OperationKind::Start => {
                self.intend(PowerState::Off);
                self.vm.status.cause = Some(StopCause::StartFailed);
                // That there is no machine is not news then: why it could not be made is.
                if kind == OperationKind::Create || seen == Seen::Absent {
                    self.vm.status.phase = VmPhase::Error;
                }
            }
            // The owner gets the VM back, with what is left of it, and may try again.
            OperationKind::Delete => {
                self.vm.deleting = false;
                self.vm.status.phase = VmPhase::Error;
            }
            OperationKind::Update => self.vm.status.phase = VmPhase::Error,
            // What is seen decides: a guest that still runs is meant to run again.
            OperationKind::Stop { .. }
            | OperationKind::Reboot { .. }
            | OperationKind::Suspend
            | OperationKind::Resume
            | OperationKind::CreateSnapshot { .. }
            | OperationKind::DeleteSnapshot { .. } => {}
            // What was off and did not come up has not ended.
            OperationKind::RevertSnapshot { .. } if self.vm.status.started_at.is_none() => {
                self.intend(PowerState::Off);
            }
            OperationKind::RevertSnapshot { .. } => {}
        }
    }

    /// The operation under way, if it hides what is seen behind a phase of its own.
    fn hidden_behind(&self) -> Option<OperationKind> {
        let kind = self.vm.operation.as_ref()?.kind;
        (!matches!(kind, OperationKind::Suspend | OperationKind::Resume)).then_some(kind)
    }

    fn observe(&mut self, seen: Seen) {
        if self.vm.deleting {
            self.vm.status.phase = VmPhase::Deleting;
            return;
        }
        match seen {
            Seen::Absent => self.saw_absent(),
            Seen::Defined {
                state: InstanceState::Running,
                accel,
                ..
            } => self.saw_running(accel),
            Seen::Defined {
                state: InstanceState::Paused,
                ..
            } => self.saw_paused(),
            Seen::Defined {
                state: InstanceState::Off(cause),
                ..
            } => self.saw_off(cause),
        }
    }

    fn saw_absent(&mut self) {
        self.not_running();
        match self.hidden_behind() {
            Some(kind) => self.vm.status.phase = transitional(kind, self.vm.status.phase),
            None if self.vm.status.phase == VmPhase::Error => {}
            None => {
                // A VM that had failed before its node fell silent may never have had a machine.
                let known_to_be_there =
                    self.vm.status.phase != VmPhase::Unknown || self.vm.power.state == PowerState::On;
                self.vm.status.phase = VmPhase::Error;
                self.vm.status.message =
                    "its machine is gone from the node; starting it defines it anew".to_owned();
                self.vm.status.cause = Some(StopCause::Outside);
                self.intend(PowerState::Off);
                if known_to_be_there {
                    self.event(
                        EventKind::VmFailed,
                        "its machine was removed from the node by somebody else",
                    );
                }
            }
        }
    }

    fn saw_running(&mut self, accel: Option<Accel>) {
        self.vm.status.accel = accel;
        if let Some(kind) = self.hidden_behind() {
            self.vm.status.phase = transitional(kind, self.vm.status.phase);
            return;
        }
        // A stop that was given up shows "running" before anybody has seen it, or since when.
        let began = self.vm.status.started_at.is_none();
        if began || self.vm.status.phase != VmPhase::Running {
            let paused = self.vm.status.phase == VmPhase::Suspended;
            self.vm.status.phase = VmPhase::Running;
            self.vm.status.cause = None;
            if began {
                self.vm.status.started_at = Some(self.now);
                let outside = self.vm.power.state == PowerState::Off;
                let how = if outside {
                    "started on the node by somebody else"
                } else {
                    "started"
                };
                self.event(EventKind::VmStarted, how);
            } else if paused {
                let ours = self.told_of == Some(OperationKind::Resume);
                let how = if ours {
                    "resumed"
                } else {
                    "resumed on the node by somebody else"
                };
                self.event(EventKind::VmResumed, how);
            }
        }
        // Somebody started it at the node, or it could not be stopped. Fighting would help nobody: what runs
        // is meant to run. No agent starts anything on that ground, see `reconcile`.
        self.intend(PowerState::On);
    }

    fn saw_paused(&mut self) {
        if let Some(kind) = self.hidden_behind() {
            self.vm.status.phase = transitional(kind, self.vm.status.phase);
            return;
        }
        if self.vm.status.phase == VmPhase::Running {
            let ours = self.told_of == Some(OperationKind::Suspend);
            let how = if ours {
                "suspended"
            } else {
                "suspended on the node by somebody else"
            };
            self.event(EventKind::VmSuspended, how);
        }
        self.vm.status.phase = VmPhase::Suspended;
        self.intend(PowerState::On);
    }

    fn saw_off(&mut self, cause: StopCause) {
        if let Some(kind) = self.hidden_behind() {
            self.vm.status.phase = transitional(kind, self.vm.status.phase);
            return;
        }
        // Without such an operation nobody is about to start it: it ended, and stays off until somebody asks.
        if self.vm.power.state == PowerState::On {
            self.intend(PowerState::Off);
            self.vm.status.cause = Some(cause);
            self.event(EventKind::VmStopped, ended(cause));
        } else if self.vm.status.started_at.is_some() {
            self.event(EventKind::VmStopped, "stopped");
        }
        self.not_running();
        if self.vm.status.phase != VmPhase::Error {
            self.vm.status.phase = VmPhase::Stopped;
        }
    }

    fn not_running(&mut self) {
        self.vm.status.started_at = None;
        self.vm.status.accel = None;
        self.vm.status.addresses.clear();
    }

    fn intend(&mut self, state: PowerState) {
        if self.vm.power.state != state {
            self.vm.power = PowerIntent {
                state,
                generation: self.vm.power.generation.saturating_add(1),
            };
        }
    }

    fn event(&mut self, kind: EventKind, message: &str) {
        self.events.push((kind, message.to_owned()));
    }

    fn check_edge(&self, from: VmPhase) -> Result<()> {
        let to = self.vm.status.phase;
        if may_follow(from, to) {
            return Ok(());
        }
        Err(Error::internal(format!(
            "vm {} cannot go from {from} to {to}",
            self.vm.id
        )))
    }
}

/// Refuses the end of an operation whose effect is visibly not there.
fn believable(kind: OperationKind, seen: Seen) -> Result<()> {
    let there = matches!(seen, Seen::Defined { .. });
    let state = match seen {
        Seen::Absent => None,
        Seen::Defined { state, .. } => Some(state),
    };
    let on = matches!(state, Some(InstanceState::Running | InstanceState::Paused));
    let contradiction = match kind {
        OperationKind::Delete if there => "it says that the machine was removed, and shows it",
        OperationKind::Stop { .. } if on => "it says that the guest was stopped, and shows it on",
        OperationKind::Suspend if state != Some(InstanceState::Paused) => {
            "it says that the guest was suspended, and does not show it so"
        }
        OperationKind::Resume if state != Some(InstanceState::Running) => {
            "it says that the guest was resumed, and does not show it running"
        }
        _ => return Ok(()),
    };
    Err(Error::invalid("task.outcome", contradiction))
}

/// The phase of a VM while an operation that hides what is seen is under way.
fn transitional(kind: OperationKind, now: VmPhase) -> VmPhase {
    match kind {
        OperationKind::Create if now == VmPhase::Pending => VmPhase::Pending,
        OperationKind::Create => VmPhase::Provisioning,
        OperationKind::Start => VmPhase::Starting,
        OperationKind::Stop { .. } => VmPhase::Stopping,
        OperationKind::Reboot { .. } => VmPhase::Rebooting,
        OperationKind::Delete => VmPhase::Deleting,
        // Only what is off can be updated.
        OperationKind::Update if now == VmPhase::Unknown => VmPhase::Stopped,
        // A guest stands still while its memory is kept: that is no pause that somebody asked for.
        OperationKind::CreateSnapshot { .. }
        | OperationKind::RevertSnapshot { .. }
        | OperationKind::DeleteSnapshot { .. }
        | OperationKind::Suspend
        | OperationKind::Resume
        | OperationKind::Update => now,
    }
}

fn ended(cause: StopCause) -> &'static str {
    match cause {
        StopCause::Requested => "stopped",
        StopCause::GuestShutdown => "the guest shut itself down",
        StopCause::Outside => "stopped on the node by somebody else",
        StopCause::Crashed => "the guest crashed",
        StopCause::StartFailed => "the hypervisor could not start it",
        StopCause::Unknown => "ended for an unknown reason",
    }
}
