//! Hypervisors that are away, or refuse.

use std::time::Duration;

use limiquantix::core::Reason;
use limiquantix::core::resource::{PowerState, TaskState, VmPhase};
use limiquantix_mock::{Point, Verb};

use crate::site::{Deed, Site, Weather, call};

/// For a user: an operation fails because libvirt was being restarted.
#[tokio::test(start_paused = true)]
async fn a_hypervisor_that_is_away_for_a_while_delays_and_breaks_nothing() {
    for deed in Deed::ALL {
        let site = Site::new().await;
        let vm = deed.prepare(&site).await;
        let starts = vm.as_ref().map_or(0, |vm| site.node.journal().starts(vm.id));
        site.node.set_reachable(false);
        let asked = deed.ask(&site, vm.as_deref()).await;
        tokio::time::sleep(Duration::from_secs(120)).await;
        site.node.set_reachable(true);
        deed.assert_done(&site, &asked, starts, &format!("{deed:?}, away"))
            .await;
        site.delete_all().await;
    }
}

/// For a user: an operation on a node whose hypervisor is gone for good never ends, and nobody says why.
#[tokio::test(start_paused = true)]
async fn a_hypervisor_that_stays_away_fails_the_operation_and_is_named() {
    for deed in Deed::ALL {
        let site = Site::new().await;
        let vm = deed.prepare(&site).await;
        site.node.set_reachable(false);
        let began = tokio::time::Instant::now();
        let asked = deed.ask(&site, vm.as_deref()).await;
        let task = site.end_of(&asked).await;
        assert_eq!(task.state, TaskState::Failed, "{deed:?}");
        assert_eq!(
            task.error.as_ref().unwrap().reason,
            "HYPERVISOR_UNAVAILABLE",
            "{deed:?}"
        );
        let took = began.elapsed();
        assert!(
            took >= Duration::from_secs(300) && took < Duration::from_secs(330),
            "{deed:?}: {took:?}"
        );
        // When it is back, what is there is shown, and everything can be done.
        site.node.set_reachable(true);
        site.assert_sound().await;
        site.delete_all().await;
    }
}

/// For a user: a start that the hypervisor refuses is tried for ever, or the VM is shown as running.
#[tokio::test(start_paused = true)]
async fn a_start_that_is_refused_fails_once_with_the_hypervisors_words() {
    let site = Site::new().await;
    let vm = site.stopped("web").await;
    let starts = site.node.journal().starts(vm.id);
    site.node.faults().refuse_start(1);
    let start = site.cp().vms().start(&call(), vm.id).await.unwrap();
    let task = site.end_of(&start).await;
    assert_eq!(task.state, TaskState::Failed);
    let error = task.error.clone().unwrap();
    assert_eq!(error.reason, "HYPERVISOR_FAILED");
    assert!(
        error.message.contains("EnsureRunning"),
        "the hypervisor's own words: {error:?}"
    );
    site.assert_sound().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(site.node.journal().starts(vm.id), starts, "nobody tried again");
    let after = site.vm(vm.id).await.unwrap();
    assert_eq!(
        (after.status.phase, after.power.state),
        (VmPhase::Stopped, PowerState::Off)
    );
    assert_eq!(after.status.message, error.message);
    let start = site.cp().vms().start(&call(), vm.id).await.unwrap();
    assert_eq!(site.end_of(&start).await.state, TaskState::Succeeded);
    assert_eq!(
        site.vm(vm.id).await.unwrap().status.message,
        "",
        "and the old error is gone"
    );
}

/// For a user: the answer to "it failed" is lost on its way, and the guest comes up after all, behind the back
/// of everybody who was told that it did not.
#[tokio::test(start_paused = true)]
async fn a_failure_whose_answer_is_lost_is_repeated_and_not_tried_again() {
    let site = Site::new().await;
    let vm = site.stopped("web").await;
    let starts = site.node.journal().starts(vm.id);
    site.node.faults().refuse_start(1);
    // The agent does not hear that the operation is over, and its report is not answered.
    site.line.swallow(vm.id, 3);
    site.line.weather(Weather::LAGGING, 0);
    let start = site.cp().vms().start(&call(), vm.id).await.unwrap();
    assert_eq!(site.end_of(&start).await.state, TaskState::Failed);
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(site.node.journal().starts(vm.id), starts);
    site.assert_sound().await;
    assert_eq!(site.vm(vm.id).await.unwrap().status.phase, VmPhase::Stopped);
}

/// For a user: any failure of any verb leaves something half done that cannot be used, removed or understood.
#[tokio::test(start_paused = true)]
async fn every_refusal_of_every_verb_ends_the_task_and_leaves_a_vm_that_obeys() {
    let refusals = [
        (Verb::EnsureVolume, Reason::StorageFailed),
        (Verb::Volume, Reason::StorageFailed),
        (Verb::EnsureDefined, Reason::ImageMissing),
        (Verb::EnsureRunning, Reason::HypervisorFailed),
        (Verb::EnsureStopped, Reason::HypervisorFailed),
        (Verb::Reboot, Reason::HypervisorFailed),
        (Verb::EnsureSuspended, Reason::HypervisorFailed),
        (Verb::EnsureResumed, Reason::HypervisorFailed),
        (Verb::EnsureSnapshot, Reason::HypervisorFailed),
        (Verb::RevertSnapshot, Reason::HypervisorFailed),
        (Verb::EnsureSnapshotAbsent, Reason::HypervisorFailed),
        (Verb::EnsureAbsent, Reason::HypervisorFailed),
        (Verb::EnsureVolumeAbsent, Reason::StorageFailed),
    ];
    let mut refused = 0;
    for deed in Deed::ALL {
        for (verb, reason) in refusals {
            for point in [Point::Before, Point::Midway, Point::After] {
                let site = Site::new().await;
                let vm = deed.prepare(&site).await;
                let fail = limiquantix_mock::Action::Fail(reason, "refused".to_owned());
                site.node.faults().plan(verb, point, 1, fail);
                let asked = deed.ask(&site, vm.as_deref()).await;
                let task = site.end_of(&asked).await;
                let context = format!("{deed:?} refused at {verb:?} {point:?}");
                if site.node.faults().is_pending() {
                    assert_eq!(task.state, TaskState::Succeeded, "{context}");
                    site.node.faults().clear();
                } else {
                    refused += 1;
                    assert_eq!(task.state, TaskState::Failed, "{context}");
                    assert_eq!(task.error.clone().unwrap().reason, reason.code(), "{context}");
                }
                site.assert_sound().await;
                if let Some(vm) = site.vm(asked.id).await {
                    assert!(!vm.deleting, "{context}: the owner has it back");
                    if !matches!(vm.status.phase, VmPhase::Running | VmPhase::Suspended) {
                        let start = site.cp().vms().start(&call(), vm.id).await.unwrap();
                        let end = site.end_of(&start).await;
                        // What the deletion has removed before it failed is gone, and nothing blank replaces it.
                        let lost = vm.volumes.len() > site.node.volumes().len();
                        let (state, why) = match lost {
                            true => (TaskState::Failed, Some(Reason::VolumeMissing.code())),
                            false => (TaskState::Succeeded, None),
                        };
                        let told = end.error.as_ref().map(|e| e.reason.as_str());
                        assert_eq!((end.state, told), (state, why), "{context}");
                        let half_deleted = (Deed::Delete, Verb::EnsureVolumeAbsent, Point::After);
                        assert_eq!(lost, (deed, verb, point) == half_deleted, "{context}");
                    }
                }
                site.delete_all().await;
            }
        }
    }
    assert!(refused >= 23, "only {refused} refusals hit their point");
}
