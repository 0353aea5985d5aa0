//! The agent's worker, as a state machine that can be stopped between any two things it does.

use std::time::Duration;

use limiquantix_core::contract::{InstanceState, Stop};
use limiquantix_core::reconcile::{Assignment, Progress, Step, next_step};
use limiquantix_core::resource::{Operation, TaskError};
use limiquantix_core::settle::{Outcome, Seen, TaskReport, VmReport};
use limiquantix_core::time::Monotonic;
use limiquantix_core::{Error, ErrorKind, Reason, Result};

use crate::hypervisor::Hypervisor;

#[derive(Debug, Default)]
pub(crate) struct Agent {
    /// What it works on.
    pub(crate) assignment: Option<Assignment>,
    /// What it is to work on from its next look on.
    pub(crate) mail: Option<Option<Assignment>>,
    progress: Progress,
    looked: Option<Seen>,
    pub(crate) told: Option<Seen>,
    pub(crate) settled: Option<Operation>,
    given_up: Option<(Operation, TaskError)>,
    /// There is a new connection since the last look.
    connected: bool,
    /// What it is about to do: it has looked, and has not acted.
    pub(crate) next: Option<Next>,
}

#[derive(Debug)]
pub(crate) enum Next {
    Effect(Step),
    Report(VmReport),
    /// It would look again after this long.
    Wait(Duration),
    /// Nothing until there is news.
    Rest,
}

/// The digest of the machine that an assignment describes.
pub(crate) fn digest(a: &Assignment) -> String {
    format!("{} MiB", a.spec.memory.get())
}

impl Agent {
    fn take_news(&mut self) {
        let Some(assignment) = self.mail.take() else {
            return;
        };
        if assignment != self.assignment {
            self.told = None;
            let op = |a: &Option<Assignment>| a.as_ref().and_then(|a| a.operation.clone());
            if op(&assignment) != op(&self.assignment) {
                self.given_up = None;
            }
            self.assignment = assignment;
        }
    }

    /// Connected anew, with the full list.
    pub(crate) fn reconnect(&mut self, assignment: Option<Assignment>) {
        self.mail = Some(assignment);
        self.connected = true;
    }

    /// Looks, and decides what to do next.
    pub(crate) fn look(&mut self, hypervisor: &Hypervisor, now: Monotonic, patient: bool) {
        self.take_news();
        if std::mem::take(&mut self.connected) {
            self.told = None;
            self.settled = None;
        }
        let Some(a) = self.assignment.clone() else {
            self.next = Some(Next::Rest);
            return;
        };
        self.progress.align(a.operation.as_ref());
        let instance = match hypervisor.inspect() {
            Ok(instance) => instance,
            Err(e) => return self.trouble(&e, hypervisor, patient),
        };
        let seen = instance.as_ref().map_or(Seen::Absent, |i| Seen::Defined {
            state: i.state,
            last_run: i.last_run,
            accel: i.accel,
        });
        self.looked = Some(seen);
        if a.operation.is_some() && a.operation == self.settled {
            self.next = Some(Next::Rest);
            return;
        }
        if let Some((op, error)) = &self.given_up
            && Some(op) == a.operation.as_ref()
        {
            let failed = TaskReport {
                task: op.task,
                outcome: Outcome::Failed(error.clone()),
            };
            self.next = Some(Next::Report(report(&a, seen, Some(failed))));
            return;
        }
        self.next = Some(
            match next_step(&a, instance.as_ref(), &digest(&a), &self.progress, now) {
                Step::RecordVolumes(task) => {
                    let outcome = Outcome::Progress {
                        phase: "disk".to_owned(),
                        percent: 20,
                    };
                    let mut report = report(&a, seen, Some(TaskReport { task, outcome }));
                    report.made = a.unmade.iter().copied().collect();
                    Next::Report(report)
                }
                Step::Report(task, outcome) => {
                    Next::Report(report(&a, seen, Some(TaskReport { task, outcome })))
                }
                Step::Rest | Step::Wait(_) if self.told != Some(seen) || a.unseen => {
                    Next::Report(report(&a, seen, None))
                }
                Step::Rest => Next::Rest,
                Step::Wait(time) => Next::Wait(time),
                effect => Next::Effect(effect),
            },
        );
    }

