use crate::error::{Error, Reason, Result};
use crate::resource::{Snapshot, SnapshotPhase, Vm};

/// Refuses to go back to `snapshot` where that would not give the machine that it was taken of.
///
/// The disks must be the same, because what was kept is inside of them. Kept memory also needs the same processors,
/// memory, interfaces and start: a guest does not survive that its hardware changes under it. Without memory the
/// other hardware stays as it is at present.
///
/// `WRONG_STATE` if the snapshot is not ready, `SNAPSHOT_MISMATCH` naming what differs.
pub fn may_revert(vm: &Vm, snapshot: &Snapshot) -> Result<()> {
    let refused = |reason, why: String| {
        let message = format!(
            "cannot revert vm {:?} to snapshot {:?}: {why}",
            vm.name, snapshot.name
        );
        Err(Error::new(reason, message)
            .with("vm", vm.id.to_string())
            .with("snapshot", snapshot.id.to_string()))
    };
    if snapshot.phase != SnapshotPhase::Ready {
        return refused(
            Reason::WrongState,
            format!("the snapshot is in state {}", snapshot.phase.as_str()),
        );
    }
    let (now, then) = (&vm.spec, &snapshot.spec);
    let parts = [
        ("disks", vm.volumes != snapshot.volumes),
        ("cpu", snapshot.with_memory && now.cpu != then.cpu),
        ("memory", snapshot.with_memory && now.memory != then.memory),
        ("nics", snapshot.with_memory && now.nics != then.nics),
        ("boot", snapshot.with_memory && now.boot != then.boot),
        ("accel", snapshot.with_memory && now.accel != then.accel),
    ];
    let differing: Vec<&str> = parts
        .into_iter()
        .filter(|(_, differs)| *differs)
        .map(|(part, _)| part)
        .collect();
    if differing.is_empty() {
        return Ok(());
    }
    refused(
        Reason::SnapshotMismatch,
        format!("the VM has changed since: {}", differing.join(", ")),
    )
}
