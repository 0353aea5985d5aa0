//! `tokens.toml`: what proves who is calling. One token per server, so that no server is ever shown
//! another one's.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Settings;
use crate::failure::Failure;

const NAME: &str = "tokens.toml";
const VARIABLE: &str = "LQX_TOKEN";

/// What a login brought. No `Debug`: it would end up in a log.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    /// Who logged in.
    pub(crate) username: String,
    /// Sent with every request.
    pub(crate) access_token: String,
    /// Good for a new access token, once.
    pub(crate) refresh_token: String,
    /// When the access token expires, RFC 3339.
    pub(crate) expires_at: String,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    #[serde(default)]
    servers: BTreeMap<String, Token>,
}

impl Settings {
    /// The access token to send, if there is one. `LQX_TOKEN` wins over the file.
    pub(crate) fn access_token(&self) -> Result<Option<String>, Failure> {
        if let Some(token) = std::env::var(VARIABLE).ok().filter(|token| !token.is_empty()) {
            return Ok(Some(token));
        }
        let Some(path) = self.token_path() else {
            return Ok(None);
        };
        let mut tokens = load(&path)?;
        Ok(tokens
            .servers
            .remove(&self.server.value)
            .map(|token| token.access_token))
    }

    /// Keeps a token for the present server. Answers with the file it is in.
    pub(crate) fn keep_token(&self, token: Token) -> Result<PathBuf, Failure> {
        let path = self.token_path().ok_or_else(|| {
            Failure::usage("there is no directory for the token").fix("set HOME or XDG_CONFIG_HOME")
        })?;
        let mut tokens = load(&path)?;
        tokens.servers.insert(self.server.value.clone(), token);
        let text = toml::to_string(&tokens).map_err(|error| Failure::internal(error.to_string()))?;
        write_private(&path, &text).map_err(|error| unusable(&path, "write", &error))?;
        Ok(path)
    }

    fn token_path(&self) -> Option<PathBuf> {
        self.directory.as_ref().map(|directory| directory.join(NAME))
    }
}

fn load(path: &Path) -> Result<Tokens, Failure> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Tokens::default()),
        Err(error) => return Err(unusable(path, "read", &error)),
    };
    let mode = std::fs::metadata(path)
        .map_err(|error| unusable(path, "read", &error))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        let message = format!(
            "{} holds tokens, and others may read it (mode {:o})",
            path.display(),
            mode & 0o777
        );
        return Err(Failure::usage(message).fix(format!("chmod 600 {}", path.display())));
    }
    // The parser's own message quotes the line, and with it the token.
    toml::from_str(&text).map_err(|_| {
        Failure::usage(format!("{} is not valid", path.display()))
            .fix("delete the file and log in again: lqx login")
    })
}

/// Replaces the file as a whole: a crash leaves the old one or the new one, and nobody ever sees it with
/// other permissions.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let draft = directory.join(format!(".{NAME}.{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| std::fs::rename(&draft, path));
    if renamed.is_err() {
        // The first error is the one worth telling.
        let _ = std::fs::remove_file(&draft);
    }
    renamed
}

fn unusable(path: &Path, verb: &str, error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot {verb} {}: {error}", path.display()))
}
