use super::*;
use crate::contract::Instance;
use crate::lifecycle::fixture::{SNAPSHOT, busy, task_id, vm};

const DIGEST: &str = "d1";
const T0: Monotonic = Monotonic(Duration::from_secs(1000));

/// A hypervisor of one machine that does what it is told, and an agent that follows the steps.
struct Bench {
    assignment: Assignment,
    instance: Option<Instance>,
    progress: Progress,
    now: Monotonic,
    /// Whether the guest obeys a request to shut down.
    obeys: bool,
}

impl Bench {
    fn new(kind: OperationKind, power: PowerState) -> Self {
        let mut vm = busy(VmPhase::Pending, kind);
        vm.power.state = power;
        vm.deleting = kind == OperationKind::Delete;
        let assignment = Assignment::of(&vm, &BTreeSet::new()).unwrap();
        let mut progress = Progress::default();
        progress.align(assignment.operation.as_ref());
        Self {
            assignment,
            instance: None,
            progress,
            now: T0,
            obeys: true,
        }
    }

    fn with(mut self, state: InstanceState, last_run: Option<RunMark>) -> Self {
        self.instance = Some(instance(state, last_run));
        self
    }

    fn step(&self) -> Step {
        next_step(
            &self.assignment,
            self.instance.as_ref(),
            DIGEST,
            &self.progress,
            self.now,
        )
    }

    /// Carries the step out, as an agent and a hypervisor would.
    fn carry_out(&mut self, step: &Step) {
        let vm = self.assignment.vm;
        match step {
            Step::EnsureVolumes => self.progress.volumes_ready = true,
            Step::RecordVolumes(_) => self.progress.volumes_recorded = true,
            Step::RemoveVolumes => self.progress.volumes_removed = true,
            Step::Define => {
                let defined = self
                    .instance
                    .get_or_insert_with(|| instance(InstanceState::Off(StopCause::Unknown), None));
                defined.vm = vm;
                defined.digest = DIGEST.to_owned();
                defined.epoch = self.assignment.epoch;
            }
            Step::Run(mark) => {
                let machine = self.instance.as_mut().unwrap();
                machine.state = InstanceState::Running;
                machine.last_run = Some(*mark);
            }
            Step::AskToStop => {
                self.progress.stop_asked = Some(self.now);
                if self.obeys {
                    self.instance.as_mut().unwrap().state = InstanceState::Off(StopCause::Requested);
                }
            }
            Step::ForceOff => {
                self.instance.as_mut().unwrap().state = InstanceState::Off(StopCause::Requested);
            }
            Step::Reboot { .. } => self.progress.rebooted = true,
            Step::Suspend => self.instance.as_mut().unwrap().state = InstanceState::Paused,
            Step::Resume => self.instance.as_mut().unwrap().state = InstanceState::Running,
            Step::TakeSnapshot { .. } | Step::RemoveSnapshot(_) => self.progress.snapshot_done = true,
            Step::Revert { memory, .. } => {
                self.progress.snapshot_done = true;
                let mark = self.assignment.run_mark();
                let machine = self.instance.as_mut().unwrap();
                // It comes back as it was defined then.
                machine.digest = "d0".to_owned();
                if *memory {
                    (machine.state, machine.last_run) = (InstanceState::Running, Some(mark));
                }
            }
            Step::RemoveMachine => self.instance = None,
            Step::Wait(time) => self.now = Monotonic(self.now.0 + *time),
            Step::Report(..) | Step::Rest => {}
        }
    }

    /// Every step until there is nothing to do.
    fn run(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        loop {
            let step = self.step();
            self.carry_out(&step);
            let last = matches!(step, Step::Report(..) | Step::Rest);
            steps.push(step);
            if last {
                return steps;
            }
            assert!(steps.len() < 20, "runs in circles: {steps:?}");
        }
    }
}

fn instance(state: InstanceState, last_run: Option<RunMark>) -> Instance {
    Instance {
        vm: vm(VmPhase::Running).id,
        epoch: 1,
        digest: DIGEST.to_owned(),
        last_run,
        state,
        accel: None,
    }
}

fn mark() -> RunMark {
    RunMark {
        epoch: 1,
        generation: 3,
    }
}

fn done() -> Step {
    Step::Report(task_id(0), Outcome::Done)
}

fn reason(step: &Step) -> Option<&str> {
    match step {
        Step::Report(_, Outcome::Failed(e)) => Some(&e.reason),
        _ => None,
    }
}

