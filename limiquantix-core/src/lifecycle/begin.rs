use crate::identity::TaskId;
use crate::resource::{Operation, OperationKind, PowerIntent, PowerState, Vm, VmPhase};
use crate::time::Timestamp;

/// `vm` with the operation `kind` begun on behalf of `task`: the slot taken, the intent recorded, and the
/// phase that people see from now on. Whether it may begin is [`admit`](super::admit)'s business.
#[must_use]
pub fn begin(vm: &Vm, kind: OperationKind, task: TaskId, now: Timestamp) -> Vm {
    let mut vm = vm.clone();
    vm.operation = Some(Operation { task, kind });
    vm.meta.updated_at = now;
    vm.status.message.clear();
    match kind {
        OperationKind::Start => {
            vm.power = decided(vm.power, PowerState::On);
            vm.status.phase = VmPhase::Starting;
        }
        OperationKind::Stop { .. } => {
            vm.power = decided(vm.power, PowerState::Off);
            vm.status.phase = VmPhase::Stopping;
        }
        OperationKind::Reboot { .. } => vm.status.phase = VmPhase::Rebooting,
        OperationKind::Delete => {
            vm.power = decided(vm.power, PowerState::Off);
            vm.deleting = true;
            vm.status.phase = VmPhase::Deleting;
        }
        // Going back to what ran is a start, and has to be told from earlier ones.
        OperationKind::RevertSnapshot { memory: true, .. } => vm.power = decided(vm.power, PowerState::On),
        // A creation begins with the VM itself; the others are over too soon to be worth a phase of their own.
        OperationKind::Create
        | OperationKind::Suspend
        | OperationKind::Resume
        | OperationKind::CreateSnapshot { .. }
        | OperationKind::RevertSnapshot { .. }
        | OperationKind::DeleteSnapshot { .. }
        | OperationKind::Update => {}
    }
    vm
}

/// A new decision, even if it is the old one again: what was done for the old one does not count for it.
pub(super) fn decided(power: PowerIntent, state: PowerState) -> PowerIntent {
    PowerIntent {
        state,
        generation: power.generation.saturating_add(1),
    }
}
