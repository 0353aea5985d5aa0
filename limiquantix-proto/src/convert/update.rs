//! The part of a VM or a node that an update names (AIP-134, AIP-161).

use limiquantix_core::resource::{Labels, VmSpec};
use limiquantix_core::{Error, Result};

use super::vm_spec;
use crate::compute::v1 as wire;

/// What to change of a VM; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VmChanges {
    /// Another description.
    pub description: Option<String>,
    /// Other labels, replacing all.
    pub labels: Option<Labels>,
    /// The whole new spec: what it was, with the named fields replaced.
    pub spec: Option<VmSpec>,
}

/// What `request` changes of a VM whose spec is `current`. Nothing, if its mask is empty.
///
/// # Errors
///
/// `INVALID_FIELD` for `update_mask` if it names what is not there or may not be changed; otherwise with the
/// path of the field in `spec`.
pub fn vm_from_wire(request: &wire::UpdateVMRequest, current: &VmSpec) -> Result<VmChanges> {
    let mut changes = VmChanges::default();
    let mut merged = None;
    for path in request
        .update_mask
        .as_option()
        .map_or(&[][..], |mask| mask.paths.as_slice())
    {
        match path.as_str() {
            "description" => changes.description = Some(request.description.clone()),
            "labels" => changes.labels = Some(request.labels.clone()),
            path => {
                let into = merged.get_or_insert_with(|| vm_spec::to_wire(current));
                replace(into, &request.spec, path)?;
            }
        }
    }
    changes.spec = merged.map(|spec| vm_spec::from_wire("spec", &spec)).transpose()?;
    Ok(changes)
}

/// What to change of a node; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeChanges {
    /// Another description.
    pub description: Option<String>,
    /// Other labels, replacing all of the administrator's.
    pub labels: Option<Labels>,
}

/// What `request` changes of a node. Nothing, if its mask is empty.
///
/// # Errors
///
/// `INVALID_FIELD` for `update_mask` if it names what is not there or may not be changed.
pub fn node_from_wire(request: &wire::UpdateNodeRequest) -> Result<NodeChanges> {
    let mut changes = NodeChanges::default();
    let mask = request.update_mask.as_option();
    for path in mask.map_or(&[][..], |mask| mask.paths.as_slice()) {
        match path.as_str() {
            "description" => changes.description = Some(request.description.clone()),
            "labels" => changes.labels = Some(request.labels.clone()),
            path => return Err(unknown(path)),
        }
    }
    Ok(changes)
}

fn unknown(path: &str) -> Error {
    let shown: String = path.chars().take(64).collect();
    Error::invalid(
        "update_mask",
        format!("update_mask has {shown:?}, which is not a field that can be changed"),
    )
}

/// Replaces the field at `path` by what it is in `from`.
fn replace(into: &mut wire::VmSpec, from: &wire::VmSpec, path: &str) -> Result<()> {
    match path {
        "spec" => *into = from.clone(),
        "spec.cpu" | "spec.cpu.cores" => into.cpu = from.cpu.clone(),
        "spec.memory" | "spec.memory.size_mib" => into.memory = from.memory.clone(),
        "spec.disks" => into.disks.clone_from(&from.disks),
        "spec.nics" => into.nics.clone_from(&from.nics),
        "spec.boot" => into.boot = from.boot.clone(),
        "spec.cloud_init" => into.cloud_init = from.cloud_init.clone(),
        "spec.node_selector" => into.node_selector.clone_from(&from.node_selector),
        "spec.tolerations" => into.tolerations.clone_from(&from.tolerations),
        "spec.accel" => into.accel = from.accel,
        path => return Err(unknown(path)),
    }
    Ok(())
}
