use std::time::Duration;

use super::*;
use crate::lifecycle::fixture::{NOW, OPERATIONS, SNAPSHOT, busy, task, task_id, vm};
use crate::resource::TaskKind;

const RUNNING: Seen = Seen::Defined {
    state: InstanceState::Running,
    last_run: None,
    accel: Some(Accel::Mock),
};
const PAUSED: Seen = Seen::Defined {
    state: InstanceState::Paused,
    last_run: None,
    accel: Some(Accel::Mock),
};
const CAUSES: [StopCause; 6] = [
    StopCause::Requested,
    StopCause::GuestShutdown,
    StopCause::Outside,
    StopCause::Crashed,
    StopCause::StartFailed,
    StopCause::Unknown,
];

fn off(cause: StopCause) -> Seen {
    Seen::Defined {
        state: InstanceState::Off(cause),
        last_run: None,
        accel: None,
    }
}

fn report(seen: Seen, outcome: Option<Outcome>) -> VmReport {
    VmReport {
        made: Vec::new(),
        vm: vm(VmPhase::Running).id,
        epoch: 1,
        seen,
        task: outcome.map(|outcome| TaskReport {
            task: task_id(0),
            outcome,
        }),
    }
}

fn failure() -> Outcome {
    Outcome::Failed(TaskError {
        reason: "HYPERVISOR_FAILED".to_owned(),
        message: "no such luck".to_owned(),
    })
}

/// Settles the end of the operation of `before`.
fn end(before: &Vm, seen: Seen, outcome: Outcome) -> (Settled, Task) {
    let t = task(TaskKind::StartVm);
    let settled = settle(before, Some(&t), &report(seen, Some(outcome)), NOW).unwrap();
    let ended = settled.task.clone().unwrap();
    (settled, ended)
}

fn kinds(settled: &Settled) -> Vec<EventKind> {
    settled.events.iter().map(|(k, _)| *k).collect()
}

/// For a user: an agent that was cut off and comes back overwrites what its successor did.
#[test]
fn a_report_of_another_epoch_counts_for_nothing() {
    for epoch in [0, 2, u32::MAX] {
        let stale = VmReport {
            epoch,
            ..report(RUNNING, None)
        };
        let e = settle(&vm(VmPhase::Stopped), None, &stale, NOW).unwrap_err();
        assert_eq!(e.reason(), Reason::StaleEpoch, "epoch {epoch}");
    }
    let mut nowhere = vm(VmPhase::Stopped);
    nowhere.placement = None;
    let e = settle(&nowhere, None, &report(RUNNING, None), NOW).unwrap_err();
    assert_eq!(
        e.reason(),
        Reason::StaleEpoch,
        "a VM that is nowhere is reported by nobody"
    );
}

