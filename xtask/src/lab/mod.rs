//! A lab node: a private libvirtd with everything a node has for itself, on the machine that runs the tests.
//!
//! ```text
//! <base>/                       the same path inside and outside
//!   run/libvirt/libvirt-sock    qemu:///system?socket=…, reachable from outside by its path
//!   etc lib log cache           the node's own /etc/libvirt, /var/lib/libvirt, /var/log/libvirt, /var/cache/libvirt
//!   pool/images                 a directory pool; what runs outside reads and writes it as it is
//!   pid                         identity of the node's first process, as seen from outside
//! ```
//!
//! The node has namespaces of its own for mounts, network, host name, IPC, processes and cgroups. Its process 1 reaps what
//! daemons leave behind, and killing it is a power cut: the kernel ends every process of the node, guests included. The
//! network namespace has nothing but loopback, so no bridge and no NAT rule of libvirt's ever appears on the machine itself.
//!
//! Deliberately absent: a cable between nodes, crash and freeze switches. They come with the tests that need them.

mod cgroup;
pub(crate) mod command;
mod config;
mod launch;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

pub(crate) use self::config::Owner;
use crate::process::Identity;

/// A unix socket's address holds 107 bytes and a final zero (unix(7)).
const SOCKET_PATH_MAX: usize = 107;

/// The longest path under a base directory that is used as a socket from outside.
const SOCKET: &str = "run/libvirt/libvirt-sock";

/// A running lab node. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Lab {
    base: PathBuf,
    init: Identity,
    /// Whether `drop` leaves the node running.
    kept: bool,
}

impl Lab {
    /// Starts a node whose state is under `base`. A node that runs there already is taken over as it is; what an earlier
    /// one left behind when it died is removed first. Needs root.
    pub(crate) fn start(base: &Path, owner: Owner) -> Result<Self> {
        check_base(base)?;
        if let Some(lab) = Self::running(base) {
            return Ok(lab);
        }
        remove_remains(base)?;
        config::write(base, owner)?;
        let init = launch::launch(base)?;
        let lab = Self {
            base: base.to_owned(),
            init,
            kept: false,
        };
        launch::wait_ready(&lab)?;
        Ok(lab)
    }

    /// The node that runs under `base`, if one does.
    pub(crate) fn running(base: &Path) -> Option<Self> {
        let init = Identity::read(&base.join("pid"))?;
        init.is_alive().then(|| Self {
            base: base.to_owned(),
            init,
            kept: false,
        })
    }

    /// Leaves the node running when this value goes.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }

    /// Cuts the node's power and removes every trace of it but its files.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.kept = true;
        self.cut_power()
    }

    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// The node's first process.
    pub(crate) fn init(&self) -> Identity {
        self.init
    }

    /// What libvirt's clients connect to.
    pub(crate) fn uri(&self) -> String {
        uri(&self.base)
    }

    /// The directory of the node's volumes and, in `images`, of its images.
    pub(crate) fn pool(&self) -> PathBuf {
        pool(&self.base)
    }

    fn cut_power(&self) -> Result<()> {
        self.init.signal("KILL")?;
        if !self.init.wait_gone(Duration::from_secs(20)) {
            bail!(
                "process {} of the lab in {} does not die",
                self.init.pid,
                self.base.display()
            );
        }
        remove_remains(&self.base)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = self.cut_power()
        {
            eprintln!(
                "warning: the lab in {} did not stop: {error:#}",
                self.base.display()
            );
        }
    }
}

/// The connection URI of the node under `base`.
pub(crate) fn uri(base: &Path) -> String {
    format!("qemu:///system?socket={}", base.join(SOCKET).display())
}

/// The pool directory of the node under `base`.
pub(crate) fn pool(base: &Path) -> PathBuf {
    base.join("pool")
}

/// Refuses bases at which a node could not work, before anything is made.
fn check_base(base: &Path) -> Result<()> {
    if !crate::root::is_root() {
        bail!("a lab node needs root for its namespaces; run this as root or through sudo");
    }
    if !base.is_absolute() {
        bail!(
            "a lab's directory must be an absolute path, not {}",
            base.display()
        );
    }
    let socket = base.join(SOCKET);
    if socket.as_os_str().len() > SOCKET_PATH_MAX {
        bail!(
            "the path {} is longer than a unix socket's address can be ({SOCKET_PATH_MAX} bytes); set LQX_XTASK_DIR to a \
             directory with a shorter path",
            socket.display()
        );
    }
    // These are covered by the node's own directories, so a base under them would have another path inside than outside.
    for covered in [
        "/run",
        "/var/run",
        "/etc/libvirt",
        "/var/lib/libvirt",
        "/var/log/libvirt",
        "/var/cache/libvirt",
        "/proc",
        "/sys",
    ] {
        if base.starts_with(covered) {
            bail!(
                "a lab cannot live under {covered}, which it replaces by its own; set LQX_XTASK_DIR to another directory"
            );
        }
    }
    // Both end up in the URI, the configuration and the domain XML of tests.
    let text = base.to_str().context("a lab's directory must be valid UTF-8")?;
    if text.contains(|c: char| c.is_whitespace() || "'\"<>&#?%\\".contains(c)) {
        bail!(
            "a lab's directory cannot hold spaces, quotes or URI characters: {text}; set LQX_XTASK_DIR to another directory"
        );
    }
    Ok(())
}

/// Removes what a node that is no longer there left outside its own namespaces.
fn remove_remains(base: &Path) -> Result<()> {
    cgroup::remove(base)?;
    for stale in ["pid", "ready", "cgroups"] {
        match fs::remove_file(base.join(stale)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {stale} in {}", base.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
