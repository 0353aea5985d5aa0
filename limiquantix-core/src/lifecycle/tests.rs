use std::collections::BTreeSet;
use std::time::Duration;

use super::fixture::{NOW, OPERATIONS, SNAPSHOT, busy, snapshot, task, task_id, vm};
use super::*;
use crate::error::Reason;
use crate::resource::{OperationKind, PowerState, TaskKind, TaskState, Vm, VmPhase};

const VERBS: [Verb; 13] = [
    Verb::Start,
    Verb::Stop { force: false },
    Verb::Stop { force: true },
    Verb::Reboot,
    Verb::Suspend,
    Verb::Resume,
    Verb::Snapshot,
    Verb::Revert { memory: false },
    Verb::Revert { memory: true },
    Verb::RemoveSnapshot,
    Verb::Update,
    Verb::Delete { force: false },
    Verb::Delete { force: true },
];

/// One letter per outcome: (P)roceed, (S)upersede, (A)lready so, (W)rong state, (B)usy.
fn letter(vm: &crate::resource::Vm, verb: Verb) -> char {
    match admit(vm, verb) {
        Ok(Admission::Proceed) => 'P',
        Ok(Admission::Supersede(task)) => {
            assert_eq!(
                task,
                task_id(0),
                "the task that is superseded is the one under way"
            );
            'S'
        }
        Err(e) => match e.reason() {
            Reason::AlreadyInState => 'A',
            Reason::WrongState => 'W',
            Reason::OperationInProgress => {
                assert_eq!(
                    e.get("task"),
                    Some(task_id(0).to_string().as_str()),
                    "names the task in the way"
                );
                'B'
            }
            other => panic!("{verb:?} is refused for {other:?}"),
        },
    }
}

fn row(vm: &crate::resource::Vm) -> String {
    VERBS.iter().map(|verb| letter(vm, *verb)).collect()
}

/// For a user: a button that does something in a state where it must not (delete what may be running), or one
/// that refuses where it is the only way out.
#[test]
fn every_verb_in_every_phase_of_an_idle_vm() {
    // start, stop, force stop, reboot, suspend, resume; snapshot, revert disks, revert memory, remove one;
    // update, delete, force delete
    let table = [
        (VmPhase::Pending, "WWWWWWWWWWWPP"),
        (VmPhase::Provisioning, "WWWWWWWWWWWWP"),
        (VmPhase::Stopped, "PAAWWWPPPPPPP"),
        (VmPhase::Starting, "WWWWWWWWWWWWP"),
        (VmPhase::Running, "APPPPAPWPPWWP"),
        (VmPhase::Stopping, "WWWWWWWWWWWWP"),
        (VmPhase::Rebooting, "WWWWWWWWWWWWP"),
        (VmPhase::Suspended, "WPPWAPPWPPWWP"),
        (VmPhase::Migrating, "WWWWWWWWWWWWP"),
        (VmPhase::Deleting, "WWWWWWWWWWWWW"),
        (VmPhase::Error, "PPPWWWWPPPPPP"),
        (VmPhase::Unknown, "WWWWWWWWWWWWP"),
    ];
    assert_eq!(
        table.map(|(p, _)| p).as_slice(),
        VmPhase::ALL,
        "a phase is missing from the table"
    );
    for (phase, expected) in table {
        assert_eq!(row(&vm(phase)), expected, "phase {phase}");
    }
}

/// For a user: a stuck machine whose plug cannot be pulled, or two operations that work against each other.
#[test]
fn every_verb_during_every_operation_whatever_the_phase() {
    let expected = |op| match op {
        OperationKind::Create => "BBBBBBBBBBBSS",
        OperationKind::Start
        | OperationKind::Reboot { .. }
        | OperationKind::Suspend
        | OperationKind::Resume => "BBSBBBBBBBBBS",
        OperationKind::Stop { grace } if grace.is_zero() => "BBBBBBBBBBBBS",
        OperationKind::Stop { .. } => "BBSBBBBBBBBBS",
        OperationKind::CreateSnapshot { .. }
        | OperationKind::RevertSnapshot { .. }
        | OperationKind::DeleteSnapshot { .. }
        | OperationKind::Update => "BBBBBBBBBBBBS",
        OperationKind::Delete => "BBBBBBBBBBBBB",
    };
    for op in OPERATIONS {
        for phase in VmPhase::ALL.iter().filter(|p| **p != VmPhase::Deleting) {
            assert_eq!(row(&busy(*phase, op)), expected(op), "{op:?} in phase {phase}");
        }
        // A tombstone admits nothing at all.
        assert_eq!(
            row(&busy(VmPhase::Deleting, op)),
            "BBBBBBBBBBBBB",
            "{op:?} while deleting"
        );
    }
}

