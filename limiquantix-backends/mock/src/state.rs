//! What is really there on the simulated node, and how it changes. No waiting happens in here: every
//! function runs under the node's lock from beginning to end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use limiquantix_core::contract::{
    Instance, InstanceEvent, InstanceState, Machine, RunMark, Stop, VolumeInfo,
};
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::{Name, SnapshotId, VmId, VolumeId};
use limiquantix_core::resource::{Accel, StopCause};
use tokio::sync::{Notify, broadcast, mpsc};

use crate::config::{GuestBehaviour, MockConfig};
use crate::fault::Faults;
use crate::journal::{Journal, What};

/// A panic under the lock was that of a test; what it guarded is still the best there is.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: MockConfig,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
    /// Told when a paused guest goes on, or ends.
    pub(crate) unpaused: Notify,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) slots: BTreeMap<VmId, Slot>,
    pub(crate) behaviours: BTreeMap<VmId, GuestBehaviour>,
    pub(crate) volumes: BTreeMap<(Name, VolumeId), VolumeInfo>,
    /// Volumes whose making was interrupted: they take space and are nobody's yet.
    pub(crate) half_made: BTreeSet<(Name, VolumeId)>,
    pub(crate) unreachable: bool,
    pub(crate) listeners: Vec<Weak<broadcast::Sender<InstanceEvent>>>,
}

#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) machine: Machine,
    pub(crate) epoch: u32,
    pub(crate) last_run: Option<RunMark>,
    pub(crate) state: InstanceState,
    /// The strongest stop that was asked for since the last start.
    pub(crate) requested: Option<Stop>,
    /// Under what the present run was started.
    pub(crate) accel: Accel,
    /// Counts the starts: a guest's timers die with the run that set them.
    pub(crate) run: u64,
    pub(crate) snapshots: BTreeMap<SnapshotId, Kept>,
    pub(crate) log: Vec<u8>,
    pub(crate) console: Option<mpsc::UnboundedSender<Vec<u8>>>,
}

/// What a snapshot keeps.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) machine: Machine,
    /// What the guest did, if its memory was kept.
    pub(crate) memory: Option<InstanceState>,
}

impl Shared {
    pub(crate) fn new(config: MockConfig, journal: Journal) -> Self {
        Self {
            config,
            faults: Faults::default(),
            journal,
            unpaused: Notify::new(),
            state: Mutex::default(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The state, if the hypervisor answers at all.
    pub(crate) fn reach(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.unreachable {
            return Err(Error::new(
                Reason::HypervisorUnavailable,
                format!("the simulated node {} does not answer", self.config.name),
            ));
        }
        Ok(state)
    }

    /// Powers a machine on, whoever asks for it.
    pub(crate) fn power_on(self: &Arc<Self>, state: &mut State, vm: VmId, run: RunMark) {
        let behaviour = self.behaviour(state, vm);
        let Some(slot) = state.slots.get_mut(&vm) else {
            return;
        };
        slot.state = InstanceState::Running;
        slot.requested = None;
        slot.accel = slot.machine.accel;
        slot.run += 1;
        self.journal.write(&self.config.name, vm, What::Started(run));
        crate::guest::boot(self, vm, slot.run, &slot.machine.name, behaviour);
        state.emit(InstanceEvent::Changed(vm));
    }

    /// Pauses what is on, or lets it go on, on behalf of an agent.
    pub(crate) fn pause(&self, vm: VmId, epoch: u32, to: InstanceState) -> Result<()> {
        let mut state = self.reach()?;
        if !state.claim(vm, epoch)?.is_on() {
            return Err(Error::new(Reason::WrongState, format!("VM {vm} is not running")));
        }
        self.switch(&mut state, vm, to);
        Ok(())
    }

    /// Makes a guest that is on paused or running.
    pub(crate) fn switch(&self, state: &mut State, vm: VmId, to: InstanceState) {
        let Some(slot) = state.slots.get_mut(&vm).filter(|s| s.is_on() && s.state != to) else {
            return;
        };
        slot.state = to;
        self.unpaused.notify_waiters();
        state.emit(InstanceEvent::Changed(vm));
    }

    /// Ends a running guest. Does nothing if it is off already.
    pub(crate) fn power_off(&self, state: &mut State, vm: VmId, cause: StopCause) -> bool {
        let Some(slot) = state.slots.get_mut(&vm) else {
            return false;
        };
        if matches!(slot.state, InstanceState::Off(_)) {
            return false;
        }
        slot.state = InstanceState::Off(cause);
        slot.console = None;
        self.unpaused.notify_waiters();
        self.journal.write(&self.config.name, vm, What::Ended(cause));
        state.emit(InstanceEvent::Changed(vm));
        true
    }

    pub(crate) fn behaviour(&self, state: &State, vm: VmId) -> GuestBehaviour {
        *state.behaviours.get(&vm).unwrap_or(&self.config.guests)
    }
}

impl State {
    pub(crate) fn emit(&mut self, event: InstanceEvent) {
        self.listeners.retain(|listener| match listener.upgrade() {
            // An error means that nobody listens to this agent's events at present.
            Some(sender) => {
                let _ = sender.send(event);
                true
            }
            None => false,
        });
    }

    /// The slot of a defined machine, if `epoch` is not stale; raises the slot's epoch to it.
    pub(crate) fn claim(&mut self, vm: VmId, epoch: u32) -> Result<&mut Slot> {
        let slot = self
            .slots
            .get_mut(&vm)
            .ok_or_else(|| Error::not_found("vm", vm))?;
        if epoch < slot.epoch {
            return Err(Error::new(
                Reason::StaleEpoch,
                format!(
                    "epoch {epoch} of VM {vm} is over: the node has seen {}",
                    slot.epoch
                ),
            )
            .with("vm", vm.to_string())
            .with("expected", slot.epoch.to_string())
            .with("actual", epoch.to_string()));
        }
        slot.epoch = epoch;
        Ok(slot)
    }
}

impl Slot {
    pub(crate) fn new(machine: Machine) -> Self {
        Self {
            epoch: machine.epoch,
            last_run: None,
            state: InstanceState::Off(StopCause::Unknown),
            requested: None,
            accel: machine.accel,
            run: 0,
            snapshots: BTreeMap::new(),
            log: Vec::new(),
            console: None,
            machine,
        }
    }

    pub(crate) fn is_on(&self) -> bool {
        !matches!(self.state, InstanceState::Off(_))
    }

    /// The guest writes to its serial port.
    pub(crate) fn print(&mut self, bytes: &[u8]) {
        self.log.extend_from_slice(bytes);
        if let Some(console) = &self.console
            && console.send(bytes.to_vec()).is_err()
        {
            self.console = None;
        }
    }

    pub(crate) fn instance(&self) -> Instance {
        Instance {
            vm: self.machine.vm,
            epoch: self.epoch,
            digest: self.machine.digest(),
            last_run: self.last_run,
            state: self.state,
            accel: self.is_on().then_some(self.accel),
        }
    }
}
