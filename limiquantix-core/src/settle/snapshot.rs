//! What the end of an operation on a snapshot means for the snapshots of its VM.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::Outcome;
use crate::identity::SnapshotId;
use crate::resource::{EventKind, OperationKind, Snapshot, SnapshotPhase, Vm};
use crate::time::Timestamp;

/// What became of a VM's snapshots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct SnapshotsSettled {
    /// Those that changed, as they are now.
    pub changed: Vec<Snapshot>,
    /// The one that is gone.
    pub gone: Option<Arc<Snapshot>>,
    /// What is worth telling people, and about which.
    pub event: Option<(Arc<Snapshot>, EventKind, String)>,
}

/// Applies the end of the operation `kind` to `all`, the snapshots of `vm`, and notes in `vm` which of them it has
/// and which it now derives from. Nothing where the operation was about no snapshot, or is still under way.
pub fn settle_snapshots(
    vm: &mut Vm,
    all: &[Arc<Snapshot>],
    kind: OperationKind,
    outcome: &Outcome,
    now: Timestamp,
) -> SnapshotsSettled {
    let mut settled = SnapshotsSettled::default();
    let Some(subject) = subject(kind).and_then(|id| all.iter().find(|s| s.id == id)) else {
        return settled;
    };
    let mut after = Snapshot::clone(subject);
    after.task = None;
    after.meta.updated_at = now;
    let told = match (kind, outcome) {
        (_, Outcome::Progress { .. }) => return settled,
        (OperationKind::CreateSnapshot { .. }, Outcome::Done) => {
            after.phase = SnapshotPhase::Ready;
            vm.current_snapshot = Some(subject.id);
            (EventKind::SnapshotCreated, "taken".to_owned())
        }
        (OperationKind::RevertSnapshot { .. }, Outcome::Done) => {
            vm.current_snapshot = Some(subject.id);
            let told = format!("vm {:?} was put back to it", vm.name.as_str());
            settled.event = Some((Arc::clone(subject), EventKind::SnapshotReverted, told));
            return settled;
        }
        (OperationKind::DeleteSnapshot { .. }, Outcome::Done) => {
            forget(vm, subject, all, now, &mut settled);
            return settled;
        }
        (OperationKind::RevertSnapshot { .. }, Outcome::Failed(_)) => return settled,
        (_, Outcome::Failed(error)) => {
            after.phase = SnapshotPhase::Error;
            after.message.clone_from(&error.message);
            (EventKind::SnapshotFailed, error.message.clone())
        }
        (_, Outcome::Done) => return settled,
    };
    settled.event = Some((Arc::clone(subject), told.0, told.1));
    settled.changed.push(after);
    settled
}

/// The snapshot is gone: those taken after it derive from what it derived from.
fn forget(
    vm: &mut Vm,
    subject: &Arc<Snapshot>,
    all: &[Arc<Snapshot>],
    now: Timestamp,
    settled: &mut SnapshotsSettled,
) {
    vm.snapshots.retain(|id| *id != subject.id);
    if vm.current_snapshot == Some(subject.id) {
        vm.current_snapshot = subject.parent;
    }
    for child in all.iter().filter(|s| s.parent == Some(subject.id)) {
        let mut child = Snapshot::clone(child);
        child.parent = subject.parent;
        child.meta.updated_at = now;
        settled.changed.push(child);
    }
    settled.gone = Some(Arc::clone(subject));
    settled.event = Some((
        Arc::clone(subject),
        EventKind::SnapshotDeleted,
        "removed".to_owned(),
    ));
}

/// The snapshot that an operation is about.
fn subject(kind: OperationKind) -> Option<SnapshotId> {
    match kind {
        OperationKind::CreateSnapshot { snapshot, .. }
        | OperationKind::DeleteSnapshot { snapshot }
        | OperationKind::RevertSnapshot { snapshot, .. } => Some(snapshot),
        _ => None,
    }
}
