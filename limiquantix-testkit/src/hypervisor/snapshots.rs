//! `ensure_snapshot`, `revert_snapshot`, `ensure_snapshot_absent`, `snapshots`.

use std::sync::Arc;

use limiquantix_core::contract::{Hypervisor, InstanceState, Machine, SnapshotInfo, Stop};
use limiquantix_core::error::Reason;
use limiquantix_core::identity::{SnapshotId, VmId};
use limiquantix_core::unit::Cores;
use uuid::Uuid;

use super::rig::{FIRST, Guest, Rig, defined, look, mark, refused, running};

/// Snapshots of one VM need ids that differ from one another; `n` ascends.
fn id(vm: VmId, n: u64) -> SnapshotId {
    let (high, low) = vm.uuid().as_u64_pair();
    SnapshotId::from_uuid(Uuid::from_u64_pair(high ^ (n << 16), low))
}

async fn listed(hypervisor: &dyn Hypervisor, vm: VmId) -> Vec<SnapshotInfo> {
    let all = hypervisor.snapshots(vm).await.expect("list");
    assert!(all.is_sorted_by(|a, b| a.id < b.id), "by id ascending, each once");
    all
}

/// A machine with a disk, off, on what can take snapshots; nothing where snapshots cannot be taken.
async fn off(rig: &impl Rig) -> Option<(Arc<dyn Hypervisor>, Machine)> {
    if !rig.hypervisor().capabilities().snapshots {
        return None;
    }
    Some(defined(rig, Guest::Stateful).await)
}

/// The same, running.
async fn on(rig: &impl Rig) -> Option<(Arc<dyn Hypervisor>, Machine)> {
    if !rig.hypervisor().capabilities().snapshots {
        return None;
    }
    Some(running(rig, Guest::Stateful).await)
}

/// Asking again is no second snapshot, and the guest goes on as it was.
pub async fn a_snapshot_is_taken_once_and_changes_nothing(rig: &impl Rig) {
    let Some((hypervisor, machine)) = off(rig).await else {
        return;
    };
    let vm = machine.vm;
    assert_eq!(listed(&*hypervisor, vm).await, []);
    for memory in [false, true] {
        if memory {
            hypervisor.ensure_running(vm, FIRST).await.expect("start");
        }
        let (before, snapshot) = (look(&*hypervisor, vm).await, id(vm, u64::from(memory)));
        for _ in 0..2 {
            hypervisor
                .ensure_snapshot(vm, 1, snapshot, memory)
                .await
                .expect("take it");
            assert_eq!(look(&*hypervisor, vm).await, before, "memory: {memory}");
        }
    }
    let expected = [false, true].map(|with_memory| SnapshotInfo {
        id: id(vm, u64::from(with_memory)),
        with_memory,
    });
    let mut found = listed(&*hypervisor, vm).await;
    found.sort_by_key(|s| s.with_memory);
    assert_eq!(found, expected);
    hypervisor.ensure_suspended(vm, 1).await.expect("suspend");
    hypervisor
        .ensure_snapshot(vm, 1, id(vm, 2), true)
        .await
        .expect("of what is paused");
    assert_eq!(look(&*hypervisor, vm).await.state, InstanceState::Paused);
}

/// A snapshot that has not what it is said to have is worse than none.
pub async fn memory_is_kept_of_what_is_on_and_of_nothing_else(rig: &impl Rig) {
    let Some((hypervisor, machine)) = off(rig).await else {
        return;
    };
    let vm = machine.vm;
    let outcome = hypervisor.ensure_snapshot(vm, 1, id(vm, 1), true).await;
    refused(outcome, Reason::WrongState, "the memory of what is off");
    hypervisor.ensure_running(vm, FIRST).await.expect("start");
    let outcome = hypervisor.ensure_snapshot(vm, 1, id(vm, 2), false).await;
    refused(outcome, Reason::WrongState, "the disks of what runs");
    assert_eq!(listed(&*hypervisor, vm).await, []);
    let outcome = hypervisor.revert_snapshot(vm, id(vm, 3), mark(1, 2), true).await;
    refused(outcome, Reason::NotFound, "going back to nothing");
    assert_eq!(look(&*hypervisor, vm).await.last_run, Some(FIRST));

    let nobody = rig.machine(Guest::Deaf).await.vm;
    refused(
        hypervisor.ensure_snapshot(nobody, 1, id(nobody, 1), false).await,
        Reason::NotFound,
        "a snapshot of nothing",
    );
    refused(
        hypervisor
            .revert_snapshot(nobody, id(nobody, 1), FIRST, false)
            .await,
        Reason::NotFound,
        "putting nothing back",
    );
    refused(hypervisor.snapshots(nobody).await, Reason::NotFound, "list");
    hypervisor
        .ensure_snapshot_absent(nobody, 1, id(nobody, 1))
        .await
        .expect("nothing to remove");
}

