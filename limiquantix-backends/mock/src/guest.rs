//! What a simulated guest does by itself: it boots, greets, and obeys or does not.

use std::sync::Arc;

use limiquantix_core::contract::InstanceState;
use limiquantix_core::identity::{Name, VmId};
use limiquantix_core::resource::StopCause;

use crate::config::{GuestBehaviour, OnShutdown};
use crate::state::{Shared, Slot};

/// Boots the guest of run `run`. Called with the node's lock held: everything that takes it runs later.
pub(crate) fn boot(shared: &Arc<Shared>, vm: VmId, run: u64, name: &Name, behaviour: GuestBehaviour) {
    let (shared, name) = (Arc::clone(shared), name.clone());
    tokio::spawn(async move {
        with_run(&shared, vm, run, |slot| slot.print(b"LQX init start\r\n"));
        tokio::time::sleep(behaviour.boot).await;
        with_run(&shared, vm, run, |slot| {
            slot.print(format!("LQX READY host={name} uuid={vm}\r\n").as_bytes());
        });
        if let Some(time) = behaviour.powers_off_after {
            tokio::time::sleep(time).await;
            end(&shared, vm, run, StopCause::GuestShutdown);
        }
    });
}

/// The power button was pressed.
pub(crate) fn ask_to_shut_down(shared: &Arc<Shared>, vm: VmId, run: u64, behaviour: GuestBehaviour) {
    let OnShutdown::Obey(time) = behaviour.on_shutdown else {
        return;
    };
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        with_run(&shared, vm, run, |slot| {
            slot.print(b"LQX acpi power button: powering off\r\n");
        });
        tokio::time::sleep(time).await;
        end(&shared, vm, run, StopCause::Requested);
    });
}

fn end(shared: &Shared, vm: VmId, run: u64, cause: StopCause) {
    let mut state = shared.state();
    if state.slots.get(&vm).is_some_and(|slot| slot.run == run) {
        shared.power_off(&mut state, vm, cause);
    }
}

/// Does `act` if the guest of run `run` still runs.
fn with_run(shared: &Shared, vm: VmId, run: u64, act: impl FnOnce(&mut Slot)) {
    let mut state = shared.state();
    let slot = state.slots.get_mut(&vm);
    if let Some(slot) = slot.filter(|s| s.run == run && s.state == InstanceState::Running) {
        act(slot);
    }
}
