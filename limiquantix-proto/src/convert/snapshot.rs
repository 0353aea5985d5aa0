//! [`Snapshot`]: a VM as it was at one moment, as the API shows it.

use buffa::EnumValue;
use limiquantix_core::Result;
use limiquantix_core::contract::Selector;
use limiquantix_core::identity::VmId;
use limiquantix_core::resource::{Revision, Snapshot, SnapshotPhase};

use super::field::known;
use super::page::Listing;
use super::time::timestamp_to_wire;
use super::{etag, id, vm_spec};
use crate::compute::v1 as wire;

/// The snapshot as the API shows it.
pub fn to_wire(snapshot: &Snapshot) -> wire::Snapshot {
    wire::Snapshot {
        id: snapshot.id.to_string(),
        vm_id: snapshot.vm.to_string(),
        name: snapshot.name.to_string(),
        project_id: snapshot.project.to_string(),
        description: snapshot.description.clone(),
        labels: snapshot.meta.labels.clone(),
        state: phase_to_wire(snapshot.phase).into(),
        message: snapshot.message.clone(),
        with_memory: snapshot.with_memory,
        parent_id: snapshot.parent.map(|id| id.to_string()).unwrap_or_default(),
        node_id: snapshot.node.to_string(),
        spec: vm_spec::to_wire(&snapshot.spec).into(),
        current_task_id: snapshot.task.map(|id| id.to_string()).unwrap_or_default(),
        etag: etag::to_wire(snapshot.meta.revision),
        revision: snapshot.meta.revision.0,
        created_at: timestamp_to_wire(snapshot.meta.created_at).into(),
        updated_at: timestamp_to_wire(snapshot.meta.updated_at).into(),
        ..Default::default()
    }
}

/// The answer to a mutation with `validate_only`: the snapshot as it would be, less what does not exist (the task,
/// and for one that would be created its id and version).
pub fn preview_to_wire(snapshot: &Snapshot) -> wire::Snapshot {
    let mut preview = to_wire(snapshot);
    preview.current_task_id.clear();
    if snapshot.meta.revision == Revision::ZERO {
        preview.id.clear();
        preview.etag.clear();
    }
    preview
}

/// Whose snapshots, which of them, and which page of those a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn listing_from_wire(request: &wire::ListSnapshotsRequest) -> Result<(VmId, Listing)> {
    let vm = id::parse_vm_id("vm_id", &request.vm_id)?;
    let selector = Selector {
        name: Some(request.name.clone()).filter(|name| !name.is_empty()),
        phases: phase_from_wire("state", request.state)?
            .map(SnapshotPhase::as_str)
            .into_iter()
            .collect(),
        labels: request.labels.clone(),
        ..Selector::default()
    };
    Ok((vm, Listing::read::<Snapshot>(selector, request)?))
}

fn phase_to_wire(phase: SnapshotPhase) -> wire::SnapshotState {
    match phase {
        SnapshotPhase::Creating => wire::SnapshotState::Creating,
        SnapshotPhase::Ready => wire::SnapshotState::Ready,
        SnapshotPhase::Deleting => wire::SnapshotState::Deleting,
        SnapshotPhase::Error => wire::SnapshotState::Error,
    }
}

fn phase_from_wire(field: &str, state: EnumValue<wire::SnapshotState>) -> Result<Option<SnapshotPhase>> {
    Ok(match known(field, state)? {
        wire::SnapshotState::Unspecified => None,
        wire::SnapshotState::Creating => Some(SnapshotPhase::Creating),
        wire::SnapshotState::Ready => Some(SnapshotPhase::Ready),
        wire::SnapshotState::Deleting => Some(SnapshotPhase::Deleting),
        wire::SnapshotState::Error => Some(SnapshotPhase::Error),
    })
}
