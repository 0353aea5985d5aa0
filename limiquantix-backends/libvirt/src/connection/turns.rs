use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use limiquantix_core::identity::VmId;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// One turn per VM, handed out in the order it was asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns {
    locks: Arc<Mutex<HashMap<VmId, Arc<AsyncMutex<()>>>>>,
}

/// A VM's turn, until it is dropped.
pub(super) struct Turn {
    turns: Turns,
    vm: VmId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits for the VM's turn.
    pub(super) async fn of(&self, vm: VmId) -> Turn {
        // Made first, so that also a caller that is dropped while it waits leaves nothing behind.
        let mut turn = Turn {
            turns: self.clone(),
            vm,
            guard: None,
        };
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(vm).or_default())
        };
        turn.guard = Some(lock.lock_owned().await);
        turn
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.guard = None;
        let mut locks = self.turns.locks.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the map's lock nobody can be between finding the lock and waiting for it.
        if locks
            .get(&self.vm)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            locks.remove(&self.vm);
        }
    }
}
