//! Agents and control planes that die at every point of every verb.

use std::time::Duration;

use limiquantix_mock::{Action, Point, Verb};

use crate::site::{Deed, Site};

/// Every verb of the hypervisor and the storage that any deed comes by.
const VERBS: [Verb; 14] = [
    Verb::Inspect,
    Verb::EnsureVolume,
    Verb::Volume,
    Verb::EnsureDefined,
    Verb::EnsureRunning,
    Verb::EnsureStopped,
    Verb::Reboot,
    Verb::EnsureSuspended,
    Verb::EnsureResumed,
    Verb::EnsureSnapshot,
    Verb::RevertSnapshot,
    Verb::EnsureSnapshotAbsent,
    Verb::EnsureAbsent,
    Verb::EnsureVolumeAbsent,
];
const POINTS: [Point; 3] = [Point::Before, Point::Midway, Point::After];

/// Waits until the planned fault was met, or the deed is done without coming by there.
async fn met(site: &Site, asked: &limiquantix::core::resource::Vm) -> bool {
    let task = asked.operation.as_ref().unwrap().task;
    let tasks = site.all::<limiquantix::core::resource::Task>();
    site.until("the fault is met or the deed done", async |site: &Site| {
        !site.node.faults().is_pending() || tasks.get(&task).await.unwrap().state.is_terminal()
    })
    .await;
    !site.node.faults().is_pending()
}

/// For a user: an agent that is killed while it works on a VM leaves a task that never ends, a guest that runs
/// twice, a machine nobody knows of, or a disk that takes space for ever.
#[tokio::test(start_paused = true)]
async fn an_agent_killed_at_any_point_of_any_deed_is_replaced_without_a_trace() {
    let mut kills = 0;
    for deed in Deed::ALL {
        for verb in VERBS {
            for point in POINTS {
                // The second call of a verb too: the second disk, the look after the first step.
                for earlier in 0..2 {
                    let mut site = Site::new().await;
                    let vm = deed.prepare(&site).await;
                    let starts = vm.as_ref().map_or(0, |vm| site.node.journal().starts(vm.id));
                    if earlier > 0 {
                        site.node
                            .faults()
                            .plan(verb, point, earlier, Action::Delay(Duration::ZERO));
                    }
                    site.node.faults().hang(verb, point);
                    let asked = deed.ask(&site, vm.as_deref()).await;
                    let context = format!("{deed:?}, killed at {verb:?} {point:?} after {earlier}");
                    if met(&site, &asked).await {
                        kills += 1;
                        site.kill_agent().await;
                        site.start_agent();
                    } else {
                        site.node.faults().clear();
                    }
                    deed.assert_done(&site, &asked, starts, &context).await;
                    site.delete_all().await;
                }
            }
        }
    }
    println!("{kills} agents killed");
    assert!(kills >= 50, "only {kills} agents were killed");
}

/// For a user: the same for an agent that dies again and again, at every step it takes.
#[tokio::test(start_paused = true)]
async fn an_agent_killed_at_every_step_still_gets_there() {
    for deed in Deed::ALL {
        let mut site = Site::new().await;
        let vm = deed.prepare(&site).await;
        let starts = vm.as_ref().map_or(0, |vm| site.node.journal().starts(vm.id));
        for verb in VERBS {
            if verb != Verb::Inspect {
                for point in POINTS {
                    site.node.faults().hang(verb, point);
                }
            }
        }
        let asked = deed.ask(&site, vm.as_deref()).await;
        let task = asked.operation.as_ref().unwrap().task;
        let tasks = site.all::<limiquantix::core::resource::Task>();
        let mut kills = 0;
        while !tasks.get(&task).await.unwrap().state.is_terminal() {
            // Each agent gets long enough for anything that does not hang.
            tokio::time::sleep(Duration::from_secs(2)).await;
            site.kill_agent().await;
            site.start_agent();
            kills += 1;
            assert!(kills < 40, "{deed:?} never gets there");
        }
        site.node.faults().clear();
        deed.assert_done(&site, &asked, starts, &format!("{deed:?}, killed {kills} times"))
            .await;
        site.delete_all().await;
    }
}

/// For a user: a control plane that is restarted while a VM is worked on forgets the VM, the task or what
/// became of it.
#[tokio::test(start_paused = true)]
async fn a_control_plane_restarted_at_any_point_of_any_deed_loses_nothing() {
    let mut restarts = 0;
    for deed in Deed::ALL {
        for verb in VERBS {
            for point in POINTS {
                for away in [Duration::ZERO, Duration::from_secs(60)] {
                    let mut site = Site::new().await;
                    let vm = deed.prepare(&site).await;
                    let starts = vm.as_ref().map_or(0, |vm| site.node.journal().starts(vm.id));
                    let slow = Action::Delay(Duration::from_secs(5));
                    site.node.faults().plan(verb, point, 1, slow);
                    let asked = deed.ask(&site, vm.as_deref()).await;
                    if met(&site, &asked).await {
                        restarts += 1;
                    } else {
                        site.node.faults().clear();
                    }
                    site.kill_control_plane();
                    tokio::time::sleep(away).await;
                    site.start_control_plane().await;
                    let context = format!("{deed:?}, control plane restarted at {verb:?} {point:?}");
                    deed.assert_done(&site, &asked, starts, &context).await;
                    site.delete_all().await;
                }
            }
        }
    }
    println!("{restarts} control planes restarted");
    assert!(restarts >= 60, "only {restarts} restarts hit their point");
}

/// For a user: both at once, as when the machine that runs server and agent loses its power.
#[tokio::test(start_paused = true)]
async fn killing_both_at_once_loses_nothing_either() {
    for deed in Deed::ALL {
        for verb in VERBS {
            for point in POINTS {
                let mut site = Site::new().await;
                let vm = deed.prepare(&site).await;
                let starts = vm.as_ref().map_or(0, |vm| site.node.journal().starts(vm.id));
                site.node.faults().hang(verb, point);
                let asked = deed.ask(&site, vm.as_deref()).await;
                if !met(&site, &asked).await {
                    site.node.faults().clear();
                }
                site.kill_control_plane();
                site.kill_agent().await;
                site.start_agent();
                tokio::time::sleep(Duration::from_secs(1)).await;
                site.start_control_plane().await;
                let context = format!("{deed:?}, both killed at {verb:?} {point:?}");
                deed.assert_done(&site, &asked, starts, &context).await;
                site.delete_all().await;
            }
        }
    }
}
