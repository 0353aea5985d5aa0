//! `ensure_running`, `ensure_stopped`, `reboot`, and what a guest's end is called.

use limiquantix_core::contract::{InstanceState, Stop};
use limiquantix_core::error::Reason;
use limiquantix_core::resource::StopCause;

use super::rig::{Disturbance, FIRST, Guest, Rig, defined, logged, look, mark, off, refused, running};

/// Starting what runs only brings the mark up to date.
pub async fn running_twice_is_running_once(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Deaf).await;
    let once = look(&*hypervisor, machine.vm).await;
    assert_eq!((once.state, once.last_run), (InstanceState::Running, Some(FIRST)));
    hypervisor
        .ensure_running(machine.vm, FIRST)
        .await
        .expect("the same again");
    assert_eq!(look(&*hypervisor, machine.vm).await, once);
    hypervisor
        .ensure_running(machine.vm, mark(1, 3))
        .await
        .expect("another decision");
    let twice = look(&*hypervisor, machine.vm).await;
    assert_eq!(
        (twice.state, twice.last_run),
        (InstanceState::Running, Some(mark(1, 3)))
    );
}

/// After a forced stop nothing of the guest runs any more, and the cause is ours.
pub async fn a_forced_stop_is_over_when_it_returns(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Deaf).await;
    for _ in 0..2 {
        hypervisor
            .ensure_stopped(machine.vm, 1, Stop::Force)
            .await
            .expect("stop");
        let dead = look(&*hypervisor, machine.vm).await;
        assert_eq!(dead.state, InstanceState::Off(StopCause::Requested));
        assert_eq!((dead.accel, dead.last_run), (None, Some(FIRST)));
    }
    hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Graceful)
        .await
        .expect("ask what is off");
}

/// A graceful stop only asks: it returns at once, and a guest that does not listen goes on.
pub async fn a_guest_that_does_not_listen_is_forced(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Deaf).await;
    for _ in 0..2 {
        hypervisor
            .ensure_stopped(machine.vm, 1, Stop::Graceful)
            .await
            .expect("ask");
    }
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(look(&*hypervisor, machine.vm).await.state, InstanceState::Running);
    hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Force)
        .await
        .expect("force");
    assert_eq!(
        look(&*hypervisor, machine.vm).await.state,
        InstanceState::Off(StopCause::Requested)
    );
}

/// A guest that was asked and obeys was stopped by us, not by itself.
pub async fn a_guest_that_listens_shuts_down(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Polite).await;
    logged(rig, &*hypervisor, machine.vm, 0, "LQX READY").await;
    hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Graceful)
        .await
        .expect("ask");
    assert_eq!(off(rig, &*hypervisor, machine.vm).await, StopCause::Requested);
}

/// A guest that powers itself off did so, and what it ran for is still known.
pub async fn a_guest_that_powers_itself_off_did_so(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Brief).await;
    assert_eq!(off(rig, &*hypervisor, machine.vm).await, StopCause::GuestShutdown);
    assert_eq!(look(&*hypervisor, machine.vm).await.last_run, Some(FIRST));
}

/// `virsh destroy` and its like are told from our own stops.
pub async fn a_guest_destroyed_on_the_node_says_so(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Deaf).await;
    rig.disturb(machine.vm, Disturbance::Destroy).await;
    assert_eq!(off(rig, &*hypervisor, machine.vm).await, StopCause::Outside);
}

/// The death of the hypervisor process is a crash.
pub async fn a_crash_is_not_a_shutdown(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Deaf).await;
    rig.disturb(machine.vm, Disturbance::Crash).await;
    assert_eq!(off(rig, &*hypervisor, machine.vm).await, StopCause::Crashed);
}

/// The record that we asked for a stop ends with the next start.
pub async fn a_restart_forgets_the_old_cause(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Deaf).await;
    hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Force)
        .await
        .expect("stop");
    hypervisor
        .ensure_running(machine.vm, mark(1, 3))
        .await
        .expect("start again");
    rig.disturb(machine.vm, Disturbance::Destroy).await;
    assert_eq!(off(rig, &*hypervisor, machine.vm).await, StopCause::Outside);
}

