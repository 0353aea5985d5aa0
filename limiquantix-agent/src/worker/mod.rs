//! One VM: look, ask core what to do, do it, look again, report.

mod act;

use std::sync::Arc;
use std::time::Duration;

use limiquantix_core::contract::{Instance, Machine};
use limiquantix_core::identity::VolumeId;
use limiquantix_core::reconcile::{Assignment, Progress, Step, next_step};
use limiquantix_core::resource::{Accel, Operation, OperationKind, TaskError};
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
    let present = assignment.borrow_and_update().clone();
    let mut worker = Worker {
        backoff: Backoff::new(present.vm.uuid().as_u64_pair().1),
        progress: Progress::default(),
        looked: None,
        told: None,
        trouble_since: None,
        settled: None,
        given_up: None,
        repeated: (Step::Rest, 0),
        session: 0,
        present,
        news: assignment,
        shared,
    };
    while !worker.shared.stop.is_cancelled() {
        worker.take_news();
        let pause = match worker.turn().await {
            Ok(pause) => pause,
            Err(Trouble::Uplink(e)) => worker.uplink_trouble(&e),
            Err(Trouble::Node(e)) => worker.node_trouble(&e).await,
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
            changed = worker.news.changed() => if changed.is_err() { return },
            () = worker.shared.wake.notified() => {}
            // Connected anew: what was told before may have been lost.
            changed = worker.shared.session.changed() => if changed.is_err() { return },
        }
    }
}

struct Worker {
    shared: Shared,
    /// Brings a new assignment.
    news: watch::Receiver<Assignment>,
    /// The assignment that is worked on.
    present: Assignment,
    backoff: Backoff,
    progress: Progress,
    /// What was seen when the hypervisor last answered.
    looked: Option<Seen>,
    /// What was last reported, if the control plane still goes by it.
    told: Option<Seen>,
    /// Since when the hypervisor has been failing.
    trouble_since: Option<Monotonic>,
    /// The operation whose end was reported: the assignment without it is on its way.
    settled: Option<Operation>,
    /// The operation that cannot be done, and why. Kept until the control plane knows: it may know already,
    /// its answer lost, and then nobody expects the guest to start after all.
    given_up: Option<(Operation, TaskError)>,
    /// The last effect, and how often it was brought about in a row.
    repeated: (Step, u32),
    /// The number of the connection that `told` and `settled` are about.
    session: u64,
}

/// What to wait for before the next look.
enum Pause {
    None,
    For(Duration),
    UntilNews,
}

/// Why a turn came to nothing.
enum Trouble {
    /// The hypervisor or the storage failed: the operation may have to end.
    Node(Error),
    /// The control plane could not be told, which says nothing about the operation.
    Uplink(Error),
}

impl Worker {
    /// Takes over a new assignment or connection, and forgets what rested on the old one.
    fn take_news(&mut self) {
        let present = self.news.borrow_and_update().clone();
        if present != self.present {
            // The control plane has changed its mind by itself, and what it shows with it.
            self.told = None;
            self.repeated.1 = 0;
            if present.operation != self.present.operation {
                self.given_up = None;
            }
            self.present = present;
        }
        let session = self
            .shared
            .session
            .borrow_and_update()
            .as_ref()
            .map_or(0, |s| s.number);
        if session != self.session {
            self.told = None;
            self.settled = None;
            self.session = session;
        }
        self.progress.align(self.present.operation.as_ref());
    }

