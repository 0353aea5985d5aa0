use std::collections::BTreeSet;
use std::sync::Arc;

use limiquantix_core::contract::{Changeset, IdSourceExt as _};
use limiquantix_core::identity::NodeId;
use limiquantix_core::planning::{PlacementRequest, error as no_node_fits};
use limiquantix_core::resource::{
    EventKind, Labels, MacAddress, Meta, NodeAllocation, Object, Operation, OperationKind, Placement,
    PowerIntent, PowerState, TaskKind, Vm, VmSpec, VmStatus, Volume, VolumePhase, VolumeSource, VolumeSpec,
};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Result, validate};
use tracing::debug;
use uuid::Uuid;

use super::{CreateVm, VmService, accepted, claims};
use crate::call::Call;
use crate::mutation::{Draft, mutate};
use crate::service::network;
use crate::service::project::usage;

impl VmService {
    /// Accepts a VM: chooses its node, reserves its capacity and writes it down, in one commit. The node's
    /// agent does the rest; the task of the VM's operation tells how far it is.
    ///
    /// Errors: `INVALID_FIELD`, `NAME_TAKEN`, `NO_NODE_FITS` (with the fate of every node),
    /// `REQUEST_ID_REUSED`. With `validate_only` the VM is returned as it would be, and nothing is written.
    pub async fn create(&self, call: &Call, request: CreateVm) -> Result<Arc<Vm>> {
        validate::vm_spec("spec", &request.spec)?;
        validate::labels("labels", &request.labels)?;
        validate::description("description", &request.description)?;
        let _turn = self.parts.placer.turn().await;
        mutate(&self.parts, call, "CreateVM", &request, |now| {
            self.place(&request, now)
        })
        .await
    }

    async fn place(&self, request: &CreateVm, now: Timestamp) -> Result<Draft<Vm>> {
        let parts = &self.parts;
        // Before the plan, so that nobody is told about nodes who named a project that is not there.
        usage::required(parts, &request.project).await?;
        // Whatever is placed or ruled in the project after this fails the commit below.
        let settled = usage::of(&parts.store, &request.project, now).await?;
        parts.placer.caught_up(&settled).await?;
        self.refuse_taken_name(request).await?;
        let mut needs = PlacementRequest::new(&request.spec, None);
        needs.rules = parts.placer.constraints(&request.project, &request.labels, None);
        let mut planned = parts.placer.plan(&needs);
        if planned.is_none() {
            parts.placer.settled().await;
            planned = parts.placer.plan(&needs);
        }
        let Some((placed, basis)) = planned else {
            return Err(no_node_fits(&parts.placer.explain(&needs), request.name.as_str()));
        };
        let node = &basis.node;
        let (mut vm, volumes) = self.draft(request, placed.node, now);
        let mut task = accepted(parts, &vm, TaskKind::CreateVm, now);
        task.note(now, format!("placed on {}", node.name));
        vm.operation = Some(Operation {
            task: task.id,
            kind: OperationKind::Create,
        });
        let mut promised = NodeAllocation::clone(&basis.allocation);
        promised.reserve(&request.spec)?;
        promised.meta.updated_at = now;
        debug!(vm = %vm.id, name = %vm.name, node = %node.name, score = placed.score, "vm placed");
        let message = format!("accepted and placed on {}", node.name);
        let mut ports = Changeset::new();
        network::plug(parts, &mut vm, &request.spec, now, &mut ports).await?;
        let mut draft = Draft::create(vm).event(parts, EventKind::VmCreated, message, now);
        draft.changes.writes.append(&mut ports.writes);
        basis.guard(&mut draft.changes);
        draft.changes.guard(&*settled);
        draft.changes.update(promised).create(task);
        claims::claim(parts, &draft.answer, &volumes, now, &mut draft.changes).await?;
        for volume in volumes {
            draft.changes.create(volume);
        }
        Ok(draft)
    }

    /// The commit would refuse a taken name too; asking first spares the plan and serves `validate_only`.
    async fn refuse_taken_name(&self, request: &CreateVm) -> Result<()> {
        let found = self.find_by_name(&request.project, request.name.as_str()).await?;
        found.map_or(Ok(()), |vm| Err(Object::Vm(vm).name_taken()))
    }

    /// The VM and its volumes as they will be written.
    fn draft(&self, request: &CreateVm, node: NodeId, now: Timestamp) -> (Vm, Vec<Volume>) {
        let ids = &*self.parts.ids;
        let id = ids.vm();
        let volumes: Vec<Volume> = request
            .spec
            .disks
            .iter()
            .map(|disk| Volume {
                id: ids.volume(),
                meta: Meta::created(now, Labels::new()),
                name: disk.name.clone(),
                project: request.project.clone(),
                spec: VolumeSpec {
                    node,
                    pool: disk.pool.clone(),
                    size: disk.size,
                    source: match &disk.image {
                        Some(image) => VolumeSource::Image { image: image.clone() },
                        None => VolumeSource::Empty,
                    },
                    vm: Some(id),
                },
                phase: VolumePhase::Creating,
            })
            .collect();
        let vm = Vm {
            id,
            meta: Meta::created(now, request.labels.clone()),
            name: request.name.clone(),
            project: request.project.clone(),
            description: request.description.clone(),
            spec: with_addresses(&request.spec, || ids.next()),
            power: PowerIntent {
                state: if request.start {
                    PowerState::On
                } else {
                    PowerState::Off
                },
                generation: 1,
            },
            placement: Some(Placement { node, epoch: 1 }),
            volumes: volumes.iter().map(|v| v.id).collect(),
            attachments: Vec::new(),
            snapshots: Vec::new(),
            current_snapshot: None,
            operation: None,
            deleting: false,
            status: VmStatus::pending(),
        };
        (vm, volumes)
    }
}

/// An address of QEMU's prefix.
pub(crate) fn qemu_mac(fresh: Uuid) -> MacAddress {
    // The last bytes of a version 7 UUID are random; the first are the time.
    let [.., a, b, c] = fresh.into_bytes();
    MacAddress([0x52, 0x54, 0x00, a, b, c])
}

/// Gives every interface without an address one of QEMU's prefix, 52:54:00, and 24 bits of a fresh id.
/// They are recorded in the spec, so that they never change again.
pub(super) fn with_addresses(spec: &VmSpec, mut fresh: impl FnMut() -> Uuid) -> VmSpec {
    let mut spec = spec.clone();
    let mut taken: BTreeSet<MacAddress> = spec.nics.iter().filter_map(|n| n.mac).collect();
    for nic in spec.nics.iter_mut().filter(|n| n.mac.is_none()) {
        let mac = loop {
            let mac = qemu_mac(fresh());
            if taken.insert(mac) {
                break mac;
            }
        };
        nic.mac = Some(mac);
    }
    spec
}
