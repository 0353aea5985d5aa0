//! What a VM holds besides its node's cores and memory: claimed in the commit that makes the VM, given back in the
//! commit that ends it, and never apart from either.

use limiquantix_core::Result;
use limiquantix_core::contract::Changeset;
use limiquantix_core::resource::{Amounts, Vm, VmSpec, Volume};
use limiquantix_core::time::Timestamp;

use crate::control_plane::Parts;
use crate::service::network;
use crate::service::project::usage;
use crate::service::storage;

/// Claims for `vm`, which is about to be created with `volumes`.
pub(super) async fn claim(
    parts: &Parts,
    vm: &Vm,
    volumes: &[Volume],
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    let needs = usage::of_vm_and_volumes(vm, volumes);
    usage::change(parts, &vm.project, (Amounts::ZERO, needs), now, changes).await?;
    storage::claims::claim(parts, volumes, now, changes).await
}

/// Claims what `vm` would need more as `after`, and gives back what it would need less.
pub(super) async fn resize(
    parts: &Parts,
    vm: &Vm,
    after: &VmSpec,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    let (before, after) = (Amounts::of_vm(&vm.spec), Amounts::of_vm(after));
    usage::change(parts, &vm.project, (before, after), now, changes).await
}

/// Gives back what `vm` held, which is about to be removed with `volumes`.
pub(crate) async fn release(
    parts: &Parts,
    vm: &Vm,
    volumes: &[std::sync::Arc<Volume>],
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    network::unplug(parts, vm, now, changes).await?;
    let held = usage::of_vm_and_volumes(vm, volumes.iter().map(|volume| &**volume));
    usage::change(parts, &vm.project, (held, Amounts::ZERO), now, changes).await?;
    storage::claims::release(parts, volumes, now, changes).await
}
