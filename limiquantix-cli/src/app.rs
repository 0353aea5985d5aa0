//! What every command gets.

use std::io::{BufRead, IsTerminal};
use std::time::Instant;

use crate::client::Client;
use crate::config::Settings;
use crate::failure::Failure;
use crate::output::Output;

/// One run of the program.
pub(crate) struct App {
    /// What was asked for, and where.
    pub(crate) settings: Settings,
    /// The way to whoever asked.
    pub(crate) out: Output,
    started: Instant,
}

impl App {
    pub(crate) fn new(settings: Settings, out: Output) -> Self {
        Self {
            settings,
            out,
            started: Instant::now(),
        }
    }

    /// The way to the server.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Client::new(&self.settings)
    }

    /// The project to work in; empty means the server's default.
    pub(crate) fn project(&self) -> String {
        self.settings.project.value.clone()
    }

    /// When waiting ends; none: never.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        // Too far away to be expressed is never, too.
        self.settings
            .timeout
            .value
            .and_then(|timeout| self.started.checked_add(timeout))
    }

    /// Asks for the name of what is about to be lost. Without a terminal to ask on, `--yes` is required.
    pub(crate) fn confirm(&self, yes: bool, verb: &str, names: &[&str]) -> Result<(), Failure> {
        if yes {
            return Ok(());
        }
        if !self.out.is_interactive() || !std::io::stdin().is_terminal() {
            let message = format!(
                "{verb} {} needs a confirmation, and nobody is there to give it",
                names.join(", ")
            );
            return Err(Failure::usage(message).fix("the same command with --yes"));
        }
        for name in names {
            self.out
                .ask(&format!("{verb} {name}: type its name to confirm: "));
            let mut answer = String::new();
            let read = std::io::stdin().lock().read_line(&mut answer);
            if read.is_err() || answer.trim() != *name {
                return Err(Failure::usage(format!("not confirmed; {verb} was not done")));
            }
        }
        Ok(())
    }
}
