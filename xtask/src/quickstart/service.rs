//! A server or an agent that the quickstart started.

use std::cell::RefCell;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command::{line, tail};
use crate::process::Identity;
use crate::warden::Warden;

/// How long a service may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// A process in a group of its own, so that a Ctrl-C on the terminal reaches it through the warden and not by itself, in
/// whatever order.
pub(super) struct Service {
    name: &'static str,
    leader: Identity,
    /// Waited for to learn how it ended; a shared reference must do, because everybody may ask.
    child: RefCell<Child>,
    log: PathBuf,
}

impl Service {
    /// Starts it and hands it to the warden.
    pub(super) fn start(
        name: &'static str,
        mut command: Command,
        log: &Path,
        warden: &mut Warden,
    ) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let both = file.try_clone().context("cannot duplicate a file handle")?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(both)
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start `{}`", line(&command)))?;
        let leader = Identity::of(child.id())?;
        let service = Self {
            name,
            leader,
            child: RefCell::new(child),
            log: log.to_owned(),
        };
        warden.guard(leader)?;
        Ok(service)
    }

    pub(super) fn leader(&self) -> Identity {
        self.leader
    }

    pub(super) fn is_alive(&self) -> bool {
        self.leader.is_alive()
    }

    /// Waits for `what`; fails as soon as the service ends.
    pub(super) fn wait_until(&self, what: &str, limit: Duration, happened: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !happened() {
            if !self.is_alive() {
                let ended = self.child.borrow_mut().try_wait().ok().flatten();
                let ended = ended.map_or_else(|| "an unknown status".to_owned(), |status| status.to_string());
                bail!(
                    "the {} ended with {ended} before {what}; its log {} ends:\n{}",
                    self.name,
                    self.log.display(),
                    self.said()
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "waited {} s until {what}; the log {} ends:\n{}",
                    limit.as_secs(),
                    self.log.display(),
                    self.said()
                );
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Ends it in order.
    pub(super) fn stop(&self) -> Result<()> {
        self.leader.end_group(PATIENCE)?;
        let status = self
            .child
            .borrow_mut()
            .wait()
            .with_context(|| format!("cannot wait for the {}", self.name))?;
        println!("  {} ended with {status}", self.name);
        Ok(())
    }

    /// Shows the end of its log, for a failure whose cause may be there.
    pub(super) fn report(&self) {
        eprintln!(
            "--- the {}'s log, {}, ends:\n{}",
            self.name,
            self.log.display(),
            self.said()
        );
    }

    fn said(&self) -> String {
        tail(&String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()))
    }
}
