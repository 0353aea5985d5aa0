use buffa::Message as _;
use connectrpc::{
    ConnectError, InboundStream, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream,
};
use limiquantix::core::contract::{ConsoleKind, Selector};
use limiquantix::core::identity::{Name, ProjectId, SnapshotId, VmId};
use limiquantix::core::resource::{Snapshot, Vm};
use limiquantix::core::{Error, Result};
use limiquantix::{ControlPlane, CreateSnapshot, CreateVm, UpdateVm, VmService as Vms};
use limiquantix_proto::compute::v1 as wire;
use limiquantix_proto::compute::v1::VmService;
use limiquantix_proto::convert::{
    console as console_convert, id, page, placement, snapshot, update, vm as convert, vm_spec,
};

use limiquantix_proto::event::v1::ChangeType;

use super::console;
use super::context::{call, refuse};
use super::watch;

/// `limiquantix.compute.v1.VMService`.
#[derive(Debug)]
pub(super) struct Handler {
    vms: Vms,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            vms: control_plane.vms(),
        }
    }

    fn shown(&self, vm: &Vm) -> wire::VirtualMachine {
        shown(&self.vms, vm)
    }

    /// The answer to a mutation: the VM as it is now, or as it would be.
    fn answer(&self, vm: &Vm, validate_only: bool) -> ServiceResult<wire::VirtualMachine> {
        if !validate_only {
            return Response::ok(self.shown(vm));
        }
        let node = self.vms.node_of(vm);
        Response::ok(convert::preview_to_wire(
            vm,
            node.as_ref().map(|n| n.name.as_str()),
            None,
        ))
    }
}

/// The VM with the name of its node.
pub(super) fn shown(vms: &Vms, vm: &Vm) -> wire::VirtualMachine {
    let node = vms.node_of(vm);
    convert::to_wire(vm, node.as_ref().map(|n| n.name.as_str()))
}

fn create_from_wire(request: &wire::CreateVMRequest) -> Result<CreateVm> {
    Ok(CreateVm {
        name: Name::parse("name", &request.name)?,
        project: ProjectId::parse("project_id", &request.project_id)?,
        description: request.description.clone(),
        labels: request.labels.clone(),
        spec: vm_spec::required_from_wire("spec", request.spec.as_option())?,
        start: request.start,
    })
}

/// The answer to a mutation: the snapshot as it is now, or as it would be.
fn answer_snapshot(found: &Snapshot, validate_only: bool) -> ServiceResult<wire::Snapshot> {
    Response::ok(match validate_only {
        true => snapshot::preview_to_wire(found),
        false => snapshot::to_wire(found),
    })
}

fn snapshot_id(text: &str) -> Result<SnapshotId, ConnectError> {
    id::parse_snapshot_id("id", text).map_err(refuse)
}

