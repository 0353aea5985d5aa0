//! The probe guest: a kernel and an initramfs that boot in seconds, say so on the serial console, and answer.
//!
//! ```text
//! apt-get download ─▶ fetch ─▶ kernel    vmlinux, entered by PVH: no real mode, no decompression
//!                          └─▶ modules   what a virtual machine needs, in the order in which they load
//!                          └─▶ initrd    busybox, init.sh and those modules as a cpio archive, gzipped
//! ```
//!
//! Made from the distribution's own packages, none of which gets installed. The result is kept under a stamp of everything
//! that shaped it here, so that a second call costs nothing and a change of `init.sh` rebuilds.
//!
//! What the guest prints, and tests may rely on, is documented at the head of `init.sh`.

mod cpio;
mod fetch;
mod initrd;
mod kernel;
mod modules;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::apt::{self, sets::Set};
use crate::args::Args;
use crate::workspace::Workspace;

/// Raised when the Rust code of this module makes something else of the same inputs.
const FORMAT: u32 = 1;

/// The guest's files.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) kernel: PathBuf,
    pub(crate) initrd: PathBuf,
}

/// `cargo xtask guest`
pub(crate) fn main(mut args: Args) -> Result<()> {
    let force = args.flag("--force");
    args.finish()?;
    let workspace = Workspace::find()?;
    apt::ensure(&[Set::Guest])?;
    let directory = workspace.guest()?;
    if force && directory.exists() {
        fs::remove_dir_all(&directory).context("cannot delete the old guest")?;
    }
    let guest = ensure(&directory)?;
    println!(
        "kernel  {}\ninitrd  {}",
        guest.kernel.display(),
        guest.initrd.display()
    );
    Ok(())
}

/// Builds the guest into `directory` unless this very guest is there. The packages of [`Set::Guest`] must be installed.
pub(crate) fn ensure(directory: &Path) -> Result<Guest> {
    let guest = Guest {
        kernel: directory.join("vmlinux"),
        initrd: directory.join("initrd.img"),
    };
    if fs::read_to_string(directory.join("stamp")).is_ok_and(|there| there == stamp()) {
        println!("  the probe guest is built");
        return Ok(guest);
    }
    let parent = directory
        .parent()
        .context("the guest's directory has no parent")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;

    // Built next to its place and moved there whole: nobody ever boots half a guest.
    let work = parent.join(format!("guest.{}", std::process::id()));
    let result = build(&work, directory);
    let cleaned = fs::remove_dir_all(&work).with_context(|| format!("cannot delete {}", work.display()));
    result.and(cleaned)?;
    Ok(guest)
}

fn build(work: &Path, directory: &Path) -> Result<()> {
    let packages = fetch::fetch(&work.join("packages"))?;
    let made = work.join("made");
    fs::create_dir_all(&made).with_context(|| format!("cannot make {}", made.display()))?;
    kernel::place(&packages.kernel, &made.join("vmlinux"))?;
    let modules = modules::collect(&packages.modules)?;
    initrd::write(&packages.busybox, &modules, &made.join("initrd.img"))?;
    fs::write(made.join("kernel-release"), &packages.release).context("cannot write the kernel's release")?;
    fs::write(made.join("stamp"), stamp()).context("cannot write the guest's stamp")?;

    let old = work.join("old");
    if directory.exists() {
        fs::rename(directory, &old).context("cannot move the old guest away")?;
    }
    fs::rename(&made, directory)
        .with_context(|| format!("cannot move the guest to {}", directory.display()))?;
    println!(
        "  built from kernel {} with {} modules",
        packages.release,
        modules.len()
    );
    Ok(())
}

/// Everything in this repository that shapes the guest.
fn stamp() -> String {
    let parts = initrd::scripts()
        .into_iter()
        .chain(modules::WANTED.iter().map(|wanted| wanted.name));
    format!("{FORMAT} {:016x}\n", digest(parts.map(str::as_bytes)))
}

/// FNV-1a, 64 bits, each part closed by a zero: tells versions apart, and is the same on every machine and toolchain.
pub(crate) fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.iter().chain(&[0]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash
}
