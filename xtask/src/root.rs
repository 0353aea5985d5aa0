//! Being root, or becoming it through `sudo`.
//!
//! Two things need root: installing packages and making namespaces. Everything else runs as whoever called.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::sync::Once;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command;

/// The caller's effective user and group.
pub(crate) fn ids() -> Result<(u32, u32)> {
    let me = fs::metadata("/proc/self").context("cannot read /proc/self: is /proc mounted?")?;
    Ok((me.uid(), me.gid()))
}

/// True if this process is root already.
pub(crate) fn is_root() -> bool {
    ids().is_ok_and(|(uid, _)| uid == 0)
}

/// A command that runs as root. `by_hand` is what a person without `sudo` should type instead.
pub(crate) fn as_root(program: impl AsRef<OsStr>, by_hand: &str) -> Result<Command> {
    if is_root() {
        return Ok(Command::new(program));
    }
    if !command::exists("sudo") {
        bail!("this needs root and there is no sudo; as root, type:\n  {by_hand}");
    }
    let mut sudo = Command::new("sudo");
    sudo.arg("--").arg(program);
    Ok(sudo)
}

/// Asks for the password now, on the terminal, so that a later command in the background need not, and keeps the answer
/// valid for as long as this process runs.
pub(crate) fn authenticate(by_hand: &str) -> Result<()> {
    if is_root() {
        return Ok(());
    }
    if !command::exists("sudo") {
        bail!("this needs root and there is no sudo; as root, type:\n  {by_hand}");
    }
    command::run(Command::new("sudo").arg("--validate"))?;
    KEEPER.call_once(|| drop(std::thread::spawn(keep_authenticated)));
    Ok(())
}

static KEEPER: Once = Once::new();

/// sudo forgets after some minutes, and a cold build takes longer; this thread ends with the process.
fn keep_authenticated() {
    while command::succeeds(Command::new("sudo").args(["--non-interactive", "--validate"])) {
        sleep(Duration::from_secs(60));
    }
}
