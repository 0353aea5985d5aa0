//! Disks that go missing behind everybody's back.
//!
//! What would break for a user: the pool's file system is not mounted after a boot, the VM starts from a blank disk,
//! and its data seems to be gone; worse, the guest formats what it finds.

use limiquantix_proto::compute::v1::{StartVMRequest, StopVMRequest};
use limiquantix_proto::task::v1::TaskState;

use crate::harness::api::Mutation;
use crate::harness::lab::{Lab, qemu_processes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_missing_is_never_replaced_by_a_blank_one() {
    let Some(lab) = Lab::up("libvirt-volume").await else {
        return;
    };
    let vm = lab.launch("keeper").await;
    let (id, key) = (vm.id.clone(), |verb: &str| format!("keeper-{verb}"));
    let stop = StopVMRequest {
        id: id.clone(),
        force: true,
        request_id: key("stop"),
        ..Default::default()
    };
    ended(&lab, Mutation::Stop(stop), TaskState::Succeeded).await;
    let volume = |f: &&std::path::PathBuf| f.extension().is_some_and(|e| e == "qcow2") && !in_images(f);
    let disk = lab.files().iter().find(volume).expect("a disk").clone();
    let elsewhere = disk.with_extension("elsewhere");
    std::fs::rename(&disk, &elsewhere).unwrap();

    let start = |round: &str| StartVMRequest {
        id: id.clone(),
        request_id: key(round),
        ..Default::default()
    };
    let refused = ended(&lab, Mutation::Start(start("start-1")), TaskState::Failed).await;
    assert!(
        refused.contains("VOLUME_MISSING") && refused.contains("mount"),
        "{refused}"
    );
    assert!(!disk.exists(), "nothing took its place");
    assert_eq!(qemu_processes(&id).len(), 0);
    lab.agrees().await;

    // It is mounted again, and nothing is lost.
    std::fs::rename(&elsewhere, &disk).unwrap();
    ended(&lab, Mutation::Start(start("start-2")), TaskState::Succeeded).await;
    assert_eq!(qemu_processes(&id).len(), 1);
}

fn in_images(file: &std::path::Path) -> bool {
    file.components().any(|c| c.as_os_str() == "images")
}

/// Waits until the task of a mutation has ended as `state`, and gives what it says about why.
async fn ended(lab: &Lab, mutation: Mutation, state: TaskState) -> String {
    let vm = lab.api.mutate(&mutation).await.unwrap();
    let task = lab.api.ended(&vm.current_task_id).await;
    assert_eq!(task.state, state, "{task:?}");
    format!("{:?}", task.error)
}
