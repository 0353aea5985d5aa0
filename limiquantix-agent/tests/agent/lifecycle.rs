//! A VM's life, and what guests and people at the node do to it.

use std::time::{Duration, Instant};

use limiquantix::UpdateVm;
use limiquantix::core::contract::InstanceState;
use limiquantix::core::resource::{PowerState, StopCause, TaskState, VmPhase, VolumePhase};
use limiquantix::core::unit::Mebibytes;
use limiquantix_mock::{GuestBehaviour, OnShutdown};

use crate::site::{Deed, Site, call, request};

/// For a user: any of the things that one does with a VM.
#[tokio::test]
async fn a_vm_lives_from_creation_to_deletion() {
    let site = Site::new().await;
    let vms = site.cp().vms();
    let vm = site.running("web").await;
    assert_eq!(
        (vm.status.phase, vm.power.state),
        (VmPhase::Running, PowerState::On)
    );
    assert!(vm.status.started_at.is_some() && vm.status.accel.is_some());
    assert_eq!(site.node.instances()[0].state, InstanceState::Running);
    let volumes = site.list::<limiquantix::core::resource::Volume>().await;
    assert!(volumes.len() == 2 && volumes.iter().all(|v| v.phase == VolumePhase::InUse));

    let reboot = vms.reboot(&call(), vm.id, false).await.unwrap();
    assert_eq!(site.end_of(&reboot).await.state, TaskState::Succeeded);
    let stop = vms.stop(&call(), vm.id, false, None).await.unwrap();
    let task = site.end_of(&stop).await;
    assert_eq!(task.state, TaskState::Succeeded);
    assert!(!task.log.is_empty(), "the task tells what was done: {task:?}");
    site.assert_sound().await;

    let mut spec = request("web").spec;
    spec.memory = Mebibytes(1024);
    let update = UpdateVm {
        spec: Some(spec),
        ..UpdateVm::default()
    };
    let update = vms.update(&call(), vm.id, update).await.unwrap();
    assert_eq!(site.end_of(&update).await.state, TaskState::Succeeded);
    let digest = site.node.instances()[0].digest.clone();
    let start = vms.start(&call(), vm.id).await.unwrap();
    assert_eq!(site.end_of(&start).await.state, TaskState::Succeeded);
    assert_eq!(
        site.node.instances()[0].digest,
        digest,
        "it was brought up to date by the update"
    );
    assert_eq!(site.node.journal().starts(vm.id), 2);
    site.assert_sound().await;
    site.delete_all().await;
}

/// For a user: a VM that crashed, shut down or was stopped with virsh is shown as running for more than a
/// second; or is started again.
#[tokio::test]
async fn what_happens_at_the_node_is_shown_within_a_second() {
    let site = Site::new().await;
    let vm = site.running("web").await;
    let vms = site.cp().vms();
    type End = fn(&limiquantix_mock::MockNode, limiquantix::core::identity::VmId) -> bool;
    let ends: [(End, StopCause); 3] = [
        (|n, vm| n.guest_shutdown(vm), StopCause::GuestShutdown),
        (|n, vm| n.crash(vm), StopCause::Crashed),
        (|n, vm| n.destroy_outside(vm), StopCause::Outside),
    ];
    for (end, cause) in ends {
        let began = Instant::now();
        assert!(end(&site.node, vm.id));
        site.phase(&vm, VmPhase::Stopped).await;
        assert!(
            began.elapsed() < Duration::from_secs(1),
            "{cause:?} took {:?}",
            began.elapsed()
        );
        let ended = site.vm(vm.id).await.unwrap();
        assert_eq!(ended.status.cause, Some(cause));
        site.assert_sound().await;
        let start = vms.start(&call(), vm.id).await.unwrap();
        assert_eq!(site.end_of(&start).await.state, TaskState::Succeeded);
    }
    let began = Instant::now();
    assert!(site.node.pause_outside(vm.id));
    site.phase(&vm, VmPhase::Suspended).await;
    assert!(site.node.undefine_outside(vm.id));
    site.phase(&vm, VmPhase::Error).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    // And it can be made good.
    let start = vms.start(&call(), vm.id).await.unwrap();
    assert_eq!(site.end_of(&start).await.state, TaskState::Succeeded);
    site.phase(&vm, VmPhase::Running).await;
    site.delete_all().await;
}

/// For an operator: after a power cut every guest of the node is shown as running.
#[tokio::test]
async fn a_node_that_lost_its_power_shows_its_guests_as_stopped() {
    let site = Site::new().await;
    let a = site.running("a").await;
    let b = site.running("b").await;
    site.node.reboot_node();
    for vm in [&a, &b] {
        site.phase(vm, VmPhase::Stopped).await;
        let vm = site.vm(vm.id).await.unwrap();
        assert_eq!(
            (vm.status.cause, vm.power.state),
            (Some(StopCause::Unknown), PowerState::Off)
        );
    }
    site.assert_sound().await;
}

