//! Processes by identity, so that a recycled process id is never mistaken for the one that was started.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A process: its id and the moment it started, in clock ticks since boot (proc(5), `/proc/PID/stat` field 22).
///
/// The two together name one process until the machine reboots; after a reboot start times begin again, so files that
/// keep an `Identity` also live in a directory whose labs and servers are gone by then, and a coincidence of both numbers
/// is the only thing left to bad luck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) pid: u32,
    pub(crate) start: u64,
}

impl Identity {
    /// The process that has this id now.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        match status(pid) {
            Some((start, _)) => Ok(Self { pid, start }),
            None => bail!("process {pid} is gone"),
        }
    }

    /// Reads what [`Identity::line`] wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (pid, start) = text.trim().split_once(' ')?;
        Some(Self {
            pid: pid.parse().ok()?,
            start: start.parse().ok()?,
        })
    }

    /// Reads a file that holds one identity; none if it is missing or damaged.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(path).ok()?)
    }

    /// `PID START`.
    pub(crate) fn line(self) -> String {
        format!("{} {}", self.pid, self.start)
    }

    /// True while exactly this process runs; a zombie does not run.
    pub(crate) fn is_alive(self) -> bool {
        status(self.pid).is_some_and(|(start, state)| start == self.start && state != 'Z' && state != 'X')
    }

    /// Sends a signal to this process alone.
    pub(crate) fn signal(self, signal: &str) -> Result<()> {
        if self.is_alive() {
            kill(signal, &self.pid.to_string())
        } else {
            Ok(())
        }
    }

    /// Sends a signal to the group this process leads.
    pub(crate) fn signal_group(self, signal: &str) -> Result<()> {
        if self.is_alive() {
            kill(signal, &format!("-{}", self.pid))
        } else {
            Ok(())
        }
    }

    /// Waits until the process is gone; false if it is still there at the end.
    pub(crate) fn wait_gone(self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.is_alive() {
            if Instant::now() > deadline {
                return false;
            }
            sleep(Duration::from_millis(10));
        }
        true
    }

    /// Asks the group to end, and after `patience` makes it.
    pub(crate) fn end_group(self, patience: Duration) -> Result<()> {
        self.signal_group("TERM")?;
        if !self.wait_gone(patience) {
            self.signal_group("KILL")?;
            self.wait_gone(Duration::from_secs(5));
        }
        Ok(())
    }
}

/// This program's own file, to start it again. Not by its path: `cargo build` may have replaced the file since.
pub(crate) fn own_program() -> String {
    format!("/proc/{}/exe", std::process::id())
}

/// Start time and state letter of a process.
fn status(pid: u32) -> Option<(u64, char)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    parse_stat(&stat)
}

/// Takes field 22 and field 3 out of a line whose second field is a program name in brackets, which may hold anything.
fn parse_stat(stat: &str) -> Option<(u64, char)> {
    let after_name = &stat[stat.rfind(')')? + 1..];
    let mut fields = after_name.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let start = fields.nth(18)?.parse().ok()?;
    Some((start, state))
}

/// `kill`, from the shell: the program of that name is not on every machine, and a library call would need `unsafe`.
fn kill(signal: &str, target: &str) -> Result<()> {
    let output = Command::new("sh")
        .args(["-c", "kill -s \"$1\" -- \"$2\"", "kill", signal, target])
        .stdin(Stdio::null())
        .output()
        .context("cannot start a shell")?;
    // A process that ended between the look and the signal is what was wanted.
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() || said.contains("No such process") {
        Ok(())
    } else {
        bail!("cannot send SIG{signal} to {target}: {}", said.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, parse_stat};

    #[test]
    fn a_program_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let mut fields = vec!["S".to_owned()];
        fields.extend((4..=21).map(|n| n.to_string()));
        fields.push("424242".to_owned());
        fields.push("23".to_owned());
        let stat = format!("17 (a) b (c)) {}", fields.join(" "));
        assert_eq!(parse_stat(&stat), Some((424_242, 'S')));
    }

    #[test]
    fn this_process_is_alive_and_one_with_another_start_time_is_not() {
        let me = Identity::of(std::process::id()).unwrap();
        assert!(me.is_alive());
        assert_eq!(Identity::parse(&me.line()), Some(me));
        assert!(
            !Identity {
                start: me.start + 1,
                ..me
            }
            .is_alive()
        );
    }
}
