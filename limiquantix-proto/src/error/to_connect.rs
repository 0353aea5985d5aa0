use std::collections::BTreeMap;
use std::time::Duration;

use buffa::{Message, MessageName};
use connectrpc::ConnectError;
use limiquantix_core::{Error, ErrorKind, Reason};

use super::{DOMAIN, code, context};
use crate::details::{find, pack};
use crate::google::rpc::{
    BadRequest, ErrorInfo, Help, PreconditionFailure, QuotaFailure, RequestInfo, ResourceInfo, RetryInfo,
    bad_request, help, precondition_failure, quota_failure,
};

/// The longest message sent, in characters. Under gRPC a message travels in a header.
const LONGEST: usize = 1024;

/// The error as callers get it. `request_id` is what they are to quote when they ask about it.
///
/// Bugs and damaged data ([`Reason::Internal`], [`Reason::Corrupt`]) lose message and context: log the error
/// itself before. A cause is never sent.
pub fn to_connect(error: &Error, request_id: Option<&str>) -> ConnectError {
    let reason = error.reason();
    let code = code::of_kind(error.kind());
    let (message, metadata) = if masked(reason) {
        (masked_message(request_id), BTreeMap::new())
    } else {
        (clip(error.message(), LONGEST), context::to_metadata(error))
    };
    let answer = ConnectError::new(code, message).with_detail(info(reason, metadata));
    let answer = if masked(reason) {
        answer
    } else {
        with_facts(answer, error)
    };
    with_request(answer.with_detail(advice(reason)), request_id)
}

/// Gives an error that the RPC framework made (malformed JSON, a body that is too large, an unknown method)
/// the details that ours have: its reason, and the request id. One that has a reason keeps it, so that this
/// may be applied to every error that leaves the server.
pub fn decode_error_details(mut error: ConnectError, request_id: Option<&str>) -> ConnectError {
    let known = find::<ErrorInfo>(&error).map(|info| Reason::from_code(&info.reason));
    let reason = known.unwrap_or_else(|| Some(made_by_framework(&error)));
    let stamped = find::<RequestInfo>(&error).is_some();
    if let Some(reason) = reason.filter(|reason| masked(*reason) && !stamped) {
        // What the framework failed on is ours and not the caller's; what we failed on was masked before, and
        // is to name the request now that it is known.
        error.message = Some(masked_message(request_id));
        error.code = code::of_kind(reason.kind());
    }
    if let (None, Some(reason)) = (known, reason) {
        error.details.push(info(reason, BTreeMap::new()));
        error.details.push(advice(reason));
    }
    if stamped {
        return error;
    }
    with_request(error, request_id)
}

/// The reason of an error that has none. What the framework answers with a 4xx is the caller's to correct,
/// whatever its code: a wrong content type or HTTP method is `unknown` under Connect.
fn made_by_framework(error: &ConnectError) -> Reason {
    match code::reason_of(error.code) {
        reason if masked(reason) && error.http_status().is_client_error() => Reason::MalformedRequest,
        reason => reason,
    }
}

/// Whether what is said about it is for the log only.
fn masked(reason: Reason) -> bool {
    matches!(reason, Reason::Internal | Reason::Corrupt)
}

fn masked_message(request_id: Option<&str>) -> String {
    match request_id {
        Some(id) => format!("an internal error; the server's log has the details under request {id}"),
        None => "an internal error; the server's log has the details".to_owned(),
    }
}

/// Adds the details that depend on what went wrong.
fn with_facts(answer: ConnectError, error: &Error) -> ConnectError {
    let answer = match error.kind() {
        ErrorKind::InvalidArgument => add(answer, bad_request(error)),
        ErrorKind::FailedPrecondition => add(answer, Some(precondition(error))),
        ErrorKind::NotFound | ErrorKind::AlreadyExists => add(answer, resource(error)),
        ErrorKind::ResourceExhausted => add(answer, quota(error)),
        _ => answer,
    };
    add(answer, retry(error))
}

