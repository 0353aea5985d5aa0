//! Starting, stopping, restarting, updating, deleting, cancelling.

use std::time::Duration;

use limiquantix::UpdateVm;
use limiquantix::core::contract::Selector;
use limiquantix::core::identity::VmId;
use limiquantix::core::resource::{OperationKind, PowerState, StopCause, TaskKind, TaskState, VmPhase};
use limiquantix::core::settle::Outcome;
use limiquantix_testkit::fixtures;

use crate::bench::{Bench, call, code, failed, field, off, running, spec};

/// For a user: an answer that says "done" before anything was done, or a task that nobody can find.
#[tokio::test]
async fn each_verb_is_accepted_as_a_task_and_ends_with_the_report() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    assert_eq!(vm.status.phase, VmPhase::Running);
    let vms = bench.cp.vms();

    let answer = vms.stop(&call(), vm.id, false, None).await.unwrap();
    assert_eq!(
        (answer.status.phase, answer.power.state),
        (VmPhase::Stopping, PowerState::Off)
    );
    let op = answer.operation.clone().unwrap();
    let grace = Duration::from_secs(90);
    assert_eq!(op.kind, OperationKind::Stop { grace }, "the documented default");
    assert_eq!(bench.task(op.task).await.kind, TaskKind::StopVm);
    bench.finish(vm.id).await;
    assert_eq!(bench.task(op.task).await.state, TaskState::Succeeded);
    let stopped = bench.vm(vm.id).await;
    assert_eq!(
        (stopped.status.phase, stopped.status.cause),
        (VmPhase::Stopped, Some(StopCause::Requested))
    );

    let answer = vms.start(&call(), vm.id).await.unwrap();
    assert_eq!(answer.status.phase, VmPhase::Starting);
    bench.finish(vm.id).await;
    let answer = vms.reboot(&call(), vm.id, true).await.unwrap();
    assert_eq!(answer.status.phase, VmPhase::Rebooting);
    bench.finish(vm.id).await;
    assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Running);

    // The list of a VM's tasks is its history.
    let tasks = bench
        .cp
        .tasks()
        .list(Selector::default(), Default::default())
        .await
        .unwrap();
    let kinds: Vec<TaskKind> = tasks.items.iter().map(|t| t.kind).collect();
    assert_eq!(
        kinds,
        [
            TaskKind::CreateVm,
            TaskKind::StopVm,
            TaskKind::StartVm,
            TaskKind::RebootVm
        ]
    );
    assert!(tasks.items.iter().all(|t| t.state == TaskState::Succeeded));
}

/// For a user: a pause that is called done before the guest stands still, or that the VM's history does not show.
#[tokio::test]
async fn a_vm_is_suspended_and_resumed_by_tasks_of_their_own() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let vms = bench.cp.vms();
    assert_eq!(code(vms.resume(&call(), vm.id).await), "ALREADY_IN_STATE");
    let answer = vms.suspend(&call(), vm.id).await.unwrap();
    assert_eq!(
        answer.status.phase,
        VmPhase::Running,
        "it does until its node says otherwise"
    );
    assert_eq!(
        code(vms.resume(&call(), vm.id).await),
        "OPERATION_IN_PROGRESS",
        "one at a time"
    );
    assert_eq!(bench.task_of(&answer).await.kind, TaskKind::SuspendVm);
    bench.finish(vm.id).await;
    let suspended = bench.vm(vm.id).await;
    assert_eq!(
        (suspended.status.phase, suspended.power.state),
        (VmPhase::Suspended, PowerState::On)
    );
    assert_eq!(code(vms.suspend(&call(), vm.id).await), "ALREADY_IN_STATE");
    let refused = vms.start(&call(), vm.id).await.unwrap_err();
    assert!(refused.message().contains("resume or stop it first"), "{refused}");
    let answer = vms.resume(&call(), vm.id).await.unwrap();
    assert_eq!(bench.task_of(&answer).await.kind, TaskKind::ResumeVm);
    bench.finish(vm.id).await;
    let resumed = bench.vm(vm.id).await;
    assert_eq!(resumed.status.phase, VmPhase::Running);
    assert_eq!(
        resumed.status.started_at, vm.status.started_at,
        "it is the same run, which began when it began"
    );
    vms.stop(&call(), vm.id, true, None).await.unwrap();
    bench.finish(vm.id).await;
    for refused in [
        vms.suspend(&call(), vm.id).await,
        vms.resume(&call(), vm.id).await,
    ] {
        assert_eq!(code(refused), "WRONG_STATE");
    }
}