/// What ran runs again, whatever it did meanwhile, and it shows for which decision.
pub async fn what_ran_goes_back_and_is_marked(rig: &impl Rig) {
    let Some((hypervisor, machine)) = on(rig).await else {
        return;
    };
    let (vm, snapshot) = (machine.vm, id(machine.vm, 1));
    hypervisor
        .ensure_snapshot(vm, 1, snapshot, true)
        .await
        .expect("take it");
    hypervisor
        .revert_snapshot(vm, snapshot, mark(1, 2), true)
        .await
        .expect("while it runs");
    let back = look(&*hypervisor, vm).await;
    assert_eq!(
        (back.state, back.last_run),
        (InstanceState::Running, Some(mark(1, 2)))
    );
    assert!(back.accel.is_some());
    hypervisor.ensure_stopped(vm, 1, Stop::Force).await.expect("stop");
    hypervisor
        .revert_snapshot(vm, snapshot, mark(2, 3), true)
        .await
        .expect("while it is off");
    let back = look(&*hypervisor, vm).await;
    assert_eq!(
        (back.state, back.last_run),
        (InstanceState::Running, Some(mark(2, 3)))
    );
    let outcome = hypervisor.revert_snapshot(vm, snapshot, mark(2, 4), false).await;
    refused(outcome, Reason::WrongState, "disks under a running guest");
    assert_eq!(listed(&*hypervisor, vm).await.len(), 1, "one can go back again");
}

/// Going back to what was off starts nothing.
pub async fn what_was_off_goes_back_and_stays_off(rig: &impl Rig) {
    let Some((hypervisor, machine)) = off(rig).await else {
        return;
    };
    let (vm, snapshot) = (machine.vm, id(machine.vm, 1));
    hypervisor
        .ensure_snapshot(vm, 1, snapshot, false)
        .await
        .expect("take it");
    hypervisor.ensure_running(vm, mark(1, 2)).await.expect("start");
    let outcome = hypervisor.revert_snapshot(vm, snapshot, mark(1, 3), false).await;
    refused(outcome, Reason::WrongState, "disks under a running guest");
    hypervisor.ensure_stopped(vm, 1, Stop::Force).await.expect("stop");
    let outcome = hypervisor.revert_snapshot(vm, snapshot, mark(1, 3), true).await;
    refused(outcome, Reason::WrongState, "memory that was not kept");
    for _ in 0..2 {
        hypervisor
            .revert_snapshot(vm, snapshot, mark(1, 3), false)
            .await
            .expect("go back");
        let back = look(&*hypervisor, vm).await;
        assert!(matches!(back.state, InstanceState::Off(_)), "{:?}", back.state);
        assert_eq!(
            (back.last_run, back.digest),
            (Some(mark(1, 2)), machine.digest()),
            "that it ran since is not forgotten"
        );
    }
}

