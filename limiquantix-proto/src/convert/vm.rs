//! [`Vm`]: a virtual machine as the API shows it, and what requests say about VMs.

use std::time::Duration;

use buffa::EnumValue;
use buffa_types::google::protobuf;
use limiquantix_core::contract::Selector;
use limiquantix_core::identity::{NodeId, ProjectId};
use limiquantix_core::resource::{Accel, Attachment, PowerState, Revision, StopCause, Vm, VmPhase};
use limiquantix_core::{Error, Result};

use super::field::known;
use super::page::Listing;
use super::time::{duration_from_wire, timestamp_to_wire};
use super::{etag, id, vm_spec};
use crate::compute::v1 as wire;

/// The VM as the API shows it. `node_name` is the name of the node that it is placed on, where known: the VM
/// itself knows only the id.
pub fn to_wire(vm: &Vm, node_name: Option<&str>) -> wire::VirtualMachine {
    wire::VirtualMachine {
        id: vm.id.to_string(),
        name: vm.name.to_string(),
        project_id: vm.project.to_string(),
        description: vm.description.clone(),
        labels: vm.meta.labels.clone(),
        spec: vm_spec::to_wire(&vm.spec).into(),
        status: status_to_wire(vm, node_name).into(),
        etag: etag::to_wire(vm.meta.revision),
        revision: vm.meta.revision.0,
        created_at: timestamp_to_wire(vm.meta.created_at).into(),
        updated_at: timestamp_to_wire(vm.meta.updated_at).into(),
        desired_power: power_to_wire(vm.power.state).into(),
        current_task_id: vm
            .operation
            .as_ref()
            .map(|op| op.task.to_string())
            .unwrap_or_default(),
        deleting: vm.deleting,
        ..Default::default()
    }
}

/// The answer to a mutation with `validate_only`: the VM as it would be, less what does not exist (the task,
/// and for a VM that would be created its id and version).
pub fn preview_to_wire(
    vm: &Vm,
    node_name: Option<&str>,
    placement: Option<wire::PlacementReport>,
) -> wire::VirtualMachine {
    let mut preview = to_wire(vm, node_name);
    preview.current_task_id.clear();
    preview.placement_report = placement.into();
    if vm.meta.revision == Revision::ZERO {
        preview.id.clear();
        preview.etag.clear();
        if let Some(status) = preview.status.as_option_mut() {
            status.nics.iter_mut().for_each(|nic| nic.port_id.clear());
        }
    }
    preview
}

fn status_to_wire(vm: &Vm, node_name: Option<&str>) -> wire::VmStatus {
    let node = |id: NodeId| (id.to_string(), node_name.unwrap_or_default().to_owned());
    let (node_id, node_name) = vm.placement.map(|p| node(p.node)).unwrap_or_default();
    wire::VmStatus {
        state: phase_to_wire(vm.status.phase).into(),
        node_id,
        node_name,
        run_epoch: vm.placement.map_or(0, |p| p.epoch),
        stop_cause: vm
            .status
            .cause
            .map_or(wire::StopCause::Unspecified, cause_to_wire)
            .into(),
        message: vm.status.message.clone(),
        accel: accel_to_wire(vm.status.accel).into(),
        ip_addresses: vm.status.addresses.clone(),
        started_at: vm.status.started_at.map(timestamp_to_wire).into(),
        power_generation: vm.power.generation,
        nics: vm.attachments.iter().map(nic_to_wire).collect(),
        ..Default::default()
    }
}

fn nic_to_wire(attachment: &Attachment) -> wire::NicStatus {
    wire::NicStatus {
        port_id: attachment.port.to_string(),
        network_id: attachment.network.to_string(),
        ip_addresses: attachment.addresses.iter().map(ToString::to_string).collect(),
        ..Default::default()
    }
}

/// Which VMs, and which page of them, a list is to show.
///
/// # Errors
///
/// `INVALID_FIELD`, `INVALID_PAGE_TOKEN`.
pub fn listing_from_wire(request: &wire::ListVMsRequest) -> Result<Listing> {
    let selector = Selector {
        project: project_filter("project_id", &request.project_id)?,
        name: Some(request.name.clone()).filter(|name| !name.is_empty()),
        node: id::optional("node_id", &request.node_id, id::parse_node_id)?,
        phases: phase_from_wire("state", request.state)?
            .map(VmPhase::as_str)
            .into_iter()
            .collect(),
        labels: request.labels.clone(),
        ..Selector::default()
    };
    Listing::read::<Vm>(selector, request)
}