    /// One look and one step.
    async fn turn(&mut self) -> Result<Pause, Trouble> {
        let machine = self.machine(&self.present).map_err(Trouble::Node)?;
        let instance = self.look().await.map_err(Trouble::Node)?;
        let now = self.shared.parts.clock.monotonic();
        let step = next_step(
            &self.present,
            instance.as_ref(),
            &machine.digest(),
            &self.progress,
            now,
        );
        let under_way = self.present.operation.as_ref();
        if under_way.is_some() && under_way == self.settled.as_ref() {
            return Ok(Pause::UntilNews);
        }
        let seen = seen(instance.as_ref());
        if self.has_given_up() {
            return self.tell_failure(seen).await.map_err(Trouble::Uplink);
        }
        match step {
            Step::Rest => {
                self.tell_if_news(seen).await.map_err(Trouble::Uplink)?;
                self.calm();
                Ok(Pause::UntilNews)
            }
            Step::Wait(time) => {
                self.tell_if_news(seen).await.map_err(Trouble::Uplink)?;
                self.calm();
                Ok(Pause::For(time))
            }
            Step::RecordVolumes(task) => {
                let made = self.present.unmade.iter().copied().collect();
                let (phase, percent) = Step::EnsureVolumes.progress().unwrap_or_default();
                let outcome = Outcome::Progress {
                    phase: phase.to_owned(),
                    percent,
                };
                self.tell(seen, Some(TaskReport { task, outcome }), made)
                    .await
                    .map_err(Trouble::Uplink)?;
                self.progress.volumes_recorded = true;
                Ok(Pause::None)
            }
            Step::Report(task, outcome) => {
                info!(vm = %self.present.vm, name = %self.present.name, %task, outcome = outcome_word(&outcome), "operation ended");
                let told = TaskReport { task, outcome };
                self.tell(seen, Some(told), Vec::new())
                    .await
                    .map_err(Trouble::Uplink)?;
                self.settled = self.present.operation.clone();
                self.calm();
                Ok(Pause::UntilNews)
            }
            effect => self.bring_about(effect, &machine, seen).await,
        }
    }

    async fn bring_about(&mut self, effect: Step, machine: &Machine, seen: Seen) -> Result<Pause, Trouble> {
        let turns = Arc::clone(&self.shared.turns);
        let turn = async {
            match waits_for_its_turn(&effect) {
                true => turns.acquire().await.ok(),
                false => None,
            }
        };
        let _turn = tokio::select! {
            // What was to be done may not be wanted any more: then there is no need to wait for it.
            biased;
            _ = self.news.changed() => return Ok(Pause::None),
            () = self.shared.stop.cancelled() => return Ok(Pause::UntilNews),
            turn = turn => turn,
        };
        self.refuse_to_run_in_circles(&effect).map_err(Trouble::Node)?;
        debug!(vm = %self.present.vm, name = %self.present.name, step = ?effect, "step");
        let progress = self.tell_progress(seen, &effect);
        let act = act::carry_out(&self.shared.parts, &self.present, machine, &effect);
        // Telling and doing go on side by side: nobody has to wait for the bookkeeping.
        let (told, done) = tokio::join!(progress, act);
        done.map_err(Trouble::Node)?;
        self.note(&effect);
        self.trouble_since = None;
        // Progress that did not get through is no reason to stop; the next report will.
        if let Err(e) = told {
            debug!(vm = %self.present.vm, error = %e, "progress was not reported");
        }
        Ok(Pause::None)
    }

    /// A hypervisor that says "done" and shows that it is not must not keep a core busy for ever.
    fn refuse_to_run_in_circles(&mut self, effect: &Step) -> Result<()> {
        // More than somebody at the node can undo by accident while an operation is under way.
        const REPEATS: u32 = 5;
        if self.repeated.0 != *effect {
            self.repeated = (effect.clone(), 0);
        }
        self.repeated.1 += 1;
        if self.repeated.1 <= REPEATS {
            return Ok(());
        }
        self.repeated.1 = 0;
        let what = effect.progress().map_or("a step", |(what, _)| what);
        Err(Error::new(
            Reason::HypervisorFailed,
            format!("{what} has succeeded {REPEATS} times, and nothing has changed"),
        ))
    }