/// For a user: "succeeded" where nothing happened, a phase that is not what runs, an operation that never ends.
#[test]
fn done_ends_each_operation_in_what_is_seen() {
    use OperationKind::{Create, Reboot, Resume, Start, Stop, Suspend, Update};
    let off_now = off(StopCause::Requested);
    let soft = Stop {
        grace: Duration::from_secs(9),
    };
    let table = [
        (Create, VmPhase::Provisioning, RUNNING, VmPhase::Running),
        (Create, VmPhase::Pending, RUNNING, VmPhase::Running),
        (Create, VmPhase::Pending, PAUSED, VmPhase::Suspended),
        (Create, VmPhase::Provisioning, off_now, VmPhase::Stopped),
        (Start, VmPhase::Starting, RUNNING, VmPhase::Running),
        (soft, VmPhase::Stopping, off_now, VmPhase::Stopped),
        (
            Reboot { force: true },
            VmPhase::Rebooting,
            RUNNING,
            VmPhase::Running,
        ),
        (Suspend, VmPhase::Running, PAUSED, VmPhase::Suspended),
        (Suspend, VmPhase::Unknown, PAUSED, VmPhase::Suspended),
        (Resume, VmPhase::Suspended, RUNNING, VmPhase::Running),
        (Resume, VmPhase::Unknown, RUNNING, VmPhase::Running),
        (Update, VmPhase::Stopped, off_now, VmPhase::Stopped),
        (Update, VmPhase::Unknown, off_now, VmPhase::Stopped),
    ];
    for (kind, from, seen, to) in table {
        let mut before = busy(from, kind);
        before.status.message = "an old error".to_owned();
        if kind == Create {
            before.power.state = PowerState::On;
        }
        let (settled, ended) = end(&before, seen, Outcome::Done);
        let after = settled.vm.unwrap();
        assert_eq!(after.status.phase, to, "{kind:?} from {from}");
        assert_eq!(after.operation, None, "{kind:?}");
        assert_eq!(after.status.message, "", "{kind:?} is over: so is what was wrong");
        assert_eq!(ended.state, TaskState::Succeeded, "{kind:?}");
        assert_eq!((ended.percent, ended.finished_at), (100, Some(NOW)));
        assert!(ended.started_at.is_some());
        assert_eq!(after.meta.updated_at, NOW);
    }
}

/// For a user: a VM that was asked to be deleted and stays in the list, or one whose record goes although its
/// machine is still there.
#[test]
fn a_deletion_is_over_when_nothing_is_left() {
    let before = busy(VmPhase::Deleting, OperationKind::Delete);
    let (settled, ended) = end(&before, Seen::Absent, Outcome::Done);
    assert_eq!(settled.vm, None);
    assert_eq!(ended.state, TaskState::Succeeded);
    assert_eq!(kinds(&settled), [EventKind::VmDeleted]);
}

/// For a user: an agent's slip is taken for the end of the operation, and nobody works on it any more.
#[test]
fn an_outcome_that_contradicts_what_is_seen_is_refused() {
    let t = task(TaskKind::DeleteVm);
    let contradictions = [
        (OperationKind::Delete, VmPhase::Deleting, RUNNING),
        (
            OperationKind::Delete,
            VmPhase::Deleting,
            off(StopCause::Requested),
        ),
        (
            OperationKind::Stop {
                grace: Duration::ZERO,
            },
            VmPhase::Stopping,
            RUNNING,
        ),
        (
            OperationKind::Stop {
                grace: Duration::ZERO,
            },
            VmPhase::Stopping,
            PAUSED,
        ),
        (OperationKind::Suspend, VmPhase::Running, RUNNING),
        (OperationKind::Suspend, VmPhase::Running, Seen::Absent),
        (OperationKind::Resume, VmPhase::Suspended, PAUSED),
        (OperationKind::Resume, VmPhase::Suspended, off(StopCause::Crashed)),
    ];
    for (kind, phase, seen) in contradictions {
        let e = settle(
            &busy(phase, kind),
            Some(&t),
            &report(seen, Some(Outcome::Done)),
            NOW,
        )
        .unwrap_err();
        assert_eq!(e.get("field"), Some("task.outcome"), "{kind:?}");
    }
}

