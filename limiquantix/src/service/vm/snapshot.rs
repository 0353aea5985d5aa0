use std::sync::Arc;

use limiquantix_core::contract::{Changeset, IdSourceExt as _, PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::{Name, SnapshotId, VmId};
use limiquantix_core::lifecycle::{Admission, Verb, admit, begin, may_revert};
use limiquantix_core::resource::{
    Labels, Meta, Object, OperationKind, Resource as _, Snapshot, SnapshotPhase, TaskKind, Vm, VmPhase,
};
use limiquantix_core::settle::{self, VmReport};
use limiquantix_core::time::Timestamp;
use limiquantix_core::{Error, Reason, Result, validate};
use serde::Serialize;

use super::{VmService, accepted};
use crate::call::Call;
use crate::control_plane::Parts;
use crate::mutation::{Draft, event, mutate};

/// The most snapshots of one VM. Each makes its disks slower to open, and what lists them reads them all.
const MAX_SNAPSHOTS: usize = 32;

/// A snapshot to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CreateSnapshot {
    /// The VM.
    pub vm: VmId,
    /// Unique among its snapshots.
    pub name: Name,
    /// Free text.
    pub description: String,
    /// What to select it by.
    pub labels: Labels,
}

impl VmService {
    /// Takes a snapshot of a VM, with the guest's memory if it is on. `call` expects a version of the VM.
    ///
    /// Errors: `INVALID_FIELD`, `NOT_FOUND`, `NAME_TAKEN`, `LIMIT_EXCEEDED`, `OPERATION_IN_PROGRESS`, and
    /// `WRONG_STATE` also for a VM without a disk, which could hold none.
    pub async fn create_snapshot(&self, call: &Call, request: CreateSnapshot) -> Result<Arc<Snapshot>> {
        validate::labels("labels", &request.labels)?;
        validate::description("description", &request.description)?;
        mutate(&self.parts, call, "CreateSnapshot", &request, async |now| {
            let vm = self.get(request.vm).await?;
            call.check_version(&vm.key(), vm.meta.revision)?;
            self.draft_snapshot(&vm, &request, now).await
        })
        .await
    }

    async fn draft_snapshot(
        &self,
        vm: &Vm,
        request: &CreateSnapshot,
        now: Timestamp,
    ) -> Result<Draft<Snapshot>> {
        let refuse = |reason, why: &str| {
            let message = format!("cannot take a snapshot of vm {:?}: {why}", vm.name);
            Err(Error::new(reason, message).with("vm", vm.id.to_string()))
        };
        if vm.volumes.is_empty() {
            return refuse(Reason::WrongState, "it has no disk that could hold it");
        }
        if vm.snapshots.len() >= MAX_SNAPSHOTS {
            let why = format!("it has {MAX_SNAPSHOTS} already; delete one first");
            return refuse(Reason::LimitExceeded, &why);
        }
        let node = match vm.placement {
            Some(placement) => placement.node,
            None => return refuse(Reason::WrongState, "it is not placed on a node yet"),
        };
        let _: Admission = admit(vm, Verb::Snapshot)?;
        // The commit would refuse a taken name too; asking first serves `validate_only`.
        let all = self.snapshots_of(vm).await?;
        if let Some(other) = all.into_iter().find(|s| s.name == request.name) {
            return Err(Object::Snapshot(other).name_taken());
        }
        let (id, memory) = (self.parts.ids.snapshot(), vm.status.phase != VmPhase::Stopped);
        let task = accepted(&self.parts, vm, TaskKind::CreateSnapshot, now);
        let snapshot = Snapshot {
            id,
            meta: Meta::created(now, request.labels.clone()),
            vm: vm.id,
            name: request.name.clone(),
            project: vm.project.clone(),
            description: request.description.clone(),
            node,
            parent: vm.current_snapshot,
            with_memory: memory,
            spec: vm.spec.clone(),
            volumes: vm.volumes.clone(),
            phase: SnapshotPhase::Creating,
            task: Some(task.id),
            message: String::new(),
        };
        let operation = OperationKind::CreateSnapshot { snapshot: id, memory };
        let mut busy = begin(vm, operation, task.id, now);
        busy.snapshots.push(id);
        let mut draft = Draft::create(snapshot);
        draft.changes.update(busy).create(task);
        Ok(draft)
    }

    /// The snapshot; `NOT_FOUND` if there is none.
    pub async fn get_snapshot(&self, id: SnapshotId) -> Result<Arc<Snapshot>> {
        self.snapshots().get(&id).await
    }

