//! Kinds of errors and status codes: one to one.

use connectrpc::ErrorCode;
use limiquantix_core::{ErrorKind, Reason};

/// The status code of a kind.
pub(super) fn of_kind(kind: ErrorKind) -> ErrorCode {
    match kind {
        ErrorKind::InvalidArgument => ErrorCode::InvalidArgument,
        ErrorKind::NotFound => ErrorCode::NotFound,
        ErrorKind::AlreadyExists => ErrorCode::AlreadyExists,
        ErrorKind::Conflict => ErrorCode::Aborted,
        ErrorKind::FailedPrecondition => ErrorCode::FailedPrecondition,
        ErrorKind::ResourceExhausted => ErrorCode::ResourceExhausted,
        ErrorKind::Unauthenticated => ErrorCode::Unauthenticated,
        ErrorKind::PermissionDenied => ErrorCode::PermissionDenied,
        ErrorKind::Unavailable => ErrorCode::Unavailable,
        ErrorKind::DeadlineExceeded => ErrorCode::DeadlineExceeded,
        ErrorKind::Cancelled => ErrorCode::Canceled,
        ErrorKind::Expired => ErrorCode::OutOfRange,
        ErrorKind::Unsupported => ErrorCode::Unimplemented,
        ErrorKind::Internal => ErrorCode::Internal,
        // A kind that is newer than this list. A test keeps the list complete.
        _ => ErrorCode::Unknown,
    }
}

/// The reason that says no more than a status code does. For errors that name none: those of the RPC
/// framework, and of whatever stands between a client and the server.
pub(super) fn reason_of(code: ErrorCode) -> Reason {
    match code {
        ErrorCode::InvalidArgument => Reason::MalformedRequest,
        ErrorCode::NotFound => Reason::NotFound,
        ErrorCode::AlreadyExists => Reason::NameTaken,
        ErrorCode::Aborted => Reason::VersionMismatch,
        ErrorCode::FailedPrecondition => Reason::WrongState,
        ErrorCode::ResourceExhausted => Reason::LimitExceeded,
        ErrorCode::Unauthenticated => Reason::Unauthenticated,
        ErrorCode::PermissionDenied => Reason::PermissionDenied,
        ErrorCode::Unavailable => Reason::ServerUnavailable,
        ErrorCode::DeadlineExceeded => Reason::Timeout,
        ErrorCode::Canceled => Reason::Cancelled,
        ErrorCode::OutOfRange => Reason::RevisionExpired,
        ErrorCode::Unimplemented => Reason::Unsupported,
        ErrorCode::DataLoss => Reason::Corrupt,
        _ => Reason::Internal,
    }
}