fn vm_id(text: &str) -> Result<VmId, ConnectError> {
    id::parse_vm_id("id", text).map_err(refuse)
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl VmService for Handler {
    async fn create_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::CreateVMRequest>,
    ) -> ServiceResult<wire::VirtualMachine> {
        let request = request.to_owned_message();
        let create = create_from_wire(&request).map_err(refuse)?;
        let call = call(&ctx, &request.request_id, "", request.validate_only)?;
        let vm = self.vms.create(&call, create).await.map_err(refuse)?;
        if !request.validate_only {
            return Response::ok(self.shown(&vm));
        }
        let report = self
            .vms
            .explain_spec(&vm.project, &vm.meta.labels, &vm.spec)
            .map_err(refuse)?
            .report;
        let node = self.vms.node_of(&vm);
        let node = node.as_ref().map(|n| n.name.as_str());
        Response::ok(convert::preview_to_wire(
            &vm,
            node,
            Some(placement::to_wire(&report)),
        ))
    }

    async fn get_vm(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetVMRequest>,
    ) -> ServiceResult<wire::VirtualMachine> {
        let vm = match (request.id, request.name) {
            ("", "") => return Err(refuse(Error::invalid("id", "id is required, or a name"))),
            ("", name) => {
                let project = ProjectId::parse("project_id", request.project_id).map_err(refuse)?;
                self.vms.get_by_name(&project, name).await.map_err(refuse)?
            }
            (id, _) => self.vms.get(vm_id(id)?).await.map_err(refuse)?,
        };
        Response::ok(self.shown(&vm))
    }

    async fn list_v_ms(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListVMsRequest>,
    ) -> ServiceResult<wire::ListVMsResponse> {
        let listing = convert::listing_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .vms
            .list(listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListVMsResponse {
            vms: found.items.iter().map(|vm| self.shown(vm)).collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn update_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::UpdateVMRequest>,
    ) -> ServiceResult<wire::VirtualMachine> {
        let request = request.to_owned_message();
        let id = vm_id(&request.id)?;
        let mut call = call(&ctx, &request.request_id, &request.etag, request.validate_only)?;
        call.sent = Some(request.encode_to_vec());
        let read = |vm: &Vm| {
            let changes = update::vm_from_wire(&request, &vm.spec)?;
            Ok(UpdateVm {
                description: changes.description,
                labels: changes.labels,
                spec: changes.spec,
            })
        };
        let vm = self.vms.update_by(&call, id, read).await;
        self.answer(&*vm.map_err(refuse)?, request.validate_only)
    }

    async fn delete_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::DeleteVMRequest>,
    ) -> ServiceResult<wire::VirtualMachine> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let vm = self
            .vms
            .delete(&call, vm_id(request.id)?, request.force)
            .await
            .map_err(refuse)?;
        self.answer(&vm, request.validate_only)
    }

    async fn start_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::StartVMRequest>,
    ) -> ServiceResult<wire::VirtualMachine> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let vm = self.vms.start(&call, vm_id(request.id)?).await.map_err(refuse)?;
        self.answer(&vm, request.validate_only)
    }

    async fn stop_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::StopVMRequest>,
    ) -> ServiceResult<wire::VirtualMachine> {
        let request = request.to_owned_message();
        let call = call(&ctx, &request.request_id, &request.etag, request.validate_only)?;
        let grace = convert::grace_from_wire(request.force, request.timeout.as_option()).map_err(refuse)?;
        let vm = self
            .vms
            .stop(&call, vm_id(&request.id)?, request.force, grace)
            .await
            .map_err(refuse)?;
        self.answer(&vm, request.validate_only)
    }

    async fn reboot_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::RebootVMRequest>,
    ) -> ServiceResult<wire::VirtualMachine> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let vm = self
            .vms
            .reboot(&call, vm_id(request.id)?, request.force)
            .await
            .map_err(refuse)?;
        self.answer(&vm, request.validate_only)
    }

    async fn suspend_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::SuspendVMRequest>,
    ) -> ServiceResult<wire::VirtualMachine> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let vm = self
            .vms
            .suspend(&call, vm_id(request.id)?)
            .await
            .map_err(refuse)?;
        self.answer(&vm, request.validate_only)
    }

    async fn resume_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::ResumeVMRequest>,
    ) -> ServiceResult<wire::VirtualMachine> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let vm = self.vms.resume(&call, vm_id(request.id)?).await.map_err(refuse)?;
        self.answer(&vm, request.validate_only)
    }

    async fn create_snapshot(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::CreateSnapshotRequest>,
    ) -> ServiceResult<wire::Snapshot> {
        let request = request.to_owned_message();
        let create = CreateSnapshot {
            vm: id::parse_vm_id("vm_id", &request.vm_id).map_err(refuse)?,
            name: Name::parse("name", &request.name).map_err(refuse)?,
            description: request.description,
            labels: request.labels,
        };
        let call = call(&ctx, &request.request_id, &request.etag, request.validate_only)?;
        let snapshot = self.vms.create_snapshot(&call, create).await.map_err(refuse)?;
        answer_snapshot(&snapshot, request.validate_only)
    }

    async fn get_snapshot(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetSnapshotRequest>,
    ) -> ServiceResult<wire::Snapshot> {
        let found = self.vms.get_snapshot(snapshot_id(request.id)?).await;
        Response::ok(snapshot::to_wire(&*found.map_err(refuse)?))
    }

    async fn list_snapshots(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListSnapshotsRequest>,
    ) -> ServiceResult<wire::ListSnapshotsResponse> {
        let (vm, listing) = snapshot::listing_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .vms
            .list_snapshots(vm, listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListSnapshotsResponse {
            snapshots: found.items.iter().map(|s| snapshot::to_wire(s)).collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn delete_snapshot(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::DeleteSnapshotRequest>,
    ) -> ServiceResult<wire::Snapshot> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = snapshot_id(request.id)?;
        let snapshot = self.vms.delete_snapshot(&call, id).await.map_err(refuse)?;
        answer_snapshot(&snapshot, request.validate_only)
    }

    async fn revert_snapshot(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::RevertSnapshotRequest>,
    ) -> ServiceResult<wire::VirtualMachine> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = snapshot_id(request.id)?;
        let vm = self.vms.revert_snapshot(&call, id).await.map_err(refuse)?;
        self.answer(&vm, request.validate_only)
    }

    async fn watch_vm(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::WatchVMRequest>,
    ) -> ServiceResult<ServiceStream<wire::WatchVMResponse>> {
        let start = watch::start(request.from_revision, request.initial)?;
        let project = convert::project_filter("project_id", request.project_id).map_err(refuse)?;
        let only = id::optional("vm_id", request.vm_id, id::parse_vm_id).map_err(refuse)?;
        let selector = Selector {
            project,
            ..Selector::default()
        };
        let events = match only {
            Some(id) => self.vms.watch_one(id, selector, start).await,
            None => self.vms.watch(selector, start).await,
        };
        let events = events.map_err(refuse)?;
        let vms = self.vms.clone();
        let shown = move |vm: Option<&Vm>, kind: ChangeType, revision| wire::WatchVMResponse {
            r#type: kind.into(),
            vm: vm.map(|vm| shown(&vms, vm)).into(),
            revision,
            ..Default::default()
        };
        Ok(Response::stream(watch::messages(events, shown)))
    }

    async fn get_console_log(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetConsoleLogRequest>,
    ) -> ServiceResult<wire::GetConsoleLogResponse> {
        let (id, offset, max) =
            console_convert::log_request_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let session = self
            .vms
            .console(id, ConsoleKind::Log { offset, max })
            .await
            .map_err(refuse)?;
        let chunk = console::collect(session, offset, max).await.map_err(refuse)?;
        Response::ok(console_convert::log_to_wire(chunk))
    }

    async fn console(
        &self,
        _: RequestContext,
        requests: InboundStream<wire::ConsoleRequest>,
    ) -> ServiceResult<ServiceStream<wire::ConsoleResponse>> {
        Ok(Response::stream(console::interactive(&self.vms, requests).await?))
    }

    async fn explain_placement(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ExplainPlacementRequest>,
    ) -> ServiceResult<wire::ExplainPlacementResponse> {
        let request = request.to_owned_message();
        let explanation = match (request.vm_id.as_str(), request.spec.as_option()) {
            ("", spec) => {
                let spec = vm_spec::required_from_wire("spec", spec).map_err(refuse)?;
                let project = ProjectId::parse("project_id", &request.project_id).map_err(refuse)?;
                let found = self.vms.explain_spec(&project, &request.labels, &spec);
                found.map_err(refuse)?
            }
            (_, Some(_)) => return Err(refuse(Error::invalid("spec", "give a VM or a spec, not both"))),
            (vm, None) => {
                let id = id::parse_vm_id("vm_id", vm).map_err(refuse)?;
                self.vms.explain(id).await.map_err(refuse)?
            }
        };
        Response::ok(placement::explanation_to_wire(&explanation.report))
    }
}