    /// The report of the progress that goes with an effect.
    pub(crate) fn progress_of(&self, step: &Step) -> Option<VmReport> {
        let a = self.assignment.as_ref()?;
        let (phase, percent) = step.progress()?;
        let outcome = Outcome::Progress {
            phase: phase.to_owned(),
            percent,
        };
        let task = a.operation.as_ref()?.task;
        Some(report(a, self.looked?, Some(TaskReport { task, outcome })))
    }

    /// Brings an effect about.
    pub(crate) fn act(&mut self, step: &Step, hypervisor: &mut Hypervisor, now: Monotonic, patient: bool) {
        let Some(a) = self.assignment.clone() else { return };
        let outcome = match step {
            Step::EnsureVolumes if a.unmade.is_empty() => hypervisor.check_volume(),
            Step::EnsureVolumes => hypervisor.ensure_volume(),
            Step::RemoveVolumes => hypervisor.remove_volume(),
            Step::Define => hypervisor.define(a.epoch, &digest(&a)),
            Step::Run(mark) => hypervisor.run(*mark),
            Step::AskToStop => hypervisor.stop(a.epoch, Stop::Graceful),
            Step::ForceOff => hypervisor.stop(a.epoch, Stop::Force),
            Step::Reboot { .. } => hypervisor.reboot(a.epoch),
            Step::Suspend => hypervisor.pause(a.epoch, InstanceState::Paused),
            Step::Resume => hypervisor.pause(a.epoch, InstanceState::Running),
            Step::TakeSnapshot { memory, .. } => hypervisor.take_snapshot(a.epoch, *memory),
            Step::Revert { memory, .. } => hypervisor.revert(a.run_mark(), *memory),
            Step::RemoveSnapshot(_) => hypervisor.remove_snapshot(a.epoch),
            Step::RemoveMachine => hypervisor.remove(a.epoch),
            Step::RecordVolumes(_) | Step::Wait(_) | Step::Report(..) | Step::Rest => {
                Err(Error::internal("no effect"))
            }
        };
        match outcome {
            Ok(()) => match step {
                Step::EnsureVolumes => self.progress.volumes_ready = true,
                Step::RemoveVolumes => self.progress.volumes_removed = true,
                Step::AskToStop => self.progress.stop_asked = Some(now),
                Step::Reboot { .. } => self.progress.rebooted = true,
                Step::TakeSnapshot { .. } | Step::Revert { .. } | Step::RemoveSnapshot(_) => {
                    self.progress.snapshot_done = true;
                }
                _ => {}
            },
            Err(e) => self.trouble(&e, hypervisor, patient),
        }
    }

    /// What the control plane answered to a report.
    pub(crate) fn answered(&mut self, sent: &VmReport, answer: &Result<()>) {
        self.told = None;
        if answer.is_err() {
            return;
        }
        self.told = Some(sent.seen);
        if !sent.made.is_empty() {
            self.progress.volumes_recorded = true;
        }
        if sent
            .task
            .as_ref()
            .is_some_and(|t| !matches!(t.outcome, Outcome::Progress { .. }))
        {
            self.settled = self.assignment.as_ref().and_then(|a| a.operation.clone());
        }
    }

    fn trouble(&mut self, e: &Error, hypervisor: &Hypervisor, patient: bool) {
        self.next = None;
        let gone = e.reason() == Reason::NotFound && e.get("kind") == Some("vm");
        let passes = e.kind() == ErrorKind::Unavailable || e.reason() == Reason::StaleEpoch || gone;
        let Some(a) = self.assignment.clone() else { return };
        let Some(op) = a.operation.clone().filter(|_| !(passes && patient)) else {
            return;
        };
        let (op, error) = self.given_up.get_or_insert((op, TaskError::from(e))).clone();
        if let Ok(instance) = hypervisor.inspect() {
            self.looked = Some(instance.map_or(Seen::Absent, |i| Seen::Defined {
                state: i.state,
                last_run: i.last_run,
                accel: i.accel,
            }));
        }
        let failed = TaskReport {
            task: op.task,
            outcome: Outcome::Failed(error),
        };
        self.next = self
            .looked
            .map(|seen| Next::Report(report(&a, seen, Some(failed))));
    }
}

fn report(a: &Assignment, seen: Seen, task: Option<TaskReport>) -> VmReport {
    VmReport {
        vm: a.vm,
        epoch: a.epoch,
        seen,
        task,
        made: Vec::new(),
    }
}