/// The definition of an earlier time must not make the node forget what it has seen since.
pub async fn no_old_permission_comes_back_with_a_snapshot(rig: &impl Rig) {
    let Some((hypervisor, machine)) = off(rig).await else {
        return;
    };
    let (vm, snapshot) = (machine.vm, id(machine.vm, 1));
    hypervisor
        .ensure_snapshot(vm, 2, snapshot, false)
        .await
        .expect("take it");
    assert_eq!(look(&*hypervisor, vm).await.epoch, 2);
    hypervisor
        .ensure_stopped(vm, 7, Stop::Force)
        .await
        .expect("a new permission");
    let stale = Reason::StaleEpoch;
    let verbs = [
        hypervisor.ensure_snapshot(vm, 6, id(vm, 2), false).await,
        hypervisor.revert_snapshot(vm, snapshot, mark(6, 1), false).await,
        hypervisor.ensure_snapshot_absent(vm, 6, snapshot).await,
    ];
    for outcome in verbs {
        refused(outcome, stale, "under an old permission");
    }
    assert_eq!(listed(&*hypervisor, vm).await.len(), 1);
    hypervisor
        .revert_snapshot(vm, snapshot, mark(8, 1), false)
        .await
        .expect("go back");
    assert_eq!(look(&*hypervisor, vm).await.epoch, 8);
    refused(
        hypervisor.ensure_running(vm, mark(7, 9)).await,
        stale,
        "what was stale before is stale after",
    );
    hypervisor
        .ensure_snapshot_absent(vm, 9, snapshot)
        .await
        .expect("remove");
    assert_eq!(look(&*hypervisor, vm).await.epoch, 9);
}

/// Another definition is no reason to lose what one can go back to; going back brings the old one with it, and it
/// can be brought up to date.
pub async fn a_new_definition_leaves_snapshots_alone(rig: &impl Rig) {
    let Some((hypervisor, mut machine)) = off(rig).await else {
        return;
    };
    let (vm, snapshot, first) = (machine.vm, id(machine.vm, 1), machine.digest());
    hypervisor
        .ensure_snapshot(vm, 1, snapshot, false)
        .await
        .expect("take it");
    machine.cores = Cores(machine.cores.get() + 1);
    hypervisor.ensure_defined(&machine).await.expect("redefine");
    assert_eq!(listed(&*hypervisor, vm).await.len(), 1);
    hypervisor
        .revert_snapshot(vm, snapshot, FIRST, false)
        .await
        .expect("go back");
    assert_eq!(look(&*hypervisor, vm).await.digest, first, "it says what it is");
    hypervisor.ensure_defined(&machine).await.expect("redefine");
    assert_eq!(look(&*hypervisor, vm).await.digest, machine.digest());
    assert_eq!(listed(&*hypervisor, vm).await.len(), 1);
}

/// Whatever was taken before or after stays, and one can go back to it.
pub async fn one_snapshot_is_removed_and_the_others_stay(rig: &impl Rig) {
    let Some((hypervisor, machine)) = off(rig).await else {
        return;
    };
    let vm = machine.vm;
    for n in 1..=3 {
        hypervisor
            .ensure_snapshot(vm, 1, id(vm, n), false)
            .await
            .expect("take it");
    }
    for _ in 0..2 {
        hypervisor
            .ensure_snapshot_absent(vm, 1, id(vm, 2))
            .await
            .expect("remove");
        let mut left: Vec<_> = listed(&*hypervisor, vm).await.iter().map(|s| s.id).collect();
        let mut expected = vec![id(vm, 1), id(vm, 3)];
        left.sort();
        expected.sort();
        assert_eq!(left, expected);
    }
    for n in [1, 3] {
        hypervisor
            .revert_snapshot(vm, id(vm, n), FIRST, false)
            .await
            .expect("go back");
    }
}

/// A namesake starts afresh.
pub async fn snapshots_end_with_the_machine(rig: &impl Rig) {
    let Some((hypervisor, machine)) = on(rig).await else {
        return;
    };
    let vm = machine.vm;
    hypervisor
        .ensure_snapshot(vm, 1, id(vm, 1), true)
        .await
        .expect("take it");
    hypervisor.ensure_absent(vm, 1).await.expect("remove");
    assert_eq!(hypervisor.inspect(vm).await.expect("inspect"), None);
    hypervisor.ensure_defined(&machine).await.expect("define again");
    assert_eq!(listed(&*hypervisor, vm).await, []);
}