const OFF: InstanceState = InstanceState::Off(StopCause::Unknown);

/// For a user: a VM that is started before its disk is there, or made and never started.
#[test]
fn a_creation_makes_volumes_defines_and_starts_if_meant_to() {
    let steps = Bench::new(OperationKind::Create, PowerState::On).run();
    assert_eq!(
        steps,
        [Step::EnsureVolumes, Step::Define, Step::Run(mark()), done()]
    );
    let steps = Bench::new(OperationKind::Create, PowerState::Off).run();
    assert_eq!(steps, [Step::EnsureVolumes, Step::Define, done()]);
}

/// For a user: a VM whose machine was removed at the node, or whose spec changed, is started as it was.
#[test]
fn a_start_brings_the_definition_up_to_date_first() {
    let all = [Step::EnsureVolumes, Step::Define, Step::Run(mark()), done()];
    assert_eq!(Bench::new(OperationKind::Start, PowerState::On).run(), all);
    let mut outdated = Bench::new(OperationKind::Start, PowerState::On).with(OFF, None);
    outdated.instance.as_mut().unwrap().digest = "d0".to_owned();
    assert_eq!(outdated.run(), all);
    let mut old_epoch = Bench::new(OperationKind::Start, PowerState::On).with(OFF, None);
    old_epoch.instance.as_mut().unwrap().epoch = 0;
    assert_eq!(old_epoch.run(), all);
    let mut there = Bench::new(OperationKind::Start, PowerState::On).with(OFF, None);
    assert_eq!(there.run(), [Step::EnsureVolumes, Step::Run(mark()), done()]);
}

/// For a user: a guest that somebody started meanwhile is redefined or started over.
#[test]
fn a_start_of_what_runs_only_brings_the_mark_up_to_date() {
    let mut running = Bench::new(OperationKind::Start, PowerState::On).with(InstanceState::Running, None);
    assert_eq!(running.run(), [Step::Run(mark()), done()]);
    let mut ours =
        Bench::new(OperationKind::Start, PowerState::On).with(InstanceState::Running, Some(mark()));
    assert_eq!(ours.run(), [done()]);
}

/// For a user: a guest that dies at once is started again and again, without anybody being told.
#[test]
fn a_guest_that_died_after_this_very_start_is_not_started_again() {
    for kind in [OperationKind::Create, OperationKind::Start] {
        for cause in [StopCause::Crashed, StopCause::StartFailed] {
            let mut bench = Bench::new(kind, PowerState::On).with(InstanceState::Off(cause), Some(mark()));
            let steps = bench.run();
            assert_eq!(
                reason(steps.last().unwrap()),
                Some("HYPERVISOR_FAILED"),
                "{steps:?}"
            );
            assert!(!steps.iter().any(|s| matches!(s, Step::Run(_))), "{steps:?}");
        }
        // A guest that did its work and shut down has run: that is what was asked for.
        for cause in [StopCause::GuestShutdown, StopCause::Requested, StopCause::Outside] {
            let mut bench = Bench::new(kind, PowerState::On).with(InstanceState::Off(cause), Some(mark()));
            assert_eq!(bench.run().last(), Some(&done()), "{kind:?} {cause:?}");
        }
    }
    // A crash of an earlier run is no reason not to start it now.
    let old = RunMark {
        epoch: 1,
        generation: 2,
    };
    let mut again = Bench::new(OperationKind::Start, PowerState::On)
        .with(InstanceState::Off(StopCause::Crashed), Some(old));
    assert!(again.run().contains(&Step::Run(mark())));
}

/// For a user: a graceful stop that pulls the plug at once, or never.
#[test]
fn a_stop_asks_waits_its_grace_and_then_forces() {
    let grace = Duration::from_secs(90);
    let mut obedient =
        Bench::new(OperationKind::Stop { grace }, PowerState::Off).with(InstanceState::Running, None);
    assert_eq!(obedient.run(), [Step::AskToStop, done()]);

    let mut stubborn =
        Bench::new(OperationKind::Stop { grace }, PowerState::Off).with(InstanceState::Running, None);
    stubborn.obeys = false;
    assert_eq!(
        stubborn.run(),
        [Step::AskToStop, Step::Wait(grace), Step::ForceOff, done()]
    );

    let zero = Duration::ZERO;
    let mut at_once =
        Bench::new(OperationKind::Stop { grace: zero }, PowerState::Off).with(InstanceState::Paused, None);
    assert_eq!(at_once.run(), [Step::ForceOff, done()]);
    for instance in [None, Some(instance(OFF, None))] {
        let mut idle = Bench::new(OperationKind::Stop { grace }, PowerState::Off);
        idle.instance = instance;
        assert_eq!(idle.run(), [done()]);
    }
}

