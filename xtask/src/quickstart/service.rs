//! A server or an agent that the quickstart started, in the care of the warden.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::command::tail;
use crate::process::Identity;
use crate::warden::{RunAs, Warden};

/// A running program of the product.
pub(super) struct Service {
    name: &'static str,
    leader: Identity,
    log: PathBuf,
}

impl Service {
    /// Starts it through the warden.
    pub(super) fn start(
        name: &'static str,
        command: &Command,
        run_as: RunAs,
        log: &Path,
        warden: &mut Warden,
    ) -> Result<Self> {
        let leader = warden.start_program(command, log, run_as)?;
        Ok(Self {
            name,
            leader,
            log: log.to_owned(),
        })
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
            let log = self.log.display();
            if !self.is_alive() {
                bail!(
                    "the {} ended before {what}; its log {log} ends:\n{}",
                    self.name,
                    self.said()
                );
            }
            if Instant::now() > deadline {
                bail!(
                    "waited {} s until {what}; the log {log} ends:\n{}",
                    limit.as_secs(),
                    self.said()
                );
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Ends it in order.
    pub(super) fn stop(&self, warden: &mut Warden) -> Result<()> {
        println!("  {} ended with {}", self.name, warden.end(self.leader)?);
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
