pub(crate) mod claims;
mod create;
mod operate;
mod read;
pub(crate) mod snapshot;
mod update;

use std::sync::Arc;

use limiquantix_core::identity::{Name, ProjectId};
use limiquantix_core::planning::PlacementReport;
use limiquantix_core::resource::{Kind, Labels, TaskKind, TaskTarget, Vm, VmSpec};
use serde::Serialize;

use crate::control_plane::Parts;

pub(crate) use create::qemu_mac;
pub use snapshot::CreateSnapshot;

/// The use cases of VMs.
#[derive(Debug, Clone)]
pub struct VmService {
    parts: Arc<Parts>,
}

/// A VM to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateVm {
    /// Unique in its project.
    pub name: Name,
    /// The tenant.
    pub project: ProjectId,
    /// Free text.
    pub description: String,
    /// What to select it by.
    pub labels: Labels,
    /// What it should be.
    pub spec: VmSpec,
    /// Power it on once it is there.
    pub start: bool,
}

/// What to change of a VM; `None` leaves things as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct UpdateVm {
    /// Another description.
    pub description: Option<String>,
    /// Other labels, replacing all.
    pub labels: Option<Labels>,
    /// Other hardware; only while the VM is stopped.
    pub spec: Option<VmSpec>,
}

/// Why a VM is, or would be, where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The fate of every node.
    pub report: PlacementReport,
    /// The VM that was asked about, if it was about one.
    pub vm: Option<Arc<Vm>>,
}

impl VmService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }
}

/// What a task about `vm` points at.
fn target(vm: &Vm) -> TaskTarget {
    TaskTarget {
        kind: Kind::Vm,
        id: vm.id.to_string(),
        name: vm.name.to_string(),
        node: vm.placement.map(|p| p.node),
    }
}

/// A task about `vm` that was just accepted.
fn accepted(
    parts: &Parts,
    vm: &Vm,
    kind: TaskKind,
    now: limiquantix_core::time::Timestamp,
) -> limiquantix_core::resource::Task {
    use limiquantix_core::contract::IdSourceExt as _;
    limiquantix_core::resource::Task::accepted(parts.ids.task(), vm.project.clone(), kind, target(vm), now)
}