    async fn look(&mut self) -> Result<Option<Instance>> {
        let instance = self.shared.parts.hypervisor.inspect(self.present.vm).await?;
        self.looked = Some(seen(instance.as_ref()));
        Ok(instance)
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
            Step::TakeSnapshot { .. } | Step::Revert { .. } | Step::RemoveSnapshot(_) => {
                self.progress.snapshot_done = true;
            }
            _ => {}
        }
    }

    fn calm(&mut self) {
        self.trouble_since = None;
        self.backoff.reset();
    }

    /// The control plane could not be told. Whatever it is, it can only be tried again.
    fn uplink_trouble(&mut self, e: &Error) -> Pause {
        debug!(vm = %self.present.vm, error = %e, reason = e.reason().code(), "not reported");
        if e.reason() == Reason::NodeSuperseded {
            // Until the agent has registered again.
            return Pause::UntilNews;
        }
        Pause::For(self.backoff.next())
    }

    /// A step failed: decides whether to try again, or to tell that it cannot be done.
    async fn node_trouble(&mut self, e: &Error) -> Pause {
        let a = &self.present;
        warn!(vm = %a.vm, name = %a.name, error = %e, reason = e.reason().code(), cause = ?std::error::Error::source(e), "step failed");
        let now = self.shared.parts.clock.monotonic();
        let since = *self.trouble_since.get_or_insert(now);
        let try_again = passes(e) && now.since(since) < PATIENCE;
        let Some(op) = a.operation.clone().filter(|_| !try_again) else {
            return Pause::For(self.backoff.next());
        };
        self.given_up.get_or_insert((op, TaskError::from(e)));
        // A hypervisor that is away cannot be asked: then what it last showed has to do.
        if let Err(e) = self.look().await {
            debug!(vm = %self.present.vm, error = %e, "reporting what was last seen");
        }
        let Some(seen) = self.looked.or_else(|| self.never_made()) else {
            return Pause::For(self.backoff.next());
        };
        match self.tell_failure(seen).await {
            Ok(pause) => pause,
            Err(e) => self.uplink_trouble(&e),
        }
    }

    /// What to say of a VM that is being created on a hypervisor that has never answered: nobody can wait for
    /// ever, and should there be a machine after all, the next look tells.
    fn never_made(&self) -> Option<Seen> {
        let op = self.present.operation.as_ref()?;
        (op.kind == OperationKind::Create).then_some(Seen::Absent)
    }

    fn has_given_up(&self) -> bool {
        let op = self.present.operation.as_ref();
        op.is_some() && op == self.given_up.as_ref().map(|(op, _)| op)
    }

    async fn tell_failure(&mut self, seen: Seen) -> Result<Pause> {
        let Some((op, error)) = self.given_up.clone() else {
            return Ok(Pause::None);
        };
        let outcome = Outcome::Failed(error);
        self.tell(
            seen,
            Some(TaskReport {
                task: op.task,
                outcome,
            }),
            Vec::new(),
        )
        .await?;
        self.settled = Some(op);
        self.calm();
        Ok(Pause::UntilNews)
    }

    async fn tell_if_news(&mut self, seen: Seen) -> Result<()> {
        if self.told == Some(seen) && !self.present.unseen {
            return Ok(());
        }
        self.tell(seen, None, Vec::new()).await
    }

    async fn tell(&mut self, seen: Seen, task: Option<TaskReport>, made: Vec<VolumeId>) -> Result<()> {
        // From here on it is not known what the control plane goes by, until it says so.
        self.told = None;
        let session = self.shared.session.borrow().clone();
        let session = session.ok_or_else(|| {
            Error::new(
                Reason::ServerUnavailable,
                "not connected to the control plane yet",
            )
        })?;
        let report = VmReport {
            vm: self.present.vm,
            epoch: self.present.epoch,
            seen,
            task,
            made,
        };
        let uplink = &self.shared.parts.uplink;
        uplink.report(session.node, &session.boot_id, &report).await?;
        // On another connection than it was taken up with, it is told once more.
        self.told = (session.number == self.session).then_some(seen);
        Ok(())
    }

    /// Tells how far the operation is, if there is one and the step is worth a word.
    fn tell_progress(&self, seen: Seen, step: &Step) -> impl Future<Output = Result<()>> + use<> {
        let a = &self.present;
        let told = a
            .operation
            .as_ref()
            .zip(step.progress())
            .map(|(op, (phase, percent))| VmReport {
                vm: a.vm,
                epoch: a.epoch,
                seen,
                task: Some(TaskReport {
                    task: op.task,
                    outcome: Outcome::Progress {
                        phase: phase.to_owned(),
                        percent,
                    },
                }),
                made: Vec::new(),
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

/// What costs disk and memory bandwidth. Everything else is quick, and somebody may be waiting to pull a plug.
fn waits_for_its_turn(effect: &Step) -> bool {
    matches!(
        effect,
        Step::EnsureVolumes | Step::Define | Step::Run(_) | Step::TakeSnapshot { .. } | Step::Revert { .. }
    )
}

/// Whether a failure may pass: the hypervisor is away, or it has seen a newer permission than this one, whose
/// assignment is on its way, or somebody removed the machine while it was worked on.
fn passes(e: &Error) -> bool {
    e.kind() == ErrorKind::Unavailable
        || e.reason() == Reason::StaleEpoch
        || (e.reason() == Reason::NotFound && e.get("kind") == Some("vm"))
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
