//! What a snapshot really keeps: what a guest wrote, and what it was doing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod rig;

use limiquantix_core::contract::{Hypervisor, InstanceState, Machine, RunMark, Stop};
use limiquantix_core::identity::SnapshotId;
use limiquantix_core::resource::CloudInit;
use rig::{Rig, blank, probe, rig, vm_id};

fn mark(generation: u32) -> RunMark {
    RunMark { epoch: 1, generation }
}

/// A guest that counts its boots on its disk, with a seed that is no part of a snapshot.
async fn counting(rig: &Rig) -> Machine {
    let mut machine = probe("counting", "");
    machine.disks = vec![blank(rig).await];
    machine.cloud_init = Some(CloudInit {
        user_data: "#cloud-config\n".to_owned(),
        meta_data: None,
        network_config: None,
    });
    rig.hypervisor.ensure_defined(&machine).await.unwrap();
    machine
}

async fn boot(rig: &Rig, machine: &Machine, generation: u32, boots: u32) {
    let begun = rig.hypervisor.console_log(machine.vm, 0, 0).await.unwrap().size;
    rig.hypervisor
        .ensure_running(machine.vm, mark(generation))
        .await
        .unwrap();
    let wanted = format!("LQX disk vda boots={boots} ");
    let patience = std::time::Instant::now();
    loop {
        let log = rig
            .hypervisor
            .console_log(machine.vm, begun, 1 << 20)
            .await
            .unwrap();
        let log = String::from_utf8_lossy(&log.data).into_owned();
        if log.contains("LQX READY") {
            assert!(log.contains(&wanted), "{wanted:?}: {log}");
            return;
        }
        assert!(patience.elapsed() < rig::PATIENCE, "it does not boot: {log}");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

async fn stop(rig: &Rig, machine: &Machine) {
    rig.hypervisor
        .ensure_stopped(machine.vm, 1, Stop::Graceful)
        .await
        .unwrap();
    while rig.hypervisor.inspect(machine.vm).await.unwrap().unwrap().state == InstanceState::Running {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// What was written after the snapshot is gone, and what was written before it is there.
#[tokio::test]
async fn disks_go_back_to_what_they_were() {
    let Some(rig) = rig().await else { return };
    let machine = counting(&rig).await;
    boot(&rig, &machine, 1, 1).await;
    stop(&rig, &machine).await;
    let snapshot = SnapshotId::from_uuid(vm_id().uuid());
    rig.hypervisor
        .ensure_snapshot(machine.vm, 1, snapshot, false)
        .await
        .unwrap();
    boot(&rig, &machine, 3, 2).await;
    stop(&rig, &machine).await;
    rig.hypervisor
        .revert_snapshot(machine.vm, snapshot, mark(4), false)
        .await
        .unwrap();
    boot(&rig, &machine, 5, 2).await;
}

/// A guest runs on from where it was: it does not boot again, and still hears what is asked of it.
#[tokio::test]
async fn a_guest_runs_on_from_its_memory() {
    let Some(rig) = rig().await else { return };
    let machine = counting(&rig).await;
    boot(&rig, &machine, 1, 1).await;
    let snapshot = SnapshotId::from_uuid(vm_id().uuid());
    rig.hypervisor
        .ensure_snapshot(machine.vm, 1, snapshot, true)
        .await
        .unwrap();
    stop(&rig, &machine).await;
    let before = rig.hypervisor.console_log(machine.vm, 0, 0).await.unwrap().size;
    rig.hypervisor
        .revert_snapshot(machine.vm, snapshot, mark(2), true)
        .await
        .unwrap();
    stop(&rig, &machine).await;
    let log = rig
        .hypervisor
        .console_log(machine.vm, before, 1 << 20)
        .await
        .unwrap();
    let log = String::from_utf8_lossy(&log.data).into_owned();
    assert!(!log.contains("LQX init"), "it has booted: {log}");
    boot(&rig, &machine, 3, 2).await;
}
