use std::sync::Arc;

use limiquantix_core::contract::Changeset;
use limiquantix_core::identity::VmId;
use limiquantix_core::lifecycle::{Admission, Verb, admit, begin};
use limiquantix_core::resource::{
    EventKind, Kind, NodeAllocation, OperationKind, Resource as _, TaskKind, Vm, VmSpec,
};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result, validate};
use serde::Serialize;

use super::create::with_addresses;
use super::{UpdateVm, VmService, accepted};
use crate::call::{Call, ROUNDS, Ticket, lost_race, vm_event, written};

impl VmService {
    /// Changes a VM. Description and labels change at once. Other hardware needs a stopped VM and its node's
    /// room, and is carried out by the node's agent under a task. Disks can neither be added nor removed here.
    pub async fn update(&self, call: &Call, id: VmId, request: UpdateVm) -> Result<Arc<Vm>> {
        #[derive(Serialize)]
        struct Request<'a> {
            id: VmId,
            request: &'a UpdateVm,
        }
        check(&request)?;
        let parts = &self.parts;
        let ticket = Ticket::new(
            call,
            TaskKind::UpdateVm,
            &Request {
                id,
                request: &request,
            },
        )?;
        if let Some(answer) = ticket.earlier::<Vm>(&*parts.store).await? {
            return Ok(answer);
        }
        let outcome = self.change(call, id, &request, &ticket).await;
        ticket.or_earlier(&*parts.store, outcome).await
    }

    async fn change(&self, call: &Call, id: VmId, request: &UpdateVm, ticket: &Ticket) -> Result<Arc<Vm>> {
        let parts = &self.parts;
        for _ in 0..ROUNDS {
            let vm = self.get(id).await?;
            call.check_version(&vm.key(), vm.meta.revision)?;
            let now = parts.clock.now();
            let mut changes = Changeset::new();
            let changed = self.apply(&vm, request, now, &mut changes)?;
            if call.validate_only {
                return Ok(Arc::new(changed));
            }
            changes.update(changed.clone());
            ticket.record(&mut changes, &changed, now)?;
            match parts.store.commit(changes).await {
                Ok(commit) => {
                    parts.placer.note(&commit);
                    return written(commit, Kind::Vm);
                }
                Err(e) if lost_race(&e) => {
                    if let Some(placement) = vm.placement {
                        parts.placer.refresh(placement.node).await?;
                    }
                }
                Err(e) => return Err(e),
            }
        }
        Err(Error::new(Reason::VersionMismatch, format!("vm {id} keeps changing")).with("vm", id.to_string()))
    }

    /// The VM as it will be; what has to be written beside it is added to `changes`.
    fn apply(&self, vm: &Vm, request: &UpdateVm, now: Timestamp, changes: &mut Changeset) -> Result<Vm> {
        let parts = &self.parts;
        if vm.deleting {
            let _: Admission = admit(vm, Verb::Update)?;
        }
        let mut changed = vm.clone();
        changed.meta.updated_at = now;
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
            self.move_reservation(vm, &spec, now, changes)?;
            changed.spec = spec;
            let task = accepted(parts, vm, TaskKind::UpdateVm, now);
            changed = begin(&changed, OperationKind::Update, task.id, now);
            changes.create(task);
        }
        let what = "changed on request".to_owned();
        changes.create(vm_event(&*parts.ids, &changed, EventKind::VmUpdated, what, now));
        Ok(changed)
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
        let (node, allocation) = self.parts.placer.fits_in_place(vm, spec, placement.node)?;
        let mut promised = NodeAllocation::clone(&allocation);
        promised.release(&vm.spec)?;
        promised.reserve(spec)?;
        promised.meta.updated_at = now;
        changes.guard(&*node).update(promised);
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

/// Interfaces that were there keep their addresses, matched by position, where the caller names none.
fn keep_addresses(new: &VmSpec, old: &VmSpec) -> VmSpec {
    let mut spec = new.clone();
    for (nic, before) in spec.nics.iter_mut().zip(&old.nics) {
        nic.mac = nic.mac.or(before.mac);
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
