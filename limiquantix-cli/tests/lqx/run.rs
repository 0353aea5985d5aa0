//! Running `lqx`.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::fake::Fake;

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Checks the exit code.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Checks that standard error holds these words.
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words), "{words:?} is not in {self:#?}");
        self
    }
}

/// A command line without anybody's configuration or environment. Words are split at spaces.
pub(crate) fn command(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lqx"));
    command.args(line.split_whitespace());
    for name in ["SERVER", "CONTEXT", "PROJECT", "OUTPUT", "TIMEOUT", "TOKEN"] {
        command.env_remove(format!("LQX_{name}"));
    }
    command
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs a command to its end, with this on standard input.
pub(crate) async fn end_of(mut command: Command, input: Option<&str>) -> Ended {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().unwrap();
    if let Some(input) = input {
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .await
            .unwrap();
    }
    ended(child).await
}

/// Waits for a child with piped output.
pub(crate) async fn ended(child: Child) -> Ended {
    let output = tokio::time::timeout(Duration::from_secs(30), child.wait_with_output());
    let output = output.await.expect("lqx does not end").unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Fake {
    /// A command line for this server.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = command(line);
        command.env("LQX_SERVER", format!("http://{}", self.address));
        command
    }

    /// Runs a command line to its end.
    pub(crate) async fn lqx(&self, line: &str) -> Ended {
        end_of(self.command(line), None).await
    }
}
