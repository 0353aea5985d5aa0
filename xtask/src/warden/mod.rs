//! The warden: a second process that ends whatever a command started, however that command itself ends.
//!
//! ```text
//! xtask quickstart ── pipe ──▶ xtask warden        (as root: it also starts and stops lab nodes)
//!      │                          │ knows: labs, process groups
//!      ✘ done, failed, Ctrl-C,    └─ end of the pipe ──▶ ends the groups, cuts the labs' power
//!        killed, terminal closed
//! ```
//!
//! A signal handler would cover some of these ways to end, a `Drop` fewer; the kernel closes the pipe in all of them.
//! The warden is in a session of its own, so a Ctrl-C on the terminal does not reach it.

pub(crate) mod serve;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};

use crate::process::{Identity, own_program};
use crate::root;

/// The connection to a running warden. Dropping it ends everything in its care.
pub(crate) struct Warden {
    process: Child,
    /// `None` only while dropping: closing it is what ends the warden.
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// A lab node that a warden looks after.
#[derive(Clone, Debug)]
pub(crate) struct LabNode {
    pub(crate) base: PathBuf,
    pub(crate) uri: String,
    pub(crate) pool: PathBuf,
}

/// Whose rights a program gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunAs {
    Root,
    /// Whoever called xtask.
    Caller,
}

impl Warden {
    /// Starts a warden, through `sudo` if need be.
    pub(crate) fn start() -> Result<Self> {
        let me = own_program();
        let by_hand = "cargo xtask …  (as root)";
        root::authenticate(by_hand)?;
        let mut warden = if root::is_root() {
            let mut warden = Command::new("setsid");
            warden.arg(&me);
            warden
        } else {
            // -n: authenticated above; a question from a background session could not be answered.
            let mut warden = Command::new("setsid");
            warden.args(["sudo", "-n", "--"]).arg(&me);
            warden
        };
        let mut process = warden
            .arg("warden")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the warden")?;
        let orders = process.stdin.take();
        let answers = process.stdout.take().context("the warden has no output")?;
        Ok(Self {
            process,
            orders,
            answers: BufReader::new(answers),
        })
    }

    /// Starts a lab node and looks after it.
    pub(crate) fn start_lab(&mut self, base: &Path) -> Result<LabNode> {
        let (uid, gid) = root::ids()?;
        let answer = self.ask(&json!({ "do": "lab", "base": base, "uid": uid, "gid": gid }))?;
        let text = |key: &str| {
            answer[key]
                .as_str()
                .map(str::to_owned)
                .context("the warden's answer is incomplete")
        };
        Ok(LabNode {
            base: base.to_owned(),
            uri: text("uri")?,
            pool: text("pool")?.into(),
        })
    }

    /// Stops a lab node, if one runs there, and deletes its directory.
    pub(crate) fn remove_lab(&mut self, base: &Path) -> Result<()> {
        self.ask(&json!({ "do": "remove-lab", "base": base })).map(drop)
    }

    /// Deletes a directory, files of root's included; one that is not there is no error.
    pub(crate) fn delete(&mut self, directory: &Path) -> Result<()> {
        self.ask(&json!({ "do": "delete", "directory": directory }))
            .map(drop)
    }

    /// Starts a program with everything it says in `log`, and looks after it. Returns its identity, which is also that of
    /// the process group it leads. Its environment is the warden's: what matters goes into its arguments.
    pub(crate) fn start_program(&mut self, command: &Command, log: &Path, run_as: RunAs) -> Result<Identity> {
        let (uid, gid) = root::ids()?;
        let words = std::iter::once(command.get_program()).chain(command.get_args());
        let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
        let answer = self.ask(&json!({
            "do": "start", "command": words, "log": log, "as_caller": run_as == RunAs::Caller, "uid": uid, "gid": gid
        }))?;
        answer["leader"]
            .as_str()
            .and_then(Identity::parse)
            .context("the warden's answer is incomplete")
    }

    /// Ends a process group, also one that an earlier command left running, and says how it ended.
    pub(crate) fn end(&mut self, leader: Identity) -> Result<String> {
        let answer = self.ask(&json!({ "do": "end", "leader": leader.line() }))?;
        Ok(answer["status"].as_str().unwrap_or("unknown").to_owned())
    }

    /// Forgets everything: it outlives this command.
    pub(crate) fn keep_all(mut self) -> Result<()> {
        self.ask(&json!({ "do": "keep" })).map(drop)
    }

    fn ask(&mut self, order: &Value) -> Result<Value> {
        let orders = self.orders.as_mut().context("the warden is gone")?;
        writeln!(orders, "{order}")
            .and_then(|()| orders.flush())
            .context("the warden does not listen any more")?;
        let mut line = String::new();
        self.answers
            .read_line(&mut line)
            .context("the warden does not answer")?;
        if line.is_empty() {
            bail!("the warden ended without an answer");
        }
        let answer: Value =
            serde_json::from_str(&line).with_context(|| format!("the warden said: {line}"))?;
        match answer["error"].as_str() {
            Some(error) => Err(anyhow!("{error}")),
            None => Ok(answer),
        }
    }
}

impl Drop for Warden {
    fn drop(&mut self) {
        self.orders = None;
        if let Err(error) = self.process.wait() {
            eprintln!("warning: cannot wait for the warden: {error}");
        }
    }
}
