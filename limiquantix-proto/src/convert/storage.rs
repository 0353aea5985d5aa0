//! [`Pool`] and [`Volume`] as the API shows them.

use buffa::EnumValue;
use limiquantix_core::Result;
use limiquantix_core::contract::Selector;
use limiquantix_core::resource::{
    Pool, PoolAllocation, PoolDriver, Volume, VolumePhase, VolumeSource, VolumeSpec,
};

use super::field::{known, signed, signed_wide};
use super::page::Listing;
use super::time::timestamp_to_wire;
use super::vm::project_filter;
use super::{etag, id};
use crate::storage::v1 as wire;

/// The pool as the API shows it.
pub fn pool_to_wire(pool: &Pool) -> wire::Pool {
    wire::Pool {
        id: pool.id.to_string(),
        name: pool.name.to_string(),
        node_id: pool.spec.node.to_string(),
        driver: match pool.spec.driver {
            PoolDriver::Directory => wire::PoolDriver::Directory,
        }
        .into(),
        thin_overcommit_percent: signed(pool.spec.thin_overcommit.0),
        capacity_bytes: signed_wide(pool.status.capacity.get()),
        available_bytes: signed_wide(pool.status.available.get()),
        etag: etag::to_wire(pool.meta.revision),
        revision: pool.meta.revision.0,
        created_at: timestamp_to_wire(pool.meta.created_at).into(),
        updated_at: timestamp_to_wire(pool.meta.updated_at).into(),
        ..Default::default()
    }
}

/// What is promised in the pool, and what it has.
pub fn metrics_to_wire(pool: &Pool, allocation: &PoolAllocation) -> wire::PoolMetrics {
    wire::PoolMetrics {
        pool_id: pool.id.to_string(),
        capacity_bytes: signed_wide(pool.status.capacity.get()),
        available_bytes: signed_wide(pool.status.available.get()),
        promised_bytes: signed_wide(allocation.promised.get()),
        promisable_bytes: signed_wide(pool.promisable().get()),
        volumes: signed(allocation.volumes),
        ..Default::default()
    }
}

/// Which pools, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn pools_from_wire(request: &wire::ListPoolsRequest) -> Result<Listing> {
    let selector = Selector {
        name: Some(request.name.clone()).filter(|name| !name.is_empty()),
        node: id::optional("node_id", &request.node_id, id::parse_node_id)?,
        ..Selector::default()
    };
    Listing::read::<Pool>(selector, request)
}

/// The volume as the API shows it.
pub fn volume_to_wire(volume: &Volume) -> wire::Volume {
    wire::Volume {
        id: volume.id.to_string(),
        name: volume.name.to_string(),
        project_id: volume.project.to_string(),
        labels: volume.meta.labels.clone(),
        spec: spec_to_wire(&volume.spec).into(),
        phase: match volume.phase {
            VolumePhase::Creating => wire::VolumePhase::Creating,
            VolumePhase::Available => wire::VolumePhase::Available,
            VolumePhase::InUse => wire::VolumePhase::InUse,
            VolumePhase::Detaching => wire::VolumePhase::Detaching,
            VolumePhase::Deleting => wire::VolumePhase::Deleting,
            VolumePhase::Error => wire::VolumePhase::Error,
        }
        .into(),
        etag: etag::to_wire(volume.meta.revision),
        revision: volume.meta.revision.0,
        created_at: timestamp_to_wire(volume.meta.created_at).into(),
        updated_at: timestamp_to_wire(volume.meta.updated_at).into(),
        ..Default::default()
    }
}

fn spec_to_wire(spec: &VolumeSpec) -> wire::VolumeSpec {
    wire::VolumeSpec {
        node_id: spec.node.to_string(),
        pool: spec.pool.to_string(),
        size_gib: signed(spec.size.get()),
        image: match &spec.source {
            VolumeSource::Empty => String::new(),
            VolumeSource::Image { image } => image.to_string(),
        },
        vm_id: spec.vm.map(|id| id.to_string()).unwrap_or_default(),
        ..Default::default()
    }
}

/// Which volumes, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn volumes_from_wire(request: &wire::ListVolumesRequest) -> Result<Listing> {
    let selector = Selector {
        project: project_filter("project_id", &request.project_id)?,
        name: Some(request.name.clone()).filter(|name| !name.is_empty()),
        node: id::optional("node_id", &request.node_id, id::parse_node_id)?,
        phases: phase_from_wire("phase", request.phase)?
            .map(VolumePhase::as_str)
            .into_iter()
            .collect(),
        labels: request.labels.clone(),
        ..Selector::default()
    };
    Listing::read::<Volume>(selector, request)
}

fn phase_from_wire(field: &str, phase: EnumValue<wire::VolumePhase>) -> Result<Option<VolumePhase>> {
    Ok(match known(field, phase)? {
        wire::VolumePhase::Unspecified => None,
        wire::VolumePhase::Creating => Some(VolumePhase::Creating),
        wire::VolumePhase::Available => Some(VolumePhase::Available),
        wire::VolumePhase::InUse => Some(VolumePhase::InUse),
        wire::VolumePhase::Detaching => Some(VolumePhase::Detaching),
        wire::VolumePhase::Deleting => Some(VolumePhase::Deleting),
        wire::VolumePhase::Error => Some(VolumePhase::Error),
    })
}
