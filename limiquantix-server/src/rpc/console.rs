//! Consoles: a caller's stream on one side, the agent's session on the other.

use connectrpc::{ConnectError, InboundStream, ServiceStream};
use futures_util::{StreamExt as _, stream};
use limiquantix::{ConsoleSession, VmService};
use limiquantix_core::contract::{ConsoleChunk, ConsoleKind, ConsoleSource};
use limiquantix_core::{Error, Reason, Result};
use limiquantix_proto::compute::v1 as wire;
use limiquantix_proto::compute::v1::console_request::Frame as Asked;
use limiquantix_proto::compute::v1::console_response::Frame as Told;
use limiquantix_proto::convert::id;

use super::context::refuse;

/// Puts the pieces of a log together.
pub(super) async fn collect(mut session: ConsoleSession, from: u64) -> Result<ConsoleChunk> {
    let mut chunk = ConsoleChunk {
        offset: from,
        data: Vec::new(),
        size: 0,
    };
    let mut first = true;
    while let Some(piece) = session.receiver.recv().await {
        match piece {
            ConsoleSource::Data { bytes, offset, size } => {
                if std::mem::take(&mut first) {
                    chunk.offset = offset;
                }
                chunk.data.extend(bytes);
                chunk.size = size;
            }
            ConsoleSource::Failed { reason, message } => return Err(failed(&reason, message)),
        }
    }
    if first {
        return Err(Error::new(
            Reason::AgentUnavailable,
            "the agent of the VM's node hung up",
        ));
    }
    Ok(chunk)
}

/// Opens the console that the first message asks for, and carries bytes both ways.
pub(super) async fn interactive(
    vms: &VmService,
    mut requests: InboundStream<wire::ConsoleRequest>,
) -> Result<ServiceStream<wire::ConsoleResponse>, ConnectError> {
    let must_open = || {
        refuse(Error::invalid(
            "open",
            "the first message must say which VM's console to open",
        ))
    };
    let first = requests.next().await.ok_or_else(must_open)??.to_owned_message();
    let Some(Asked::Open(open)) = first.frame else {
        return Err(must_open());
    };
    let vm = id::parse_vm_id("open.vm_id", &open.vm_id).map_err(refuse)?;
    let ConsoleSession { sender, mut receiver } =
        vms.console(vm, ConsoleKind::Interactive).await.map_err(refuse)?;
    tokio::spawn(async move {
        while let Some(Ok(message)) = requests.next().await {
            let Some(Asked::Data(keys)) = message.to_owned_message().frame else {
                continue;
            };
            if sender.send(keys.to_vec()).await.is_err() {
                return;
            }
        }
    });
    let opened = stream::once(async { Ok(told(Told::Opened(Default::default()))) });
    let output = stream::poll_fn(move |cx| receiver.poll_recv(cx)).map(|piece| {
        Ok(told(match piece {
            ConsoleSource::Data { bytes, .. } => Told::Data(bytes.into()),
            ConsoleSource::Failed { reason, message } => Told::Closed(Box::new(wire::ConsoleClosed {
                reason,
                message,
                ..Default::default()
            })),
        }))
    });
    Ok(Box::pin(opened.chain(output)))
}

fn told(frame: Told) -> wire::ConsoleResponse {
    wire::ConsoleResponse {
        frame: Some(frame),
        ..Default::default()
    }
}

/// An error as the agent named it.
fn failed(reason: &str, message: String) -> Error {
    Error::new(
        Reason::from_code(reason).unwrap_or(Reason::HypervisorFailed),
        message,
    )
}