fn add<M: Message + MessageName + serde::Serialize>(answer: ConnectError, detail: Option<M>) -> ConnectError {
    match detail {
        Some(detail) => answer.with_detail(pack(&detail)),
        None => answer,
    }
}

fn with_request(answer: ConnectError, request_id: Option<&str>) -> ConnectError {
    let detail = request_id.map(|id| RequestInfo {
        request_id: id.to_owned(),
        ..Default::default()
    });
    add(answer, detail)
}

fn info(reason: Reason, metadata: BTreeMap<String, String>) -> connectrpc::ErrorDetail {
    pack(&ErrorInfo {
        reason: reason.code().to_owned(),
        domain: DOMAIN.to_owned(),
        metadata,
        ..Default::default()
    })
}

fn advice(reason: Reason) -> connectrpc::ErrorDetail {
    pack(&Help {
        links: vec![help::Link {
            description: reason.fix().to_owned(),
            ..Default::default()
        }],
        ..Default::default()
    })
}

fn bad_request(error: &Error) -> Option<BadRequest> {
    let field = error.get("field")?;
    Some(BadRequest {
        field_violations: vec![bad_request::FieldViolation {
            field: field.to_owned(),
            description: clip(error.message(), LONGEST),
            reason: error.reason().code().to_owned(),
            ..Default::default()
        }],
        ..Default::default()
    })
}

fn precondition(error: &Error) -> PreconditionFailure {
    let subject = ["vm", "node", "task", "pool"]
        .into_iter()
        .find_map(|key| error.get(key).map(|value| format!("{key}/{value}")));
    PreconditionFailure {
        violations: vec![precondition_failure::Violation {
            r#type: error.reason().code().to_owned(),
            subject: subject
                .or_else(|| error.get("key").map(ToOwned::to_owned))
                .unwrap_or_default(),
            description: clip(error.message(), LONGEST),
            ..Default::default()
        }],
        ..Default::default()
    }
}

/// Which limits of a project are in the way, where that is what is wrong.
fn quota(error: &Error) -> Option<QuotaFailure> {
    let project = error
        .get("project")
        .filter(|_| error.reason() == Reason::QuotaExceeded)?;
    let every = |wanted: &'static str| {
        error
            .context()
            .filter_map(move |(key, value)| (key == wanted).then_some(value))
    };
    let limits = every("resource").zip(every("limit"));
    let amounts = every("used").zip(every("requested"));
    let violations =
        limits.zip(amounts).map(
            |((resource, limit), (used, requested))| quota_failure::Violation {
                subject: format!("project/{project}"),
                description: format!("{resource}: {used} of {limit} used, {requested} more requested"),
                ..Default::default()
            },
        );
    Some(QuotaFailure {
        violations: violations.collect(),
        ..Default::default()
    })
}

/// What is missing or taken, where the error says so: by kind and id or name, or as `kind/id`.
fn resource(error: &Error) -> Option<ResourceInfo> {
    let (kind, name) = match (error.get("kind"), error.get("key")) {
        (Some(kind), _) => (kind, error.get("id").or_else(|| error.get("name"))?),
        (None, Some(key)) => key.split_once('/')?,
        (None, None) => ("", error.get("name")?),
    };
    Some(ResourceInfo {
        resource_type: kind.to_owned(),
        resource_name: name.to_owned(),
        ..Default::default()
    })
}

/// When the call may succeed, where time alone can bring that about or the caller has only to look again.
fn retry(error: &Error) -> Option<RetryInfo> {
    let delay = match (error.kind(), error.reason()) {
        // A lost race: whoever won is done, so that reading again and retrying need not wait long.
        (_, Reason::VersionMismatch) => Duration::from_millis(100),
        // The VM is another's now. No time brings it back.
        (_, Reason::StaleEpoch) => return None,
        // Operations and restarts take seconds.
        (ErrorKind::Conflict | ErrorKind::Unavailable, _) => Duration::from_secs(1),
        _ => return None,
    };
    Some(RetryInfo {
        retry_delay: buffa_types::google::protobuf::Duration::from(delay).into(),
        ..Default::default()
    })
}

/// The text, or as much of its beginning as may be sent.
pub(super) fn clip(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
