use std::sync::Arc;

use limiquantix_core::contract::{Instance, InstanceEvent, InstanceState};
use limiquantix_core::identity::{Name, VmId, VolumeId};
use limiquantix_core::resource::StopCause;

use crate::config::{GuestBehaviour, MockConfig};
use crate::fault::Faults;
use crate::hypervisor::MockHypervisor;
use crate::journal::Journal;
use crate::state::{Shared, Slot};
use crate::storage::MockStorage;

/// A simulated node. Clones are handles to the same node; it lives as long as any of them.
///
/// Guests start inside a tokio runtime and die with it, so keep one runtime per simulation.
#[derive(Debug, Clone)]
pub struct MockNode {
    shared: Arc<Shared>,
}

impl MockNode {
    /// A node with a journal of its own.
    pub fn new(config: MockConfig) -> Self {
        Self::with_journal(config, Journal::default())
    }

    /// A node that writes into a journal shared with others.
    pub fn with_journal(config: MockConfig, journal: Journal) -> Self {
        Self {
            shared: Arc::new(Shared::new(config, journal)),
        }
    }

    /// The hypervisor, for one agent. Its event stream ends when it is dropped; the guests do not care.
    pub fn hypervisor(&self) -> MockHypervisor {
        MockHypervisor::attach(&self.shared)
    }

    /// The storage, for one agent.
    pub fn storage(&self) -> MockStorage {
        MockStorage::attach(&self.shared)
    }

    /// The disturbances to come.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// What happened to the guests.
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// The node's settings.
    pub fn config(&self) -> &MockConfig {
        &self.shared.config
    }

    /// What is really there, even while the hypervisor does not answer.
    pub fn instances(&self) -> Vec<Instance> {
        self.shared.state().slots.values().map(Slot::instance).collect()
    }

    /// Every volume that takes space, half-made ones included.
    pub fn volumes(&self) -> Vec<(Name, VolumeId)> {
        let state = self.shared.state();
        state.volumes.keys().chain(&state.half_made).cloned().collect()
    }

    /// How the guest of this VM behaves from its next start or request on, whatever the node's default is.
    pub fn set_behaviour(&self, vm: VmId, behaviour: GuestBehaviour) {
        self.shared.state().behaviours.insert(vm, behaviour);
    }

    /// The guest powers itself off. Says whether it ran, as all of the following do.
    pub fn guest_shutdown(&self, vm: VmId) -> bool {
        self.end(vm, StopCause::GuestShutdown)
    }

    /// The hypervisor process of the guest dies.
    pub fn crash(&self, vm: VmId) -> bool {
        self.end(vm, StopCause::Crashed)
    }

    /// Somebody on the node pulls the guest's plug with the hypervisor's own tools.
    pub fn destroy_outside(&self, vm: VmId) -> bool {
        self.end(vm, StopCause::Outside)
    }

    /// Somebody on the node pauses the guest.
    pub fn pause_outside(&self, vm: VmId) -> bool {
        let mut state = self.shared.state();
        let ran = state
            .slots
            .get(&vm)
            .is_some_and(|s| s.state == InstanceState::Running);
        self.shared.switch(&mut state, vm, InstanceState::Paused);
        ran
    }

    /// Somebody on the node lets the paused guest go on.
    pub fn resume_outside(&self, vm: VmId) -> bool {
        let mut state = self.shared.state();
        let paused = state
            .slots
            .get(&vm)
            .is_some_and(|s| s.state == InstanceState::Paused);
        self.shared.switch(&mut state, vm, InstanceState::Running);
        paused
    }

    /// Somebody on the node removes the machine's definition, run mark and all, past the control plane.
    pub fn undefine_outside(&self, vm: VmId) -> bool {
        let mut state = self.shared.state();
        self.shared.power_off(&mut state, vm, StopCause::Outside);
        let was_there = state.slots.remove(&vm).is_some();
        if was_there {
            state.emit(InstanceEvent::Changed(vm));
        }
        was_there
    }

    /// Somebody on the node removes a volume, or its pool is not mounted any more. Says whether it was there.
    pub fn lose_volume(&self, pool: &Name, volume: VolumeId) -> bool {
        let key = (pool.clone(), volume);
        self.shared.state().volumes.remove(&key).is_some()
    }

    /// The node loses its power and boots again: every guest is off, definitions and marks are kept, and
    /// nobody knows why the guests ended.
    pub fn reboot_node(&self) {
        let mut state = self.shared.state();
        let all: Vec<VmId> = state.slots.keys().copied().collect();
        for vm in all {
            self.shared.power_off(&mut state, vm, StopCause::Unknown);
        }
        state.emit(InstanceEvent::Resync);
    }

    /// Cuts the hypervisor off from its agents, or mends it. Guests go on meanwhile.
    pub fn set_reachable(&self, reachable: bool) {
        let mut state = self.shared.state();
        let was_cut = std::mem::replace(&mut state.unreachable, !reachable);
        if was_cut && reachable {
            state.emit(InstanceEvent::Resync);
        }
    }

    fn end(&self, vm: VmId, cause: StopCause) -> bool {
        let mut state = self.shared.state();
        self.shared.power_off(&mut state, vm, cause)
    }
}
