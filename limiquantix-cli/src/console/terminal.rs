//! The terminal's mode, changed for a while and always put back: on return, on error, on a panic, and on
//! the signals that would otherwise end the process at once.

use std::io::IsTerminal;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Every key goes to the guest, Ctrl-C included.
pub(crate) struct Raw(Saved);

/// What is typed is not shown.
pub(crate) struct Hidden(#[expect(dead_code, reason = "its drop puts the mode back")] Saved);

struct Saved(Option<Termios>);

impl Raw {
    /// Does nothing where standard input is no terminal.
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self(Saved::change(Termios::make_raw)?))
    }

    /// There was a terminal to change.
    pub(crate) fn is_on(&self) -> bool {
        self.0.0.is_some()
    }
}

impl Hidden {
    /// Does nothing where standard input is no terminal.
    pub(crate) fn new() -> std::io::Result<Self> {
        Ok(Self(Saved::change(|mode| {
            mode.local_modes.remove(LocalModes::ECHO);
        })?))
    }
}

impl Saved {
    fn change(change: impl FnOnce(&mut Termios)) -> std::io::Result<Self> {
        let input = std::io::stdin();
        if !input.is_terminal() {
            return Ok(Self(None));
        }
        let before = tcgetattr(&input)?;
        let mut mode = before.clone();
        change(&mut mode);
        tcsetattr(&input, OptionalActions::Flush, &mode)?;
        Ok(Self(Some(before)))
    }
}

impl Drop for Saved {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // Nothing can be done about a terminal that is gone.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
    }
}
