//! What a VM holds besides its node's cores and memory: claimed in the commit that makes the VM, given back in the
//! commit that ends it, and never apart from either.

use limiquantix_core::Result;
use limiquantix_core::contract::Changeset;
use limiquantix_core::resource::{Vm, VmSpec, Volume};
use limiquantix_core::time::Timestamp;

use crate::control_plane::Parts;

/// Claims for `vm`, which is about to be created with `volumes`.
pub(super) async fn claim(
    _parts: &Parts,
    _vm: &Vm,
    _volumes: &[Volume],
    _now: Timestamp,
    _changes: &mut Changeset,
) -> Result<()> {
    Ok(())
}

/// Claims what `vm` would need more as `after`, and gives back what it would need less.
pub(super) async fn resize(
    _parts: &Parts,
    _vm: &Vm,
    _after: &VmSpec,
    _now: Timestamp,
    _changes: &mut Changeset,
) -> Result<()> {
    Ok(())
}

/// Gives back what `vm` held, which is about to be removed with `volumes`.
pub(crate) async fn release(
    _parts: &Parts,
    _vm: &Vm,
    _volumes: &[std::sync::Arc<Volume>],
    _now: Timestamp,
    _changes: &mut Changeset,
) -> Result<()> {
    Ok(())
}
