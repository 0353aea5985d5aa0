//! Consoles: what a caller asks of the server, and the server of an agent.

use limiquantix_core::Result;
use limiquantix_core::contract::{ConsoleChunk, ConsoleKind, ConsoleRequest};
use limiquantix_core::identity::VmId;

use super::field::{path, required, signed, signed_wide, unsigned, unsigned_wide};
use super::id;
use crate::agent::v1 as wire;
use crate::agent::v1::console_request::Kind as WireKind;
use crate::compute::v1 as compute;

/// How much of a log an answer has where the request does not say.
const USUAL: u32 = 64 << 10;
/// How much of a log an answer has at most: it must fit a message.
const MOST: u32 = 1 << 20;

/// The request as the control plane sends it.
pub fn request_to_wire(request: &ConsoleRequest) -> wire::ConsoleRequest {
    wire::ConsoleRequest {
        session_id: request.session.0.to_string(),
        vm_id: request.vm.to_string(),
        kind: match request.kind {
            ConsoleKind::Log { offset, max } => wire::ConsoleLog {
                offset: signed_wide(offset),
                max_bytes: signed(max),
                ..Default::default()
            }
            .into(),
            ConsoleKind::Interactive => wire::ConsoleInteractive::default().into(),
        },
        ..Default::default()
    }
}

/// Reads a request.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn request_from_wire(at: &str, request: &wire::ConsoleRequest) -> Result<ConsoleRequest> {
    Ok(ConsoleRequest {
        session: id::parse_session_id(&path(at, "session_id"), &request.session_id)?,
        vm: id::parse_vm_id(&path(at, "vm_id"), &request.vm_id)?,
        kind: match &request.kind {
            None => return Err(required(path(at, "kind"))),
            Some(WireKind::Log(log)) => ConsoleKind::Log {
                offset: unsigned_wide(&path(at, "log.offset"), log.offset)?,
                max: unsigned(&path(at, "log.max_bytes"), log.max_bytes)?,
            },
            Some(WireKind::Interactive(_)) => ConsoleKind::Interactive,
        },
    })
}

/// A piece of a log as an agent sends it.
pub fn chunk_to_wire(chunk: ConsoleChunk) -> wire::ConsoleChunk {
    wire::ConsoleChunk {
        data: chunk.data.into(),
        offset: signed_wide(chunk.offset),
        size: signed_wide(chunk.size),
        ..Default::default()
    }
}

/// Reads a piece of a log.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn chunk_from_wire(at: &str, chunk: &wire::ConsoleChunk) -> Result<ConsoleChunk> {
    Ok(ConsoleChunk {
        offset: unsigned_wide(&path(at, "offset"), chunk.offset)?,
        data: chunk.data.to_vec(),
        size: unsigned_wide(&path(at, "size"), chunk.size)?,
    })
}

/// Which piece of which VM's log a caller wants: the VM, the first byte, and at most how many.
///
/// # Errors
///
/// `INVALID_FIELD` with the name of the field.
pub fn log_request_from_wire(request: &compute::GetConsoleLogRequest) -> Result<(VmId, u64, u32)> {
    let max = match unsigned("max_bytes", request.max_bytes)? {
        0 => USUAL,
        max => max.min(MOST),
    };
    Ok((
        id::parse_vm_id("vm_id", &request.vm_id)?,
        unsigned_wide("offset", request.offset)?,
        max,
    ))
}

/// The answer to a caller.
pub fn log_to_wire(chunk: ConsoleChunk) -> compute::GetConsoleLogResponse {
    let end = chunk.offset.saturating_add(chunk.data.len() as u64);
    compute::GetConsoleLogResponse {
        data: chunk.data.into(),
        offset: signed_wide(chunk.offset),
        next_offset: signed_wide(end),
        size: signed_wide(chunk.size),
        ..Default::default()
    }
}
