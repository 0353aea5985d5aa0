//! Carries out one step. Every step is idempotent, so nothing here remembers anything.

use limiquantix_core::contract::{Machine, Stop, VolumeRequest};
use limiquantix_core::reconcile::{Assignment, Step};
use limiquantix_core::resource::VolumeSource;
use limiquantix_core::{Error, Result};

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
        Step::RemoveMachine => hypervisor.ensure_absent(vm, epoch).await,
        Step::Wait(_) | Step::Report(..) | Step::Rest => {
            Err(Error::internal("a step without effect was to be done"))
        }
    }
}

async fn ensure_volumes(parts: &Parts, assignment: &Assignment) -> Result<()> {
    for (disk, id) in assignment.spec.disks.iter().zip(&assignment.volumes) {
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

async fn remove_volumes(parts: &Parts, assignment: &Assignment) -> Result<()> {
    for (disk, id) in assignment.spec.disks.iter().zip(&assignment.volumes) {
        parts.storage.ensure_volume_absent(&disk.pool, *id).await?;
    }
    Ok(())
}
