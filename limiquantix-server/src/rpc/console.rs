//! Consoles: a caller's stream on one side, the agent's session on the other.

use std::time::Duration;

use connectrpc::{ConnectError, InboundStream, ServiceStream};
use futures_util::{StreamExt as _, stream};
use limiquantix::{ConsoleSession, VmService};
use limiquantix_core::contract::{ConsoleChunk, ConsoleKind, ConsoleSource};
use limiquantix_core::{Error, Reason, Result};
use limiquantix_proto::compute::v1 as wire;
use limiquantix_proto::compute::v1::console_request::Frame as Asked;
use limiquantix_proto::compute::v1::console_response::Frame as Told;
use limiquantix_proto::convert::id;
use tokio_util::sync::CancellationToken;

use super::context::refuse;

/// How long a log may take from the agent's first word to its last. The largest is 1 MiB.
const LOG_PATIENCE: Duration = Duration::from_secs(20);

/// Puts the pieces of a log together.
pub(super) async fn collect(session: ConsoleSession, from: u64, max: u32) -> Result<ConsoleChunk> {
    let stalled = |_| {
        Error::new(
            Reason::AgentUnavailable,
            "the agent of the VM's node stopped in the middle of the log",
        )
    };
    tokio::time::timeout(LOG_PATIENCE, pieces(session, from, max as usize))
        .await
        .map_err(stalled)?
}

async fn pieces(mut session: ConsoleSession, from: u64, max: usize) -> Result<ConsoleChunk> {
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
        if chunk.data.len() > max {
            // More than it was asked for, however much more there would be.
            chunk.data.truncate(max);
            break;
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
    let ConsoleSession { sender, receiver } =
        vms.console(vm, ConsoleKind::Interactive).await.map_err(refuse)?;
    let ended = CancellationToken::new();
    let end = ended.clone().drop_guard();
    let typing = async move {
        while let Some(Ok(message)) = requests.next().await {
            let Some(Asked::Data(keys)) = message.to_owned_message().frame else {
                continue;
            };
            if sender.send(keys.to_vec()).await.is_err() {
                return;
            }
        }
    };
    // Half a stream would keep its connection open after the other half has ended.
    tokio::spawn(async move { ended.run_until_cancelled(typing).await });
    let opened = stream::once(async { Ok(told(Told::Opened(Default::default()))) });
    let output = stream::unfold(Some((receiver, end)), |line| async move {
        let (mut receiver, end) = line?;
        Some(match receiver.recv().await {
            Some(ConsoleSource::Data { bytes, .. }) => {
                (Ok(told(Told::Data(bytes.into()))), Some((receiver, end)))
            }
            Some(ConsoleSource::Failed { reason, message }) => (Ok(closed(reason, message)), None),
            None => (Ok(closed(String::new(), String::new())), None),
        })
    });
    Ok(Box::pin(opened.chain(output)))
}

/// The last word on a console; without a reason it ended as intended.
fn closed(reason: String, message: String) -> wire::ConsoleResponse {
    told(Told::Closed(Box::new(wire::ConsoleClosed {
        reason,
        message,
        ..Default::default()
    })))
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
