//! The initramfs: busybox, the guest's scripts and its modules.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::cpio::Archive;
use super::kernel::pipe;
use super::modules::Module;

const INIT: &str = include_str!("init.sh");
const DOWN: &str = include_str!("down.sh");
const CONSOLE: &str = include_str!("console.sh");
const LEASE: &str = include_str!("lease.sh");

/// What acpid runs when the power button is pressed.
const POWER: &str = "#!/bin/sh\necho 'LQX power button' > /run/console\nsh /etc/down.sh poweroff &\n";

const DIRECTORIES: &[&str] = &[
    "bin",
    "dev",
    "etc",
    "etc/acpi",
    "etc/acpi/PWRF",
    "mnt",
    "modules",
    "proc",
    "run",
    "sbin",
    "seed",
    "sys",
    "tmp",
    "usr",
    "usr/bin",
    "usr/sbin",
    "var",
    "var/log",
];

/// Everything the archive holds that comes from this repository.
pub(super) fn scripts() -> [&'static str; 5] {
    [INIT, DOWN, CONSOLE, LEASE, POWER]
}

/// Writes the archive, gzipped.
pub(super) fn write(busybox: &Path, modules: &[Module], to: &Path) -> Result<()> {
    let busybox = fs::read(busybox).with_context(|| format!("cannot read {}", busybox.display()))?;
    let archive = archive(&busybox, modules);
    let zipped = pipe("gzip", &["-1", "-n", "-c"], &archive)?;
    fs::write(to, zipped).with_context(|| format!("cannot write {}", to.display()))
}

fn archive(busybox: &[u8], modules: &[Module]) -> Vec<u8> {
    let mut archive = Archive::default();
    for directory in DIRECTORIES {
        archive.directory(directory);
    }
    // init's first output, before devtmpfs is mounted, goes here.
    archive.character_device("dev/console", 5, 1);
    archive.symlink("var/run", "../run");
    archive.file("bin/busybox", 0o755, busybox);
    archive.symlink("bin/sh", "busybox");
    archive.file("init", 0o755, INIT.as_bytes());
    archive.file("etc/down.sh", 0o755, DOWN.as_bytes());
    archive.file("etc/console.sh", 0o755, CONSOLE.as_bytes());
    archive.file("etc/lease.sh", 0o755, LEASE.as_bytes());
    // busybox's acpid looks for the event's name as a directory with numbered actions; other builds for a plain file.
    archive.file("etc/acpi/PWRF/00000080", 0o755, POWER.as_bytes());
    let mut order = String::new();
    for module in modules {
        archive.file(&format!("modules/{}.ko", module.name), 0o644, &module.bytes);
        order.push_str(&module.name);
        order.push('\n');
    }
    archive.file("etc/modules", 0o644, order.as_bytes());
    archive.finish()
}
