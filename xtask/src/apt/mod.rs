//! Distribution packages: what is needed, what is missing, and installing that.
//!
//! ```text
//! sets ─▶ dpkg-query: what is missing? ─▶ nothing: done, without root, without the network
//!                                      └▶ apt-get update ─▶ can it be installed as it is?
//!                                                             no, for the one reason known ─▶ backports ─▶ again
//!                                                             yes ─▶ install, without starting daemons where no systemd is
//! ```
//!
//! Mirrors are those of the machine: no host name is written here.

mod backports;
mod install;
pub(crate) mod sets;
#[cfg(test)]
mod tests;

use std::process::Command;

use anyhow::{Result, bail};

use self::sets::{Package, Set};
use crate::args::Args;
use crate::command::{exists, output};

/// `cargo xtask packages [SET…]`
pub(crate) fn main(mut args: Args) -> Result<()> {
    let named = args.words();
    args.finish()?;
    let sets = match named.as_slice() {
        [] => vec![Set::Build, Set::Run, Set::Guest, Set::Test],
        some => some.iter().map(|name| Set::named(name)).collect::<Result<_>>()?,
    };
    ensure(&sets)
}

/// Makes sure that every package of these sets is installed.
pub(crate) fn ensure(sets: &[Set]) -> Result<()> {
    if !exists("dpkg-query") || !exists("apt-get") {
        bail!(
            "this machine has no dpkg and apt; install the equivalents of these Debian packages by hand: {}",
            names(&sets::union(sets))
        );
    }
    let missing = missing(&sets::union(sets))?;
    if missing.is_empty() {
        println!("  every package is installed");
        return Ok(());
    }
    println!("  missing: {}", names(&missing));
    install::install(&missing)?;
    let missing = self::missing(&sets::union(sets))?;
    let still: Vec<Package> = missing.into_iter().filter(|package| !package.optional).collect();
    if still.is_empty() {
        Ok(())
    } else {
        bail!(
            "apt-get succeeded, but these are still missing: {}",
            names(&still)
        )
    }
}

/// Those of the packages that dpkg does not know as installed; an optional one counts only where this system offers it.
fn missing(packages: &[Package]) -> Result<Vec<Package>> {
    let mut query = Command::new("dpkg-query");
    query.args(["--show", "--showformat=${Package} ${db:Status-Status}\n"]);
    let listing = output(&mut query)?;
    let installed = installed(&listing);
    Ok(packages
        .iter()
        .filter(|package| !installed.contains(&package.name))
        .filter(|package| !package.optional || backports::is_offered(package.name))
        .copied()
        .collect())
}

/// The names in a `dpkg-query` listing whose status is exactly `installed`; half-configured ones are not.
fn installed(listing: &str) -> Vec<&str> {
    listing
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .collect()
}

fn names(packages: &[Package]) -> String {
    packages
        .iter()
        .map(|package| package.name)
        .collect::<Vec<_>>()
        .join(" ")
}
