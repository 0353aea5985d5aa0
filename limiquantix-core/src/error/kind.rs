/// What the caller should do about an error. Maps one to one to gRPC status codes and, in Python, to one
/// exception class each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Correct the request; sending it again unchanged cannot succeed.
    InvalidArgument,
    /// The object does not exist (or the caller may not know that it does).
    NotFound,
    /// Choose another name or id.
    AlreadyExists,
    /// Somebody else changed the object first: read it again and decide anew.
    Conflict,
    /// The system is not in a state that allows this; change the state first.
    FailedPrecondition,
    /// There is not enough of something (capacity, quota, rate).
    ResourceExhausted,
    /// Log in first.
    Unauthenticated,
    /// Logged in, but not allowed.
    PermissionDenied,
    /// A dependency is away for now: the same call may succeed later.
    Unavailable,
    /// It took longer than the caller allowed; it may still have happened.
    DeadlineExceeded,
    /// The caller or an operator stopped it.
    Cancelled,
    /// The position asked for is no longer kept (a compacted revision): list again.
    Expired,
    /// This backend or build cannot do that at all.
    Unsupported,
    /// A bug of ours, or corrupted state. Report it with the request id.
    Internal,
}
