//! Where every setting comes from: flag, then environment, then context, then default.
//!
//! ```text
//! ~/.config/limiquantix/config.toml     current = "lab"          what is worth sharing
//!                                       [contexts.lab]
//!                                       server = "http://lab:8080"
//! ~/.config/limiquantix/tokens.toml     mode 0600                what is not
//! ```
//!
//! A key that nobody knows is an error: a misspelt `sever` that is silently ignored sends commands to the
//! wrong server.

mod file;
mod resolve;
mod show;
#[cfg(test)]
mod tests;
mod token;

use std::path::PathBuf;
use std::time::Duration;

use crate::output::Format;

#[cfg(feature = "up")]
pub(crate) use resolve::DEFAULT_SERVER;
pub(crate) use resolve::{Flags, resolve};
pub(crate) use show::{Command, run};
pub(crate) use token::Token;

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    /// What counts.
    pub(crate) value: T,
    /// Who said so.
    pub(crate) origin: Origin,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A flag of this command line.
    Flag(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// A context in the configuration file.
    Context(String),
    /// The file itself.
    File,
    /// Nobody said anything.
    Default,
}

/// All settings of one run.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Name of the context in use, if there is one.
    pub(crate) context: Option<Setting<String>>,
    /// Base address of the server, `http://host:port`.
    pub(crate) server: Setting<String>,
    /// Project in which names are looked up and VMs are created. Empty: the server's default.
    pub(crate) project: Setting<String>,
    /// How data is printed.
    pub(crate) output: Setting<Format>,
    /// How long to wait for an answer or for a task. None: 30 s for an answer, for ever for a task.
    pub(crate) timeout: Setting<Option<Duration>>,
    /// The directory of the configuration.
    pub(crate) directory: Option<PathBuf>,
}
