//! Agents that hear late of what the control plane knows, and control planes that know less than they did.

use std::time::Duration;

use limiquantix::UpdateVm;
use limiquantix::core::Reason;
use limiquantix::core::contract::{Hypervisor as _, InstanceState, RunMark};
use limiquantix::core::resource::{PowerState, TaskState, Vm, VmPhase};
use limiquantix::core::unit::Mebibytes;
use limiquantix_mock::{Action, Point, Verb};

use crate::site::{Site, Weather, call, view};

/// Somebody at the node starts the guest, past the control plane.
async fn start_outside(site: &Site, vm: &Vm) {
    let mark = RunMark {
        epoch: vm.placement.unwrap().epoch,
        generation: 0,
    };
    view(site).ensure_running(vm.id, mark).await.unwrap();
}

/// For a user: a guest that was started at the node after its stop was done is killed, because the agent has
/// not heard yet that the stop is over.
#[tokio::test(start_paused = true)]
async fn an_operation_that_was_reported_done_is_not_carried_out_again() {
    for reconnect in [false, true] {
        let mut site = Site::new().await;
        let vm = site.running("web").await;
        site.line.weather(Weather::LAGGING, 0);
        let stop = site.cp().vms().stop(&call(), vm.id, true, None).await.unwrap();
        assert_eq!(site.end_of(&stop).await.state, TaskState::Succeeded);
        start_outside(&site, &vm).await;
        if reconnect {
            site.restart_control_plane().await;
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(
            site.node.instances()[0].state,
            InstanceState::Running,
            "reconnect: {reconnect}"
        );
        site.assert_sound().await;
        let adopted = site.vm(vm.id).await.unwrap();
        assert_eq!(adopted.power.state, PowerState::On);
    }
}

/// For a user: a start that was cancelled or superseded while it waited for its turn happens all the same.
#[tokio::test(start_paused = true)]
async fn a_start_that_waits_for_its_turn_can_be_called_off() {
    let site = Site::new().await;
    let vm = site.stopped("web").await;
    let other = site.running("other").await;
    let starts = site.node.journal().starts(vm.id);
    // As many as are worked on at once.
    let slow = Action::Delay(Duration::from_secs(600));
    site.node
        .faults()
        .plan(Verb::EnsureVolume, Point::Before, 8, slow);
    for i in 0..8 {
        site.create(&format!("slow-{i}")).await;
    }
    site.until("all are at it", async |site: &Site| {
        !site.node.faults().is_pending()
    })
    .await;
    let began = tokio::time::Instant::now();
    let start = site.cp().vms().start(&call(), vm.id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let stop = site.cp().vms().stop(&call(), vm.id, true, None).await.unwrap();
    assert_eq!(site.end_of(&stop).await.state, TaskState::Succeeded);
    assert_eq!(site.end_of(&start).await.state, TaskState::Cancelled);
    let start = site.cp().vms().start(&call(), vm.id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let task = start.operation.clone().unwrap().task;
    site.cp().tasks().cancel(&call(), task).await.unwrap();
    assert_eq!(site.end_of_task(task).await.state, TaskState::Cancelled);
    // And the plug of a guest that runs is pulled without waiting at all.
    let stop = site.cp().vms().stop(&call(), other.id, true, None).await.unwrap();
    assert_eq!(site.end_of(&stop).await.state, TaskState::Succeeded);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    site.assert_sound().await;
    assert_eq!(site.node.journal().starts(vm.id), starts);
}

/// For a user: a task fails although what it was for has happened, because nobody could be told in time.
#[tokio::test(start_paused = true)]
async fn an_operation_does_not_fail_because_the_control_plane_was_away() {
    let mut site = Site::new().await;
    let slow = Action::Delay(Duration::from_secs(5));
    site.node
        .faults()
        .plan(Verb::EnsureRunning, Point::Before, 1, slow);
    let vm = site.create("web").await;
    site.until("it is being started", async |site: &Site| {
        !site.node.faults().is_pending()
    })
    .await;
    site.kill_control_plane();
    // Longer than a hypervisor may be away.
    tokio::time::sleep(Duration::from_secs(1200)).await;
    site.start_control_plane().await;
    assert_eq!(site.end_of(&vm).await.state, TaskState::Succeeded);
    site.assert_sound().await;
}

/// For a user: a stop of a broken VM that is called off at once leaves it shown as running.
#[tokio::test(start_paused = true)]
async fn what_the_control_plane_assumes_is_checked_by_the_agent() {
    let site = Site::new().await;
    let vm = site.stopped("web").await;
    site.node
        .faults()
        .fail(Verb::EnsureDefined, 1, Reason::HypervisorFailed);
    let mut spec = vm.spec.clone();
    spec.memory = Mebibytes(1024);
    let update = UpdateVm {
        spec: Some(spec),
        ..UpdateVm::default()
    };
    let update = site.cp().vms().update(&call(), vm.id, update).await.unwrap();
    assert_eq!(site.end_of(&update).await.state, TaskState::Failed);
    site.phase(&vm, VmPhase::Error).await;
    let grace = Some(Duration::from_secs(30));
    let stop = site.cp().vms().stop(&call(), vm.id, false, grace).await.unwrap();
    let task = stop.operation.clone().unwrap().task;
    site.cp().tasks().cancel(&call(), task).await.unwrap();
    assert_eq!(
        site.vm(vm.id).await.unwrap().status.phase,
        VmPhase::Running,
        "assumed"
    );
    site.phase(&vm, VmPhase::Stopped).await;
    site.assert_sound().await;
}

/// For a user: a VM that was lost from sight for whatever reason stays so, although its agent is there.
#[tokio::test(start_paused = true)]
async fn what_is_out_of_sight_is_looked_for_at_once() {
    let site = Site::new().await;
    let vm = site.running("web").await;
    let mut lost = Vm::clone(&*site.vm(vm.id).await.unwrap());
    lost.status.phase = VmPhase::Unknown;
    site.all::<Vm>().update(lost).await.unwrap();
    let began = tokio::time::Instant::now();
    site.phase(&vm, VmPhase::Running).await;
    assert!(began.elapsed() < Duration::from_secs(1));
}

/// For an operator: a control plane that was restored from a backup goes on showing what was true then (I30).
#[tokio::test(start_paused = true)]
async fn a_control_plane_that_lost_news_is_told_again() {
    let mut site = Site::new().await;
    let vm = site.running("web").await;
    site.kill_control_plane();
    let mut old = Vm::clone(&*site.vm(vm.id).await.unwrap());
    old.status.phase = VmPhase::Stopped;
    old.status.started_at = None;
    site.all::<Vm>().update(old).await.unwrap();
    site.start_control_plane().await;
    site.phase(&vm, VmPhase::Running).await;
    site.assert_sound().await;
    assert_eq!(site.node.journal().starts(vm.id), 1);
}
