//! The control plane of one VM: what is stored, and the verbs that change it.

use std::collections::{BTreeMap, BTreeSet};

use limiquantix_core::identity::{ImageName, Name, NodeId, ProjectId, TaskId, VmId, VolumeId};
use limiquantix_core::lifecycle::{self, Admission, Verb, admit, begin};
use limiquantix_core::reconcile::Assignment;
use limiquantix_core::resource::{
    AccelPreference, Boot, CpuSpec, Kind, Labels, Meta, Operation, OperationKind, Placement, PlacementSpec,
    PowerIntent, PowerState, Task, TaskKind, TaskState, TaskTarget, Vm, VmSpec, VmStatus,
};
use limiquantix_core::settle::{VmReport, settle};
use limiquantix_core::time::Timestamp;
use limiquantix_core::unit::{Cores, Mebibytes};
use limiquantix_core::{Reason, Result};
use uuid::Uuid;

#[derive(Debug)]
pub(crate) struct Control {
    /// `None` once it was deleted.
    pub(crate) vm: Option<Vm>,
    /// Those of its volumes that are still being created.
    pub(crate) unmade: BTreeSet<VolumeId>,
    pub(crate) tasks: BTreeMap<TaskId, Task>,
    made: u128,
}

impl Control {
    /// A VM whose creation was just accepted.
    pub(crate) fn new(now: Timestamp) -> Self {
        let mut control = Self {
            vm: None,
            unmade: BTreeSet::from([VolumeId::from_uuid(Uuid::from_u128(2))]),
            tasks: BTreeMap::new(),
            made: 0,
        };
        let name = |text| Name::parse("name", text).unwrap();
        let mut vm = Vm {
            id: VmId::from_uuid(Uuid::from_u128(1)),
            meta: Meta::created(now, Labels::new()),
            name: name("web"),
            project: ProjectId::default(),
            description: String::new(),
            spec: VmSpec {
                cpu: CpuSpec { cores: Cores(1) },
                memory: Mebibytes(512),
                disks: Vec::new(),
                nics: Vec::new(),
                boot: Boot::Kernel {
                    pool: name("default"),
                    kernel: ImageName::parse("kernel", "vmlinuz").unwrap(),
                    initrd: None,
                    cmdline: String::new(),
                },
                cloud_init: None,
                placement: PlacementSpec::default(),
                accel: AccelPreference::Auto,
            },
            power: PowerIntent {
                state: PowerState::On,
                generation: 1,
            },
            placement: Some(Placement {
                node: NodeId::from_uuid(Uuid::from_u128(7)),
                epoch: 1,
            }),
            volumes: control.unmade.iter().copied().collect(),
            attachments: Vec::new(),
            snapshots: Vec::new(),
            current_snapshot: None,
            operation: None,
            deleting: false,
            status: VmStatus::pending(),
        };
        let task = control.accept(&vm, TaskKind::CreateVm, now);
        vm.operation = Some(Operation {
            task,
            kind: OperationKind::Create,
        });
        control.vm = Some(vm);
        control
    }

    pub(crate) fn assignment(&self) -> Option<Assignment> {
        self.vm
            .as_ref()
            .map(|vm| Assignment::of(vm, &self.unmade).unwrap())
    }

    fn accept(&mut self, vm: &Vm, kind: TaskKind, now: Timestamp) -> TaskId {
        self.made += 1;
        let id = TaskId::from_uuid(Uuid::from_u128(0x1000 + self.made));
        let target = TaskTarget {
            kind: Kind::Vm,
            id: vm.id.to_string(),
            name: vm.name.to_string(),
            node: None,
        };
        let task = Task::accepted(id, vm.project.clone(), kind, target, now);
        self.tasks.insert(id, task);
        id
    }

    /// What `VmService::operate` and `update` do.
    pub(crate) fn verb(&mut self, verb: Verb, kind: OperationKind, now: Timestamp) -> Result<TaskId> {
        let gone = || limiquantix_core::Error::not_found("vm", 1);
        let vm = self.vm.clone().ok_or_else(gone)?;
        let admission = admit(&vm, verb)?;
        let task_kind = match kind {
            OperationKind::Create => TaskKind::CreateVm,
            OperationKind::Start => TaskKind::StartVm,
            OperationKind::Stop { .. } => TaskKind::StopVm,
            OperationKind::Reboot { .. } => TaskKind::RebootVm,
            OperationKind::Suspend => TaskKind::SuspendVm,
            OperationKind::Resume => TaskKind::ResumeVm,
            OperationKind::CreateSnapshot { .. } => TaskKind::CreateSnapshot,
            OperationKind::RevertSnapshot { .. } => TaskKind::RevertSnapshot,
            OperationKind::DeleteSnapshot { .. } => TaskKind::DeleteSnapshot,
            OperationKind::Update => TaskKind::UpdateVm,
            OperationKind::Delete => TaskKind::DeleteVm,
        };
        let task = self.accept(&vm, task_kind, now);
        let mut changed = begin(&vm, kind, task, now);
        if kind == OperationKind::Update {
            changed.spec.memory = Mebibytes(changed.spec.memory.get() + 1);
        }
        if let Admission::Supersede(old) = admission {
            let old = self.tasks.get_mut(&old).unwrap();
            old.finish(now, TaskState::Cancelled, None);
        }
        self.vm = Some(changed);
        Ok(task)
    }

    /// What `TaskService::cancel` does, to the task of the operation under way.
    pub(crate) fn cancel(&mut self, now: Timestamp) -> Option<Result<()>> {
        let vm = self.vm.as_ref()?;
        let task = &self.tasks[&vm.operation.as_ref()?.task];
        if task.cancel_requested {
            return None;
        }
        Some(lifecycle::cancel(vm, task, now).map(|(vm, task)| {
            self.vm = Some(vm);
            self.tasks.insert(task.id, task);
        }))
    }

    /// What `AgentLink::report` does. What it must never do is an `Err` of the outer result.
    pub(crate) fn report(&mut self, report: &VmReport, now: Timestamp) -> Result<Result<()>, String> {
        let Some(vm) = self.vm.clone() else {
            return Ok(Err(limiquantix_core::Error::not_found("vm", 1)));
        };
        let task = vm.operation.as_ref().and_then(|op| self.tasks.get(&op.task));
        let settled = match settle(&vm, task, report, now) {
            Ok(settled) => settled,
            Err(e) if e.reason() == Reason::StaleEpoch => return Ok(Err(e)),
            Err(e) => return Err(format!("settle answers {}: {e}", e.reason().code())),
        };
        if let Some(after) = &settled.vm {
            if after.power.generation < vm.power.generation {
                return Err("the power generation went backwards".to_owned());
            }
            if after.placement != vm.placement {
                return Err("a report moved the VM".to_owned());
            }
        }
        if let Some(task) = settled.task {
            let old = &self.tasks[&task.id];
            if old.state.is_terminal() {
                return Err(format!("a task that had ended changed: {old:?}"));
            }
            self.tasks.insert(task.id, task);
        }
        self.unmade.retain(|id| !report.made.contains(id));
        self.vm = settled.vm;
        Ok(Ok(()))
    }
}