/// The project to which a list or watch is limited; none if it is not.
///
/// # Errors
///
/// `INVALID_FIELD` naming `field`.
pub fn project_filter(field: &str, project: &str) -> Result<Option<ProjectId>> {
    match project {
        "" => Ok(None),
        project => ProjectId::parse(field, project).map(Some),
    }
}

/// How long a guest may take to shut down; none if the request does not say.
///
/// # Errors
///
/// `INVALID_FIELD` for `timeout` if it is negative, or given although the stop is forced.
pub fn grace_from_wire(force: bool, timeout: Option<&protobuf::Duration>) -> Result<Option<Duration>> {
    match timeout {
        Some(_) if force => Err(Error::invalid(
            "timeout",
            "timeout cannot be used together with force, which does not wait",
        )),
        Some(timeout) => duration_from_wire("timeout", timeout).map(Some),
        None => Ok(None),
    }
}

/// A filter's state; none for any.
///
/// # Errors
///
/// `INVALID_FIELD` naming `field` if this version does not know it.
pub fn phase_from_wire(field: &str, state: EnumValue<wire::VmState>) -> Result<Option<VmPhase>> {
    Ok(Some(match known(field, state)? {
        wire::VmState::Unspecified => return Ok(None),
        wire::VmState::Pending => VmPhase::Pending,
        wire::VmState::Provisioning => VmPhase::Provisioning,
        wire::VmState::Stopped => VmPhase::Stopped,
        wire::VmState::Starting => VmPhase::Starting,
        wire::VmState::Running => VmPhase::Running,
        wire::VmState::Stopping => VmPhase::Stopping,
        wire::VmState::Rebooting => VmPhase::Rebooting,
        wire::VmState::Suspended => VmPhase::Suspended,
        wire::VmState::Migrating => VmPhase::Migrating,
        wire::VmState::Deleting => VmPhase::Deleting,
        wire::VmState::Error => VmPhase::Error,
        wire::VmState::Unknown => VmPhase::Unknown,
    }))
}

fn phase_to_wire(phase: VmPhase) -> wire::VmState {
    match phase {
        VmPhase::Pending => wire::VmState::Pending,
        VmPhase::Provisioning => wire::VmState::Provisioning,
        VmPhase::Stopped => wire::VmState::Stopped,
        VmPhase::Starting => wire::VmState::Starting,
        VmPhase::Running => wire::VmState::Running,
        VmPhase::Stopping => wire::VmState::Stopping,
        VmPhase::Rebooting => wire::VmState::Rebooting,
        VmPhase::Suspended => wire::VmState::Suspended,
        VmPhase::Migrating => wire::VmState::Migrating,
        VmPhase::Deleting => wire::VmState::Deleting,
        VmPhase::Error => wire::VmState::Error,
        VmPhase::Unknown => wire::VmState::Unknown,
    }
}

pub(super) fn power_to_wire(state: PowerState) -> wire::PowerState {
    match state {
        PowerState::On => wire::PowerState::On,
        PowerState::Off => wire::PowerState::Off,
    }
}

pub(super) fn cause_to_wire(cause: StopCause) -> wire::StopCause {
    match cause {
        StopCause::Requested => wire::StopCause::Requested,
        StopCause::GuestShutdown => wire::StopCause::GuestShutdown,
        StopCause::Outside => wire::StopCause::Outside,
        StopCause::Crashed => wire::StopCause::Crashed,
        StopCause::StartFailed => wire::StopCause::StartFailed,
        StopCause::Unknown => wire::StopCause::Unknown,
    }
}

pub(super) fn accel_to_wire(accel: Option<Accel>) -> wire::Accel {
    match accel {
        None => wire::Accel::Unspecified,
        Some(Accel::Kvm) => wire::Accel::Kvm,
        Some(Accel::Tcg) => wire::Accel::Tcg,
        Some(Accel::Mock) => wire::Accel::Mock,
    }
}

pub(super) fn accel_from_wire(field: &str, accel: EnumValue<wire::Accel>) -> Result<Option<Accel>> {
    Ok(match known(field, accel)? {
        wire::Accel::Unspecified => None,
        wire::Accel::Kvm => Some(Accel::Kvm),
        wire::Accel::Tcg => Some(Accel::Tcg),
        wire::Accel::Mock => Some(Accel::Mock),
    })
}