/// For a user: a typing error makes a stop wait for a century; a VM that does not exist is "internal".
#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let vms = bench.cp.vms();
    let century = Some(Duration::from_secs(100 * 365 * 86_400));
    assert_eq!(field(vms.stop(&call(), vm.id, false, century).await), "timeout");
    let nobody: VmId = fixtures::vm_id("nobody");
    for outcome in [
        vms.get(nobody).await,
        vms.start(&call(), nobody).await,
        vms.stop(&call(), nobody, true, None).await,
        vms.delete(&call(), nobody, true).await,
    ] {
        assert_eq!(code(outcome), "NOT_FOUND");
    }
    assert_eq!(code(vms.start(&call(), vm.id).await), "ALREADY_IN_STATE");
    assert_eq!(
        field(vms.update(&call(), vm.id, UpdateVm::default()).await),
        "update_mask"
    );
    let resized = UpdateVm {
        spec: Some(spec(2, 1024)),
        ..UpdateVm::default()
    };
    assert_eq!(code(vms.update(&call(), vm.id, resized).await), "WRONG_STATE");
    let mut more_disks = spec(1, 1024);
    more_disks.disks.push(fixtures::disk("data", 1, None));
    vms.stop(&call(), vm.id, true, None).await.unwrap();
    bench.finish(vm.id).await;
    let more_disks = UpdateVm {
        spec: Some(more_disks),
        ..UpdateVm::default()
    };
    assert_eq!(field(vms.update(&call(), vm.id, more_disks).await), "spec.disks");
}

/// For a user: a guest that ignores the power button keeps its owner waiting for the grace, whatever they do.
#[tokio::test]
async fn a_forced_stop_takes_the_place_of_what_is_under_way() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let vms = bench.cp.vms();
    let gentle = vms.stop(&call(), vm.id, false, None).await.unwrap();
    assert_eq!(
        code(vms.stop(&call(), vm.id, false, None).await),
        "OPERATION_IN_PROGRESS"
    );
    let forced = vms.stop(&call(), vm.id, true, None).await.unwrap();
    let superseded = bench.task_of(&gentle).await;
    assert_eq!(superseded.state, TaskState::Cancelled);
    let error = superseded.error.clone().unwrap();
    assert_eq!(error.reason, "SUPERSEDED");
    let by = forced.operation.clone().unwrap().task;
    assert!(
        error.message.contains(&by.to_string()),
        "names the task that took its place"
    );
    // The outcome of the one that was superseded is not that of the other.
    bench
        .told(&gentle, running(&vm), Some(Outcome::Done))
        .await
        .unwrap();
    assert_eq!(bench.vm(vm.id).await.operation, forced.operation);
    bench.finish(vm.id).await;
    assert_eq!(bench.task(by).await.state, TaskState::Succeeded);
}

/// For a user: the VM is gone from the list while its guest runs on; or a running one is removed by mistake.
#[tokio::test]
async fn a_deletion_waits_for_the_node_and_asks_for_force() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let vms = bench.cp.vms();
    assert_eq!(code(vms.delete(&call(), vm.id, false).await), "WRONG_STATE");
    let tombstone = vms.delete(&call(), vm.id, true).await.unwrap();
    assert!(tombstone.deleting);
    assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Deleting);
    assert_eq!(code(vms.start(&call(), vm.id).await), "OPERATION_IN_PROGRESS");
    let describe = UpdateVm {
        description: Some("too late".to_owned()),
        ..UpdateVm::default()
    };
    assert_eq!(
        code(vms.update(&call(), vm.id, describe).await),
        "OPERATION_IN_PROGRESS"
    );
    bench.finish(vm.id).await;
    assert_eq!(code(vms.get(vm.id).await), "NOT_FOUND");
    let task = bench.task_of(&tombstone).await;
    assert_eq!(task.state, TaskState::Succeeded, "the task outlives the VM");
    assert_eq!(task.target.name, "web");
}

/// For a user: a deletion that fails takes the VM away for ever, or hides that its guest still runs.
#[tokio::test]
async fn a_deletion_that_failed_gives_the_vm_back() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let node = vm.placement.unwrap().node;
    let vms = bench.cp.vms();
    let tombstone = vms.delete(&call(), vm.id, true).await.unwrap();
    bench
        .told(&tombstone, running(&vm), Some(failed("the disk is busy")))
        .await
        .unwrap();
    let back = bench.vm(vm.id).await;
    assert_eq!((back.status.phase, back.deleting), (VmPhase::Running, false));
    assert_eq!(back.status.message, "the disk is busy");
    assert_eq!(
        bench.allocation(node).await,
        (1, 1024, 1),
        "it still takes its place"
    );
    vms.delete(&call(), vm.id, true).await.unwrap();
    bench.finish(vm.id).await;
    assert_eq!(bench.allocation(node).await, (0, 0, 0));
}

