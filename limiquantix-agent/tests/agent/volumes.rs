//! Disks that must never be replaced by blank ones.

use std::time::Duration;

use limiquantix::core::Reason;
use limiquantix::core::resource::{TaskState, VmPhase, Volume, VolumePhase};
use limiquantix_mock::{Action, Point, Verb};

use crate::site::{Deed, Site, call};

/// For a user: the pool is not mounted, the VM starts all the same, and its database is empty.
#[tokio::test(start_paused = true)]
async fn a_volume_that_is_missing_is_not_made_anew() {
    let site = Site::new().await;
    let vm = site.stopped("web").await;
    let (pool, lost) = (&vm.spec.disks[1].pool, vm.volumes[1]);
    assert!(site.node.lose_volume(pool, lost));
    let start = site.cp().vms().start(&call(), vm.id).await.unwrap();
    let task = site.end_of(&start).await;
    let error = task.error.clone().unwrap();
    assert_eq!(
        (task.state, error.reason.as_str()),
        (TaskState::Failed, Reason::VolumeMissing.code())
    );
    for word in [&lost.to_string(), "\"data\"", "pool default", "mount it"] {
        assert!(error.message.contains(word), "{word}: {}", error.message);
    }
    let after = site.vm(vm.id).await.unwrap();
    assert_eq!(
        (after.status.phase, after.status.message.as_str()),
        (VmPhase::Stopped, error.message.as_str())
    );
    assert!(site.node.volumes().iter().all(|(_, id)| *id != lost));
    assert_eq!(
        site.node.journal().starts(vm.id),
        1,
        "no guest saw the lack of it"
    );
    site.delete_all().await;
}

/// For a user: the guest crashed right after its first start, the creation counts as failed, and the next start
/// would be free to make the disks anew. They held what cloud-init did.
#[tokio::test(start_paused = true)]
async fn a_creation_that_failed_after_the_guest_ran_leaves_volumes_that_are_never_made_again() {
    let mut site = Site::new().await;
    site.node.faults().hang(Verb::EnsureRunning, Point::After);
    let vm = site.create("web").await;
    site.until("the guest runs", async |site: &Site| {
        site.node.journal().starts(vm.id) == 1 && !site.node.faults().is_pending()
    })
    .await;
    // Nobody has told the control plane that the creation is done, and its volumes are written down already.
    let volumes = site.list::<Volume>().await;
    assert!(
        volumes.iter().all(|v| v.phase == VolumePhase::InUse),
        "{volumes:?}"
    );
    site.kill_agent().await;
    assert!(site.node.crash(vm.id));
    assert!(site.node.lose_volume(&vm.spec.disks[0].pool, vm.volumes[0]));
    assert!(site.node.undefine_outside(vm.id));
    site.start_agent();
    let task = site.end_of(&vm).await;
    assert_eq!(task.error.as_ref().unwrap().reason, Reason::VolumeMissing.code());
    assert_eq!(site.node.journal().starts(vm.id), 1);
}

/// For a user: the agent could not say that the disks are made, and lets the guest write to them all the same.
#[tokio::test(start_paused = true)]
async fn no_guest_starts_while_its_volumes_cannot_be_written_down() {
    let mut site = Site::new().await;
    let while_made = Action::Delay(Duration::from_secs(5));
    site.node
        .faults()
        .plan(Verb::EnsureVolume, Point::Before, 2, while_made);
    let vm = site.create("web").await;
    site.until("the disks are being made", async |site: &Site| {
        !site.node.volumes().is_empty()
    })
    .await;
    site.kill_control_plane();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!(site.node.volumes().len(), 2, "they are made meanwhile");
    assert_eq!(site.node.journal().starts(vm.id), 0);
    site.start_control_plane().await;
    Deed::Create
        .assert_done(&site, &vm, 0, "written down in the end")
        .await;
}