/// For a user: what could not be started is tried for ever; what could not be stopped is called stopped; what
/// could not be deleted is lost; and the reason is nowhere to be read.
#[test]
fn failures_revert_the_intent_to_what_is_there() {
    use OperationKind::{Create, Delete, Reboot, Resume, Start, Stop, Suspend, Update};
    let off_now = off(StopCause::Unknown);
    let stop = Stop {
        grace: Duration::ZERO,
    };
    let table = [
        // operation, phase before, seen, phase after, intent after
        (
            Create,
            VmPhase::Provisioning,
            Seen::Absent,
            VmPhase::Error,
            PowerState::Off,
        ),
        (Create, VmPhase::Pending, off_now, VmPhase::Error, PowerState::Off),
        (
            Create,
            VmPhase::Provisioning,
            RUNNING,
            VmPhase::Running,
            PowerState::On,
        ),
        (
            Start,
            VmPhase::Starting,
            off_now,
            VmPhase::Stopped,
            PowerState::Off,
        ),
        (
            Start,
            VmPhase::Starting,
            Seen::Absent,
            VmPhase::Error,
            PowerState::Off,
        ),
        (
            Start,
            VmPhase::Starting,
            RUNNING,
            VmPhase::Running,
            PowerState::On,
        ),
        (stop, VmPhase::Stopping, RUNNING, VmPhase::Running, PowerState::On),
        (
            stop,
            VmPhase::Stopping,
            PAUSED,
            VmPhase::Suspended,
            PowerState::On,
        ),
        // It could not be stopped, and is off nevertheless: nobody may start it.
        (
            stop,
            VmPhase::Stopping,
            off_now,
            VmPhase::Stopped,
            PowerState::Off,
        ),
        (
            Reboot { force: false },
            VmPhase::Rebooting,
            RUNNING,
            VmPhase::Running,
            PowerState::On,
        ),
        (
            Reboot { force: false },
            VmPhase::Rebooting,
            off_now,
            VmPhase::Stopped,
            PowerState::Off,
        ),
        (
            Suspend,
            VmPhase::Running,
            RUNNING,
            VmPhase::Running,
            PowerState::On,
        ),
        (
            Suspend,
            VmPhase::Running,
            off_now,
            VmPhase::Stopped,
            PowerState::Off,
        ),
        (
            Resume,
            VmPhase::Suspended,
            PAUSED,
            VmPhase::Suspended,
            PowerState::On,
        ),
        (Update, VmPhase::Stopped, off_now, VmPhase::Error, PowerState::Off),
        (
            Delete,
            VmPhase::Deleting,
            off_now,
            VmPhase::Error,
            PowerState::Off,
        ),
        (
            Delete,
            VmPhase::Deleting,
            Seen::Absent,
            VmPhase::Error,
            PowerState::Off,
        ),
        (
            Delete,
            VmPhase::Deleting,
            RUNNING,
            VmPhase::Running,
            PowerState::On,
        ),
        (
            Delete,
            VmPhase::Deleting,
            PAUSED,
            VmPhase::Suspended,
            PowerState::On,
        ),
    ];
    for (kind, from, seen, to, intent) in table {
        let mut before = busy(from, kind);
        before.power.state = match kind {
            Create | Start | Reboot { .. } | Suspend | Resume => PowerState::On,
            _ => PowerState::Off,
        };
        let (settled, ended) = end(&before, seen, failure());
        assert!(kinds(&settled).contains(&EventKind::VmFailed), "{kind:?}");
        let after = settled.vm.unwrap();
        assert_eq!(
            (after.status.phase, after.power.state),
            (to, intent),
            "{kind:?} {seen:?}"
        );
        assert_eq!(after.operation, None, "{kind:?}");
        assert!(!after.deleting, "{kind:?}: the owner gets it back");
        assert_eq!(ended.state, TaskState::Failed, "{kind:?}");
        assert_eq!(ended.error.unwrap().message, "no such luck");
        assert_eq!(after.status.message, "no such luck", "{kind:?}: the VM says why");
    }
}

