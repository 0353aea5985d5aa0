//! Starting a node's first process and waiting until its libvirt answers.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::{Lab, config};
use crate::command::{succeeds, tail};
use crate::process::Identity;

/// Two shared cores under load need a few seconds; what takes longer than this never comes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Unshares everything but the cgroup namespace, which `init.sh` enters once it is in a cgroup of the node's own.
const UNSHARE: &[&str] = &[
    "unshare",
    "--mount",
    "--net",
    "--uts",
    "--ipc",
    "--pid",
    "--fork",
    "--kill-child",
    "--propagation",
    "private",
];

/// Starts `init.sh` as process 1 of new namespaces; returns its identity out here.
pub(super) fn launch(base: &Path) -> Result<Identity> {
    let log = base.join("init.log");
    let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    // A session of its own: a Ctrl-C on the terminal is for whoever called, who then decides about the node.
    let mut setsid = Command::new("setsid");
    setsid
        .args(UNSHARE)
        .arg("bash")
        .arg(base.join("init.sh"))
        .arg(base)
        .arg(config::short_name(base))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(file.try_clone().context("cannot duplicate a file handle")?)
        .stderr(file);
    let mut unshare = setsid
        .spawn()
        .context("cannot start setsid: is util-linux installed?")?;

    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(init) = Identity::read(&base.join("pid")) {
            reap(unshare);
            return Ok(init);
        }
        if let Some(status) = unshare.try_wait().context("cannot wait for unshare")? {
            bail!(
                "the lab's first process ended at once with {status}:\n{}",
                said(base)
            );
        }
        if Instant::now() > deadline {
            unshare.kill().ok();
            unshare.wait().ok();
            bail!("the lab's first process did not come up:\n{}", said(base));
        }
        sleep(Duration::from_millis(10));
    }
}

/// Waits until libvirt answers; on failure the lab is stopped by its owner's `drop`.
pub(super) fn wait_ready(lab: &Lab) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let socket = lab.base().join(super::SOCKET);
    while !(lab.base().join("ready").exists() && socket.exists() && answers(lab)) {
        if !lab.init().is_alive() {
            bail!(
                "the lab in {} ended while starting:\n{}",
                lab.base().display(),
                said(lab.base())
            );
        }
        if Instant::now() > deadline {
            bail!(
                "libvirt in {} does not answer:\n{}",
                lab.base().display(),
                said(lab.base())
            );
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn answers(lab: &Lab) -> bool {
    succeeds(Command::new("virsh").args(["--quiet", "--connect", &lab.uri(), "list"]))
}

/// What init and libvirtd wrote last.
fn said(base: &Path) -> String {
    ["init.log", "log/libvirtd.log"]
        .iter()
        .filter_map(|name| fs::read_to_string(base.join(name)).ok())
        .map(|text| tail(&text))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Collects the outer process when it ends, so that a node which dies leaves no zombie while its starter lives on.
fn reap(mut child: Child) {
    std::thread::spawn(move || child.wait());
}
