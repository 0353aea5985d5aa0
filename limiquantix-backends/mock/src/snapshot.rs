//! Snapshots of simulated machines: what is defined and whether the guest was on. What is inside a disk is absent
//! here, and so is what a snapshot would keep of it.

use std::sync::Arc;

use limiquantix_core::contract::{InstanceEvent, InstanceState, RunMark, SnapshotInfo};
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::{SnapshotId, VmId};

use crate::journal::What;
use crate::state::{Kept, Shared};

fn wrong(vm: VmId, why: &str) -> Error {
    Error::new(Reason::WrongState, format!("VM {vm} {why}"))
}

impl Shared {
    pub(crate) fn take(&self, vm: VmId, epoch: u32, id: SnapshotId, memory: bool) -> Result<()> {
        let mut state = self.reach()?;
        let slot = state.claim(vm, epoch)?;
        if slot.snapshots.contains_key(&id) {
            return Ok(());
        }
        if slot.is_on() != memory {
            return Err(wrong(vm, if memory { "is off" } else { "is on" }));
        }
        let kept = Kept {
            machine: slot.machine.clone(),
            memory: memory.then_some(slot.state),
        };
        slot.snapshots.insert(id, kept);
        Ok(())
    }

    /// Puts the machine back; the mark is another step.
    pub(crate) fn revert(
        self: &Arc<Self>,
        vm: VmId,
        id: SnapshotId,
        run: RunMark,
        memory: bool,
    ) -> Result<()> {
        let mut state = self.reach()?;
        let slot = state.claim(vm, run.epoch)?;
        let kept = slot.snapshots.get(&id).cloned();
        let kept = kept.ok_or_else(|| Error::not_found("snapshot", id))?;
        match kept.memory {
            None if memory => return Err(wrong(vm, "has no memory in this snapshot")),
            _ if !memory && slot.is_on() => return Err(wrong(vm, "is on")),
            _ => {}
        }
        slot.machine = kept.machine;
        let Some(was) = kept.memory.filter(|_| memory) else {
            return Ok(());
        };
        if slot.is_on() {
            self.journal.write(&self.config.name, vm, What::Reverted);
        } else {
            self.power_on(&mut state, vm, run);
        }
        self.switch(&mut state, vm, was);
        state.emit(InstanceEvent::Changed(vm));
        Ok(())
    }

    pub(crate) fn forget(&self, vm: VmId, epoch: u32, id: SnapshotId) -> Result<()> {
        let mut state = self.reach()?;
        if state.slots.contains_key(&vm) {
            state.claim(vm, epoch)?.snapshots.remove(&id);
        }
        Ok(())
    }

    pub(crate) fn kept(&self, vm: VmId) -> Result<Vec<SnapshotInfo>> {
        let state = self.reach()?;
        let slot = state.slots.get(&vm).ok_or_else(|| Error::not_found("vm", vm))?;
        let all = slot.snapshots.iter().map(|(id, kept)| SnapshotInfo {
            id: *id,
            with_memory: matches!(kept.memory, Some(InstanceState::Running | InstanceState::Paused)),
        });
        Ok(all.collect())
    }
}
