//! Carries out one step. Every step is idempotent, so nothing here remembers anything.

use limiquantix_core::contract::{Machine, Stop, VolumeRequest};
use limiquantix_core::identity::VolumeId;
use limiquantix_core::reconcile::{Assignment, Step};
use limiquantix_core::resource::{DiskSpec, VolumeSource};
use limiquantix_core::{Error, Reason, Result};

use crate::agent::Parts;

pub(super) async fn carry_out(
    parts: &Parts,
    assignment: &Assignment,
    machine: &Machine,
    step: &Step,
) -> Result<()> {
    let (vm, epoch) = (assignment.vm, assignment.epoch);
    let hypervisor = &parts.hypervisor;
    match step {
        Step::EnsureVolumes => ensure_volumes(parts, assignment).await,
        Step::RemoveVolumes => remove_volumes(parts, assignment).await,
        Step::Define => hypervisor.ensure_defined(machine).await,
        Step::Run(mark) => hypervisor.ensure_running(vm, *mark).await,
        Step::AskToStop => hypervisor.ensure_stopped(vm, epoch, Stop::Graceful).await,
        Step::ForceOff => hypervisor.ensure_stopped(vm, epoch, Stop::Force).await,
        Step::Reboot { force } => hypervisor.reboot(vm, epoch, *force).await,
        Step::Suspend => hypervisor.ensure_suspended(vm, epoch).await,
        Step::Resume => hypervisor.ensure_resumed(vm, epoch).await,
        Step::TakeSnapshot { snapshot, memory } => {
            hypervisor.ensure_snapshot(vm, epoch, *snapshot, *memory).await
        }
        Step::Revert { snapshot, memory } => {
            let run = assignment.run_mark();
            hypervisor.revert_snapshot(vm, *snapshot, run, *memory).await
        }
        Step::RemoveSnapshot(snapshot) => hypervisor.ensure_snapshot_absent(vm, epoch, *snapshot).await,
        Step::RemoveMachine => hypervisor.ensure_absent(vm, epoch).await,
        Step::RecordVolumes(_) | Step::Wait(_) | Step::Report(..) | Step::Rest => {
            Err(Error::internal("a step without effect was to be done"))
        }
    }
}

async fn ensure_volumes(parts: &Parts, assignment: &Assignment) -> Result<()> {
    for (disk, id) in assignment.spec.disks.iter().zip(&assignment.volumes) {
        if !assignment.unmade.contains(id) {
            make_sure(parts, disk, *id).await?;
            continue;
        }
        let source = match &disk.image {
            Some(image) => VolumeSource::Image { image: image.clone() },
            None => VolumeSource::Empty,
        };
        let request = VolumeRequest {
            id: *id,
            pool: disk.pool.clone(),
            size: disk.size,
            source,
        };
        parts.storage.ensure_volume(&request).await?;
    }
    Ok(())
}

/// Refuses to go on without a volume that was made once. It may have held data, and a guest that finds a blank disk
/// in its place may format it, or go on without anybody noticing.
async fn make_sure(parts: &Parts, disk: &DiskSpec, id: VolumeId) -> Result<()> {
    if parts.storage.volume(&disk.pool, id).await?.is_some() {
        return Ok(());
    }
    let message = format!(
        "volume {id} of disk {:?} is not in pool {}; if the pool is not mounted, mount it and try again, \
         otherwise restore the volume",
        disk.name, disk.pool
    );
    Err(Error::new(Reason::VolumeMissing, message)
        .with("volume", id.to_string())
        .with("pool", disk.pool.to_string()))
}

async fn remove_volumes(parts: &Parts, assignment: &Assignment) -> Result<()> {
    for (disk, id) in assignment.spec.disks.iter().zip(&assignment.volumes) {
        parts.storage.ensure_volume_absent(&disk.pool, *id).await?;
    }
    Ok(())
}