/// For a user: a refusal that does not say which state is in the way, or what to do.
#[test]
fn refusals_name_the_vm_the_state_and_the_way_out() {
    let e = admit(&vm(VmPhase::Running), Verb::Delete { force: false }).unwrap_err();
    assert_eq!(e.get("state"), Some("running"));
    assert_eq!(e.get("vm"), Some(vm(VmPhase::Running).id.to_string().as_str()));
    assert!(
        e.message().contains("stop it first, or force the deletion"),
        "{}",
        e.message()
    );
    let e = admit(&vm(VmPhase::Suspended), Verb::Start).unwrap_err();
    assert!(e.message().contains("resume or stop it first"), "{}", e.message());
    let e = admit(&vm(VmPhase::Stopped), Verb::Resume).unwrap_err();
    assert!(e.message().contains("has to be started"), "{}", e.message());
    let e = admit(&vm(VmPhase::Unknown), Verb::Delete { force: false }).unwrap_err();
    assert!(e.message().contains("may well be running"), "{}", e.message());
}

/// For a user: a VM that is stuck in some phase and cannot be removed from there.
#[test]
fn deleting_is_reachable_from_every_phase_and_admitted_with_force() {
    for phase in VmPhase::ALL {
        assert!(may_follow(*phase, VmPhase::Deleting), "{phase} cannot be deleted");
        if *phase != VmPhase::Deleting {
            let forced = admit(&vm(*phase), Verb::Delete { force: true });
            assert_eq!(forced.unwrap(), Admission::Proceed, "{phase}");
        }
    }
}

/// For a user: a state that can never be left, or never be reached although the code speaks of it.
#[test]
fn every_phase_is_reachable_from_pending_and_only_a_tombstone_narrows() {
    let mut reached = BTreeSet::from([VmPhase::Pending]);
    loop {
        let next: BTreeSet<VmPhase> = VmPhase::ALL
            .iter()
            .copied()
            .filter(|to| reached.iter().any(|from| may_follow(*from, *to)))
            .collect();
        if next == reached {
            break;
        }
        reached = next;
    }
    assert_eq!(
        reached.into_iter().collect::<Vec<_>>(),
        VmPhase::ALL,
        "in declaration order"
    );
    for phase in VmPhase::ALL {
        assert!(may_follow(*phase, *phase), "staying in {phase} is not allowed");
        assert!(
            may_follow(*phase, VmPhase::Unknown),
            "a silent node may have it in {phase}"
        );
        assert!(
            may_follow(VmPhase::Unknown, *phase),
            "{phase} cannot come back into sight"
        );
        let leaves = VmPhase::ALL
            .iter()
            .any(|to| to != phase && *to != VmPhase::Unknown && may_follow(*phase, *to));
        assert!(leaves, "{phase} is a dead end");
    }
    assert!(
        !may_follow(VmPhase::Running, VmPhase::Pending),
        "a VM is created once"
    );
    assert!(
        !may_follow(VmPhase::Deleting, VmPhase::Stopped),
        "a tombstone does not heal by itself"
    );
    assert!(
        !may_follow(VmPhase::Stopped, VmPhase::Rebooting),
        "what is off cannot restart"
    );
}

