//! A permission that is over opens nothing: the node's half of "no VM runs twice".

use limiquantix_core::contract::{InstanceState, Stop};
use limiquantix_core::error::Reason;
use limiquantix_core::unit::Cores;

use super::rig::{Guest, Rig, defined, look, mark, refused, running};

/// Each verb that carries an epoch refuses a lower one and leaves everything as it was.
pub async fn every_verb_refuses_a_lower_epoch(rig: &impl Rig) {
    let (hypervisor, mut machine) = running(rig, Guest::Deaf).await;
    let vm = machine.vm;
    hypervisor
        .ensure_running(vm, mark(5, 2))
        .await
        .expect("a new permission");
    let before = look(&*hypervisor, vm).await;
    machine.epoch = 4;
    machine.cores = Cores(machine.cores.get() + 1);
    let stale = Reason::StaleEpoch;
    refused(hypervisor.ensure_defined(&machine).await, stale, "define");
    refused(hypervisor.ensure_running(vm, mark(4, 9)).await, stale, "start");
    refused(
        hypervisor.ensure_stopped(vm, 4, Stop::Graceful).await,
        stale,
        "ask",
    );
    refused(
        hypervisor.ensure_stopped(vm, 4, Stop::Force).await,
        stale,
        "force",
    );
    refused(hypervisor.reboot(vm, 4, true).await, stale, "reset");
    refused(hypervisor.ensure_suspended(vm, 4).await, stale, "suspend");
    refused(hypervisor.ensure_resumed(vm, 4).await, stale, "resume");
    refused(hypervisor.ensure_absent(vm, 4).await, stale, "remove");
    assert_eq!(look(&*hypervisor, vm).await, before, "a refusal has no effect");
    hypervisor.ensure_stopped(vm, 5, Stop::Force).await.expect("stop");
    refused(
        hypervisor.ensure_running(vm, mark(4, 9)).await,
        stale,
        "start what is off",
    );
    assert!(matches!(
        look(&*hypervisor, vm).await.state,
        InstanceState::Off(_)
    ));
}

/// Each verb that carries a higher epoch raises what the node remembers.
pub async fn every_verb_raises_the_epoch(rig: &impl Rig) {
    let (hypervisor, mut machine) = defined(rig, Guest::Deaf).await;
    let vm = machine.vm;
    machine.epoch = 2;
    hypervisor
        .ensure_defined(&machine)
        .await
        .expect("define the same under a new permission");
    assert_eq!(look(&*hypervisor, vm).await.epoch, 2);
    hypervisor.ensure_running(vm, mark(3, 1)).await.expect("start");
    assert_eq!(look(&*hypervisor, vm).await.epoch, 3);
    hypervisor.reboot(vm, 4, true).await.expect("reset");
    assert_eq!(look(&*hypervisor, vm).await.epoch, 4);
    hypervisor
        .ensure_stopped(vm, 5, Stop::Graceful)
        .await
        .expect("ask");
    assert_eq!(look(&*hypervisor, vm).await.epoch, 5);
    hypervisor
        .ensure_stopped(vm, 6, Stop::Force)
        .await
        .expect("force");
    assert_eq!(look(&*hypervisor, vm).await.epoch, 6);
    hypervisor
        .ensure_stopped(vm, 7, Stop::Force)
        .await
        .expect("force what is off");
    let last = look(&*hypervisor, vm).await;
    assert_eq!((last.epoch, last.last_run), (7, Some(mark(3, 1))));
    hypervisor.ensure_running(vm, mark(8, 2)).await.expect("start");
    hypervisor.ensure_suspended(vm, 9).await.expect("suspend");
    assert_eq!(look(&*hypervisor, vm).await.epoch, 9);
    hypervisor.ensure_resumed(vm, 10).await.expect("resume");
    let last = look(&*hypervisor, vm).await;
    assert_eq!((last.epoch, last.last_run), (10, Some(mark(8, 2))));
}

/// A restarted agent refuses what its predecessor would have refused.
pub async fn the_epoch_survives_the_agent(rig: &impl Rig) {
    let (old, machine) = defined(rig, Guest::Deaf).await;
    if !old.capabilities().survives_agent {
        return;
    }
    old.ensure_stopped(machine.vm, 8, Stop::Force)
        .await
        .expect("raise the epoch");
    drop(old);
    let new = rig.reattach().await;
    let outcome = new.ensure_running(machine.vm, mark(7, 1)).await;
    refused(outcome, Reason::StaleEpoch, "a start under an old permission");
    refused(
        new.ensure_defined(&machine).await,
        Reason::StaleEpoch,
        "an old definition",
    );
}

/// The memory of an epoch ends with the definition: what protects a removed VM is the control plane.
pub async fn the_epoch_ends_with_the_definition(rig: &impl Rig) {
    let (hypervisor, machine) = defined(rig, Guest::Deaf).await;
    hypervisor.ensure_absent(machine.vm, 9).await.expect("remove");
    hypervisor
        .ensure_absent(machine.vm, 1)
        .await
        .expect("nothing to be stale about");
    hypervisor.ensure_defined(&machine).await.expect("define afresh");
    assert_eq!(look(&*hypervisor, machine.vm).await.epoch, machine.epoch);
}
