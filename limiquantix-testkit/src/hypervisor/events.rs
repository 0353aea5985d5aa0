//! `events`: changes are told, not looked for.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use limiquantix_core::contract::{BoxStream, Hypervisor, InstanceEvent, InstanceState, Stop};
use limiquantix_core::identity::VmId;
use limiquantix_core::resource::StopCause;

use super::rig::{Disturbance, FIRST, Guest, Rig, defined, look, running};

/// How soon a change on the node must be known. The product promises a second from there to the user, so
/// the hypervisor may take half of it.
const SOON: Duration = Duration::from_millis(500);

/// Start, pause, its end and stop reach all who listen.
pub async fn every_change_is_told_to_every_listener(rig: &impl Rig) {
    let (hypervisor, machine) = defined(rig, Guest::Deaf).await;
    let mut streams = [
        hypervisor.events().await.expect("listen"),
        hypervisor.events().await.expect("listen"),
    ];
    hypervisor.ensure_running(machine.vm, FIRST).await.expect("start");
    for stream in &mut streams {
        told(&*hypervisor, stream, machine.vm, |s| s == InstanceState::Running).await;
    }
    hypervisor.ensure_suspended(machine.vm, 1).await.expect("suspend");
    for stream in &mut streams {
        told(&*hypervisor, stream, machine.vm, |s| s == InstanceState::Paused).await;
    }
    hypervisor.ensure_resumed(machine.vm, 1).await.expect("resume");
    for stream in &mut streams {
        told(&*hypervisor, stream, machine.vm, |s| s == InstanceState::Running).await;
    }
    hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Force)
        .await
        .expect("stop");
    for stream in &mut streams {
        told(&*hypervisor, stream, machine.vm, |s| {
            matches!(s, InstanceState::Off(_))
        })
        .await;
    }
}

/// What somebody does with the hypervisor's own tools is known at once, without polling.
pub async fn a_stop_on_the_node_is_told_within_a_second(rig: &impl Rig) {
    let (hypervisor, machine) = running(rig, Guest::Deaf).await;
    let mut stream = hypervisor.events().await.expect("listen");
    let begun = Instant::now();
    rig.disturb(machine.vm, Disturbance::Destroy).await;
    let outside = InstanceState::Off(StopCause::Outside);
    told(&*hypervisor, &mut stream, machine.vm, |s| s == outside).await;
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "told after {:?}",
        begun.elapsed()
    );
}

/// Waits for an event about the VM after which it is in a state that is `wanted`.
async fn told(
    hypervisor: &dyn Hypervisor,
    stream: &mut BoxStream<InstanceEvent>,
    vm: VmId,
    wanted: impl Fn(InstanceState) -> bool,
) {
    let told = async {
        loop {
            let event = stream
                .next()
                .await
                .expect("the stream ends only with the hypervisor");
            let concerns = matches!(event, InstanceEvent::Resync) || event == InstanceEvent::Changed(vm);
            if concerns && wanted(look(hypervisor, vm).await.state) {
                return;
            }
        }
    };
    if tokio::time::timeout(SOON, told).await.is_err() {
        let state = look(hypervisor, vm).await.state;
        panic!("no event within {SOON:?}; the VM is {state:?}");
    }
}
