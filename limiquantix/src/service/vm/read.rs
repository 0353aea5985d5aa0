use std::sync::Arc;

use limiquantix_core::contract::{ConsoleKind, PageRequest, Repository, Selector, TypedPage};
use limiquantix_core::identity::{ProjectId, VmId};
use limiquantix_core::planning::PlacementRequest;
use limiquantix_core::resource::{Labels, Node, Vm, VmSpec};
use limiquantix_core::{Error, Reason, Result, validate};

use super::{Explanation, VmService};
use crate::console::ConsoleSession;
use crate::service::watch::{WatchItems, WatchStart, watch, watch_one};

impl VmService {
    /// The VM; `NOT_FOUND` if there is none. O(log n).
    pub async fn get(&self, id: VmId) -> Result<Arc<Vm>> {
        self.repository().get(&id).await
    }

    /// The VM with this name; `NOT_FOUND` if there is none. O(log n).
    pub async fn get_by_name(&self, project: &ProjectId, name: &str) -> Result<Arc<Vm>> {
        let found = self.find_by_name(project, name).await?;
        found.ok_or_else(|| {
            Error::new(
                Reason::NotFound,
                format!("no vm is named {name:?} in project {project}"),
            )
            .with("kind", "vm")
            .with("name", name)
        })
    }

    /// One page of VMs by id ascending, which is by age.
    pub async fn list(&self, selector: Selector, page: PageRequest) -> Result<TypedPage<Vm>> {
        self.repository().page(selector, page).await
    }

    /// Follows the VMs that `selector` matches.
    pub async fn watch(&self, selector: Selector, start: WatchStart) -> Result<WatchItems<Vm>> {
        watch(&self.parts.store, selector, start).await
    }

    /// Follows one VM, if `selector` matches it; `NOT_FOUND` if there is none to begin with.
    pub async fn watch_one(&self, id: VmId, selector: Selector, start: WatchStart) -> Result<WatchItems<Vm>> {
        watch_one(&self.parts.store, &id, selector, start).await
    }

    /// Why a VM is where it is: the decision as it would be made now, its own reservation not counted.
    pub async fn explain(&self, id: VmId) -> Result<Explanation> {
        let vm = self.get(id).await?;
        let mut request = PlacementRequest::new(&vm.spec, vm.placement.map(|p| p.node));
        let placer = &self.parts.placer;
        request.rules = placer.constraints(&vm.project, &vm.meta.labels, Some(vm.id));
        Ok(Explanation {
            report: self.parts.placer.explain(&request),
            vm: Some(vm),
        })
    }

    /// Where a new VM of this project with these labels and this spec would be placed now, and why.
    pub fn explain_spec(&self, project: &ProjectId, labels: &Labels, spec: &VmSpec) -> Result<Explanation> {
        validate::vm_spec("spec", spec)?;
        validate::labels("labels", labels)?;
        let mut request = PlacementRequest::new(spec, None);
        request.rules = self.parts.placer.constraints(project, labels, None);
        Ok(Explanation {
            report: self.parts.placer.explain(&request),
            vm: None,
        })
    }

    /// Opens the VM's console, or reads its log: the node's agent dials back and is connected with the
    /// caller. `AGENT_UNAVAILABLE` if it does not.
    pub async fn console(&self, id: VmId, kind: ConsoleKind) -> Result<ConsoleSession> {
        let vm = self.get(id).await?;
        let node = vm.placement.map(|p| p.node).ok_or_else(|| {
            Error::new(
                Reason::WrongState,
                format!("vm {:?} is not placed on a node yet", vm.name),
            )
        })?;
        self.parts
            .consoles
            .open(
                node,
                id,
                kind,
                self.parts.ids.next(),
                self.parts.settings.console_timeout,
            )
            .await
    }

    /// The names of nodes, for people who read about VMs. From memory.
    pub fn node_of(&self, vm: &Vm) -> Option<Arc<Node>> {
        vm.placement.and_then(|p| self.parts.placer.node(p.node))
    }

    pub(super) fn repository(&self) -> Repository<Vm> {
        Repository::new(Arc::clone(&self.parts.store))
    }

    pub(super) async fn find_by_name(&self, project: &ProjectId, name: &str) -> Result<Option<Arc<Vm>>> {
        let selector = Selector {
            project: Some(project.clone()),
            name: Some(name.to_owned()),
            ..Selector::default()
        };
        let page = PageRequest {
            limit: 1,
            ..PageRequest::default()
        };
        Ok(self.repository().page(selector, page).await?.items.pop())
    }
}