/// For a user: a VM that could not be put back is meant to run although it is off, or its end is announced although
/// it never ran.
#[test]
fn a_failed_reversal_leaves_the_intent_at_what_is_there() {
    let revert = OperationKind::RevertSnapshot {
        snapshot: SNAPSHOT,
        memory: true,
    };
    let begun = crate::lifecycle::begin(&vm(VmPhase::Stopped), revert, task_id(0), NOW);
    assert_eq!(begun.power.state, PowerState::On);
    let (settled, _) = end(&begun, off(StopCause::Requested), failure());
    assert_eq!(
        kinds(&settled),
        [EventKind::VmFailed],
        "it did not end: it was off"
    );
    let after = settled.vm.unwrap();
    assert_eq!(
        (after.status.phase, after.power.state),
        (VmPhase::Stopped, PowerState::Off)
    );

    let begun = crate::lifecycle::begin(&vm(VmPhase::Running), revert, task_id(0), NOW);
    let (settled, _) = end(&begun, RUNNING, failure());
    let after = settled.vm.unwrap();
    assert_eq!(
        (after.status.phase, after.power.state),
        (VmPhase::Running, PowerState::On)
    );
    let (settled, _) = end(&begun, off(StopCause::StartFailed), failure());
    assert_eq!(kinds(&settled), [EventKind::VmFailed, EventKind::VmStopped]);
    assert_eq!(settled.vm.unwrap().power.state, PowerState::Off);

    let begun = crate::lifecycle::begin(&vm(VmPhase::Stopped), revert, task_id(0), NOW);
    let (settled, _) = end(&begun, RUNNING, Outcome::Done);
    assert_eq!(kinds(&settled), [EventKind::VmStarted]);
    assert_eq!(settled.vm.unwrap().status.started_at, Some(NOW));
}

/// For a user: a guest stands still while its memory is written, and is shown as suspended by somebody.
#[test]
fn a_snapshot_under_way_is_no_pause() {
    let take = OperationKind::CreateSnapshot {
        snapshot: SNAPSHOT,
        memory: true,
    };
    let before = busy(VmPhase::Running, take);
    let settled = settle(&before, None, &report(PAUSED, None), NOW).unwrap();
    assert_eq!(settled.events, []);
    assert_eq!(settled.vm.unwrap().status.phase, VmPhase::Running);
    let (settled, _) = end(&before, PAUSED, Outcome::Done);
    assert_eq!(
        settled.vm.unwrap().status.phase,
        VmPhase::Suspended,
        "but this is one"
    );
}

/// For a user: a failed start is shown without its cause, or with that of an earlier run.
#[test]
fn a_failed_start_says_that_it_failed_to_start() {
    let mut before = busy(VmPhase::Starting, OperationKind::Start);
    before.status.cause = Some(StopCause::GuestShutdown);
    let (settled, _) = end(&before, off(StopCause::Unknown), failure());
    assert_eq!(settled.vm.unwrap().status.cause, Some(StopCause::StartFailed));
}

/// For a user: a task that stands at 0 % while its VM is being made, or jumps back and forth.
#[test]
fn progress_only_grows_and_begins_the_task() {
    let before = busy(VmPhase::Pending, OperationKind::Create);
    let told = |phase: &str, percent| Outcome::Progress {
        phase: phase.to_owned(),
        percent,
    };
    let (settled, running) = end(&before, Seen::Absent, told("disk", 20));
    assert_eq!(settled.vm.unwrap().status.phase, VmPhase::Provisioning);
    assert_eq!((running.state, running.percent), (TaskState::Running, 20));
    assert_eq!((running.phase.as_str(), running.started_at), ("disk", Some(NOW)));

    let again = settle(
        &before,
        Some(&running),
        &report(Seen::Absent, Some(told("defining", 5))),
        NOW,
    )
    .unwrap();
    let later = again.task.unwrap();
    assert_eq!((later.percent, later.phase.as_str()), (20, "defining"));
    assert_eq!(later.log.len(), 2);

    let over = settle(
        &before,
        Some(&later),
        &report(Seen::Absent, Some(told("starting", 250))),
        NOW,
    )
    .unwrap();
    assert_eq!(over.task.unwrap().percent, 99, "only the end is 100 %");
}

