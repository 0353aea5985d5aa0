//! The package sets. A package is listed once, with the reason it is needed.

use anyhow::{Result, bail};

/// One distribution package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    /// Wanted where the distribution has it, and no failure where it has not (packages that only newer releases split off).
    pub(crate) optional: bool,
}

/// A reason to need packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// Compiling the whole workspace, the libvirt crate included.
    Build,
    /// Running guests.
    Run,
    /// Building the probe guest.
    Guest,
    /// Running the tests: everything above.
    Test,
}

const fn needed(name: &'static str) -> Package {
    Package {
        name,
        optional: false,
    }
}

const fn optional(name: &'static str) -> Package {
    Package { name, optional: true }
}

/// A C compiler and linker; libvirt's headers and how to find them.
const BUILD: &[Package] = &[
    needed("gcc"),
    needed("libc6-dev"),
    needed("pkg-config"),
    needed("libvirt-dev"),
];

const RUN: &[Package] = &[
    needed("libvirt-daemon-system"),
    // virsh
    needed("libvirt-clients"),
    // The drivers and the log daemon are packages of their own from libvirt 10 or 11 on.
    optional("libvirt-daemon-driver-qemu"),
    optional("libvirt-daemon-driver-storage"),
    optional("libvirt-daemon-log"),
    needed("qemu-system-x86"),
    // qemu-img
    needed("qemu-utils"),
    // ip
    needed("iproute2"),
    // unshare, setsid, mount
    needed("util-linux"),
    needed("mount"),
];

/// Decompressors for kernels and modules: which of them a distribution uses changes with its release.
const GUEST: &[Package] = &[needed("lz4"), needed("xz-utils"), needed("zstd")];

impl Set {
    /// The set of this name.
    pub(crate) fn named(name: &str) -> Result<Self> {
        match name {
            "build" => Ok(Self::Build),
            "run" => Ok(Self::Run),
            "guest" => Ok(Self::Guest),
            "test" => Ok(Self::Test),
            other => bail!("there is no package set `{other}`; there are build, run, guest and test"),
        }
    }

    fn packages(self) -> Vec<Package> {
        match self {
            Self::Build => BUILD.to_vec(),
            Self::Run => RUN.to_vec(),
            Self::Guest => GUEST.to_vec(),
            Self::Test => [BUILD, RUN, GUEST].concat(),
        }
    }
}

/// The packages of several sets, each once, in a stable order.
pub(crate) fn union(sets: &[Set]) -> Vec<Package> {
    let mut all: Vec<Package> = Vec::new();
    for package in sets.iter().flat_map(|set| set.packages()) {
        if !all.contains(&package) {
            all.push(package);
        }
    }
    all
}
