//! How a run ended, for scripts.

use std::process::ExitCode;

/// The exit codes of every command. They are API: a script may rely on each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Ok = 0,
    /// A bug, here or in the server.
    Internal = 1,
    /// The command line or the request is wrong.
    Usage = 2,
    /// The object does not exist.
    NotFound = 3,
    /// The state of things does not allow it: taken names, stale versions, wrong states.
    Conflict = 4,
    /// Not logged in, or not allowed.
    Denied = 5,
    /// The server, or something behind it, cannot be reached.
    Unavailable = 6,
    /// The task ended without success.
    TaskFailed = 7,
    /// The time given with `--timeout` is over.
    TimedOut = 8,
    /// There is not enough of something.
    NoCapacity = 9,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}
