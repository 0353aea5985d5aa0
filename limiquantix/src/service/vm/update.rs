use std::sync::Arc;

use limiquantix_core::contract::Changeset;
use limiquantix_core::identity::VmId;
use limiquantix_core::lifecycle::{Admission, Verb, admit, begin};
use limiquantix_core::resource::{
    EventKind, MacAddress, NodeAllocation, OperationKind, Resource as _, TaskKind, Vm, VmSpec,
};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Result, validate};
use serde::Serialize;

use super::create::with_addresses;
use super::{UpdateVm, VmService, accepted, claims};
use crate::call::Call;
use crate::mutation::{Draft, mutate};
use crate::service::network;

impl VmService {
    /// Changes a VM. Description and labels change at once. Other hardware needs a stopped VM and its node's
    /// room, and is carried out by the node's agent under a task. Disks can neither be added nor removed here.
    pub async fn update(&self, call: &Call, id: VmId, request: UpdateVm) -> Result<Arc<Vm>> {
        check(&request)?;
        self.change(call, id, &request, |_| Ok(request.clone())).await
    }

    /// The same, where what is to change depends on what the VM is, as with a field mask: `read` is asked about the
    /// very version that is changed. A repeat is recognised by [`Call::sent`].
    pub async fn update_by(
        &self,
        call: &Call,
        id: VmId,
        read: impl Fn(&Vm) -> Result<UpdateVm> + Send + Sync,
    ) -> Result<Arc<Vm>> {
        self.change(call, id, &(), read).await
    }

    async fn change(
        &self,
        call: &Call,
        id: VmId,
        request: &(impl Serialize + Sync),
        read: impl Fn(&Vm) -> Result<UpdateVm> + Send + Sync,
    ) -> Result<Arc<Vm>> {
        let read = &read;
        mutate(&self.parts, call, "UpdateVM", &(id, request), async |now| {
            let vm = self.get(id).await?;
            call.check_version(&vm.key(), vm.meta.revision)?;
            let request = read(&vm)?;
            check(&request)?;
            self.apply(&vm, &request, now).await
        })
        .await
    }

    async fn apply(&self, vm: &Vm, request: &UpdateVm, now: Timestamp) -> Result<Draft<Vm>> {
        let parts = &self.parts;
        if vm.deleting {
            let _: Admission = admit(vm, Verb::Update)?;
        }
        let mut changed = vm.clone();
        let mut beside = Changeset::new();
        if let Some(description) = &request.description {
            changed.description.clone_from(description);
        }
        if let Some(labels) = &request.labels {
            changed.meta.labels.clone_from(labels);
        }
        let spec = request
            .spec
            .as_ref()
            .map(|s| with_addresses(&keep_addresses(s, &vm.spec), || parts.ids.next()));
        if let Some(spec) = spec.filter(|s| *s != vm.spec) {
            let _: Admission = admit(vm, Verb::Update)?;
            same_disks(&vm.spec, &spec)?;
            self.move_reservation(vm, &spec, now, &mut beside)?;
            claims::resize(parts, vm, &spec, now, &mut beside).await?;
            changed.spec = spec;
            let asked = request.spec.as_ref().unwrap_or(&vm.spec);
            network::replug(parts, vm, &mut changed, asked, now, &mut beside).await?;
            let task = accepted(parts, vm, TaskKind::UpdateVm, now);
            changed = begin(&changed, OperationKind::Update, task.id, now);
            beside.create(task);
        }
        let mut draft = Draft::update(changed, now);
        draft.changes.guards.append(&mut beside.guards);
        draft.changes.writes.append(&mut beside.writes);
        Ok(draft.event(parts, EventKind::VmUpdated, "changed on request", now))
    }

    /// Gives back what the old spec needed and takes what the new one needs, if the node has it.
    fn move_reservation(
        &self,
        vm: &Vm,
        spec: &VmSpec,
        now: Timestamp,
        changes: &mut Changeset,
    ) -> Result<()> {
        let Some(placement) = vm.placement else {
            return Ok(());
        };
        let basis = self.parts.placer.fits_in_place(vm, spec, placement.node)?;
        let mut promised = NodeAllocation::clone(&basis.allocation);
        promised.release(&vm.spec)?;
        promised.reserve(spec)?;
        promised.meta.updated_at = now;
        basis.guard(changes);
        changes.update(promised);
        Ok(())
    }
}

fn check(request: &UpdateVm) -> Result<()> {
    if *request == UpdateVm::default() {
        return Err(Error::invalid(
            "update_mask",
            "nothing to change: name at least one field",
        ));
    }
    request
        .description
        .as_ref()
        .map_or(Ok(()), |d| validate::description("description", d))?;
    request
        .labels
        .as_ref()
        .map_or(Ok(()), |l| validate::labels("labels", l))?;
    request
        .spec
        .as_ref()
        .map_or(Ok(()), |s| validate::vm_spec("spec", s))
}

/// Interfaces that were there keep their addresses, matched by position, where the caller names none; unless
/// another interface is given that address by name.
fn keep_addresses(new: &VmSpec, old: &VmSpec) -> VmSpec {
    let mut spec = new.clone();
    let named = |mac: &MacAddress| new.nics.iter().any(|nic| nic.mac == Some(*mac));
    for (nic, before) in spec.nics.iter_mut().zip(&old.nics) {
        nic.mac = nic.mac.or(before.mac.filter(|mac| !named(mac)));
    }
    spec
}

fn same_disks(old: &VmSpec, new: &VmSpec) -> Result<()> {
    if old.disks == new.disks {
        return Ok(());
    }
    Err(Error::invalid(
        "spec.disks",
        "disks cannot be added, removed or resized by an update",
    ))
}
