//! What went wrong, as it is told: what, why, what to type next, and the request id.
//!
//! ```text
//! error[NO_NODE_FITS]: cannot place vm "web": none of 3 nodes can take it
//!   node-1  memory: needs 2048 MiB, 1536 MiB free
//! try: lqx explain placement vm/web     request 01J9Z…
//! ```

mod remote;
#[cfg(test)]
mod tests;

use std::fmt;

use limiquantix_core::Reason;
use limiquantix_proto::task::v1::Task;

use crate::config::Setting;
use crate::exit::Exit;

/// Why a command did not do what it was asked to. Boxed, so that results stay small.
#[derive(Debug)]
pub(crate) struct Failure(Box<Inner>);

#[derive(Debug)]
struct Inner {
    exit: Exit,
    reason: String,
    message: String,
    facts: Vec<(String, String)>,
    fix: String,
    request_id: String,
    silent: bool,
}

impl Failure {
    pub(crate) fn new(exit: Exit, reason: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            exit,
            reason: reason.into(),
            message: message.into(),
            facts: Vec::new(),
            fix: String::new(),
            request_id: String::new(),
            silent: false,
        }))
    }

    /// The command line, the configuration or a file named there is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "USAGE", message)
    }

    /// No object of this kind answers to this name.
    pub(crate) fn not_found(kind: &str, name: &str) -> Self {
        let message = format!("no {kind} is named {name:?}, and no id begins with it");
        Self::new(Exit::NotFound, Reason::NotFound.code(), message).fix(format!("lqx {kind} list"))
    }

    /// Something that cannot happen happened; worth a report.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Exit::Internal, Reason::Internal.code(), message).fix(Reason::Internal.fix())
    }

    /// The reader of standard output went away, as `head` does. No reason to say anything.
    pub(crate) fn reader_gone() -> Self {
        let mut failure = Self::new(Exit::Ok, "", "");
        failure.0.silent = true;
        failure
    }

    /// The task ended, and not well.
    pub(crate) fn task(task: &Task) -> Self {
        let error = task.error.as_option();
        let reason = error.map_or("", |error| error.reason.as_str());
        let cause = error.map_or("it says nothing about why", |error| error.message.as_str());
        let what = crate::task::describe(task);
        let cancelled = task.state == limiquantix_proto::task::v1::TaskState::Cancelled;
        let message = match cancelled {
            true => format!("{what} was cancelled: {cause}"),
            false => format!("{what} failed: {cause}"),
        };
        let reason = match (reason, cancelled) {
            ("", true) => Reason::Cancelled.code(),
            ("", false) => "TASK_FAILED",
            (reason, _) => reason,
        };
        let fix = Reason::from_code(reason).map_or("", Reason::fix);
        Self::new(Exit::TaskFailed, reason, message)
            .fix(fix)
            .fact("task", &task.id)
    }

    /// Says what to do about it, in place of what was said before. Empty: nothing is known to help.
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.0.fix = fix.into();
        self
    }

    /// Adds an indented line.
    pub(crate) fn fact(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.facts.push((name.into(), value.into()));
        self
    }

    /// Names the server where none was reached: mostly it is the address that is wrong.
    pub(crate) fn of_server(self, server: &Setting<String>) -> Self {
        if self.reason() != Reason::ServerUnavailable.code() {
            return self;
        }
        self.fact("server", format!("{} ({})", server.value, server.origin))
    }

    pub(crate) fn exit(&self) -> Exit {
        self.0.exit
    }

    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn reason(&self) -> &str {
        &self.0.reason
    }

    /// Nothing is to be printed.
    pub(crate) fn is_silent(&self) -> bool {
        self.0.silent
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner {
            reason,
            message,
            facts,
            fix,
            request_id,
            ..
        } = &*self.0;
        match (self.0.exit, reason.as_str()) {
            (Exit::Interrupted, _) => write!(f, "interrupted: {message}")?,
            (_, "") => write!(f, "error: {message}")?,
            _ => write!(f, "error[{reason}]: {message}")?,
        }
        let width = facts
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        for (name, value) in facts {
            write!(f, "\n  {name:width$}  {value}")?;
        }
        match (fix.as_str(), request_id.as_str()) {
            ("", "") => Ok(()),
            (fix, "") => write!(f, "\ntry: {fix}"),
            ("", id) => write!(f, "\nrequest {id}"),
            (fix, id) => write!(f, "\ntry: {fix}     request {id}"),
        }
    }
}

impl From<std::io::Error> for Failure {
    /// For writing to standard output, the only I/O whose errors are passed on without words of their own.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::reader_gone();
        }
        Self::new(
            Exit::Internal,
            "OUTPUT_FAILED",
            format!("cannot write the output: {error}"),
        )
    }
}