/// For a user: "stopping" shown for a start, an intent that is not recorded, an old error next to a new
/// operation.
#[test]
fn beginning_takes_the_slot_records_the_intent_and_shows_the_phase() {
    let expected = |op| match op {
        OperationKind::Start => (VmPhase::Starting, Some(PowerState::On), false),
        OperationKind::Stop { .. } => (VmPhase::Stopping, Some(PowerState::Off), false),
        OperationKind::Reboot { .. } => (VmPhase::Rebooting, None, false),
        OperationKind::Delete => (VmPhase::Deleting, Some(PowerState::Off), true),
        OperationKind::RevertSnapshot { memory: true, .. } => (VmPhase::Error, Some(PowerState::On), false),
        OperationKind::Create
        | OperationKind::Suspend
        | OperationKind::Resume
        | OperationKind::CreateSnapshot { .. }
        | OperationKind::RevertSnapshot { .. }
        | OperationKind::DeleteSnapshot { .. }
        | OperationKind::Update => (VmPhase::Error, None, false),
    };
    for op in OPERATIONS {
        let mut before = vm(VmPhase::Error);
        before.status.message = "the last error".to_owned();
        let after = begin(&before, op, task_id(5), NOW);
        let (phase, intent, deleting) = expected(op);
        assert_eq!(after.status.phase, phase, "{op:?}");
        assert_eq!(after.deleting, deleting, "{op:?}");
        assert_eq!(after.power.state, intent.unwrap_or(before.power.state), "{op:?}");
        // A new decision has a new number even if it is the same again: what was done for an older one
        // does not count for it.
        let numbered = before.power.generation + u32::from(intent.is_some());
        assert_eq!(after.power.generation, numbered, "{op:?}");
        assert_eq!(after.operation.map(|o| (o.task, o.kind)), Some((task_id(5), op)));
        assert_eq!(after.status.message, "", "{op:?} keeps the last error");
        assert_eq!(after.meta.updated_at, NOW);
        assert_eq!(
            after.placement, before.placement,
            "only a change of mind raises the epoch"
        );
    }
}

/// For a user: `task cancel` that leaves the VM half made, or running, or says "cancelled" for what went on.
#[test]
fn cancelling_turns_creation_and_start_round_and_gives_up_a_graceful_stop() {
    let create = busy(VmPhase::Provisioning, OperationKind::Create);
    let (vm, t) = cancel(&create, &task(TaskKind::CreateVm), NOW).unwrap();
    assert_eq!(
        vm.operation.as_ref().map(|o| (o.task, o.kind)),
        Some((task_id(0), OperationKind::Delete))
    );
    assert!(vm.deleting);
    assert_eq!(vm.status.phase, VmPhase::Deleting);
    assert_eq!(
        (vm.power.state, vm.power.generation),
        (PowerState::Off, create.power.generation + 1)
    );
    assert!(t.cancel_requested);
    assert!(!t.state.is_terminal(), "it ends when what was made is gone");

    let start = busy(VmPhase::Starting, OperationKind::Start);
    let (vm, t) = cancel(&start, &task(TaskKind::StartVm), NOW).unwrap();
    let at_once = OperationKind::Stop {
        grace: Duration::ZERO,
    };
    assert_eq!(vm.operation.map(|o| o.kind), Some(at_once));
    assert_eq!(vm.power.state, PowerState::Off);
    assert!(!t.state.is_terminal());

    let grace = Duration::from_secs(90);
    let stop = busy(VmPhase::Stopping, OperationKind::Stop { grace });
    let (vm, t) = cancel(&stop, &task(TaskKind::StopVm), NOW).unwrap();
    assert_eq!(vm.operation, None);
    assert_eq!(
        (vm.power.state, vm.status.phase),
        (PowerState::On, VmPhase::Running)
    );
    assert_eq!(t.state, TaskState::Cancelled, "nothing has to happen for it");
    assert_eq!(t.error.map(|e| e.reason), Some("CANCELLED".to_owned()));
}

/// For a user: a start that was cancelled reports "started" a moment later, and that ends the stop that the
/// cancellation turned it into: the VM runs on, and everybody believes it is off.
#[test]
fn turning_round_raises_the_epoch_so_that_the_old_outcome_is_refused() {
    for (kind, of) in [
        (OperationKind::Create, TaskKind::CreateVm),
        (OperationKind::Start, TaskKind::StartVm),
    ] {
        let before = busy(VmPhase::Starting, kind);
        let (after, _) = cancel(&before, &task(of), NOW).unwrap();
        assert_eq!(
            after.placement.unwrap().epoch,
            before.placement.unwrap().epoch + 1,
            "{kind:?}"
        );
        assert_eq!(after.placement.unwrap().node, before.placement.unwrap().node);
    }
}

