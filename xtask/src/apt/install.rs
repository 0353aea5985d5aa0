//! `apt-get update` and `apt-get install`, as root, without starting daemons where there is no systemd to own them.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::backports::{self, Backports};
use super::sets::Package;
use crate::command::{logged, output, run, succeeds};
use crate::root::as_root;

/// Another apt may be at work on a machine that has just booted (unattended upgrades): wait for it this long.
const APT: &[&str] = &[
    "-o",
    "DPkg::Lock::Timeout=600",
    "-o",
    "Acquire::Retries=3",
    "-q=2",
];

/// `--no-remove`: faced with versions that do not fit together, apt would rather remove a package that is there, the
/// machine's own `qemu-utils` for one, than refuse.
const OPTIONS: &[&str] = &["install", "--no-install-recommends", "--no-remove"];

/// Runs apt-get as the last words of a shell that owns the ban on starting daemons, so that the ban goes away however the
/// install ends, also when the terminal is closed. A ban that is there already belongs to somebody else and stays.
///
/// policy-rc.d is the interface of invoke-rc.d(8) and deb-systemd-invoke(1): exit code 101 forbids the action.
const INSTALL: &str = r#"
set -e
ban=/usr/sbin/policy-rc.d
if [ ! -d /run/systemd/system ] && [ ! -e "$ban" ]; then
  trap 'rm -f "$ban"' EXIT
  trap 'exit 130' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' > "$ban"
  chmod 755 "$ban"
fi
DEBIAN_FRONTEND=noninteractive apt-get "$@"
"#;

/// Writes the backports source and pin: $1 list, $2 preferences.
const USE_BACKPORTS: &str = r#"
set -e
umask 022
printf '%s' "$1" > /etc/apt/sources.list.d/libvirt-backports.list
printf '%s' "$2" > /etc/apt/preferences.d/50-libvirt-backports
"#;

/// Installs the packages; the optional ones only where they are offered.
pub(super) fn install(missing: &[Package]) -> Result<()> {
    let wanted = |package: &&Package| !package.optional || backports::is_offered(package.name);
    let by_hand = format!(
        "apt-get install --no-install-recommends {}",
        super::names(missing)
    );

    update(&by_hand)?;
    let mut packages: Vec<&str> = missing
        .iter()
        .filter(wanted)
        .map(|package| package.name)
        .collect();
    if !backports::installable(&packages) {
        match backports::cure()? {
            Some(cure) => {
                use_backports(&cure, &by_hand)?;
                update(&by_hand)?;
                packages = missing
                    .iter()
                    .filter(wanted)
                    .map(|package| package.name)
                    .collect();
            }
            None => refuse(&packages)?,
        }
    }
    let mut install = as_root("sh", &by_hand)?;
    install
        .args(["-c", INSTALL, "install"])
        .args(APT)
        .args(OPTIONS)
        .args(&packages);
    // Hundreds of lines that matter only when something goes wrong.
    let log = std::env::temp_dir().join(format!("lqx-packages-{}.log", std::process::id()));
    logged(&mut install, &log)
        .with_context(|| format!("cannot install packages; by hand it would be: {by_hand}"))?;
    std::fs::remove_file(&log).with_context(|| format!("cannot delete {}", log.display()))
}

fn update(by_hand: &str) -> Result<()> {
    let mut update = as_root("apt-get", by_hand)?;
    update.args(APT).arg("update");
    // A source that is down must not stop an install that does not need it: apt-get install says what is really missing.
    if !succeeds(&mut update) {
        eprintln!("  note: apt-get update had failures; going on with the package lists there are");
    }
    Ok(())
}

fn use_backports(cure: &Backports, by_hand: &str) -> Result<()> {
    println!("  QEMU on this machine comes from backports: taking libvirt and QEMU from there too");
    let list = Path::new("/etc/apt/sources.list.d/libvirt-backports.list");
    let mut write = as_root("sh", by_hand)?;
    write.args(["-c", USE_BACKPORTS, "backports", &cure.list, &cure.preferences]);
    run(&mut write).with_context(|| format!("cannot write {}", list.display()))
}

/// The install, without its effects; needs no root.
pub(super) fn simulation(packages: &[&str]) -> Command {
    let mut simulate = Command::new("apt-get");
    simulate.args(OPTIONS).arg("--simulate").args(packages);
    simulate
}

/// Says in apt's own words why these packages cannot be installed.
fn refuse(packages: &[&str]) -> Result<()> {
    match output(&mut simulation(packages)) {
        Ok(_) => Ok(()),
        Err(error) => bail!("apt cannot install {}: {error:#}", packages.join(" ")),
    }
}
