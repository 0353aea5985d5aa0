//! What a simulated guest does by itself: it boots, greets, and obeys or does not. A paused guest does nothing
//! until it goes on.

use std::sync::Arc;

use limiquantix_core::contract::InstanceState;
use limiquantix_core::identity::{Name, VmId};
use limiquantix_core::resource::StopCause;

use crate::config::{GuestBehaviour, OnShutdown};
use crate::state::{Shared, State};

/// Boots the guest of run `run`. Called with the node's lock held: everything that takes it runs later.
pub(crate) fn boot(shared: &Arc<Shared>, vm: VmId, run: u64, name: &Name, behaviour: GuestBehaviour) {
    let (shared, name) = (Arc::clone(shared), name.clone());
    tokio::spawn(async move {
        print(&shared, vm, run, "LQX init start\r\n").await;
        tokio::time::sleep(behaviour.boot).await;
        let greeting = format!("LQX READY host={name} uuid={vm}\r\n");
        print(&shared, vm, run, &greeting).await;
        if let Some(time) = behaviour.powers_off_after {
            tokio::time::sleep(time).await;
            end(&shared, vm, run, StopCause::GuestShutdown).await;
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
        print(&shared, vm, run, "LQX acpi power button: powering off\r\n").await;
        tokio::time::sleep(time).await;
        end(&shared, vm, run, StopCause::Requested).await;
    });
}

async fn print(shared: &Shared, vm: VmId, run: u64, text: &str) {
    when_running(shared, vm, run, |state| {
        if let Some(slot) = state.slots.get_mut(&vm) {
            slot.print(text.as_bytes());
        }
    })
    .await;
}

async fn end(shared: &Shared, vm: VmId, run: u64, cause: StopCause) {
    when_running(shared, vm, run, |state| {
        shared.power_off(state, vm, cause);
    })
    .await;
}

/// Does `act` once the guest of run `run` runs; never, if that run has ended.
async fn when_running(shared: &Shared, vm: VmId, run: u64, act: impl FnOnce(&mut State)) {
    let mut act = Some(act);
    loop {
        let unpaused = shared.unpaused.notified();
        tokio::pin!(unpaused);
        // From here on no notification is missed.
        unpaused.as_mut().enable();
        if shared.try_act(vm, run, &mut act) {
            return;
        }
        unpaused.await;
    }
}

impl Shared {
    /// Does `act` if the guest of run `run` runs. Says whether there is nothing left to wait for.
    fn try_act(&self, vm: VmId, run: u64, act: &mut Option<impl FnOnce(&mut State)>) -> bool {
        let mut state = self.state();
        let slot = state.slots.get(&vm).filter(|slot| slot.run == run);
        match slot.map(|slot| slot.state) {
            Some(InstanceState::Paused) => return false,
            Some(InstanceState::Running) => {
                if let Some(act) = act.take() {
                    act(&mut state);
                }
            }
            Some(InstanceState::Off(_)) | None => {}
        }
        true
    }
}