/// For a user: a graceful stop of a suspended VM fails, or waits for a guest that cannot hear, and pulls the plug.
#[test]
fn a_suspended_guest_goes_on_before_it_is_asked_to_stop() {
    let grace = Duration::from_secs(90);
    let mut bench =
        Bench::new(OperationKind::Stop { grace }, PowerState::Off).with(InstanceState::Paused, None);
    assert_eq!(bench.run(), [Step::Resume, Step::AskToStop, done()]);
}

/// For a user: every wake-up of the agent begins the grace anew, so that it never ends.
#[test]
fn being_woken_while_waiting_does_not_prolong_the_grace() {
    let grace = Duration::from_secs(90);
    let mut bench =
        Bench::new(OperationKind::Stop { grace }, PowerState::Off).with(InstanceState::Running, None);
    bench.progress.stop_asked = Some(T0);
    bench.now = Monotonic(T0.0 + Duration::from_secs(60));
    assert_eq!(bench.step(), Step::Wait(Duration::from_secs(30)));
    bench.now = Monotonic(T0.0 + grace);
    assert_eq!(bench.step(), Step::ForceOff);
}

/// For a user: a reboot that restarts the guest twice, or says "done" for a guest that is off.
#[test]
fn a_reboot_happens_once_and_only_to_what_runs() {
    for force in [false, true] {
        let kind = OperationKind::Reboot { force };
        let mut bench = Bench::new(kind, PowerState::On).with(InstanceState::Running, None);
        assert_eq!(bench.run(), [Step::Reboot { force }, done()]);
        for state in [Some(OFF), Some(InstanceState::Paused), None] {
            let mut bench = Bench::new(kind, PowerState::On);
            bench.instance = state.map(|s| instance(s, None));
            assert_eq!(
                reason(bench.run().last().unwrap()),
                Some("WRONG_STATE"),
                "{state:?}"
            );
        }
    }
}

/// For a user: a suspension that is done twice, that says "done" for a guest that is off, or a resumption that
/// starts what had ended.
#[test]
fn suspending_and_resuming_only_touch_what_is_on() {
    use InstanceState::{Paused, Running};
    let (suspend, resume) = (OperationKind::Suspend, OperationKind::Resume);
    let cases = [
        (suspend, Running, vec![Step::Suspend, done()]),
        (suspend, Paused, vec![done()]),
        (resume, Paused, vec![Step::Resume, done()]),
        (resume, Running, vec![done()]),
    ];
    for (kind, state, steps) in cases {
        let mut bench = Bench::new(kind, PowerState::On).with(state, Some(mark()));
        assert_eq!(bench.run(), steps, "{kind:?} {state:?}");
    }
    for kind in [suspend, resume] {
        for state in [None, Some(OFF), Some(InstanceState::Off(StopCause::Crashed))] {
            let mut bench = Bench::new(kind, PowerState::On);
            bench.instance = state.map(|s| instance(s, None));
            let steps = bench.run();
            assert_eq!(steps.len(), 1, "{kind:?} {state:?}: {steps:?}");
            assert_eq!(reason(&steps[0]), Some("WRONG_STATE"), "{kind:?} {state:?}");
        }
    }
}

/// For a user: a snapshot that is taken twice, of nothing, or called ready before it is.
#[test]
fn a_snapshot_is_taken_and_removed_once() {
    let snapshot = SNAPSHOT;
    for (state, memory) in [
        (OFF, false),
        (InstanceState::Running, true),
        (InstanceState::Paused, true),
    ] {
        let take = OperationKind::CreateSnapshot { snapshot, memory };
        let mut bench = Bench::new(take, PowerState::On).with(state, None);
        assert_eq!(bench.run(), [Step::TakeSnapshot { snapshot, memory }, done()]);
        let remove = OperationKind::DeleteSnapshot { snapshot };
        let mut bench = Bench::new(remove, PowerState::On).with(state, None);
        assert_eq!(bench.run(), [Step::RemoveSnapshot(snapshot), done()]);
    }
    let mut gone = Bench::new(OperationKind::DeleteSnapshot { snapshot }, PowerState::Off);
    assert_eq!(gone.run(), [done()], "it went with the machine");
    for kind in [
        OperationKind::CreateSnapshot {
            snapshot,
            memory: false,
        },
        OperationKind::RevertSnapshot {
            snapshot,
            memory: true,
        },
    ] {
        let steps = Bench::new(kind, PowerState::Off).run();
        assert_eq!(
            (steps.len(), reason(&steps[0])),
            (1, Some("WRONG_STATE")),
            "{kind:?}"
        );
    }
}

