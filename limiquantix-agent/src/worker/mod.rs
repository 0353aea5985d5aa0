//! One VM: look, ask core what to do, do it, look again, report.

mod act;

use std::sync::Arc;
use std::time::Duration;

use limiquantix_core::contract::{Instance, Machine};
use limiquantix_core::identity::TaskId;
use limiquantix_core::reconcile::{Assignment, Progress, Step, next_step};
use limiquantix_core::resource::{Accel, TaskError};
use limiquantix_core::settle::{Outcome, Seen, TaskReport, VmReport};
use limiquantix_core::time::Monotonic;
use limiquantix_core::{Error, ErrorKind, Reason, Result};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::agent::Parts;
use crate::backoff::Backoff;
use crate::supervisor::Session;

/// How long an operation may be held up by a hypervisor that cannot be reached before its task fails. Longer
/// than a restart of libvirt takes, short enough that somebody waiting is told.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a worker is given.
pub(crate) struct Shared {
    pub(crate) parts: Arc<Parts>,
    pub(crate) accel: Accel,
    pub(crate) turns: Arc<Semaphore>,
    pub(crate) session: watch::Receiver<Option<Session>>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) stop: CancellationToken,
}

/// Keeps one VM in step with its assignment until it is withdrawn.
pub(crate) async fn run(shared: Shared, mut assignment: watch::Receiver<Assignment>) {
    let vm = assignment.borrow().vm;
    let mut worker = Worker {
        backoff: Backoff::new(vm.uuid().as_u64_pair().1),
        progress: Progress::default(),
        told: None,
        trouble_since: None,
        settled: None,
        shared,
    };
    loop {
        let present = assignment.borrow_and_update().clone();
        worker.shared.session.mark_unchanged();
        worker.progress.align(present.operation.as_ref());
        let pause = match worker.turn(&present).await {
            Ok(pause) => pause,
            Err(e) => worker.trouble(&present, &e).await,
        };
        let waited = async {
            match pause {
                Pause::None => {}
                Pause::For(time) => tokio::time::sleep(time).await,
                Pause::UntilNews => std::future::pending().await,
            }
        };
        tokio::select! {
            () = worker.shared.stop.cancelled() => return,
            () = waited => {}
            // An error in here means that the supervisor is gone, and with it the agent.
            changed = assignment.changed() => if changed.is_err() { return },
            () = worker.shared.wake.notified() => {}
            // Connected anew: what was told before may have been lost.
            changed = worker.shared.session.changed() => if changed.is_err() { return },
        }
    }
}

struct Worker {
    shared: Shared,
    backoff: Backoff,
    progress: Progress,
    /// What was last reported, and on which connection.
    told: Option<(u64, Seen)>,
    /// Since when the hypervisor has been failing.
    trouble_since: Option<Monotonic>,
    /// The operation whose end was reported: the assignment without it is on its way.
    settled: Option<TaskId>,
}

/// What to wait for before the next look.
enum Pause {
    None,
    For(Duration),
    UntilNews,
}

impl Worker {
    /// One look and one step.
    async fn turn(&mut self, assignment: &Assignment) -> Result<Pause> {
        let machine = self.machine(assignment)?;
        let instance = self.shared.parts.hypervisor.inspect(assignment.vm).await?;
        let now = self.shared.parts.clock.monotonic();
        let step = next_step(
            assignment,
            instance.as_ref(),
            &machine.digest(),
            &self.progress,
            now,
        );
        let under_way = assignment.operation.as_ref().map(|op| op.task);
        if under_way.is_some() && under_way == self.settled {
            return Ok(Pause::UntilNews);
        }
        match step {
            Step::Rest => {
                self.tell_if_news(assignment, instance.as_ref()).await?;
                self.calm();
                Ok(Pause::UntilNews)
            }
            Step::Wait(time) => {
                self.tell_if_news(assignment, instance.as_ref()).await?;
                Ok(Pause::For(time))
            }
            Step::Report(task, outcome) => {
                info!(vm = %assignment.vm, name = %assignment.name, %task, outcome = outcome_word(&outcome), "operation ended");
                self.tell(assignment, instance.as_ref(), Some(TaskReport { task, outcome }))
                    .await?;
                self.settled = Some(task);
                self.calm();
                Ok(Pause::UntilNews)
            }
            effect => {
                let turns = Arc::clone(&self.shared.turns);
                let _turn = turns.acquire().await;
                debug!(vm = %assignment.vm, name = %assignment.name, step = ?effect, "step");
                let progress = self.tell_progress(assignment, instance.as_ref(), &effect);
                let act = act::carry_out(&self.shared.parts, assignment, &machine, &effect);
                // Telling and doing go on side by side: nobody has to wait for the bookkeeping.
                let (told, done) = tokio::join!(progress, act);
                done?;
                self.note(&effect);
                self.trouble_since = None;
                // Progress that did not get through is no reason to stop; the next report will.
                if let Err(e) = told {
                    debug!(vm = %assignment.vm, error = %e, "progress was not reported");
                }
                Ok(Pause::None)
            }
        }
    }

