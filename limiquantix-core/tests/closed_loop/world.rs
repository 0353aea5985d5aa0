//! Everything together: what can happen, and what must hold whatever happens.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::time::Duration;

use limiquantix_core::contract::InstanceState;
use limiquantix_core::identity::{SnapshotId, TaskId};
use limiquantix_core::lifecycle::{Verb, lose_sight};
use limiquantix_core::reconcile::{Assignment, Step};
use limiquantix_core::resource::{OperationKind, PowerState, StopCause, TaskState, VmPhase};
use limiquantix_core::settle::{Outcome, Seen, VmReport};
use limiquantix_core::time::{Monotonic, Timestamp};
use limiquantix_core::{Error, Reason};

use crate::agent::{Agent, Next};
use crate::control::Control;
use crate::hypervisor::{Fault, Hypervisor};

#[derive(Debug)]
pub(crate) struct World {
    control: Control,
    agent: Agent,
    hypervisor: Hypervisor,
    /// Assignments on their way to the agent, in order.
    orders: VecDeque<Option<Assignment>>,
    /// The last assignment put on its way.
    ordered: Option<Assignment>,
    /// A report of an agent that died while it was sending: it arrives before any other.
    in_flight: Option<VmReport>,
    now: Duration,
    /// Since the user's last word was "off" and that was done, or the guest was seen to have ended: nobody
    /// but the user, and people at the node, may start it.
    must_stay_off: bool,
    pub(crate) trace: Vec<String>,
    pub(crate) totals: Totals,
}

