use crate::resource::VmPhase::{self, *};

/// Whether a VM in phase `from` may next be seen in phase `to`. Staying is always allowed.
///
/// The table is about what may be *observed*: an agent that was away reports where things are now, so every
/// phase that a guest can be found in is reachable from every phase in which it was lost from sight.
pub const fn may_follow(from: VmPhase, to: VmPhase) -> bool {
    match (from, to) {
        // A tombstone stays one, unless its node falls silent, or removing failed and the VM is given back
        // to its owner: broken, or with its guest still on.
        (Deleting, Error | Running | Suspended | Unknown | Deleting) => true,
        (Deleting, _) => false,
        // Deletion may be asked for at any time, and any node may fall silent.
        (_, Deleting | Unknown) => true,
        // Coming back into sight: wherever it is now.
        (Unknown, _) => true,
        // Only creation begins at the beginning. Somebody at the node may pause a guest in its first second.
        (Pending, Pending | Provisioning | Starting | Stopped | Running | Suspended | Error) => true,
        (Provisioning, Provisioning | Starting | Stopped | Running | Suspended | Error) => true,
        (Pending | Provisioning, _) | (_, Pending | Provisioning) => false,
        // What is off has to be started before it can be stopped or restarted.
        (Stopped, Stopping | Rebooting) => false,
        // What the guest or somebody at the node can do by themselves: end, start, pause, vanish.
        (Stopped | Starting | Running | Stopping | Rebooting | Suspended | Migrating | Error, _) => true,
    }
}