    fn machine(&self, a: &Assignment) -> Result<Machine> {
        let (name, project) = (a.name.clone(), a.project.clone());
        Machine::resolve(
            a.vm,
            name,
            project,
            a.epoch,
            &a.spec,
            &a.volumes,
            &a.macs,
            self.shared.accel,
        )
    }

    /// Remembers what was done for the operation under way.
    fn note(&mut self, effect: &Step) {
        match effect {
            Step::EnsureVolumes => self.progress.volumes_ready = true,
            Step::RemoveVolumes => self.progress.volumes_removed = true,
            Step::AskToStop => self.progress.stop_asked = Some(self.shared.parts.clock.monotonic()),
            Step::Reboot { .. } => self.progress.rebooted = true,
            _ => {}
        }
    }

    fn calm(&mut self) {
        self.trouble_since = None;
        self.backoff.reset();
    }

    /// Something failed: decides whether to try again, or to tell that it cannot be done.
    async fn trouble(&mut self, assignment: &Assignment, e: &Error) -> Pause {
        match e.kind() {
            // The assignment that this rests on is outdated: a newer one is on its way.
            ErrorKind::Conflict | ErrorKind::NotFound if is_ours(e) => {
                return Pause::For(self.backoff.next());
            }
            ErrorKind::FailedPrecondition if e.reason() == Reason::NodeSuperseded => return Pause::UntilNews,
            _ => {}
        }
        if e.reason() == Reason::ServerUnavailable {
            // Said once, by the agent, for all VMs.
            return Pause::For(self.backoff.next());
        }
        warn!(vm = %assignment.vm, name = %assignment.name, error = %e, reason = e.reason().code(), cause = ?std::error::Error::source(e), "step failed");
        let now = self.shared.parts.clock.monotonic();
        let since = *self.trouble_since.get_or_insert(now);
        let try_again = e.kind() == ErrorKind::Unavailable && now.since(since) < PATIENCE;
        let Some(op) = assignment.operation.as_ref().filter(|_| !try_again) else {
            return Pause::For(self.backoff.next());
        };
        let outcome = Outcome::Failed(TaskError::from(e));
        let report = Some(TaskReport {
            task: op.task,
            outcome,
        });
        match self.look_and_tell(assignment, report).await {
            Ok(()) => {
                self.settled = Some(op.task);
                self.calm();
                Pause::UntilNews
            }
            Err(_) => Pause::For(self.backoff.next()),
        }
    }

    async fn look_and_tell(&mut self, assignment: &Assignment, report: Option<TaskReport>) -> Result<()> {
        let instance = self.shared.parts.hypervisor.inspect(assignment.vm).await?;
        self.tell(assignment, instance.as_ref(), report).await
    }

    async fn tell_if_news(&mut self, assignment: &Assignment, instance: Option<&Instance>) -> Result<()> {
        let number = self.shared.session.borrow().as_ref().map_or(0, |s| s.number);
        let known = self.told == Some((number, seen(instance))) && !assignment.unseen;
        if known {
            Ok(())
        } else {
            self.tell(assignment, instance, None).await
        }
    }

    async fn tell(
        &mut self,
        a: &Assignment,
        instance: Option<&Instance>,
        task: Option<TaskReport>,
    ) -> Result<()> {
        let Some(session) = self.shared.session.borrow().clone() else {
            return Err(Error::new(
                Reason::ServerUnavailable,
                "not connected to the control plane yet",
            ));
        };
        let seen = seen(instance);
        let report = VmReport {
            vm: a.vm,
            epoch: a.epoch,
            seen,
            task,
        };
        self.shared
            .parts
            .uplink
            .report(session.node, &session.boot_id, &report)
            .await?;
        self.told = Some((session.number, seen));
        Ok(())
    }

    /// Tells how far the operation is, if there is one and the step is worth a word.
    fn tell_progress(
        &self,
        a: &Assignment,
        instance: Option<&Instance>,
        step: &Step,
    ) -> impl Future<Output = Result<()>> + use<> {
        let told = a
            .operation
            .as_ref()
            .zip(step.progress())
            .map(|(op, (phase, percent))| VmReport {
                vm: a.vm,
                epoch: a.epoch,
                seen: seen(instance),
                task: Some(TaskReport {
                    task: op.task,
                    outcome: Outcome::Progress {
                        phase: phase.to_owned(),
                        percent,
                    },
                }),
            });
        let session = self.shared.session.borrow().clone();
        let uplink = Arc::clone(&self.shared.parts.uplink);
        async move {
            match (session, told) {
                (Some(session), Some(report)) => uplink.report(session.node, &session.boot_id, &report).await,
                _ => Ok(()),
            }
        }
    }
}

/// Errors that say something about the assignment rather than about the hypervisor.
fn is_ours(e: &Error) -> bool {
    e.reason() == Reason::StaleEpoch || e.reason() == Reason::VersionMismatch || e.get("kind") == Some("vm")
}

fn seen(instance: Option<&Instance>) -> Seen {
    instance.map_or(Seen::Absent, |i| Seen::Defined {
        state: i.state,
        last_run: i.last_run,
        accel: i.accel,
    })
}

fn outcome_word(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Progress { .. } => "progress",
        Outcome::Done => "done",
        Outcome::Failed(e) => &e.reason,
    }
}