/// For a user: the message of a task that is long over changes the outcome that was already acted on.
#[test]
fn a_task_that_ended_stays_as_it_ended() {
    let mut ended = task(TaskKind::StartVm);
    ended.finish(Timestamp(5), TaskState::Cancelled, None);
    let before = busy(VmPhase::Starting, OperationKind::Start);
    for outcome in [
        Outcome::Done,
        failure(),
        Outcome::Progress {
            phase: "x".to_owned(),
            percent: 1,
        },
    ] {
        let settled = settle(&before, Some(&ended), &report(RUNNING, Some(outcome)), NOW).unwrap();
        assert_eq!(settled.task.filter(|t| t.state != TaskState::Cancelled), None);
    }
}

/// For a user: an operation whose task record was lost holds the VM for ever.
#[test]
fn an_operation_ends_even_without_its_task() {
    let before = busy(VmPhase::Starting, OperationKind::Start);
    let settled = settle(&before, None, &report(RUNNING, Some(Outcome::Done)), NOW).unwrap();
    assert_eq!(settled.vm.unwrap().operation, None);
    assert_eq!(settled.task, None);
}

/// For a user: the end of an operation that was superseded ends the one that took its place.
#[test]
fn the_outcome_of_another_operation_only_shows_what_is_seen() {
    let mut before = busy(
        VmPhase::Stopping,
        OperationKind::Stop {
            grace: Duration::ZERO,
        },
    );
    before.operation.as_mut().unwrap().task = task_id(9);
    let t = task(TaskKind::StopVm);
    let settled = settle(&before, Some(&t), &report(RUNNING, Some(Outcome::Done)), NOW).unwrap();
    let after = settled.vm.unwrap();
    assert_eq!(after.operation, before.operation);
    assert_eq!(after.status.phase, VmPhase::Stopping);
    assert_eq!(settled.task, None);
}

/// For a user: `task cancel` ends as "succeeded", or the VM of a cancelled creation stays.
#[test]
fn a_task_that_was_asked_to_cancel_ends_as_cancelled() {
    let mut t = task(TaskKind::CreateVm);
    t.cancel_requested = true;
    let before = busy(VmPhase::Deleting, OperationKind::Delete);
    let settled = settle(&before, Some(&t), &report(Seen::Absent, Some(Outcome::Done)), NOW).unwrap();
    assert_eq!(settled.vm, None);
    let ended = settled.task.unwrap();
    assert_eq!(ended.state, TaskState::Cancelled);
    assert_eq!(ended.error.unwrap().reason, "CANCELLED");
}

/// For a user: a guest that crashed is shown as running, or as "stopped on request"; or is started again
/// although nobody asked.
#[test]
fn a_guest_that_ends_by_itself_is_stopped_with_its_cause() {
    for cause in CAUSES {
        for phase in [VmPhase::Running, VmPhase::Suspended, VmPhase::Unknown] {
            let before = vm(phase);
            let settled = settle(&before, None, &report(off(cause), None), NOW).unwrap();
            assert_eq!(kinds(&settled), [EventKind::VmStopped], "{cause:?}");
            let after = settled.vm.unwrap();
            assert_eq!(after.status.phase, VmPhase::Stopped);
            assert_eq!(after.status.cause, Some(cause));
            assert_eq!(
                (after.power.state, after.power.generation),
                (PowerState::Off, before.power.generation + 1)
            );
            assert_eq!((after.status.started_at, after.status.accel), (None, None));
        }
    }
}

/// For a user: a guest that somebody started with the hypervisor's own tools is shown as stopped, or is killed.
#[test]
fn a_guest_that_was_started_outside_is_adopted() {
    let before = vm(VmPhase::Stopped);
    let settled = settle(&before, None, &report(RUNNING, None), NOW).unwrap();
    assert_eq!(kinds(&settled), [EventKind::VmStarted]);
    assert!(settled.events[0].1.contains("somebody else"));
    let after = settled.vm.unwrap();
    assert_eq!(
        (after.status.phase, after.power.state),
        (VmPhase::Running, PowerState::On)
    );
    assert_eq!(after.status.started_at, Some(NOW));
    assert_eq!(after.status.accel, Some(Accel::Mock));

    // And one that was found paused is on too.
    let after = settle(&before, None, &report(PAUSED, None), NOW)
        .unwrap()
        .vm
        .unwrap();
    assert_eq!(
        (after.status.phase, after.power.state),
        (VmPhase::Suspended, PowerState::On)
    );
}

