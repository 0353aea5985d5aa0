//! libvirt's errors in the words of the contract.

use limiquantix_core::error::{Error, Reason};
use virt::error::{ErrorDomain, ErrorNumber};

/// What a closure that talks to libvirt returns.
pub(crate) type CallResult<T> = Result<T, Failure>;

/// A failure inside a call: libvirt's, to be translated, or ours, to be passed on.
#[derive(Debug)]
pub(crate) enum Failure {
    Libvirt(virt::error::Error),
    Ours(Error),
}

impl From<virt::error::Error> for Failure {
    fn from(e: virt::error::Error) -> Self {
        Self::Libvirt(e)
    }
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Self::Ours(e)
    }
}

impl Failure {
    /// The error for the caller. `what` says what was attempted, for example `cannot start VM …`; libvirt's
    /// own words follow it.
    pub(crate) fn explain(self, what: &str) -> Error {
        match self {
            Self::Ours(e) => e,
            Self::Libvirt(e) => {
                let reason = if lost(&e) {
                    Reason::HypervisorUnavailable
                } else {
                    Reason::HypervisorFailed
                };
                Error::new(reason, format!("{what}: {}", e.message())).caused_by(e)
            }
        }
    }
}

/// libvirt itself cannot be reached, whatever was asked of it.
pub(crate) fn unavailable(words: impl Into<String>) -> Error {
    Error::new(Reason::HypervisorUnavailable, words)
}

/// Whether this error says that the connection is gone, rather than that the request was refused.
pub(crate) fn lost(e: &virt::error::Error) -> bool {
    let transport = e.domain().is(ErrorDomain::Rpc) || e.domain().is(ErrorDomain::Remote);
    let broken = [
        // A socket that was closed under a waiting call.
        ErrorNumber::InternalError,
        // A daemon that is not there.
        ErrorNumber::SystemError,
        ErrorNumber::Rpc,
    ];
    transport && broken.iter().any(|n| is(e, *n))
        || is(e, ErrorNumber::InvalidConn)
        || is(e, ErrorNumber::NoConnect)
}

/// Whether libvirt refused with this code.
pub(crate) fn is(e: &virt::error::Error, number: ErrorNumber) -> bool {
    e.code().is(number)
}

/// The value, or nothing where libvirt says that it is not there.
pub(crate) fn optional<T>(
    outcome: Result<T, virt::error::Error>,
    absent: ErrorNumber,
) -> Result<Option<T>, virt::error::Error> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(e) if is(&e, absent) => Ok(None),
        Err(e) => Err(e),
    }
}