/// For a user: a VM that was put back has the hardware of then, runs although it was off, or goes back once more
/// whenever its agent is restarted.
#[test]
fn going_back_is_done_once_and_the_definition_is_brought_up_to_date() {
    let snapshot = SNAPSHOT;
    let revert = |memory| OperationKind::RevertSnapshot { snapshot, memory };
    let step = |memory| Step::Revert { snapshot, memory };
    let mut off = Bench::new(revert(false), PowerState::Off).with(OFF, None);
    assert_eq!(off.run(), [step(false), Step::Define, done()]);
    for state in [OFF, InstanceState::Running, InstanceState::Paused] {
        let old = RunMark {
            epoch: 1,
            generation: 2,
        };
        let mut on = Bench::new(revert(true), PowerState::On).with(state, Some(old));
        assert_eq!(on.run(), [step(true), Step::Define, done()], "{state:?}");
        on.progress = Progress::default();
        assert_eq!(
            on.run(),
            [done()],
            "another agent sees by the mark that it was done"
        );
    }
    let crashed = InstanceState::Off(StopCause::Crashed);
    let mut died = Bench::new(revert(true), PowerState::On).with(crashed, Some(mark()));
    assert_eq!(reason(died.run().last().unwrap()), Some("HYPERVISOR_FAILED"));
}

/// For a user: a deletion that leaves the machine or the disks behind, or removes disks under a machine.
#[test]
fn a_deletion_removes_the_machine_then_the_volumes() {
    let delete = OperationKind::Delete;
    let mut running = Bench::new(delete, PowerState::Off).with(InstanceState::Running, None);
    assert_eq!(running.run(), [Step::RemoveMachine, Step::RemoveVolumes, done()]);
    assert_eq!(
        Bench::new(delete, PowerState::Off).run(),
        [Step::RemoveVolumes, done()]
    );
}

/// For a user: an update that starts or stops the guest.
#[test]
fn an_update_redefines_and_nothing_else() {
    let mut bench = Bench::new(OperationKind::Update, PowerState::Off).with(OFF, None);
    bench.instance.as_mut().unwrap().digest = "d0".to_owned();
    assert_eq!(bench.run(), [Step::EnsureVolumes, Step::Define, done()]);
    let mut equal = Bench::new(OperationKind::Update, PowerState::Off).with(OFF, None);
    assert_eq!(equal.run(), [Step::EnsureVolumes, done()]);
}

/// For a user: a guest that was stopped, or ended, or was adopted, comes up again although nobody asked (I8);
/// or a machine on a node is touched that nobody wants anything of.
#[test]
fn without_an_operation_nothing_is_done_whatever_the_intent() {
    let states = [
        None,
        Some(InstanceState::Running),
        Some(InstanceState::Paused),
        Some(OFF),
        Some(InstanceState::Off(StopCause::Crashed)),
    ];
    for power in [PowerState::On, PowerState::Off] {
        for deleting in [false, true] {
            for state in states {
                for last_run in [None, Some(mark())] {
                    let mut bench = Bench::new(OperationKind::Start, power);
                    bench.assignment.operation = None;
                    bench.assignment.deleting = deleting;
                    bench.instance = state.map(|s| instance(s, last_run));
                    bench.instance.iter_mut().for_each(|i| i.digest = "d0".to_owned());
                    assert_eq!(bench.run(), [Step::Rest], "{power:?} {state:?}");
                }
            }
        }
    }
}

/// For a user: an agent that died in the middle begins at the wrong end, or never ends.
#[test]
fn forgetting_the_progress_at_any_step_still_ends() {
    let grace = Duration::from_secs(90);
    let operations = [
        (OperationKind::Create, PowerState::On),
        (OperationKind::Start, PowerState::On),
        (OperationKind::Stop { grace }, PowerState::Off),
        (OperationKind::Update, PowerState::Off),
        (OperationKind::Delete, PowerState::Off),
    ];
    for (kind, power) in operations {
        for at in 0..6 {
            let mut bench = Bench::new(kind, power);
            if matches!(kind, OperationKind::Stop { .. } | OperationKind::Delete) {
                bench.instance = Some(instance(InstanceState::Running, Some(mark())));
                bench.obeys = false;
            }
            for _ in 0..at {
                let step = bench.step();
                bench.carry_out(&step);
            }
            bench.progress = Progress::default();
            bench.progress.align(bench.assignment.operation.as_ref());
            assert_eq!(
                bench.run().last(),
                Some(&done()),
                "{kind:?} forgotten after {at} steps"
            );
        }
    }
}

