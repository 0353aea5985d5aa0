//! Dials back for a console and carries bytes between the guest and whoever waits.

use std::sync::Arc;

use futures_util::StreamExt as _;
use limiquantix_core::contract::{BoxStream, ConsoleIo, ConsoleKind, ConsoleRequest, ConsoleSource};
use limiquantix_core::{Error, Result};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tracing::debug;

use crate::agent::Parts;

/// How many chunks may wait to be sent before the guest's output is left in the hypervisor's buffer.
const CHUNKS: usize = 16;

/// The longest piece of a log that travels in one message.
const PIECE: usize = 256 << 10;

pub(crate) async fn serve(parts: Arc<Parts>, request: ConsoleRequest) {
    if let Err(e) = try_serve(&parts, request).await {
        debug!(vm = %request.vm, error = %e, "console ended");
    }
}

async fn try_serve(parts: &Parts, request: ConsoleRequest) -> Result<()> {
    let (to_caller, outgoing) = mpsc::channel(CHUNKS);
    let typed = parts
        .uplink
        .serve_console(request.session, Box::pin(ReceiverStream::new(outgoing)))
        .await?;
    // Its end is looked for in more than one place.
    let mut typed: BoxStream<Vec<u8>> = Box::pin(typed.fuse());
    match request.kind {
        ConsoleKind::Log { offset, max } => {
            match parts.hypervisor.console_log(request.vm, offset, max).await {
                Err(e) => send(&to_caller, failed(&e)).await,
                Ok(chunk) => {
                    let mut offset = chunk.offset;
                    for bytes in chunk.data.chunks(PIECE) {
                        send(
                            &to_caller,
                            ConsoleSource::Data {
                                bytes: bytes.to_vec(),
                                offset,
                                size: chunk.size,
                            },
                        )
                        .await;
                        offset += bytes.len() as u64;
                    }
                    if chunk.data.is_empty() {
                        send(
                            &to_caller,
                            ConsoleSource::Data {
                                bytes: Vec::new(),
                                offset,
                                size: chunk.size,
                            },
                        )
                        .await;
                    }
                }
            }
            hang_up(to_caller, typed).await;
            Ok(())
        }
        ConsoleKind::Interactive => {
            let outcome = match parts.hypervisor.console_open(request.vm).await {
                Ok(mut console) => carry(&mut *console, &to_caller, &mut typed).await,
                Err(e) => Err(e),
            };
            if let Err(e) = &outcome {
                send(&to_caller, failed(e)).await;
            }
            hang_up(to_caller, typed).await;
            outcome
        }
    }
}

/// Until the guest's end or the caller's.
async fn carry(
    console: &mut dyn ConsoleIo,
    to_caller: &mpsc::Sender<ConsoleSource>,
    typed: &mut BoxStream<Vec<u8>>,
) -> Result<()> {
    loop {
        tokio::select! {
            bytes = console.read() => {
                let bytes = bytes?;
                if bytes.is_empty() {
                    return Ok(());
                }
                send(to_caller, ConsoleSource::Data { bytes, offset: 0, size: 0 }).await;
            }
            keys = typed.next() => match keys {
                Some(keys) => console.write(&keys).await?,
                None => return Ok(()),
            },
        }
    }
}

/// Ends in order: the other end takes what is under way, and hangs up when it has it all. To drop the line
/// at once would look like an agent that died.
async fn hang_up(to_caller: mpsc::Sender<ConsoleSource>, mut typed: BoxStream<Vec<u8>>) {
    drop(to_caller);
    while typed.next().await.is_some() {}
}

/// A caller who has gone is noticed by the end of what they type.
async fn send(to: &mpsc::Sender<ConsoleSource>, what: ConsoleSource) {
    if to.send(what).await.is_err() {
        debug!("the caller of a console has gone");
    }
}

fn failed(e: &Error) -> ConsoleSource {
    ConsoleSource::Failed {
        reason: e.reason().code().to_owned(),
        message: e.message().to_owned(),
    }
}
