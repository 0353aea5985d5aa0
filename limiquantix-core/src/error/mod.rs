//! One error type for everything public.
//!
//! An [`Error`] is built from a [`Reason`]; the reason fixes the coarse [`ErrorKind`] (what should the
//! caller do?), a stable code for machines, and a line of advice for people. The message says what was
//! wrong in this case, the context names the field or object. `Display` prints the message only and never
//! repeats the source; secrets must never enter message or context.

mod kind;
mod reason;
#[cfg(test)]
mod tests;

use std::fmt;

pub use kind::ErrorKind;
pub use reason::Reason;

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, for people and for programs. One pointer wide, so that results stay small.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    reason: Reason,
    message: String,
    context: Vec<(&'static str, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error for `reason`, with a message that says what was wrong in this case.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            reason,
            message: message.into(),
            context: Vec::new(),
            source: None,
        }))
    }

    /// A request field has a value that is not allowed. `field` is the path as the API spells it, for
    /// example `spec.memory.size_mib`.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Reason::InvalidField, message).with("field", field)
    }

    /// No object of this kind has this id.
    pub fn not_found(kind: &str, id: impl fmt::Display) -> Self {
        Self::new(Reason::NotFound, format!("no {kind} {id}"))
            .with("kind", kind)
            .with("id", id.to_string())
    }

    /// A broken assumption of our own code. The message is for the log, not for callers.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Reason::Internal, message)
    }

    /// Adds a named value: `field`, `vm`, `node`, `task`, `expected`, `actual` …
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl Into<String>) -> Self {
        self.0.context.push((key, value.into()));
        self
    }

    /// Records what caused this error. The cause is not repeated by `Display`.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What should the caller do?
    pub fn kind(&self) -> ErrorKind {
        self.0.reason.kind()
    }

    /// Which of the known things went wrong.
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// What was wrong in this case.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The named values, in the order they were added.
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.context.iter().map(|(k, v)| (*k, v.as_str()))
    }

    /// The first value recorded under `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.context().find(|(k, _)| *k == key).map(|(_, v)| v)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|s| s as &(dyn std::error::Error + 'static))
    }
}
