//! `config.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::failure::Failure;

pub(super) const NAME: &str = "config.toml";

/// What is in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// Name of the context to use where none is named.
    #[serde(default)]
    pub(super) current: Option<String>,
    /// The contexts, by name.
    #[serde(default)]
    pub(super) contexts: BTreeMap<String, Context>,
}

/// One context: a server, and what to assume there.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Context {
    pub(super) server: Option<String>,
    pub(super) project: Option<String>,
    pub(super) output: Option<String>,
    pub(super) timeout: Option<String>,
}

impl File {
    /// Reads the file in `directory`. One that is not there says nothing.
    pub(super) fn load(directory: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = directory.map(|directory| directory.join(NAME)) else {
            return Ok(Self::default());
        };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::usage(format!("cannot read {}: {error}", path.display()))),
        };
        toml::from_str(&text).map_err(|error| {
            let message = format!(
                "{} is not valid:\n{}",
                path.display(),
                error.to_string().trim_end()
            );
            Failure::usage(message)
                .fix("correct the file; known keys of a context are server, project, output, timeout")
        })
    }
}
