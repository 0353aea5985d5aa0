//! The one known way in which a Debian machine refuses libvirt and QEMU: half of QEMU came from backports, and the source
//! it came from has since been removed. Then `apt-get install qemu-system-x86` wants the older release's `qemu-utils`, may
//! not downgrade the newer one, and ends with "held broken packages".
//!
//! The cure is to take libvirt and QEMU, and nothing else, from backports again: from the mirror this system uses already,
//! with a pin on those source packages. A machine without that problem is left with its own packages.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{output, succeeds};

/// The sources that must come from the same release as each other.
const SOURCES: &str = "src:libvirt src:qemu src:seabios src:ipxe";

/// Binary packages whose installed version tells that something came from backports.
const TELLTALES: &[&str] = &[
    "qemu-utils",
    "qemu-system-common",
    "qemu-system-data",
    "libvirt0",
    "seabios",
    "ipxe-qemu",
];

/// Debian's own archive keys, which sign backports as well.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What must be written so that backports are used for these sources.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Backports {
    pub(super) list: String,
    pub(super) preferences: String,
}

/// True if some configured index offers the package.
pub(super) fn is_offered(package: &str) -> bool {
    policy(package).is_ok_and(|policy| candidate(&policy).is_some())
}

/// Decides whether the known problem is here, and what cures it.
pub(super) fn cure() -> Result<Option<Backports>> {
    let mut stranded = None;
    for package in TELLTALES {
        if let Some(version) = stranded_version(&policy(package)?) {
            stranded = Some(version.to_owned());
            break;
        }
    }
    let Some(version) = stranded else { return Ok(None) };
    if !version.contains("~bpo") {
        bail!(
            "an installed QEMU or libvirt package (version {version}) comes from no source of this machine; add its source"
        );
    }
    let codename =
        codename(&std::fs::read_to_string("/etc/os-release").context("cannot read /etc/os-release")?)?;
    let targets = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(CREATED_BY)|$(CODENAME)|$(REPO_URI)",
    ]))?;
    let mirror = mirror(&targets, &codename)?;
    let key = if Path::new(KEYRING).exists() { KEYRING } else { "" };
    Ok(Some(write(&codename, &mirror, key)))
}

/// The source and the pin; an empty `key` leaves the choice of key to apt.
pub(super) fn write(codename: &str, mirror: &str, key: &str) -> Backports {
    let signed = if key.is_empty() {
        String::new()
    } else {
        format!("[signed-by={key}] ")
    };
    Backports {
        list: format!("deb {signed}{mirror} {codename}-backports main\n"),
        preferences: format!("Package: {SOURCES}\nPin: release n={codename}-backports\nPin-Priority: 900\n"),
    }
}

/// The mirror that serves this release's main archive here.
pub(super) fn mirror(index_targets: &str, codename: &str) -> Result<String> {
    for line in index_targets.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        if let ["Packages", name, uri] = fields[..]
            && name == codename
        {
            return Ok(uri.to_owned());
        }
    }
    bail!("no configured package source serves {codename}; add one under /etc/apt/sources.list.d")
}

pub(super) fn codename(os_release: &str) -> Result<String> {
    os_release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .map(|name| name.trim_matches('"').to_owned())
        .context("/etc/os-release names no VERSION_CODENAME")
}

/// The version a package would be installed in, from `apt-cache policy`.
pub(super) fn candidate(policy: &str) -> Option<&str> {
    field(policy, "Candidate:")
}

/// The installed version, if no configured index offers it any longer.
///
/// In the version table every version is followed by where it comes from, one `PRIORITY SOURCE` line each; a stranded one
/// has only the line of dpkg's own status file.
pub(super) fn stranded_version(policy: &str) -> Option<&str> {
    let installed = field(policy, "Installed:")?;
    let table = policy
        .lines()
        .skip_while(|line| !line.trim_start().starts_with("***"))
        .skip(1);
    let offered = table
        .take_while(|line| {
            line.trim_start()
                .split(' ')
                .next()
                .is_some_and(|word| word.parse::<i32>().is_ok())
        })
        .any(|line| !line.trim_end().ends_with("/var/lib/dpkg/status"));
    if offered { None } else { Some(installed) }
}

fn field<'a>(policy: &'a str, name: &str) -> Option<&'a str> {
    policy
        .lines()
        .find_map(|line| line.trim().strip_prefix(name))
        .map(str::trim)
        .filter(|value| *value != "(none)")
}

fn policy(package: &str) -> Result<String> {
    output(
        Command::new("apt-cache")
            .env("LC_ALL", "C")
            .args(["policy", package]),
    )
}

/// True if apt could install these packages as things are.
pub(super) fn installable(packages: &[&str]) -> bool {
    succeeds(&mut super::install::simulation(packages))
}