/// For a user: `task cancel` of a creation leaves a half-made VM; its disks and its place stay taken.
#[tokio::test]
async fn cancelling_a_creation_removes_what_was_made() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.create("web").await;
    let task = bench.task_of(&vm).await;
    let progress = Outcome::Progress {
        phase: "disk".to_owned(),
        percent: 20,
    };
    bench
        .told(&vm, limiquantix::core::settle::Seen::Absent, Some(progress))
        .await
        .unwrap();
    let cancelled = bench.cp.tasks().cancel(&call(), task.id).await.unwrap();
    assert!(cancelled.cancel_requested && !cancelled.state.is_terminal());
    let again = bench.cp.tasks().cancel(&call(), task.id).await.unwrap();
    assert_eq!(again, cancelled, "asking again changes nothing");

    // The agent was just about to say that it is done: that is not the end of the removal.
    let late = bench.told(&vm, running(&vm), Some(Outcome::Done)).await;
    assert_eq!(code(late), "STALE_EPOCH");
    let late = bench
        .told(
            &vm,
            limiquantix::core::settle::Seen::Absent,
            Some(failed("no image")),
        )
        .await;
    assert_eq!(code(late), "STALE_EPOCH");
    assert!(bench.vm(vm.id).await.deleting);

    bench.finish(vm.id).await;
    assert_eq!(code(bench.cp.vms().get(vm.id).await), "NOT_FOUND");
    assert_eq!(bench.task(task.id).await.state, TaskState::Cancelled);
    assert_eq!(bench.volumes().await, vec![]);
    assert_eq!(bench.allocation(vm.placement.unwrap().node).await, (0, 0, 0));
    assert_eq!(
        code(bench.cp.tasks().cancel(&call(), task.id).await),
        "NOT_CANCELLABLE"
    );
}

/// For a user: a start that was cancelled comes up all the same; a stop that was cancelled is shown as one
/// that goes on.
#[tokio::test]
async fn cancelling_a_start_powers_off_and_a_graceful_stop_is_given_up() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.stopped("web").await;
    let vms = bench.cp.vms();
    let starting = vms.start(&call(), vm.id).await.unwrap();
    let task = bench.task_of(&starting).await;
    bench.cp.tasks().cancel(&call(), task.id).await.unwrap();
    assert_eq!(
        code(
            bench
                .told(&starting, running(&starting), Some(Outcome::Done))
                .await
        ),
        "STALE_EPOCH"
    );
    let turned = bench.vm(vm.id).await;
    assert_eq!(
        (turned.status.phase, turned.power.state),
        (VmPhase::Stopping, PowerState::Off)
    );
    bench.finish(vm.id).await;
    assert_eq!(bench.task(task.id).await.state, TaskState::Cancelled);
    assert_eq!(bench.vm(vm.id).await.status.phase, VmPhase::Stopped);

    vms.start(&call(), vm.id).await.unwrap();
    bench.finish(vm.id).await;
    let stopping = vms.stop(&call(), vm.id, false, None).await.unwrap();
    let task = bench.task_of(&stopping).await;
    let cancelled = bench.cp.tasks().cancel(&call(), task.id).await.unwrap();
    assert_eq!(cancelled.state, TaskState::Cancelled);
    let kept = bench.vm(vm.id).await;
    assert_eq!(
        (kept.status.phase, kept.power.state, &kept.operation),
        (VmPhase::Running, PowerState::On, &None)
    );
    // It had been asked already, and obeys: it is off, and nobody starts it behind its owner's back.
    bench.told(&kept, off(StopCause::Requested), None).await.unwrap();
    let ended = bench.vm(vm.id).await;
    assert_eq!(
        (ended.status.phase, ended.power.state),
        (VmPhase::Stopped, PowerState::Off)
    );

    // What cannot be undone says so.
    vms.start(&call(), vm.id).await.unwrap();
    bench.finish(vm.id).await;
    for vm in [
        vms.reboot(&call(), vm.id, false).await.unwrap(),
        vms.stop(&call(), vm.id, true, None).await.unwrap(),
        vms.delete(&call(), vm.id, true).await.unwrap(),
    ] {
        let task = vm.operation.clone().unwrap().task;
        assert_eq!(
            code(bench.cp.tasks().cancel(&call(), task).await),
            "NOT_CANCELLABLE"
        );
    }
    assert_eq!(
        code(bench.cp.tasks().cancel(&call(), fixtures::task_id("none")).await),
        "NOT_FOUND"
    );
}

/// For a user: two people act on one VM at once, and both are told that it worked.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_verbs_at_once_exactly_one_gets_the_vm() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.stopped("web").await;
    for _ in 0..20 {
        let calls: Vec<_> = (0..8)
            .map(|_| {
                let vms = bench.cp.vms();
                let id = vm.id;
                tokio::spawn(async move { vms.start(&call(), id).await })
            })
            .collect();
        let mut accepted = 0;
        for call in calls {
            match call.await.unwrap() {
                Ok(_) => accepted += 1,
                Err(e) => assert_eq!(e.reason().code(), "OPERATION_IN_PROGRESS"),
            }
        }
        assert_eq!(accepted, 1);
        bench.finish(vm.id).await;
        bench.cp.vms().stop(&call(), vm.id, true, None).await.unwrap();
        bench.finish(vm.id).await;
    }
}
