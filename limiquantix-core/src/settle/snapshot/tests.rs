use uuid::Uuid;

use super::*;
use crate::lifecycle::fixture::{NOW, SNAPSHOT, snapshot, task_id, vm};
use crate::resource::{TaskError, VmPhase};

fn id(n: u128) -> SnapshotId {
    SnapshotId::from_uuid(Uuid::from_u128(0x6000 + n))
}

/// A VM with snapshots, each taken after the one before.
fn chain(ids: &[SnapshotId]) -> (Vm, Vec<Arc<Snapshot>>) {
    let mut vm = vm(VmPhase::Stopped);
    vm.snapshots = ids.to_vec();
    vm.current_snapshot = ids.last().copied();
    let mut parent = None;
    let all = ids.iter().map(|id| {
        let taken = Snapshot {
            id: *id,
            parent: parent.replace(*id),
            task: Some(task_id(0)),
            ..snapshot(&vm, false)
        };
        Arc::new(taken)
    });
    let all = all.collect();
    (vm, all)
}

fn failed() -> Outcome {
    Outcome::Failed(TaskError {
        reason: "STORAGE_FAILED".to_owned(),
        message: "no space".to_owned(),
    })
}

/// For a user: a snapshot that is called ready before it is, that never becomes so, or whose failure says nothing.
#[test]
fn a_snapshot_becomes_what_its_task_became() {
    let take = OperationKind::CreateSnapshot {
        snapshot: id(1),
        memory: false,
    };
    let (mut vm, all) = chain(&[id(1)]);
    vm.current_snapshot = None;
    let progress = Outcome::Progress {
        phase: "x".to_owned(),
        percent: 9,
    };
    let before = vm.clone();
    let settled = settle_snapshots(&mut vm, &all, take, &progress, NOW);
    assert_eq!((settled, &vm), (SnapshotsSettled::default(), &before));

    let settled = settle_snapshots(&mut vm, &all, take, &Outcome::Done, NOW);
    let ready = &settled.changed[0];
    assert_eq!((ready.phase, ready.task), (SnapshotPhase::Ready, None));
    assert_eq!(vm.current_snapshot, Some(id(1)));
    assert_eq!(settled.event.unwrap().1, EventKind::SnapshotCreated);

    for kind in [take, OperationKind::DeleteSnapshot { snapshot: id(1) }] {
        let mut vm = before.clone();
        let settled = settle_snapshots(&mut vm, &all, kind, &failed(), NOW);
        let broken = &settled.changed[0];
        assert_eq!((broken.phase, broken.task), (SnapshotPhase::Error, None));
        assert_eq!(broken.message, "no space");
        assert_eq!(settled.gone, None);
        assert_eq!(vm.snapshots, [id(1)], "it may be there: it can be deleted");
        assert_eq!(settled.event.unwrap().1, EventKind::SnapshotFailed);
    }
}

/// For a user: a snapshot whose parent does not exist, or a VM that keeps counting what was deleted.
#[test]
fn children_of_a_removed_snapshot_derive_from_its_parent() {
    let (mut vm, all) = chain(&[id(1), id(2), id(3)]);
    let remove = |n| OperationKind::DeleteSnapshot { snapshot: id(n) };
    let settled = settle_snapshots(&mut vm, &all, remove(2), &Outcome::Done, NOW);
    assert_eq!(settled.gone.map(|s| s.id), Some(id(2)));
    let children: Vec<_> = settled.changed.iter().map(|s| (s.id, s.parent)).collect();
    assert_eq!(children, [(id(3), Some(id(1)))]);
    assert_eq!(
        (&vm.snapshots[..], vm.current_snapshot),
        (&[id(1), id(3)][..], Some(id(3)))
    );

    let (mut vm, all) = chain(&[id(1), id(2)]);
    let settled = settle_snapshots(&mut vm, &all, remove(2), &Outcome::Done, NOW);
    assert_eq!(vm.current_snapshot, Some(id(1)), "what is there derives from it");
    assert_eq!(settled.changed, []);
}

/// For a user: the next snapshot is shown to derive from the wrong one.
#[test]
fn going_back_changes_only_what_the_vm_derives_from() {
    let (mut vm, all) = chain(&[id(1), id(2)]);
    let revert = OperationKind::RevertSnapshot {
        snapshot: id(1),
        memory: false,
    };
    let before = vm.clone();
    let settled = settle_snapshots(&mut vm, &all, revert, &failed(), NOW);
    assert_eq!((settled, &vm), (SnapshotsSettled::default(), &before));
    let settled = settle_snapshots(&mut vm, &all, revert, &Outcome::Done, NOW);
    assert_eq!((settled.changed.len(), settled.gone.is_none()), (0, true));
    assert_eq!(settled.event.unwrap().1, EventKind::SnapshotReverted);
    assert_eq!((vm.current_snapshot, vm.snapshots.len()), (Some(id(1)), 2));
}

/// For a user: the end of a start changes snapshots; or one that is not known any more stops the report.
#[test]
fn other_operations_and_unknown_snapshots_change_nothing() {
    let (mut vm, all) = chain(&[id(1)]);
    let before = vm.clone();
    let unknown = OperationKind::DeleteSnapshot { snapshot: SNAPSHOT };
    for kind in [OperationKind::Start, OperationKind::Delete, unknown] {
        let settled = settle_snapshots(&mut vm, &all, kind, &Outcome::Done, NOW);
        assert_eq!((settled, &vm), (SnapshotsSettled::default(), &before), "{kind:?}");
    }
}