    /// One page of the snapshots of a VM that `selector` matches, in the page's order. A VM has few, so all
    /// are read.
    pub async fn list_snapshots(
        &self,
        vm: VmId,
        selector: Selector,
        page: PageRequest,
    ) -> Result<TypedPage<Snapshot>> {
        let revision = self.parts.store.revision().await?;
        let vm = self.get(vm).await?;
        let mut all = self.snapshots_of(&vm).await?;
        let object = |s: &Arc<Snapshot>| Object::Snapshot(Arc::clone(s));
        let order = page.order;
        all.retain(|s| selector.matches(&object(s)));
        all.sort_by_key(|s| order.key(&object(s)));
        if order.descending {
            all.reverse();
        }
        let total = page.count.then_some(all.len() as u64);
        let begin = page.after.as_deref().map(|cursor| order.place(cursor));
        let after = |s: &&Arc<Snapshot>| {
            let (name, id) = order.key(&object(s));
            begin.is_none_or(|begin| match order.descending {
                true => (name.as_str(), &*id) < begin,
                false => (name.as_str(), &*id) > begin,
            })
        };
        let mut items: Vec<Arc<Snapshot>> = all.iter().filter(after).cloned().collect();
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|s| order.cursor(&object(s)));
        Ok(TypedPage {
            items,
            next,
            total,
            revision,
        })
    }

    /// Removes a snapshot. Its VM, and the snapshots taken after it, stay as they are. `call` expects a version of
    /// the snapshot.
    pub async fn delete_snapshot(&self, call: &Call, id: SnapshotId) -> Result<Arc<Snapshot>> {
        mutate(&self.parts, call, "DeleteSnapshot", &id, async |now| {
            let snapshot = self.get_snapshot(id).await?;
            call.check_version(&snapshot.key(), snapshot.meta.revision)?;
            let vm = self.get(snapshot.vm).await?;
            let _: Admission = admit(&vm, Verb::RemoveSnapshot)?;
            let task = accepted(&self.parts, &vm, TaskKind::DeleteSnapshot, now);
            let mut going = Snapshot::clone(&snapshot);
            going.phase = SnapshotPhase::Deleting;
            going.task = Some(task.id);
            going.message.clear();
            let operation = OperationKind::DeleteSnapshot { snapshot: id };
            let mut draft = Draft::update(going, now);
            draft
                .changes
                .update(begin(&vm, operation, task.id, now))
                .create(task);
            Ok(draft)
        })
        .await
    }

    /// Puts the VM of a snapshot back to it. `call` expects a version of the VM.
    ///
    /// Errors: `NOT_FOUND`, `WRONG_STATE`, `SNAPSHOT_MISMATCH`, `OPERATION_IN_PROGRESS`.
    pub async fn revert_snapshot(&self, call: &Call, id: SnapshotId) -> Result<Arc<Vm>> {
        mutate(&self.parts, call, "RevertSnapshot", &id, async |now| {
            let snapshot = self.get_snapshot(id).await?;
            let vm = self.get(snapshot.vm).await?;
            call.check_version(&vm.key(), vm.meta.revision)?;
            let memory = snapshot.with_memory;
            let _: Admission = admit(&vm, Verb::Revert { memory })?;
            may_revert(&vm, &snapshot)?;
            let task = accepted(&self.parts, &vm, TaskKind::RevertSnapshot, now);
            let operation = OperationKind::RevertSnapshot { snapshot: id, memory };
            let mut draft = Draft::update(begin(&vm, operation, task.id, now), now);
            draft.changes.create(task);
            Ok(draft)
        })
        .await
    }

    fn snapshots(&self) -> Repository<Snapshot> {
        Repository::new(Arc::clone(&self.parts.store))
    }

    async fn snapshots_of(&self, vm: &Vm) -> Result<Vec<Arc<Snapshot>>> {
        snapshots_of(&self.snapshots(), vm).await
    }
}

/// The snapshots of a VM, the oldest first.
pub(crate) async fn snapshots_of(repository: &Repository<Snapshot>, vm: &Vm) -> Result<Vec<Arc<Snapshot>>> {
    let mut found = Vec::with_capacity(vm.snapshots.len());
    for id in &vm.snapshots {
        found.extend(repository.find(id).await?);
    }
    Ok(found)
}

/// If `report` ends an operation on a snapshot: what that means for the snapshots of `vm`, and for `after`, which it
/// has become.
pub(crate) async fn settle_snapshots(
    parts: &Parts,
    vm: &Vm,
    after: &mut Vm,
    report: &VmReport,
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    let ended = vm.operation.as_ref().zip(report.task.as_ref());
    let ended = ended.filter(|(op, told)| op.task == told.task && op.kind.is_of_snapshot());
    let Some((op, told)) = ended else { return Ok(()) };
    let repository = Repository::<Snapshot>::new(Arc::clone(&parts.store));
    let all = snapshots_of(&repository, vm).await?;
    let settled = settle::settle_snapshots(after, &all, op.kind, &told.outcome, now);
    for snapshot in settled.changed {
        changes.update(snapshot);
    }
    if let Some(gone) = settled.gone {
        changes.delete(&*gone);
    }
    if let Some((snapshot, kind, message)) = settled.event {
        changes.create(event(parts, &*snapshot, kind, message, now));
    }
    Ok(())
}