/// For a user: a VM that runs and does not say since when, after a stop of what had been started outside was given up.
#[test]
fn what_runs_says_since_when() {
    let mut before = vm(VmPhase::Running);
    before.status.started_at = None;
    let settled = settle(&before, None, &report(RUNNING, None), NOW).unwrap();
    assert_eq!(kinds(&settled), [EventKind::VmStarted]);
    assert_eq!(settled.vm.unwrap().status.started_at, Some(NOW));
}

/// For a user: a guest that somebody paused looks as if the control plane had done it, or a pause leaves no trace
/// at all in the events.
#[test]
fn a_pause_and_its_end_are_told_with_who_did_it() {
    let told = |before: &Vm, seen, outcome: Option<Outcome>| {
        let settled = settle(before, None, &report(seen, outcome), NOW).unwrap();
        settled.events
    };
    let (running, suspended) = (vm(VmPhase::Running), vm(VmPhase::Suspended));
    let outside = told(&running, PAUSED, None);
    assert_eq!(outside[0].0, EventKind::VmSuspended);
    assert!(outside[0].1.contains("somebody else"), "{outside:?}");
    let outside = told(&suspended, RUNNING, None);
    assert_eq!(outside[0].0, EventKind::VmResumed);
    assert!(outside[0].1.contains("somebody else"), "{outside:?}");
    let ours = told(
        &busy(VmPhase::Running, OperationKind::Suspend),
        PAUSED,
        Some(Outcome::Done),
    );
    assert_eq!(ours, [(EventKind::VmSuspended, "suspended".to_owned())]);
    let ours = told(
        &busy(VmPhase::Suspended, OperationKind::Resume),
        RUNNING,
        Some(Outcome::Done),
    );
    assert_eq!(ours, [(EventKind::VmResumed, "resumed".to_owned())]);
}

/// For a user: a guest that ends while it is being suspended is shown as running until the task has failed, and
/// its end is never told.
#[test]
fn suspending_and_resuming_hide_nothing() {
    for kind in [OperationKind::Suspend, OperationKind::Resume] {
        let before = busy(VmPhase::Running, kind);
        let settled = settle(&before, None, &report(off(StopCause::Crashed), None), NOW).unwrap();
        assert_eq!(kinds(&settled), [EventKind::VmStopped], "{kind:?}");
        let after = settled.vm.unwrap();
        assert_eq!(
            (after.status.phase, after.power.state),
            (VmPhase::Stopped, PowerState::Off)
        );
        assert_eq!(
            after.operation, before.operation,
            "{kind:?} is still to be reported on"
        );
        let gone = settle(&before, None, &report(Seen::Absent, Some(failure())), NOW).unwrap();
        let after = gone.vm.unwrap();
        assert_eq!(
            (after.status.phase, after.power.state),
            (VmPhase::Error, PowerState::Off)
        );
        assert!(
            after.status.message.contains("starting it defines it anew"),
            "{kind:?}"
        );
    }
}