/// For a user: what was done for one operation counts for the next: disks are not removed because others were.
#[test]
fn progress_belongs_to_one_task() {
    let mut progress = Progress::default();
    let op = |n| Operation {
        task: task_id(n),
        kind: OperationKind::Delete,
    };
    progress.align(Some(&op(1)));
    progress.volumes_removed = true;
    progress.align(Some(&op(1)));
    assert!(progress.volumes_removed);
    progress.align(Some(&op(2)));
    assert!(!progress.volumes_removed);
    progress.rebooted = true;
    progress.align(None);
    assert!(!progress.rebooted);
}

/// For a user: an interface gets another address with every start, because the control plane forgot to choose.
#[test]
fn what_is_not_settled_is_no_assignment() {
    let mut nowhere = vm(VmPhase::Running);
    nowhere.placement = None;
    assert_eq!(
        Assignment::of(&nowhere, &BTreeSet::new()).unwrap_err().reason(),
        Reason::Internal
    );
    let mut no_mac = vm(VmPhase::Running);
    no_mac.spec.nics.push(crate::resource::NicSpec {
        network: crate::lifecycle::fixture::name("default"),
        mac: None,
        model: crate::resource::NicModel::Virtio,
        addresses: Vec::new(),
    });
    let none = BTreeSet::new();
    let attachment = crate::resource::Attachment {
        port: crate::identity::PortId::from_uuid(uuid::Uuid::from_u128(1)),
        network: crate::identity::NetworkId::from_uuid(uuid::Uuid::from_u128(2)),
        backing: crate::lifecycle::fixture::name("br-lan"),
        addresses: Vec::new(),
    };
    let mut unplugged = no_mac.clone();
    no_mac.attachments.push(attachment.clone());
    assert_eq!(
        Assignment::of(&no_mac, &none).unwrap_err().reason(),
        Reason::Internal
    );
    unplugged.spec.nics[0].mac = Some(crate::resource::MacAddress([2, 0, 0, 0, 0, 1]));
    assert_eq!(
        Assignment::of(&unplugged, &none).unwrap_err().reason(),
        Reason::Internal
    );
    let mut settled = unplugged;
    settled.attachments.push(attachment);
    let assigned = Assignment::of(&settled, &none).unwrap();
    assert_eq!(
        assigned.spec.nics[0].network.as_str(),
        "br-lan",
        "what the node knows"
    );
    assert!(
        Assignment::of(&vm(VmPhase::Unknown), &BTreeSet::new())
            .unwrap()
            .unseen
    );
    assert!(
        !Assignment::of(&vm(VmPhase::Running), &BTreeSet::new())
            .unwrap()
            .unseen
    );
}

/// For a user: a guest writes to a disk that the control plane takes for one still to be made, and after a crash
/// the next agent puts a blank one in its place.
#[test]
fn no_guest_runs_before_its_volumes_are_written_down() {
    for kind in [OperationKind::Create, OperationKind::Start, OperationKind::Update] {
        let mut bench = Bench::new(kind, PowerState::On);
        bench.assignment.unmade = BTreeSet::from([VolumeId::from_uuid(uuid::Uuid::from_u128(5))]);
        let mut steps = Vec::new();
        while let step @ (Step::EnsureVolumes | Step::RecordVolumes(_)) = bench.step() {
            bench.carry_out(&step);
            steps.push(step);
            assert!(steps.len() <= 2, "{kind:?}: {steps:?}");
        }
        assert_eq!(
            steps,
            [Step::EnsureVolumes, Step::RecordVolumes(task_id(0))],
            "{kind:?}"
        );
        // An agent that died in between says so again; one that has nothing to make has nothing to say.
        bench.progress = Progress::default();
        bench.progress.align(bench.assignment.operation.as_ref());
        assert_eq!(bench.step(), Step::EnsureVolumes);
        bench.assignment.unmade.clear();
        bench.progress.volumes_ready = true;
        assert_eq!(bench.step(), Step::Define, "{kind:?}");
    }
}