/// For a user: a guest that ignores the power button cannot be stopped, or is killed before its time.
#[tokio::test(start_paused = true)]
async fn a_guest_that_does_not_obey_is_forced_off_when_its_grace_is_over() {
    let site = Site::new().await;
    let vm = site.running("web").await;
    let stubborn = GuestBehaviour {
        on_shutdown: OnShutdown::Ignore,
        ..GuestBehaviour::default()
    };
    site.node.set_behaviour(vm.id, stubborn);
    let began = tokio::time::Instant::now();
    let grace = Duration::from_secs(30);
    let stop = site
        .cp()
        .vms()
        .stop(&call(), vm.id, false, Some(grace))
        .await
        .unwrap();
    assert_eq!(site.end_of(&stop).await.state, TaskState::Succeeded);
    let took = began.elapsed();
    assert!(took >= grace && took < grace * 2, "{took:?}");

    // And one who cannot wait need not.
    let start = site.cp().vms().start(&call(), vm.id).await.unwrap();
    site.end_of(&start).await;
    let stop = site.cp().vms().stop(&call(), vm.id, false, None).await.unwrap();
    let began = tokio::time::Instant::now();
    let force = site.cp().vms().stop(&call(), vm.id, true, None).await.unwrap();
    assert_eq!(site.end_of(&force).await.state, TaskState::Succeeded);
    assert_eq!(site.end_of(&stop).await.state, TaskState::Cancelled);
    assert!(began.elapsed() < Duration::from_secs(1));
    site.assert_sound().await;
}

/// For a user: `task cancel` of whatever is under way leaves something behind, or lies.
#[tokio::test(start_paused = true)]
async fn cancelled_operations_end_as_cancelled_and_are_undone() {
    use limiquantix_mock::{Action, Point, Verb};
    for verb in [
        Verb::EnsureVolume,
        Verb::Volume,
        Verb::EnsureDefined,
        Verb::EnsureRunning,
    ] {
        for point in [Point::Before, Point::Midway, Point::After] {
            for deed in [Deed::Create, Deed::Start] {
                let site = Site::new().await;
                let vm = deed.prepare(&site).await;
                site.node
                    .faults()
                    .plan(verb, point, 1, Action::Delay(Duration::from_secs(3)));
                let asked = deed.ask(&site, vm.as_deref()).await;
                // It may not come by there at all; then it ends, and cannot be cancelled.
                let task = asked.operation.as_ref().unwrap().task;
                site.until("it is there or over", async |site: &Site| {
                    let over = site.cp().tasks().get(task).await.unwrap().state.is_terminal();
                    over || !site.node.faults().is_pending()
                })
                .await;
                let context = format!("{deed:?} cancelled at {verb:?} {point:?}");
                match site.cp().tasks().cancel(&call(), task).await {
                    Err(e) => {
                        assert_eq!(e.reason().code(), "NOT_CANCELLABLE", "{context}");
                        let passed_by = match deed {
                            // A look has no middle.
                            _ if (verb, point) == (Verb::Volume, Point::Midway) => true,
                            // Its volumes are there, and it is defined.
                            Deed::Start => matches!(verb, Verb::EnsureVolume | Verb::EnsureDefined),
                            _ => verb == Verb::Volume,
                        };
                        assert!(passed_by, "{context}");
                        site.node.faults().clear();
                    }
                    Ok(_) => {
                        assert_eq!(
                            site.end_of_task(task).await.state,
                            TaskState::Cancelled,
                            "{context}"
                        );
                        site.assert_sound().await;
                        let left = site.vm(asked.id).await.map(|vm| vm.status.phase);
                        let expected = (deed == Deed::Start).then_some(VmPhase::Stopped);
                        assert_eq!(left, expected, "{context}");
                    }
                }
                site.delete_all().await;
            }
        }
    }
}

/// For an operator: an agent that is stopped for an upgrade takes its guests down, or never ends.
#[tokio::test(start_paused = true)]
async fn an_agent_that_is_stopped_leaves_its_guests_alone() {
    let mut site = Site::new().await;
    let vm = site.running("web").await;
    site.stop_agent().await.unwrap();
    assert_eq!(site.node.instances()[0].state, InstanceState::Running);
    // What happens meanwhile is seen afterwards.
    site.node.guest_shutdown(vm.id);
    site.start_agent();
    site.phase(&vm, VmPhase::Stopped).await;
    site.assert_sound().await;
}

/// For a user: a guest goes down because its control plane did (I5); or what happened meanwhile is never shown.
#[tokio::test(start_paused = true)]
async fn losing_the_control_plane_stops_no_guest() {
    let mut site = Site::new().await;
    let a = site.running("a").await;
    let b = site.running("b").await;
    site.kill_control_plane();
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    assert!(
        site.node
            .instances()
            .iter()
            .all(|i| i.state == InstanceState::Running)
    );
    site.node.crash(b.id);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    site.start_control_plane().await;
    let back = tokio::time::Instant::now();
    site.phase(&b, VmPhase::Stopped).await;
    assert!(
        back.elapsed() < Duration::from_secs(10),
        "whole again after {:?}",
        back.elapsed()
    );
    assert_eq!(site.vm(a.id).await.unwrap().status.phase, VmPhase::Running);
    site.assert_sound().await;
    assert_eq!(site.node.journal().starts(a.id), 1);
}
