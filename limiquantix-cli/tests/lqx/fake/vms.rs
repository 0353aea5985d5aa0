use connectrpc::{
    ConnectError, InboundStream, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream,
};
use futures_util::StreamExt;
use limiquantix_core::{Error, Reason};
use limiquantix_proto::compute::v1::console_request::Frame as FromUser;
use limiquantix_proto::compute::v1::console_response::Frame as ToUser;
use limiquantix_proto::compute::v1::{
    ConsoleClosed, ConsoleOpened, ConsoleRequest, ConsoleResponse, CreateSnapshotRequest, CreateVMRequest,
    DeleteSnapshotRequest, DeleteVMRequest, ExplainPlacementRequest, ExplainPlacementResponse,
    GetConsoleLogRequest, GetConsoleLogResponse, GetSnapshotRequest, GetVMRequest, ListSnapshotsRequest,
    ListSnapshotsResponse, ListVMsRequest, ListVMsResponse, NodeVerdict, PlacementReport, PowerState,
    RebootVMRequest, Rejected, ResumeVMRequest, RevertSnapshotRequest, ScoreTerm, Scored, Snapshot,
    SnapshotState, StartVMRequest, StopVMRequest, SuspendVMRequest, UpdateVMRequest, VirtualMachine,
    VmService, VmState, VmStatus, WatchVMRequest, WatchVMResponse,
};
use limiquantix_proto::event::v1::ChangeType;

use super::{Shared, at, id, refusal};

pub(super) struct Vms(pub(super) Shared);

impl Vms {
    fn note(&self, ctx: &RequestContext, call: String) {
        let mut state = self.0.lock().unwrap();
        state.calls.push(call);
        let header = ctx.header("authorization").and_then(|value| value.to_str().ok());
        state.authorization = header.map(str::to_owned);
    }

    /// Records a wish for a VM's power, and the task that fulfils it.
    fn wish(
        &self,
        vm_id: &str,
        request_id: &str,
        verb: &str,
        power: PowerState,
        validate_only: bool,
    ) -> Result<VirtualMachine, ConnectError> {
        let mut state = self.0.lock().unwrap();
        state.request_ids.push(request_id.to_owned());
        let Some(vm) = state.vms.get(vm_id).cloned() else {
            return Err(refusal(&Error::not_found("vm", vm_id)));
        };
        if vm.name == "flaky" && state.refusals > 0 {
            state.refusals -= 1;
            return Err(refusal(&Error::new(
                Reason::StoreUnavailable,
                "the store does not answer",
            )));
        }
        if vm.desired_power == power && matches!(verb, "start" | "stop") {
            let error = Error::new(Reason::AlreadyInState, "the vm is in this state").with("vm", vm_id);
            return Err(refusal(&error));
        }
        let task = format!("{verb}-{}", vm.name);
        let changed = VirtualMachine {
            desired_power: power.into(),
            current_task_id: task,
            ..vm
        };
        if !validate_only {
            state.vms.insert(vm_id.to_owned(), changed.clone());
        }
        Ok(changed)
    }
}

fn report(fits: bool) -> PlacementReport {
    let scored = Scored {
        terms: vec![ScoreTerm {
            scorer: "spread".into(),
            weight: 2,
            value: 400,
            ..Default::default()
        }],
        total: 800,
        ..Default::default()
    };
    let rejected = Rejected {
        filter: "memory".into(),
        text: "needs 2 GiB, 1 GiB free".into(),
        ..Default::default()
    };
    let verdict = |number: usize, name: &str| NodeVerdict {
        node_id: id(number),
        node_name: name.into(),
        ..Default::default()
    };
    let second = if fits {
        scored.into()
    } else {
        rejected.clone().into()
    };
    PlacementReport {
        node_id: if fits { id(101) } else { String::new() },
        node_name: if fits { "node-2".into() } else { String::new() },
        nodes: vec![
            NodeVerdict {
                outcome: rejected.into(),
                ..verdict(100, "node-1")
            },
            NodeVerdict {
                outcome: second,
                ..verdict(101, "node-2")
            },
        ],
        ..Default::default()
    }
}