/// For a user: a machine that was undefined with the hypervisor's own tools is shown as running, or its loss
/// is announced again with every report, or for a VM that never had one.
#[test]
fn a_machine_that_is_gone_is_an_error_that_is_told_once() {
    for phase in [VmPhase::Running, VmPhase::Stopped, VmPhase::Suspended] {
        let settled = settle(&vm(phase), None, &report(Seen::Absent, None), NOW).unwrap();
        assert_eq!(kinds(&settled), [EventKind::VmFailed], "{phase}");
        let after = settled.vm.unwrap();
        assert_eq!(
            (after.status.phase, after.power.state),
            (VmPhase::Error, PowerState::Off)
        );
        assert!(after.status.message.contains("starting it defines it anew"));

        let again = settle(&after, None, &report(Seen::Absent, None), NOW).unwrap();
        assert_eq!(again.events, []);
        assert_eq!(again.vm.unwrap(), after, "told once");
    }
    let mut never_made = vm(VmPhase::Unknown);
    never_made.power.state = PowerState::Off;
    let settled = settle(&never_made, None, &report(Seen::Absent, None), NOW).unwrap();
    assert_eq!(settled.events, [], "it may never have had a machine");
    assert_eq!(settled.vm.unwrap().status.phase, VmPhase::Error);
}

/// For a user: a VM runs again, and still says that its node does not report.
#[test]
fn coming_back_into_sight_takes_the_message_away() {
    for seen in [RUNNING, PAUSED, off(StopCause::Unknown)] {
        let lost = crate::lifecycle::lose_sight(&vm(VmPhase::Running), NOW).unwrap();
        let after = settle(&lost, None, &report(seen, None), NOW).unwrap().vm.unwrap();
        assert_eq!(after.status.message, "", "{seen:?}");
        assert_ne!(after.status.phase, VmPhase::Unknown);
    }
}

/// For a user: every report writes, although nothing has changed: the store and every watcher pay for it.
#[test]
fn a_report_without_news_changes_nothing() {
    let running = settle(&vm(VmPhase::Running), None, &report(RUNNING, None), NOW).unwrap();
    let known = running.vm.unwrap();
    let later = Timestamp(NOW.0 + 1);
    let again = settle(&known, None, &report(RUNNING, None), later).unwrap();
    assert_eq!(again.vm, Some(known));
    assert_eq!((again.task, again.events), (None, vec![]));
    let stopped = vm(VmPhase::Stopped);
    let again = settle(&stopped, None, &report(off(StopCause::Unknown), None), later).unwrap();
    assert_eq!(again.vm, Some(stopped));
}

/// For a user: an agent whose report is refused as a bug repeats it for ever, and the VM's state freezes.
#[test]
fn whatever_is_seen_in_whatever_phase_can_be_settled() {
    let seen: Vec<Seen> = [Seen::Absent, RUNNING, PAUSED]
        .into_iter()
        .chain(CAUSES.map(off))
        .collect();
    let outcomes = [
        None,
        Some(Outcome::Done),
        Some(failure()),
        Some(Outcome::Progress {
            phase: "disk".to_owned(),
            percent: 1,
        }),
    ];
    for kind in OPERATIONS {
        // The phases in which an operation can be found: the one it begins with, what is seen meanwhile, and
        // unknown.
        let begun = crate::lifecycle::begin(&vm(VmPhase::Stopped), kind, task_id(0), NOW);
        let first = match kind {
            OperationKind::Create => VmPhase::Pending,
            _ => begun.status.phase,
        };
        let t = task(TaskKind::StartVm);
        for seen in &seen {
            for outcome in &outcomes {
                let mut from = vec![begun.clone()];
                from[0].status.phase = first;
                from.extend(crate::lifecycle::lose_sight(&from[0], NOW));
                if kind == OperationKind::Create {
                    let mut making = begun.clone();
                    making.status.phase = VmPhase::Provisioning;
                    from.push(making);
                }
                for before in from {
                    let told = report(*seen, outcome.clone());
                    if let Err(e) = settle(&before, Some(&t), &told, NOW) {
                        assert_eq!(e.reason(), Reason::InvalidField, "{kind:?} {told:?}: {e}");
                    }
                }
            }
        }
    }
    for phase in VmPhase::ALL {
        for seen in &seen {
            let settled = settle(&vm(*phase), None, &report(*seen, None), NOW);
            assert!(settled.is_ok(), "{phase} {seen:?}: {settled:?}");
        }
    }
}
