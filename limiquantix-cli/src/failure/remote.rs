//! Errors that the server sent, or that calling it made.

use std::error::Error as _;

use connectrpc::ConnectError;
use limiquantix_core::{Error, ErrorKind, Reason};
use limiquantix_proto::error::{FIX, REQUEST_ID, UNKNOWN_REASON, from_connect};

use super::Failure;
use crate::exit::Exit;

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let error = from_connect(error);
        let cause = deepest_cause(&error);
        let unreachable = error.reason() == Reason::ServerUnavailable;
        let mut failure = Self::from(error);
        if let Some(cause) = cause.filter(|_| unreachable) {
            failure.0.message = format!("the control plane cannot be reached: {cause}");
        }
        failure
    }
}

/// The end of the chain of causes, where the words are that say something: `Connection refused`.
fn deepest_cause(error: &Error) -> Option<String> {
    let sent = error.source()?;
    let mut cause = sent.source()?;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Some(cause.to_string())
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let reason = error.get(UNKNOWN_REASON).unwrap_or(error.reason().code());
        let message = match error.message() {
            "" => format!("the server said {reason} and no word more"),
            message => message.to_owned(),
        };
        let mut failure = Self::new(exit_of(&error), reason, message);
        failure.0.fix = match error.get(UNKNOWN_REASON) {
            Some(_) => error.get(FIX).unwrap_or_default().to_owned(),
            None => error.reason().fix().to_owned(),
        };
        failure.0.request_id = error.get(REQUEST_ID).unwrap_or_default().to_owned();
        failure.0.facts = facts(&error);
        failure
    }
}

/// Which exit code an error becomes. It follows the kind, which says what the caller should do; with the
/// one exception that a call which was too large is not a lack of capacity.
pub(super) fn exit_of(error: &Error) -> Exit {
    match error.kind() {
        ErrorKind::InvalidArgument => Exit::Usage,
        ErrorKind::NotFound => Exit::NotFound,
        ErrorKind::AlreadyExists
        | ErrorKind::Conflict
        | ErrorKind::FailedPrecondition
        | ErrorKind::Expired => Exit::Conflict,
        ErrorKind::Unauthenticated | ErrorKind::PermissionDenied => Exit::Denied,
        ErrorKind::Unavailable => Exit::Unavailable,
        ErrorKind::ResourceExhausted if error.reason() == Reason::LimitExceeded => Exit::Unavailable,
        ErrorKind::ResourceExhausted => Exit::NoCapacity,
        ErrorKind::DeadlineExceeded => Exit::TimedOut,
        _ => Exit::Internal,
    }
}

/// The lines below the message: every named value that the message does not already hold. A refused
/// placement names each node with its reason, as `node-1: memory: …`.
fn facts(error: &Error) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    for (key, value) in error.context() {
        let fact = match (key, value.split_once(": ")) {
            (UNKNOWN_REASON | FIX | REQUEST_ID, _) => continue,
            ("node", Some((node, why))) => (node.to_owned(), why.to_owned()),
            ("nodes", _) => ("…".to_owned(), value.to_owned()),
            // The field is worth its line even where the message spells it.
            ("field", _) => ("field".to_owned(), value.to_owned()),
            _ if error.message().contains(value) => continue,
            _ => (key.to_owned(), value.to_owned()),
        };
        if !fact.1.is_empty() && !facts.contains(&fact) {
            facts.push(fact);
        }
    }
    facts
}