#[allow(refining_impl_trait)]
impl VmService for Vms {
    async fn create_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, CreateVMRequest>,
    ) -> ServiceResult<VirtualMachine> {
        let request = request.to_owned_message();
        self.note(
            &ctx,
            format!("CreateVM {}", serde_json::to_string(&request).unwrap()),
        );
        if request.name == "big" {
            let error = Error::new(
                Reason::NoNodeFits,
                "cannot place vm \"big\": none of 2 nodes can take it",
            )
            .with("vm", "big")
            .with("node", "node-1: memory: needs 2048 MiB, 1536 MiB free")
            .with("node", "node-2: cordoned");
            return Err(refusal(&error));
        }
        let mut state = self.0.lock().unwrap();
        if state.vms.values().any(|vm| vm.name == request.name) {
            let error = Error::new(Reason::NameTaken, format!("a vm named {:?} exists", request.name));
            return Err(refusal(&error));
        }
        let vm = VirtualMachine {
            id: id(50),
            name: request.name.clone(),
            project_id: "default".into(),
            spec: request.spec,
            status: VmStatus {
                state: VmState::Pending.into(),
                node_name: "node-1".into(),
                ..Default::default()
            }
            .into(),
            created_at: at(0).into(),
            desired_power: if request.start {
                PowerState::On
            } else {
                PowerState::Off
            }
            .into(),
            current_task_id: format!("create-{}", request.name),
            ..Default::default()
        };
        if request.validate_only {
            return Response::ok(VirtualMachine {
                id: String::new(),
                placement_report: report(true).into(),
                ..vm
            });
        }
        state.vms.insert(vm.id.clone(), vm.clone());
        Response::ok(vm)
    }

    async fn get_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetVMRequest>,
    ) -> ServiceResult<VirtualMachine> {
        self.note(&ctx, format!("GetVM {}{}", request.id, request.name));
        let state = self.0.lock().unwrap();
        let found = match request.id {
            "" => state.vms.values().find(|vm| vm.name == request.name),
            id => state.vms.get(id),
        };
        let found = found
            .cloned()
            .ok_or_else(|| refusal(&Error::not_found("vm", request.name)))?;
        Response::ok(found)
    }

    async fn list_v_ms(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ListVMsRequest>,
    ) -> ServiceResult<ListVMsResponse> {
        self.note(&ctx, format!("ListVMs {}", request.page_token));
        let state = self.0.lock().unwrap();
        // Three to a page, whatever was asked for: whoever lists must page.
        let from: usize = request.page_token.parse().unwrap_or(0);
        let size = match usize::try_from(request.page_size).unwrap() {
            0 => 3,
            size => size.min(3),
        };
        let matching: Vec<&VirtualMachine> = state
            .vms
            .values()
            .filter(|vm| request.state == VmState::Unspecified || vm.status.state == request.state)
            .collect();
        let page: Vec<VirtualMachine> = matching
            .iter()
            .skip(from)
            .take(size)
            .map(|vm| (*vm).clone())
            .collect();
        let next = from + page.len();
        Response::ok(ListVMsResponse {
            vms: page,
            next_page_token: if next < matching.len() {
                next.to_string()
            } else {
                String::new()
            },
            revision: 9_007_199_254_740_993,
            ..Default::default()
        })
    }

    async fn update_vm(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, UpdateVMRequest>,
    ) -> ServiceResult<VirtualMachine> {
        Err(refusal(&Error::new(
            Reason::VersionMismatch,
            "the vm has changed",
        )))
    }

    async fn delete_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, DeleteVMRequest>,
    ) -> ServiceResult<VirtualMachine> {
        self.note(&ctx, format!("DeleteVM {} force={}", request.id, request.force));
        let vm = self.wish(
            request.id,
            request.request_id,
            "delete",
            PowerState::Off,
            request.validate_only,
        )?;
        if vm.status.state == VmState::Running && !request.force {
            let error = Error::new(Reason::WrongState, format!("vm {:?} is running", vm.name));
            return Err(refusal(&error));
        }
        Response::ok(VirtualMachine { deleting: true, ..vm })
    }

    async fn start_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, StartVMRequest>,
    ) -> ServiceResult<VirtualMachine> {
        self.note(&ctx, format!("StartVM {}", request.id));
        Response::ok(self.wish(
            request.id,
            request.request_id,
            "start",
            PowerState::On,
            request.validate_only,
        )?)
    }

    async fn stop_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, StopVMRequest>,
    ) -> ServiceResult<VirtualMachine> {
        let text = serde_json::to_string(&request.to_owned_message()).unwrap();
        self.note(&ctx, format!("StopVM {text}"));
        Response::ok(self.wish(
            request.id,
            request.request_id,
            "stop",
            PowerState::Off,
            request.validate_only,
        )?)
    }

    async fn reboot_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, RebootVMRequest>,
    ) -> ServiceResult<VirtualMachine> {
        self.note(&ctx, format!("RebootVM {}", request.id));
        Response::ok(self.wish(
            request.id,
            request.request_id,
            "reboot",
            PowerState::On,
            request.validate_only,
        )?)
    }

    async fn suspend_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, SuspendVMRequest>,
    ) -> ServiceResult<VirtualMachine> {
        self.note(&ctx, format!("SuspendVM {}", request.id));
        Response::ok(self.wish(
            request.id,
            request.request_id,
            "suspend",
            PowerState::On,
            request.validate_only,
        )?)
    }

    async fn resume_vm(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ResumeVMRequest>,
    ) -> ServiceResult<VirtualMachine> {
        self.note(&ctx, format!("ResumeVM {}", request.id));
        Response::ok(self.wish(
            request.id,
            request.request_id,
            "resume",
            PowerState::On,
            request.validate_only,
        )?)
    }

    async fn create_snapshot(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, CreateSnapshotRequest>,
    ) -> ServiceResult<Snapshot> {
        let request = request.to_owned_message();
        self.note(
            &ctx,
            format!("CreateSnapshot {}", serde_json::to_string(&request).unwrap()),
        );
        let mut state = self.0.lock().unwrap();
        let taken = Snapshot {
            id: id(200 + state.snapshots.len()),
            vm_id: request.vm_id,
            name: request.name,
            description: request.description,
            labels: request.labels,
            state: SnapshotState::Ready.into(),
            with_memory: true,
            created_at: at(0).into(),
            current_task_id: "snapshot-web".into(),
            ..Default::default()
        };
        if !request.validate_only {
            state.snapshots.push(taken.clone());
        }
        Response::ok(taken)
    }

    async fn get_snapshot(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetSnapshotRequest>,
    ) -> ServiceResult<Snapshot> {
        let state = self.0.lock().unwrap();
        let found = state.snapshots.iter().find(|s| s.id == request.id).cloned();
        Response::ok(found.ok_or_else(|| refusal(&Error::not_found("snapshot", request.id)))?)
    }

    async fn list_snapshots(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, ListSnapshotsRequest>,
    ) -> ServiceResult<ListSnapshotsResponse> {
        let state = self.0.lock().unwrap();
        // One to a page, whatever was asked for: whoever lists must page.
        let from: usize = request.page_token.parse().unwrap_or(0);
        let of_vm: Vec<_> = state
            .snapshots
            .iter()
            .filter(|s| s.vm_id == request.vm_id)
            .collect();
        Response::ok(ListSnapshotsResponse {
            snapshots: of_vm.iter().skip(from).take(1).map(|s| (*s).clone()).collect(),
            next_page_token: if from + 1 < of_vm.len() {
                (from + 1).to_string()
            } else {
                String::new()
            },
            ..Default::default()
        })
    }

    async fn delete_snapshot(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, DeleteSnapshotRequest>,
    ) -> ServiceResult<Snapshot> {
        self.note(&ctx, format!("DeleteSnapshot {}", request.id));
        let mut state = self.0.lock().unwrap();
        let found = state.snapshots.iter().position(|s| s.id == request.id);
        let at = found.ok_or_else(|| refusal(&Error::not_found("snapshot", request.id)))?;
        let mut gone = state.snapshots[at].clone();
        gone.current_task_id = "unsnapshot-web".into();
        if !request.validate_only {
            state.snapshots.remove(at);
        }
        Response::ok(gone)
    }

    async fn revert_snapshot(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, RevertSnapshotRequest>,
    ) -> ServiceResult<VirtualMachine> {
        self.note(&ctx, format!("RevertSnapshot {}", request.id));
        let vm_id = {
            let state = self.0.lock().unwrap();
            let found = state.snapshots.iter().find(|s| s.id == request.id);
            found.map(|s| s.vm_id.clone()).unwrap_or_default()
        };
        let on = PowerState::On;
        Response::ok(self.wish(&vm_id, request.request_id, "revert", on, request.validate_only)?)
    }

    async fn watch_vm(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, WatchVMRequest>,
    ) -> ServiceResult<ServiceStream<WatchVMResponse>> {
        let message = |change: ChangeType, vm: Option<VirtualMachine>| WatchVMResponse {
            r#type: change.into(),
            vm: vm.into(),
            revision: 7,
            ..Default::default()
        };
        let state = self.0.lock().unwrap();
        let wanted = state
            .vms
            .values()
            .filter(|vm| request.vm_id.is_empty() || vm.id == request.vm_id);
        let mut messages: Vec<_> = wanted
            .map(|vm| message(ChangeType::Added, Some(vm.clone())))
            .collect();
        messages.push(message(ChangeType::Bookmark, None));
        Ok(Response::stream(tokio_stream::iter(messages.into_iter().map(Ok))))
    }

    async fn get_console_log(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetConsoleLogRequest>,
    ) -> ServiceResult<GetConsoleLogResponse> {
        self.note(&ctx, format!("GetConsoleLog {}", request.offset));
        if request.offset < 0 {
            return Err(refusal(&Error::invalid("offset", "offset is negative")));
        }
        let state = self.0.lock().unwrap();
        // Four bytes at a time: whoever reads must read on.
        let from = usize::try_from(request.offset).unwrap().min(state.log.len());
        let to = (from + 4).min(state.log.len());
        Response::ok(GetConsoleLogResponse {
            data: state.log[from..to].to_vec().into(),
            offset: i64::try_from(from).unwrap(),
            next_offset: i64::try_from(to).unwrap(),
            size: i64::try_from(state.log.len()).unwrap(),
            ..Default::default()
        })
    }

    async fn console(
        &self,
        _ctx: RequestContext,
        mut requests: InboundStream<ConsoleRequest>,
    ) -> ServiceResult<ServiceStream<ConsoleResponse>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        let state = self.0.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = requests.next().await {
                let frame = match message.to_owned_message().frame {
                    Some(FromUser::Open(open)) if state.lock().unwrap().vms[&open.vm_id].name == "web-2" => {
                        let error = Error::new(Reason::WrongState, "vm \"web-2\" is not running");
                        let _ = sender.send(Err(refusal(&error))).await;
                        return;
                    }
                    Some(FromUser::Open(_)) => ToUser::from(ConsoleOpened::default()),
                    Some(FromUser::Data(bytes)) if bytes.starts_with(b"bye") => {
                        let closed = ConsoleClosed {
                            reason: "WRONG_STATE".into(),
                            message: "the guest has shut down".into(),
                            ..Default::default()
                        };
                        let frame = Some(ToUser::from(closed));
                        let _ = sender
                            .send(Ok(ConsoleResponse {
                                frame,
                                ..Default::default()
                            }))
                            .await;
                        return;
                    }
                    Some(FromUser::Data(bytes)) => ToUser::Data(bytes.to_ascii_uppercase().into()),
                    None => return,
                };
                let answer = Ok(ConsoleResponse {
                    frame: Some(frame),
                    ..Default::default()
                });
                if sender.send(answer).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::stream(tokio_stream::wrappers::ReceiverStream::new(
            receiver,
        )))
    }

    async fn explain_placement(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, ExplainPlacementRequest>,
    ) -> ServiceResult<ExplainPlacementResponse> {
        let text = serde_json::to_string(&request.to_owned_message()).unwrap();
        self.note(&ctx, format!("ExplainPlacement {text}"));
        Response::ok(ExplainPlacementResponse {
            report: report(true).into(),
            summary: "node-2 of 2 nodes".into(),
            ..Default::default()
        })
    }
}