/// How often each thing happened.
#[derive(Debug, Default)]
pub(crate) struct Totals(BTreeMap<&'static str, u32>);

impl Totals {
    fn count(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (what, n) in &other.0 {
            *self.0.entry(what).or_default() += n;
        }
    }

    pub(crate) fn assert_all_happened(&self) {
        for what in [
            "started by the agent",
            "verb admitted",
            "verb refused",
            "superseded",
            "suspended",
            "resumed",
            "snapshot taken",
            "reverted",
            "cancelled",
            "task succeeded",
            "task failed",
            "task cancelled",
            "deleted",
            "report lost",
            "answer lost",
            "late report",
            "stale report",
            "agent died",
            "agent died in a report",
            "started outside",
            "undefined outside",
            "guest ended",
            "pool unmounted",
            "verb failed",
            "lost from sight",
        ] {
            assert!(
                self.0.get(what).is_some_and(|n| *n >= 50),
                "{what:?} hardly ever happened: the simulation is not worth much: {self:?}"
            );
        }
    }
}

/// The one snapshot that there may be.
const SNAPSHOT: SnapshotId = SnapshotId::from_uuid(uuid::Uuid::from_u128(0x5000));

/// Whether the operation is asked for so that the guest runs.
fn is_start(kind: OperationKind) -> bool {
    matches!(
        kind,
        OperationKind::Start | OperationKind::RevertSnapshot { memory: true, .. }
    )
}

type Check = Result<(), String>;

impl World {
    pub(crate) fn new() -> Self {
        let control = Control::new(Timestamp(0));
        let id = control.vm.as_ref().unwrap().id;
        let mut world = Self {
            control,
            agent: Agent::default(),
            hypervisor: Hypervisor::new(id),
            orders: VecDeque::new(),
            ordered: None,
            in_flight: None,
            now: Duration::ZERO,
            must_stay_off: false,
            trace: Vec::new(),
            totals: Totals::default(),
        };
        world.publish();
        world
    }

    fn wall(&self) -> Timestamp {
        Timestamp(i64::try_from(self.now.as_micros()).unwrap())
    }

    fn clock(&self) -> Monotonic {
        Monotonic(self.now)
    }

    /// One thing happens, chosen by `roll`.
    pub(crate) fn happen(&mut self, roll: u64) -> Check {
        self.now += Duration::from_millis(roll >> 40 & 0x3ff);
        // The choice, and what else there is to choose.
        let (choice, extra) = (roll % 100, roll >> 8);
        self.trace.push(String::new());
        let at = self.trace.len() - 1;
        let what = match choice {
            0..=13 => self.user(extra)?,
            14..=33 => self.deliver_one(),
            34..=57 => self.agent_looks(extra),
            58..=79 => self.agent_acts(extra)?,
            80..=82 => self.agent_dies(extra)?,
            83 => {
                let present = self.control.assignment();
                self.agent.reconnect(present);
                self.orders.clear();
                "reconnected".to_owned()
            }
            84..=93 => self.meddle(extra),
            94..=95 => {
                let fault = [Fault::Away, Fault::Refused, Fault::Midway, Fault::After][(extra % 4) as usize];
                self.hypervisor.fault = Some(fault);
                format!("the next verb will meet {fault:?}")
            }
            96 => {
                self.hypervisor.reachable = !self.hypervisor.reachable;
                format!("hypervisor reachable: {}", self.hypervisor.reachable)
            }
            97 => {
                self.now += Duration::from_secs(60);
                "a minute passes".to_owned()
            }
            _ => self.lose_sight(),
        };
        self.trace[at] = format!("{what:60} | {}", self.shown());
        self.watch()
    }

    fn shown(&self) -> String {
        let machine = format!("{:?}", self.hypervisor.state());
        match &self.control.vm {
            None => format!("gone, machine {machine}"),
            Some(vm) => format!(
                "{} {:?}#{} e{} op {:?}, machine {machine}",
                vm.status.phase,
                vm.power.state,
                vm.power.generation,
                vm.placement.map_or(0, |p| p.epoch),
                vm.operation.as_ref().map(|o| o.kind)
            ),
        }
    }

    /// The control plane's log: the agent will be told what changed.
    fn publish(&mut self) {
        let present = self.control.assignment();
        if present != self.ordered {
            self.ordered.clone_from(&present);
            self.orders.push_back(present);
        }
    }

    fn user(&mut self, extra: u64) -> Result<String, String> {
        let now = self.wall();
        if extra.is_multiple_of(8) {
            let outcome = self.control.cancel(now);
            if let Some(Ok(())) = outcome {
                self.totals.count("cancelled");
                self.publish();
            }
            return Ok(format!(
                "user cancels: {:?}",
                outcome.map(|r| r.map_err(|e| e.reason()))
            ));
        }
        let grace = if extra >> 8 & 1 == 0 { 30 } else { 0 };
        let grace = Duration::from_secs(grace);
        let (verb, kind) = match extra % 11 {
            0 | 1 => (Verb::Start, OperationKind::Start),
            2 | 3 => (
                Verb::Stop {
                    force: grace.is_zero(),
                },
                OperationKind::Stop { grace },
            ),
            4 => (Verb::Reboot, OperationKind::Reboot { force: false }),
            5 => (Verb::Update, OperationKind::Update),
            6 => (Verb::Suspend, OperationKind::Suspend),
            7 => (Verb::Resume, OperationKind::Resume),
            8 => {
                let snapshot = SNAPSHOT;
                let memory = self
                    .control
                    .vm
                    .as_ref()
                    .is_some_and(|vm| vm.status.phase != VmPhase::Stopped);
                (Verb::Snapshot, OperationKind::CreateSnapshot { snapshot, memory })
            }
            9 => {
                let (snapshot, memory) = (SNAPSHOT, extra >> 12 & 1 == 0);
                (
                    Verb::Revert { memory },
                    OperationKind::RevertSnapshot { snapshot, memory },
                )
            }
            // Rarely, so that there is something left to play with.
            _ if extra >> 9 & 3 == 0 => (
                Verb::Delete {
                    force: extra >> 11 & 1 == 0,
                },
                OperationKind::Delete,
            ),
            _ => (Verb::Start, OperationKind::Start),
        };
        let supersedes = self.control.vm.as_ref().is_some_and(|vm| vm.operation.is_some());
        match self.control.verb(verb, kind, now) {
            Ok(_) => {
                self.totals.count("verb admitted");
                if supersedes {
                    self.totals.count("superseded");
                }
                if is_start(kind) {
                    self.must_stay_off = false;
                }
                self.publish();
                Ok(format!("user: {verb:?}"))
            }
            Err(e) if e.reason() == Reason::Internal => Err(format!("{verb:?} answers INTERNAL: {e}")),
            Err(e) => {
                self.totals.count("verb refused");
                Ok(format!("user: {verb:?} is refused: {}", e.reason().code()))
            }
        }
    }

    fn deliver_one(&mut self) -> String {
        match self.orders.pop_front() {
            None => "nothing to deliver".to_owned(),
            Some(order) => {
                let what = format!("agent is told: {:?}", order.as_ref().map(|a| &a.operation));
                self.agent.mail = Some(order);
                what
            }
        }
    }

    fn agent_looks(&mut self, extra: u64) -> String {
        if self.agent.next.is_none() {
            let patient = !extra.is_multiple_of(4);
            self.agent.look(&self.hypervisor, self.clock(), patient);
        }
        format!("agent looks: {:?}", self.agent.next)
    }

    fn agent_acts(&mut self, extra: u64) -> Result<String, String> {
        let fate = extra % 8;
        match self.agent.next.take() {
            None | Some(Next::Rest | Next::Wait(_)) => Ok("agent has nothing to do".to_owned()),
            Some(Next::Report(report)) => self.send(&report, fate),
            Some(Next::Effect(step)) => {
                // With a new assignment the worker asks anew, unless it came a moment too late.
                if fate != 7 && self.agent.mail.is_some() {
                    return Ok(format!("agent drops {step:?}"));
                }
                let mut what = String::new();
                if let Some(progress) = self.agent.progress_of(&step) {
                    what = self.deliver(&progress, fate)?.0;
                }
                self.effect(&step, extra)?;
                Ok(format!("agent does {step:?}; {what}"))
            }
        }
    }

    fn effect(&mut self, step: &Step, extra: u64) -> Check {
        let starts = self.hypervisor.starts;
        let last_run = self.hypervisor.machine.as_ref().and_then(|m| m.last_run);
        let had_fault = self.hypervisor.fault.is_some();
        let patient = !(extra >> 4).is_multiple_of(4);
        let now = self.clock();
        self.agent.act(step, &mut self.hypervisor, now, patient);
        if had_fault && self.hypervisor.fault.is_none() {
            self.totals.count("verb failed");
        }
        if self.hypervisor.starts == starts {
            return Ok(());
        }
        self.totals.count("started by the agent");
        let a = self
            .agent
            .assignment
            .as_ref()
            .ok_or("started without an assignment")?;
        let kind = a.operation.as_ref().map(|op| op.kind);
        if !kind.is_some_and(|kind| kind == OperationKind::Create || is_start(kind)) {
            return Err(format!("I8: a guest was started in the name of {kind:?}"));
        }
        if a.power.state != PowerState::On {
            return Err("I8: a guest was started that was meant to be off".to_owned());
        }
        let marked = last_run == Some(a.run_mark());
        if marked && matches!(step, Step::Run(_) | Step::Revert { .. }) {
            return Err("a guest was started twice for one decision".to_owned());
        }
        if self.must_stay_off {
            return Err("I8: a guest was started after its stop was done or its end was seen".to_owned());
        }
        Ok(())
    }

    /// Sends a report of the agent and lets it hear the answer, as far as either gets through.
    fn send(&mut self, report: &VmReport, fate: u64) -> Result<String, String> {
        let (what, answer) = self.deliver(report, fate)?;
        self.agent.answered(report, &answer);
        Ok(format!("agent reports {report:?}: {what}"))
    }

    fn deliver(
        &mut self,
        report: &VmReport,
        fate: u64,
    ) -> Result<(String, limiquantix_core::Result<()>), String> {
        let lost = || Err(Error::new(Reason::ServerUnavailable, "lost"));
        if fate == 0 {
            self.totals.count("report lost");
            return Ok(("lost".to_owned(), lost()));
        }
        self.arrive()?;
        let answer = self.apply(report, false)?;
        if fate == 1 {
            self.totals.count("answer lost");
            return Ok((format!("{answer:?}, but the answer is lost"), lost()));
        }
        Ok((format!("{:?}", answer.as_ref().map_err(|e| e.reason())), answer))
    }

    /// What a dead agent had sent arrives.
    fn arrive(&mut self) -> Check {
        match self.in_flight.take() {
            None => Ok(()),
            Some(report) => {
                self.totals.count("late report");
                self.apply(&report, true).map(drop)
            }
        }
    }

    fn apply(&mut self, report: &VmReport, late: bool) -> Result<limiquantix_core::Result<()>, String> {
        let before: BTreeMap<TaskId, TaskState> =
            self.control.tasks.iter().map(|(id, t)| (*id, t.state)).collect();
        let op = self.control.vm.as_ref().and_then(|vm| vm.operation.clone());
        let now = self.wall();
        let answer = self.control.report(report, now)?;
        if answer.as_ref().is_err_and(|e| e.reason() == Reason::StaleEpoch) {
            self.totals.count("stale report");
        }
        for (id, task) in &self.control.tasks {
            if before.get(id) == Some(&task.state) || !task.state.is_terminal() {
                continue;
            }
            self.totals.count(match task.state {
                TaskState::Succeeded => "task succeeded",
                TaskState::Failed => "task failed",
                _ => "task cancelled",
            });
            let done = matches!(&report.task, Some(t) if t.outcome == Outcome::Done);
            let kind = op.as_ref().map(|op| op.kind);
            match kind {
                Some(OperationKind::Suspend) if done => self.totals.count("suspended"),
                Some(OperationKind::Resume) if done => self.totals.count("resumed"),
                Some(OperationKind::CreateSnapshot { .. }) if done => self.totals.count("snapshot taken"),
                Some(OperationKind::RevertSnapshot { .. }) if done => self.totals.count("reverted"),
                _ => {}
            }
            if done && matches!(kind, Some(OperationKind::Stop { .. } | OperationKind::Delete)) {
                self.must_stay_off = true;
            }
        }
        // The control plane has seen that it is off, and the agent that says so is not at it any more. A dead
        // agent may say that a start has failed while its successor is at it already.
        let off = matches!(
            report.seen,
            Seen::Absent
                | Seen::Defined {
                    state: InstanceState::Off(_),
                    ..
                }
        );
        let idle = self.control.vm.as_ref().is_none_or(|vm| vm.operation.is_none());
        let ended = match &report.task {
            None => true,
            Some(told) => !late && !matches!(told.outcome, Outcome::Progress { .. }),
        };
        if answer.is_ok() && off && idle && ended {
            self.must_stay_off = true;
        }
        if self.control.vm.is_none() {
            self.totals.count("deleted");
            if self.hypervisor.machine.is_some() || self.hypervisor.volume {
                return Err("the record is gone, and a machine or a volume is left".to_owned());
            }
        }
        self.publish();
        Ok(answer)
    }

    fn agent_dies(&mut self, extra: u64) -> Result<String, String> {
        self.totals.count("agent died");
        let mut what = "agent dies".to_owned();
        if let Some(Next::Report(report)) = self.agent.next.take()
            && extra.is_multiple_of(2)
        {
            self.totals.count("agent died in a report");
            self.arrive()?;
            what = format!("agent dies while it sends {report:?}");
            self.in_flight = Some(report);
        }
        self.agent = Agent::default();
        self.orders.clear();
        self.agent.reconnect(self.control.assignment());
        Ok(what)
    }

    fn meddle(&mut self, extra: u64) -> String {
        let running = |s| s == InstanceState::Running;
        let paused = |s| s == InstanceState::Paused;
        let off = |s| matches!(s, InstanceState::Off(_));
        let h = &mut self.hypervisor;
        let asked = h.machine.as_ref().is_some_and(|m| m.asked);
        let (what, happened) = match extra % 9 {
            0 => (
                "guest shuts down",
                h.meddle(running, InstanceState::Off(StopCause::GuestShutdown)),
            ),
            1 => (
                "guest crashes",
                h.meddle(running, InstanceState::Off(StopCause::Crashed)),
            ),
            2 => (
                "destroyed outside",
                h.meddle(
                    |s| s == InstanceState::Running || s == InstanceState::Paused,
                    InstanceState::Off(StopCause::Outside),
                ),
            ),
            3 | 4 if asked => (
                "guest obeys",
                h.meddle(running, InstanceState::Off(StopCause::Requested)),
            ),
            3 => ("paused outside", h.meddle(running, InstanceState::Paused)),
            4 => ("resumed outside", h.meddle(paused, InstanceState::Running)),
            5 | 6 => {
                let happened = h.meddle(off, InstanceState::Running);
                if happened {
                    self.totals.count("started outside");
                    // Whoever did that has taken the matter into their own hands.
                    self.must_stay_off = false;
                }
                ("started outside", happened)
            }
            7 if extra >> 4 & 7 == 0 && !h.is_on() => {
                let happened = std::mem::take(&mut h.volume);
                h.unmounted |= happened;
                if happened {
                    self.totals.count("pool unmounted");
                }
                ("pool unmounted", happened)
            }
            7 => {
                let happened = h.machine.take().is_some();
                if happened {
                    self.totals.count("undefined outside");
                }
                ("undefined outside", happened)
            }
            _ => (
                "guest crashes",
                h.meddle(running, InstanceState::Off(StopCause::Crashed)),
            ),
        };
        if happened && matches!(extra % 9, 0..=2 | 8) {
            self.totals.count("guest ended");
        }
        format!("{what}: {happened}")
    }

    fn lose_sight(&mut self) -> String {
        let now = self.wall();
        let lost = self.control.vm.as_ref().and_then(|vm| lose_sight(vm, now));
        if let Some(vm) = lost {
            self.totals.count("lost from sight");
            self.control.vm = Some(vm);
            self.publish();
        }
        "node falls silent".to_owned()
    }

    /// What must hold after every step.
    fn watch(&self) -> Check {
        let Some(vm) = &self.control.vm else {
            let open = self.control.tasks.values().find(|t| !t.state.is_terminal());
            return open.map_or(Ok(()), |t| {
                Err(format!("the VM is gone, and a task is open: {t:?}"))
            });
        };
        let of_operation = vm.operation.as_ref().map(|op| op.task);
        for (id, task) in &self.control.tasks {
            if task.state.is_terminal() == (of_operation == Some(*id)) {
                return Err(format!(
                    "the task of the operation is open and no other, but: operation {:?}, task {task:?}",
                    vm.operation
                ));
            }
        }
        let tombstone = vm.deleting == (vm.status.phase == VmPhase::Deleting);
        if !tombstone || (vm.deleting && vm.operation.is_none()) {
            return Err("a tombstone without a deletion, or the other way round".to_owned());
        }
        Ok(())
    }

    /// The faults are over: everything must come to rest, and agree.
    pub(crate) fn quiesce(&mut self) -> Check {
        self.trace.push("--- the faults are over ---".to_owned());
        self.hypervisor.reachable = true;
        self.hypervisor.fault = None;
        self.restore();
        self.arrive()?;
        self.rest()?;
        self.agrees()
    }

    /// A pool that was unmounted is mounted again, and a volume that a failed deletion removed is restored, as the
    /// refusal to start asks for. What is being deleted may stay away.
    fn restore(&mut self) {
        let vm = self.control.vm.as_ref();
        self.hypervisor.volume |= vm.is_some_and(|vm| !vm.deleting) && self.control.unmade.is_empty();
    }

    /// Runs the agent until it has nothing to do. A bounded number of steps: otherwise it runs in circles.
    fn rest(&mut self) -> Check {
        for _ in 0..60 {
            while !self.orders.is_empty() {
                self.deliver_one();
            }
            self.agent.next = None;
            self.agent.look(&self.hypervisor, self.clock(), true);
            let what = match self.agent.next.take() {
                None | Some(Next::Rest) if self.orders.is_empty() => return Ok(()),
                None | Some(Next::Rest) => String::new(),
                Some(Next::Wait(time)) => {
                    self.now += time;
                    "waits".to_owned()
                }
                Some(Next::Report(report)) => self.send(&report, 7)?,
                Some(Next::Effect(step)) => {
                    self.effect(&step, 0x10)?;
                    format!("agent does {step:?}")
                }
            };
            let line = format!("{what:60} | {}", self.shown());
            self.trace.push(line);
            self.watch()?;
        }
        Err("it does not come to rest".to_owned())
    }

    /// What is shown, meant and there is the same.
    fn agrees(&self) -> Check {
        let truth = self.hypervisor.state();
        let Some(vm) = &self.control.vm else {
            return match truth {
                None if !self.hypervisor.volume => Ok(()),
                _ => Err("a deleted VM left something behind".to_owned()),
            };
        };
        if let Some(op) = &vm.operation {
            return Err(format!("an operation is left: {op:?}"));
        }
        let shown = vm.status.phase;
        let right = match truth {
            Some(InstanceState::Running) => shown == VmPhase::Running,
            Some(InstanceState::Paused) => shown == VmPhase::Suspended,
            Some(InstanceState::Off(_)) => matches!(shown, VmPhase::Stopped | VmPhase::Error),
            None => shown == VmPhase::Error,
        };
        if !right {
            return Err(format!("{shown} is shown, and the machine is {truth:?}"));
        }
        let meant = vm.power.state == PowerState::On;
        if meant != self.hypervisor.is_on() {
            return Err(format!(
                "{:?} is meant, and the machine is {truth:?}",
                vm.power.state
            ));
        }
        let timed = vm.status.started_at.is_some();
        if shown == VmPhase::Running && !timed || !self.hypervisor.is_on() && timed {
            return Err(format!("{shown}, running since {:?}", vm.status.started_at));
        }
        Ok(())
    }

    /// And the VM is none the worse for it: it can be started, stopped and deleted.
    pub(crate) fn still_obeys(&mut self) -> Check {
        if self.control.vm.is_none() {
            return Ok(());
        }
        self.restore();
        let (grace, snapshot) = (Duration::ZERO, SNAPSHOT);
        let off = (Verb::Stop { force: true }, OperationKind::Stop { grace });
        let wanted = [
            off,
            (Verb::Start, OperationKind::Start),
            (Verb::Reboot, OperationKind::Reboot { force: true }),
            (
                Verb::Snapshot,
                OperationKind::CreateSnapshot {
                    snapshot,
                    memory: true,
                },
            ),
            (Verb::Suspend, OperationKind::Suspend),
            (Verb::Resume, OperationKind::Resume),
            (
                Verb::Revert { memory: true },
                OperationKind::RevertSnapshot {
                    snapshot,
                    memory: true,
                },
            ),
            (Verb::Suspend, OperationKind::Suspend),
            off,
            (
                Verb::Revert { memory: true },
                OperationKind::RevertSnapshot {
                    snapshot,
                    memory: true,
                },
            ),
            (Verb::RemoveSnapshot, OperationKind::DeleteSnapshot { snapshot }),
            off,
            (Verb::Update, OperationKind::Update),
            (Verb::Start, OperationKind::Start),
            (Verb::Delete { force: true }, OperationKind::Delete),
        ];
        for (verb, kind) in wanted {
            let now = self.wall();
            self.trace.push(format!("--- {verb:?} ---"));
            let task = match self.control.verb(verb, kind, now) {
                Ok(task) => task,
                Err(e) if e.reason() == Reason::AlreadyInState => continue,
                Err(e) => return Err(format!("{verb:?} is refused in the end: {e}")),
            };
            if is_start(kind) {
                self.must_stay_off = false;
            }
            self.publish();
            self.rest()?;
            self.agrees()?;
            let state = self.control.tasks[&task].state;
            if state != TaskState::Succeeded {
                return Err(format!("{verb:?} ends as {state:?}"));
            }
        }
        match &self.control.vm {
            None => Ok(()),
            Some(_) => Err("it was deleted, and is there".to_owned()),
        }
    }
}
