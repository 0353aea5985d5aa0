//! `ensure_defined`, `ensure_absent`, `inspect`, `list`.

use limiquantix_core::contract::{Firmware, InstanceState, RunMark, Stop};
use limiquantix_core::error::Reason;
use limiquantix_core::identity::{ImageName, Name};
use limiquantix_core::unit::Cores;

use super::rig::{FIRST, Guest, Rig, defined, look, mark, refused, running};

/// Defining again changes nothing, and nothing starts by itself.
pub async fn a_definition_is_there_once_and_is_off(rig: &impl Rig) {
    let (hypervisor, machine) = defined(rig, Guest::Deaf).await;
    let first = look(&*hypervisor, machine.vm).await;
    hypervisor.ensure_defined(&machine).await.expect("define again");
    let second = look(&*hypervisor, machine.vm).await;
    assert_eq!(first, second);
    assert_eq!(
        (second.epoch, second.last_run, second.accel),
        (machine.epoch, None, None)
    );
    assert_eq!(second.digest, machine.digest());
    assert!(
        matches!(second.state, InstanceState::Off(_)),
        "{:?}",
        second.state
    );
    let listed = hypervisor.list().await.expect("list");
    assert_eq!(listed.iter().filter(|i| i.vm == machine.vm).count(), 1);
}

/// What was changed is taken over; that it ran is not forgotten.
pub async fn a_changed_definition_keeps_the_run_mark(rig: &impl Rig) {
    let (hypervisor, mut machine) = running(rig, Guest::Deaf).await;
    hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Force)
        .await
        .expect("stop");
    let state = look(&*hypervisor, machine.vm).await.state;
    machine.cores = Cores(machine.cores.get() + 1);
    hypervisor.ensure_defined(&machine).await.expect("redefine");
    let changed = look(&*hypervisor, machine.vm).await;
    assert_eq!(changed.digest, machine.digest());
    assert_eq!(changed.last_run, Some(FIRST));
    assert_eq!(changed.state, state, "why it is off is not forgotten either");
}

/// A change of the definition is no reason to stop anybody.
pub async fn redefining_a_running_guest_leaves_it_running(rig: &impl Rig) {
    let (hypervisor, mut machine) = running(rig, Guest::Deaf).await;
    machine.cores = Cores(machine.cores.get() + 1);
    machine.epoch = 2;
    hypervisor.ensure_defined(&machine).await.expect("redefine");
    let changed = look(&*hypervisor, machine.vm).await;
    assert_eq!(changed.state, InstanceState::Running);
    assert_eq!((changed.epoch, changed.last_run), (2, Some(FIRST)));
    assert_eq!(changed.digest, machine.digest());
    hypervisor
        .ensure_stopped(machine.vm, 2, Stop::Force)
        .await
        .expect("stop");
    hypervisor
        .ensure_running(machine.vm, mark(2, 2))
        .await
        .expect("start the new definition");
    assert_eq!(look(&*hypervisor, machine.vm).await.digest, machine.digest());
}

/// A kernel that is not in the pool is found out before anything is made.
pub async fn a_missing_image_defines_nothing(rig: &impl Rig) {
    let (hypervisor, mut machine) = (rig.hypervisor(), rig.machine(Guest::Polite).await);
    let Firmware::Kernel { kernel, .. } = &mut machine.firmware else {
        panic!("the polite guest boots a kernel");
    };
    *kernel = ImageName::parse("kernel", "no-such-kernel").expect("name");
    let outcome = hypervisor.ensure_defined(&machine).await;
    refused(outcome, Reason::ImageMissing, "a definition without kernel");
    assert_eq!(hypervisor.inspect(machine.vm).await.expect("inspect"), None);
}

/// The same for its pool.
pub async fn an_unknown_pool_defines_nothing(rig: &impl Rig) {
    let (hypervisor, mut machine) = (rig.hypervisor(), rig.machine(Guest::Polite).await);
    let Firmware::Kernel { pool, .. } = &mut machine.firmware else {
        panic!("the polite guest boots a kernel");
    };
    *pool = Name::parse("pool", "no such pool").expect("name");
    let outcome = hypervisor.ensure_defined(&machine).await;
    refused(outcome, Reason::PoolMissing, "a definition without pool");
    assert_eq!(hypervisor.inspect(machine.vm).await.expect("inspect"), None);
}

/// Verbs that take something away succeed where nothing is; the others say that it is not there.
pub async fn an_undefined_vm_is_not_found_or_fine(rig: &impl Rig) {
    let (hypervisor, machine) = (rig.hypervisor(), rig.machine(Guest::Deaf).await);
    let vm = machine.vm;
    assert_eq!(hypervisor.inspect(vm).await.expect("inspect"), None);
    assert!(hypervisor.list().await.expect("list").iter().all(|i| i.vm != vm));
    hypervisor
        .ensure_stopped(vm, 1, Stop::Graceful)
        .await
        .expect("ask it");
    hypervisor
        .ensure_stopped(vm, 1, Stop::Force)
        .await
        .expect("force it");
    hypervisor.ensure_absent(vm, 1).await.expect("remove it");
    let run = RunMark {
        epoch: 1,
        generation: 1,
    };
    refused(
        hypervisor.ensure_running(vm, run).await,
        Reason::NotFound,
        "start",
    );
    refused(hypervisor.reboot(vm, 1, true).await, Reason::NotFound, "reboot");
    refused(
        hypervisor.ensure_suspended(vm, 1).await,
        Reason::NotFound,
        "suspend",
    );
    refused(hypervisor.ensure_resumed(vm, 1).await, Reason::NotFound, "resume");
    refused(
        hypervisor.console_log(vm, 0, 1).await,
        Reason::NotFound,
        "console log",
    );
    refused(hypervisor.console_open(vm).await, Reason::NotFound, "console");
}

/// A running machine is forced off; definition, mark and log are gone, and a namesake starts afresh.
pub async fn absence_takes_everything_along(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Deaf).await;
    for _ in 0..2 {
        hypervisor.ensure_absent(machine.vm, 1).await.expect("remove");
        assert_eq!(hypervisor.inspect(machine.vm).await.expect("inspect"), None);
    }
    hypervisor.ensure_defined(&machine).await.expect("define again");
    let fresh = look(&*hypervisor, machine.vm).await;
    assert_eq!(fresh.last_run, None);
    assert!(matches!(fresh.state, InstanceState::Off(_)), "{:?}", fresh.state);
    let log = hypervisor.console_log(machine.vm, 0, 1024).await.expect("log");
    assert_eq!((log.data.len(), log.size), (0, 0), "the old log is gone");
}