/// For a user: a "cancelled" that cannot be kept.
#[test]
fn what_cannot_be_undone_is_not_cancellable() {
    let fixed = [
        (
            OperationKind::Stop {
                grace: Duration::ZERO,
            },
            TaskKind::StopVm,
        ),
        (OperationKind::Reboot { force: false }, TaskKind::RebootVm),
        (OperationKind::Suspend, TaskKind::SuspendVm),
        (OperationKind::Resume, TaskKind::ResumeVm),
        (
            OperationKind::CreateSnapshot {
                snapshot: SNAPSHOT,
                memory: true,
            },
            TaskKind::CreateSnapshot,
        ),
        (
            OperationKind::RevertSnapshot {
                snapshot: SNAPSHOT,
                memory: true,
            },
            TaskKind::RevertSnapshot,
        ),
        (
            OperationKind::DeleteSnapshot { snapshot: SNAPSHOT },
            TaskKind::DeleteSnapshot,
        ),
        (OperationKind::Update, TaskKind::UpdateVm),
        (OperationKind::Delete, TaskKind::DeleteVm),
    ];
    for (op, kind) in fixed {
        let e = cancel(&busy(VmPhase::Running, op), &task(kind), NOW).unwrap_err();
        assert_eq!(e.reason(), Reason::NotCancellable, "{op:?}");
    }
    // Another operation has the VM, or none, or the task is over.
    let mut other = busy(VmPhase::Starting, OperationKind::Start);
    other.operation.as_mut().unwrap().task = task_id(9);
    let e = cancel(&other, &task(TaskKind::StartVm), NOW).unwrap_err();
    assert_eq!(e.reason(), Reason::NotCancellable);
    let e = cancel(&vm(VmPhase::Running), &task(TaskKind::StartVm), NOW).unwrap_err();
    assert_eq!(e.reason(), Reason::NotCancellable);
    let mut ended = task(TaskKind::StartVm);
    ended.finish(NOW, TaskState::Succeeded, None);
    let e = cancel(&busy(VmPhase::Starting, OperationKind::Start), &ended, NOW).unwrap_err();
    assert_eq!(e.reason(), Reason::NotCancellable);
}

/// For a user: a node that is silent for a while takes the operation, the intent or the epoch of its VMs with
/// it; or a VM that is being removed looks like a live one again.
#[test]
fn losing_sight_changes_only_what_is_shown() {
    for phase in VmPhase::ALL {
        let before = busy(*phase, OperationKind::Start);
        let Some(after) = lose_sight(&before, NOW) else {
            assert!(
                matches!(phase, VmPhase::Unknown | VmPhase::Deleting),
                "{phase} stays in sight"
            );
            continue;
        };
        assert_eq!(after.status.phase, VmPhase::Unknown);
        assert!(after.status.message.contains("may or may not run"));
        let mut same = after.clone();
        same.status = before.status.clone();
        same.meta = before.meta.clone();
        assert_eq!(same, before, "{phase}");
    }
}

/// For a user: a guest that is put back onto other hardware and crashes, disks that are put under a VM that has
/// other ones; or a refusal that does not say what differs.
#[test]
fn one_goes_back_only_to_what_the_vm_still_is() {
    let base = vm(VmPhase::Stopped);
    for with_memory in [false, true] {
        let kept = snapshot(&base, with_memory);
        may_revert(&base, &kept).unwrap();
        let differs = |changed: &Vm| match may_revert(changed, &kept) {
            Ok(()) => None,
            Err(e) => {
                assert_eq!(e.reason(), Reason::SnapshotMismatch);
                Some(e.message().rsplit(": ").next().unwrap().to_owned())
            }
        };
        let mut other_disks = base.clone();
        other_disks
            .volumes
            .push(crate::identity::VolumeId::from_uuid(uuid::Uuid::from_u128(9)));
        assert_eq!(differs(&other_disks).as_deref(), Some("disks"));
        let mut resized = base.clone();
        resized.spec.cpu.cores.0 += 1;
        resized.spec.memory.0 += 1;
        assert_eq!(
            differs(&resized).as_deref(),
            with_memory.then_some("cpu, memory"),
            "disks alone do not care"
        );
        let mut renamed = base.clone();
        renamed.name = super::fixture::name("another");
        renamed
            .spec
            .placement
            .node_selector
            .insert("zone".to_owned(), "b".to_owned());
        assert_eq!(differs(&renamed), None, "what is no hardware may change");
    }
    for phase in crate::resource::SnapshotPhase::ALL {
        let mut kept = snapshot(&base, false);
        kept.phase = *phase;
        let outcome = may_revert(&base, &kept).map_err(|e| e.reason());
        let ready = *phase == crate::resource::SnapshotPhase::Ready;
        assert_eq!(
            outcome,
            if ready { Ok(()) } else { Err(Reason::WrongState) },
            "{phase:?}"
        );
    }
}