/// A reset is a second boot of the same run.
pub async fn a_reset_guest_boots_again(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Polite).await;
    let size = logged(rig, &*hypervisor, machine.vm, 0, "LQX READY").await;
    hypervisor.reboot(machine.vm, 1, true).await.expect("reset");
    logged(rig, &*hypervisor, machine.vm, size, "LQX READY").await;
    let after = look(&*hypervisor, machine.vm).await;
    assert_eq!(
        (after.state, after.last_run),
        (InstanceState::Running, Some(FIRST))
    );
}

/// A reboot does not start anything.
pub async fn a_machine_that_is_off_cannot_reboot(rig: &impl Rig) {
    let (hypervisor, machine) = defined(rig, Guest::Deaf).await;
    for force in [false, true] {
        refused(
            hypervisor.reboot(machine.vm, 1, force).await,
            Reason::WrongState,
            "reboot",
        );
    }
    refused(
        hypervisor.console_open(machine.vm).await,
        Reason::WrongState,
        "console",
    );
    assert!(matches!(
        look(&*hypervisor, machine.vm).await.state,
        InstanceState::Off(_)
    ));
}

/// Pausing and going on happen once each, however often they are asked for, and change nothing else.
pub async fn a_suspended_guest_waits_and_goes_on(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Polite).await;
    let vm = machine.vm;
    let size = logged(rig, &*hypervisor, vm, 0, "LQX READY").await;
    let before = look(&*hypervisor, vm).await;
    for _ in 0..2 {
        hypervisor.ensure_suspended(vm, 1).await.expect("suspend");
        let paused = look(&*hypervisor, vm).await;
        assert_eq!(paused.state, InstanceState::Paused);
        assert_eq!(
            (paused.last_run, paused.accel),
            (before.last_run, before.accel),
            "it is on, in the same run"
        );
    }
    let asked = hypervisor.ensure_stopped(vm, 1, Stop::Graceful).await;
    refused(asked, Reason::WrongState, "asking what cannot hear");
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert_eq!(look(&*hypervisor, vm).await.state, InstanceState::Paused);
    let log = hypervisor.console_log(vm, 0, 1).await.expect("log").size;
    assert_eq!(log, size, "what is paused writes nothing");
    hypervisor.ensure_resumed(vm, 1).await.expect("resume");
    hypervisor
        .ensure_stopped(vm, 1, Stop::Graceful)
        .await
        .expect("ask");
    assert_eq!(off(rig, &*hypervisor, vm).await, StopCause::Requested);

    hypervisor
        .ensure_running(vm, mark(1, 3))
        .await
        .expect("start again");
    hypervisor.ensure_suspended(vm, 1).await.expect("suspend");
    for _ in 0..2 {
        hypervisor.ensure_resumed(vm, 1).await.expect("resume");
        let goes_on = look(&*hypervisor, vm).await;
        assert_eq!(
            (goes_on.state, goes_on.last_run),
            (InstanceState::Running, Some(mark(1, 3)))
        );
    }
}

/// A paused guest is no reason to have to let it run first.
pub async fn a_suspended_guest_can_be_powered_off(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Deaf).await;
    hypervisor.ensure_suspended(machine.vm, 1).await.expect("suspend");
    hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Force)
        .await
        .expect("stop");
    assert_eq!(
        look(&*hypervisor, machine.vm).await.state,
        InstanceState::Off(StopCause::Requested)
    );
}

/// Whoever asks for a run of what is paused gets it, under the new mark.
pub async fn starting_what_is_suspended_resumes_it(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Deaf).await;
    hypervisor.ensure_suspended(machine.vm, 1).await.expect("suspend");
    hypervisor
        .ensure_running(machine.vm, mark(1, 2))
        .await
        .expect("start");
    let after = look(&*hypervisor, machine.vm).await;
    assert_eq!(
        (after.state, after.last_run),
        (InstanceState::Running, Some(mark(1, 2)))
    );
}

/// Letting go on what has ended would be a start that nobody asked for.
pub async fn what_is_off_is_neither_suspended_nor_resumed(rig: &impl Rig) {
    let (hypervisor, machine) = defined(rig, Guest::Deaf).await;
    let vm = machine.vm;
    refused(
        hypervisor.ensure_suspended(vm, 1).await,
        Reason::WrongState,
        "suspend",
    );
    refused(
        hypervisor.ensure_resumed(vm, 1).await,
        Reason::WrongState,
        "resume",
    );
    assert!(matches!(
        look(&*hypervisor, vm).await.state,
        InstanceState::Off(_)
    ));
}
