//! The control plane over the wire: gRPC over one HTTP/2 connection that the agent opens.

use std::time::Duration;

use async_trait::async_trait;
use connectrpc::client::{CallOptions, ClientConfig, Http2Connection, SharedHttp2Connection};
use connectrpc::{ConnectError, Protocol};
use futures_util::{StreamExt as _, stream};
use limiquantix_core::contract::{
    BoxStream, ConsoleSource, NodeRegistration, SessionId, Uplink, UplinkEvent,
};
use limiquantix_core::identity::NodeId;
use limiquantix_core::settle::VmReport;
use limiquantix_core::{Error, Reason, Result};
use limiquantix_proto::agent::v1 as wire;
use limiquantix_proto::agent::v1::AgentServiceClient;
use limiquantix_proto::agent::v1::serve_console_request::Frame as FromAgent;
use limiquantix_proto::agent::v1::serve_console_response::Frame as ToAgent;
use limiquantix_proto::agent::v1::watch_assignments_response::Event;
use limiquantix_proto::compute::v1::{HeartbeatRequest, NodeServiceClient};
use limiquantix_proto::convert::{agent as convert, console, id, node, time};
use limiquantix_proto::error::from_connect;

/// How long one call may take before it counts as lost. A call that reached the server counts whatever the
/// agent thinks: reports are safe to repeat.
const CALL: Duration = Duration::from_secs(15);
/// A connection that says nothing for this long is asked whether it lives.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// And is given up when there is no answer for this long.
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// Calls that may wait for the connection.
const QUEUE: usize = 1024;

/// The control plane behind a URL.
pub struct RpcUplink {
    url: String,
    nodes: NodeServiceClient<SharedHttp2Connection>,
    agents: AgentServiceClient<SharedHttp2Connection>,
}

impl std::fmt::Debug for RpcUplink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RpcUplink")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl RpcUplink {
    /// Talks to the server at `url`, for example `http://127.0.0.1:8080`. Connects when first used, and
    /// again after every loss.
    pub fn new(url: &str) -> Result<Self> {
        let bad =
            |why: &str| Error::invalid("server", format!("{url:?} is not the address of a server: {why}"));
        let uri: http::Uri = url.parse().map_err(|_| bad("expected http://HOST:PORT"))?;
        if uri.scheme_str() != Some("http") || uri.authority().is_none() {
            return Err(bad("expected http://HOST:PORT"));
        }
        let connection = Http2Connection::builder()
            .keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .lazy_plaintext(uri.clone())
            .shared(QUEUE);
        let config = ClientConfig::new(uri).with_protocol(Protocol::Grpc);
        Ok(Self {
            url: url.to_owned(),
            nodes: NodeServiceClient::new(connection.clone(), config.clone()),
            agents: AgentServiceClient::new(connection, config),
        })
    }
}

fn call() -> CallOptions {
    CallOptions::default().with_timeout(CALL)
}

fn lost(e: ConnectError) -> Error {
    from_connect(e)
}

fn garbled(what: &str) -> Error {
    Error::new(Reason::MalformedRequest, format!("the control plane sent {what}"))
}

#[async_trait]
impl Uplink for RpcUplink {
    async fn register(&self, registration: &NodeRegistration) -> Result<NodeId> {
        let request = node::registration_to_wire(registration);
        let answer = self
            .nodes
            .register_node_with_options(request, call())
            .await
            .map_err(lost)?;
        id::parse_node_id("id", &answer.into_owned().id)
    }

    async fn heartbeat(&self, node: NodeId, boot_id: &str) -> Result<Duration> {
        let request = HeartbeatRequest {
            node_id: node.to_string(),
            boot_id: boot_id.to_owned(),
            ..Default::default()
        };
        let answer = self
            .nodes
            .heartbeat_with_options(request, call())
            .await
            .map_err(lost)?
            .into_owned();
        let next = answer
            .next_heartbeat
            .as_option()
            .ok_or_else(|| garbled("no time for the next heartbeat"))?;
        time::duration_from_wire("next_heartbeat", next)
    }

    async fn assignments(&self, node: NodeId, boot_id: &str) -> Result<BoxStream<Result<UplinkEvent>>> {
        let request = wire::WatchAssignmentsRequest {
            node_id: node.to_string(),
            boot_id: boot_id.to_owned(),
            ..Default::default()
        };
        let events = self.agents.watch_assignments(request).await.map_err(lost)?;
        // What this version does not know is passed over: a newer server may say more.
        let events = stream::try_unfold(events, |mut events| async move {
            loop {
                let Some(message) = events.message().await.map_err(lost)? else {
                    return Ok(None);
                };
                if let Some(event) = event_from_wire(message.to_owned_message())? {
                    return Ok(Some((event, events)));
                }
            }
        });
        Ok(Box::pin(events))
    }

    async fn report(&self, node: NodeId, boot_id: &str, report: &VmReport) -> Result<()> {
        let request = wire::ReportVMRequest {
            node_id: node.to_string(),
            boot_id: boot_id.to_owned(),
            report: convert::report_to_wire(report).into(),
            ..Default::default()
        };
        self.agents
            .report_vm_with_options(request, call())
            .await
            .map_err(lost)?;
        Ok(())
    }

    async fn serve_console(
        &self,
        session: SessionId,
        mut from_guest: BoxStream<ConsoleSource>,
    ) -> Result<BoxStream<Vec<u8>>> {
        let mut line = self.agents.serve_console().await.map_err(lost)?;
        let hello = wire::ConsoleHello {
            session_id: session.0.to_string(),
            ..Default::default()
        };
        line.send(frame(hello.into())).await.map_err(lost)?;
        let (mut speak, listen) = line.into_split();
        tokio::spawn(async move {
            while let Some(source) = from_guest.next().await {
                if speak.send(frame(Some(frame_of(source)))).await.is_err() {
                    return;
                }
            }
            speak.close_send();
        });
        let typed = stream::unfold(listen, |mut listen| async move {
            loop {
                let message = listen.message().await.ok()??.to_owned_message();
                if let Some(ToAgent::Data(keys)) = message.frame {
                    return Some((keys.to_vec(), listen));
                }
            }
        });
        Ok(Box::pin(typed))
    }
}

fn event_from_wire(message: wire::WatchAssignmentsResponse) -> Result<Option<UplinkEvent>> {
    Ok(match message.event {
        Some(Event::Assignment(a)) => Some(UplinkEvent::Assigned(Box::new(convert::assignment_from_wire(
            "assignment",
            &a,
        )?))),
        Some(Event::RemovedVmId(vm)) => Some(UplinkEvent::Removed(id::parse_vm_id("removed_vm_id", &vm)?)),
        Some(Event::Synced(_)) => Some(UplinkEvent::Synced),
        Some(Event::Console(request)) => Some(UplinkEvent::Console(console::request_from_wire(
            "console", &request,
        )?)),
        None => None,
    })
}

fn frame(frame: Option<FromAgent>) -> wire::ServeConsoleRequest {
    wire::ServeConsoleRequest {
        frame,
        ..Default::default()
    }
}

fn frame_of(source: ConsoleSource) -> FromAgent {
    match source {
        ConsoleSource::Data { bytes, offset, size } => FromAgent::Chunk(Box::new(console::chunk_to_wire(
            limiquantix_core::contract::ConsoleChunk {
                offset,
                data: bytes,
                size,
            },
        ))),
        ConsoleSource::Failed { reason, message } => FromAgent::End(Box::new(wire::ConsoleEnd {
            reason,
            message,
            ..Default::default()
        })),
    }
}
