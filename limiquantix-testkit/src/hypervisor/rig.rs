use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::FutureExt;
use limiquantix_core::contract::{Hypervisor, Instance, InstanceState, Machine, RunMark};
use limiquantix_core::error::{Reason, Result};
use limiquantix_core::identity::VmId;
use limiquantix_core::resource::StopCause;

/// What the cases need of an implementation beyond the contract.
#[async_trait]
pub trait Rig: Send + Sync {
    /// The implementation under test.
    fn hypervisor(&self) -> Arc<dyn Hypervisor>;

    /// Another object for the same node, as an agent has it after a restart.
    async fn reattach(&self) -> Arc<dyn Hypervisor>;

    /// A machine for a VM that nobody has used, in epoch 1, with whatever volumes it needs made. Its digest
    /// changes with its cores.
    async fn machine(&self, guest: Guest) -> Machine;

    /// Does something to a running guest past the contract.
    async fn disturb(&self, vm: VmId, what: Disturbance);

    /// How long a guest may take from power-on to its greeting, or from a request to being off.
    fn patience(&self) -> Duration;

    /// Removes what the case left behind. Called at the end of every case, also of a failed one.
    async fn clear(&self);
}

/// What kind of guest a case needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guest {
    /// Anything that stays on and does not listen: the cheapest there is.
    Deaf,
    /// Greets with a line that has `LQX READY`, echoes what is typed, obeys a request to shut down.
    Polite,
    /// Powers itself off soon after its greeting.
    Brief,
    /// Deaf, with a disk, so that there is something to take a snapshot of.
    Stateful,
}

/// Something that happens past the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// Somebody stops the guest with the hypervisor's own tools.
    Destroy,
    /// The guest's hypervisor process dies.
    Crash,
}

/// Runs a case and clears up behind it, whether it passed or not.
pub async fn run_case(rig: &impl Rig, case: impl Future<Output = ()>) {
    let outcome = AssertUnwindSafe(case).catch_unwind().await;
    rig.clear().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// The first permission and decision of every case.
pub(super) const FIRST: RunMark = RunMark {
    epoch: 1,
    generation: 1,
};

pub(super) fn mark(epoch: u32, generation: u32) -> RunMark {
    RunMark { epoch, generation }
}

/// Defines a machine.
pub(super) async fn defined(rig: &impl Rig, guest: Guest) -> (Arc<dyn Hypervisor>, Machine) {
    let (hypervisor, machine) = (rig.hypervisor(), rig.machine(guest).await);
    hypervisor.ensure_defined(&machine).await.expect("define");
    (hypervisor, machine)
}

/// Defines a machine and powers it on.
pub(super) async fn running(rig: &impl Rig, guest: Guest) -> (Arc<dyn Hypervisor>, Machine) {
    let (hypervisor, machine) = defined(rig, guest).await;
    hypervisor.ensure_running(machine.vm, FIRST).await.expect("start");
    (hypervisor, machine)
}

/// The machine, which must be defined.
pub(super) async fn look(hypervisor: &dyn Hypervisor, vm: VmId) -> Instance {
    let found = hypervisor.inspect(vm).await.expect("inspect");
    found.expect("the machine is defined")
}

/// Waits until the machine is off and says why.
pub(super) async fn off(rig: &impl Rig, hypervisor: &dyn Hypervisor, vm: VmId) -> StopCause {
    let begun = Instant::now();
    loop {
        let state = look(hypervisor, vm).await.state;
        if let InstanceState::Off(cause) = state {
            return cause;
        }
        assert!(
            begun.elapsed() < rig.patience(),
            "still {state:?} after {:?}",
            begun.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the console log, from byte `from` on, has `text`; gives the log's length then.
pub(super) async fn logged(
    rig: &impl Rig,
    hypervisor: &dyn Hypervisor,
    vm: VmId,
    from: u64,
    text: &str,
) -> u64 {
    let begun = Instant::now();
    loop {
        let chunk = hypervisor
            .console_log(vm, from, 1 << 20)
            .await
            .expect("console log");
        let log = String::from_utf8_lossy(&chunk.data);
        if log.contains(text) {
            return chunk.size;
        }
        assert!(
            begun.elapsed() < rig.patience(),
            "no {text:?} in the console log: {log}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Checks that a verb was refused for this reason.
pub(super) fn refused<T>(outcome: Result<T>, reason: Reason, what: &str) {
    match outcome {
        Ok(_) => panic!("{what} succeeded; expected {}", reason.code()),
        Err(e) => assert_eq!(e.reason(), reason, "{what}: {e}"),
    }
}
