use connectrpc::{ConnectError, ErrorCode};
use limiquantix_core::{Error, Reason};

use super::{DOMAIN, FIX, REQUEST_ID, UNKNOWN_REASON, code, context};
use crate::details::find;
use crate::google::rpc::{ErrorInfo, Help, RequestInfo};

/// The error that a call ended with, for clients.
///
/// The context holds what the server sent, and [`REQUEST_ID`]. A reason that
/// this version does not know becomes the one that its status code stands for, with the server's own under
/// [`UNKNOWN_REASON`] and its advice under [`FIX`]. An error that is not of a LimiQuantix server at all is
/// `SERVER_UNAVAILABLE` if the server was not reached or the connection broke, and otherwise what its status
/// code stands for.
pub fn from_connect(error: ConnectError) -> Error {
    let info = find::<ErrorInfo>(&error).filter(|info| info.domain == DOMAIN);
    let request_id = request_id(&error);
    let advice = find::<Help>(&error).and_then(|help| help.links.into_iter().next());
    let message = error.message.clone().unwrap_or_default();
    let mut result = match info {
        Some(info) => {
            let known = Reason::from_code(&info.reason);
            let reason = known.unwrap_or_else(|| code::reason_of(error.code));
            let mut result = context::add_metadata(Error::new(reason, message), &info.metadata);
            if known.is_none() {
                result = result.with(UNKNOWN_REASON, info.reason);
                if let Some(advice) = advice {
                    result = result.with(FIX, advice.description);
                }
            }
            result
        }
        None if unreached(&error) => Error::new(Reason::ServerUnavailable, unreached_message(&message)),
        None => Error::new(code::reason_of(error.code), message),
    };
    if let Some(id) = request_id {
        result = result.with(REQUEST_ID, id);
    }
    result.caused_by(error)
}

/// The id of the request: from the details, or from the header that every answer carries.
fn request_id(error: &ConnectError) -> Option<String> {
    let detail = find::<RequestInfo>(error).map(|info| info.request_id);
    detail.filter(|id| !id.is_empty()).or_else(|| {
        let header = error.response_headers().get("x-request-id")?;
        header.to_str().ok().map(ToOwned::to_owned)
    })
}

/// Whether no LimiQuantix server gave this answer: it was not reached, the connection broke in the middle of
/// an answer, or something else is listening there.
///
/// The framework reports the latter two as errors of other codes, told apart from errors of the server's
/// only by their text, or by an answer in a language that no server of ours speaks. Tests hold it to that.
fn unreached(error: &ConnectError) -> bool {
    const BROKEN: [&str; 7] = [
        "failed to read response body",
        "stream ended without",
        "Connect streaming response ended without",
        "gRPC response missing grpc-status",
        "HTTP error ",
        "unexpected content-type",
        "protocol error",
    ];
    let text = error.message.as_deref().unwrap_or_default();
    match error.code {
        ErrorCode::Unavailable => true,
        ErrorCode::Internal | ErrorCode::Unknown | ErrorCode::Unimplemented => {
            foreign(error) || BROKEN.iter().any(|broken| text.starts_with(broken))
        }
        // The first bytes of a web page, read as the length of a message.
        ErrorCode::ResourceExhausted => foreign(error),
        _ => false,
    }
}

/// Whether the answer is of a content type that none of the protocols has.
fn foreign(error: &ConnectError) -> bool {
    let kind = error.response_headers().get("content-type");
    kind.is_some_and(|kind| !kind.as_bytes().starts_with(b"application/"))
}

fn unreached_message(cause: &str) -> String {
    match cause {
        "" => "the control plane cannot be reached".to_owned(),
        cause => format!("the control plane cannot be reached: {cause}"),
    }
}
