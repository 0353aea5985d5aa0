use connectrpc::{InboundStream, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use futures_util::{StreamExt as _, stream};
use limiquantix::core::contract::{ConsoleSource, Uplink as _, UplinkEvent};
use limiquantix::core::{Error, Reason};
use limiquantix::{AgentConsole, AgentLink, ControlPlane};
use limiquantix_proto::agent::v1 as wire;
use limiquantix_proto::agent::v1::AgentService;
use limiquantix_proto::agent::v1::serve_console_request::Frame as FromAgent;
use limiquantix_proto::agent::v1::serve_console_response::Frame as ToAgent;
use limiquantix_proto::agent::v1::watch_assignments_response::Event;
use limiquantix_proto::convert::{agent as convert, console, id};
use tokio_util::sync::CancellationToken;

use super::context::refuse;

/// `limiquantix.agent.v1.AgentService`.
#[derive(Debug)]
pub(super) struct Handler {
    link: AgentLink,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            link: control_plane.agents(),
        }
    }
}

fn event_to_wire(event: &UplinkEvent) -> wire::WatchAssignmentsResponse {
    let event = match event {
        UplinkEvent::Assigned(assignment) => convert::assignment_to_wire(assignment).into(),
        UplinkEvent::Removed(vm) => Some(Event::RemovedVmId(vm.to_string())),
        UplinkEvent::Synced => wire::Synced::default().into(),
        UplinkEvent::Console(request) => console::request_to_wire(request).into(),
    };
    wire::WatchAssignmentsResponse {
        event,
        ..Default::default()
    }
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl AgentService for Handler {
    async fn watch_assignments(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::WatchAssignmentsRequest>,
    ) -> ServiceResult<ServiceStream<wire::WatchAssignmentsResponse>> {
        let node = id::parse_node_id("node_id", request.node_id).map_err(refuse)?;
        let events = self
            .link
            .assignments(node, request.boot_id)
            .await
            .map_err(refuse)?;
        let messages = events.map(|event| event.map(|e| event_to_wire(&e)).map_err(refuse));
        Ok(Response::stream(Box::pin(messages)))
    }

    async fn report_vm(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ReportVMRequest>,
    ) -> ServiceResult<wire::ReportVMResponse> {
        let request = request.to_owned_message();
        let node = id::parse_node_id("node_id", &request.node_id).map_err(refuse)?;
        let missing = || Error::invalid("report", "report is required");
        let report = request.report.as_option().ok_or_else(missing).map_err(refuse)?;
        let report = convert::report_from_wire("report", report).map_err(refuse)?;
        self.link
            .report(node, &request.boot_id, &report)
            .await
            .map_err(refuse)?;
        Response::ok(wire::ReportVMResponse::default())
    }

    async fn serve_console(
        &self,
        _: RequestContext,
        mut requests: InboundStream<wire::ServeConsoleRequest>,
    ) -> ServiceResult<ServiceStream<wire::ServeConsoleResponse>> {
        let must_greet = || refuse(Error::invalid("hello", "the first message must name the session"));
        let first = requests.next().await.ok_or_else(must_greet)??.to_owned_message();
        let Some(FromAgent::Hello(hello)) = first.frame else {
            return Err(must_greet());
        };
        let session = id::parse_session_id("hello.session_id", &hello.session_id).map_err(refuse)?;
        let AgentConsole { sender, mut receiver } = self.link.console(session).map_err(refuse)?;
        let ended = CancellationToken::new();
        let end = ended.clone().drop_guard();
        let output = async move {
            loop {
                let message = tokio::select! {
                    () = sender.closed() => return,
                    message = requests.next() => message,
                };
                let piece = match message {
                    // The agent has closed its end in order.
                    None => return,
                    Some(Ok(message)) => message.to_owned_message().frame.and_then(piece),
                    Some(Err(_)) => Some(lost()),
                };
                let Some(piece) = piece else { continue };
                let last = matches!(piece, ConsoleSource::Failed { .. });
                if sender.send(piece).await.is_err() || last {
                    return;
                }
            }
        };
        // Half a stream would keep its connection open after the other half has ended.
        tokio::spawn(async move { ended.run_until_cancelled(output).await });
        let typed = stream::poll_fn(move |cx| receiver.poll_recv(cx)).map(move |keys| {
            let _until_dropped = &end;
            Ok(wire::ServeConsoleResponse {
                frame: Some(ToAgent::Data(keys.into())),
                ..Default::default()
            })
        });
        Ok(Response::stream(Box::pin(typed)))
    }
}

/// The agent died, or the network between did.
fn lost() -> ConsoleSource {
    ConsoleSource::Failed {
        reason: Reason::AgentUnavailable.code().to_owned(),
        message: "the connection to the agent of the VM's node was lost".to_owned(),
    }
}

/// What a frame of the agent's carries to the caller.
fn piece(frame: FromAgent) -> Option<ConsoleSource> {
    match frame {
        FromAgent::Hello(_) => None,
        FromAgent::Data(bytes) => Some(ConsoleSource::Data {
            bytes: bytes.to_vec(),
            offset: 0,
            size: 0,
        }),
        FromAgent::Chunk(chunk) => {
            console::chunk_from_wire("chunk", &chunk)
                .ok()
                .map(|chunk| ConsoleSource::Data {
                    bytes: chunk.data,
                    offset: chunk.offset,
                    size: chunk.size,
                })
        }
        FromAgent::End(end) if end.reason.is_empty() => None,
        FromAgent::End(end) => Some(ConsoleSource::Failed {
            reason: end.reason,
            message: end.message,
        }),
    }
}
