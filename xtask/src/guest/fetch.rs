//! Downloading and unpacking the packages that the guest is made of, without installing them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{logged, output, run, succeeds};
use crate::root;

/// Packages that stand for the newest kernel made for virtual machines: Debian's, then Ubuntu's.
const KERNELS: &[&str] = &[
    "linux-image-cloud-amd64",
    "linux-image-virtual",
    "linux-image-amd64",
    "linux-image-generic",
];

/// What was unpacked.
pub(super) struct Unpacked {
    /// `uname -r` of the kernel.
    pub(super) release: String,
    /// The compressed kernel.
    pub(super) kernel: PathBuf,
    /// `lib/modules/<release>`
    pub(super) modules: PathBuf,
    pub(super) busybox: PathBuf,
}

/// Downloads into `directory` and unpacks there.
pub(super) fn fetch(directory: &Path) -> Result<Unpacked> {
    let root = directory.join("root");
    fs::create_dir_all(&root).with_context(|| format!("cannot make {}", root.display()))?;
    let image = kernel_package()?;
    let mut wanted = vec![image.clone(), "busybox-static".to_owned()];
    // Ubuntu ships the modules apart from the kernel.
    wanted.extend(
        dependencies(&image)?
            .into_iter()
            .filter(|name| name.starts_with("linux-modules-")),
    );
    download(directory, &wanted)?;
    for entry in fs::read_dir(directory).context("cannot list the downloads")? {
        let path = entry.context("cannot list the downloads")?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg-deb").arg("--extract").arg(&path).arg(&root))?;
        }
    }
    survey(&root)
}

/// Finds the parts in the unpacked tree.
fn survey(root: &Path) -> Result<Unpacked> {
    // Releases with a merged /usr ship modules under usr/lib, older ones under lib.
    let homes = [root.join("lib/modules"), root.join("usr/lib/modules")];
    let Some(modules) = homes
        .iter()
        .filter_map(|home| fs::read_dir(home).ok())
        .flatten()
        .flatten()
        .next()
    else {
        bail!("the kernel package holds no lib/modules; are its modules in a package of another name?");
    };
    let release = modules.file_name().to_string_lossy().into_owned();
    let kernel = root.join("boot").join(format!("vmlinuz-{release}"));
    if !kernel.is_file() {
        bail!("the kernel package holds no boot/vmlinuz-{release}");
    }
    let Some(busybox) = ["bin/busybox", "usr/bin/busybox"]
        .iter()
        .map(|path| root.join(path))
        .find(|path| path.is_file())
    else {
        bail!("the package busybox-static holds no busybox");
    };
    Ok(Unpacked {
        kernel,
        modules: modules.path(),
        release,
        busybox,
    })
}

/// The package of the kernel itself, behind the name that stands for the newest one.
fn kernel_package() -> Result<String> {
    if let Some(found) = offered_kernel()? {
        return Ok(found);
    }
    // A fresh image often has no package lists at all.
    let mut update = root::as_root("apt-get", "apt-get update")?;
    run(update.args(["-q=2", "update"]))?;
    match offered_kernel()? {
        Some(found) => Ok(found),
        None => bail!(
            "none of these packages is offered by this machine's sources: {}",
            KERNELS.join(" ")
        ),
    }
}

fn offered_kernel() -> Result<Option<String>> {
    for name in KERNELS {
        if let Some(image) = dependencies(name)?
            .into_iter()
            .find(|package| package.starts_with("linux-image-"))
        {
            return Ok(Some(image));
        }
    }
    Ok(None)
}

/// What a package depends on, one level deep; nothing for a package that no source offers.
fn dependencies(package: &str) -> Result<Vec<String>> {
    let mut depends = Command::new("apt-cache");
    depends
        .env("LC_ALL", "C")
        .args(["depends", "--no-recommends", "--no-suggests", package]);
    if !succeeds(&mut depends) {
        return Ok(Vec::new());
    }
    Ok(depends_of(&output(&mut depends)?))
}

/// The names on the `Depends:` lines; virtual ones stand in angle brackets.
pub(super) fn depends_of(listing: &str) -> Vec<String> {
    listing
        .lines()
        .filter_map(|line| line.trim_start_matches([' ', '|']).strip_prefix("Depends: "))
        .filter(|name| !name.starts_with('<'))
        .map(str::to_owned)
        .collect()
}

fn download(directory: &Path, packages: &[String]) -> Result<()> {
    println!("  downloading {}", packages.join(" "));
    let mut apt = Command::new("apt-get");
    // apt drops to a user that cannot write here; there is nothing to protect, the files are checked by their hashes.
    apt.current_dir(directory)
        .args([
            "-q=2",
            "-o",
            "APT::Sandbox::User=root",
            "-o",
            "Acquire::Retries=3",
            "download",
        ])
        .args(packages);
    let log = directory.join("download.log");
    if logged(&mut apt, &log).is_ok() {
        return Ok(());
    }
    // Stale lists name files that the mirror no longer has.
    run(root::as_root("apt-get", "apt-get update")?.args(["-q=2", "update"]))?;
    logged(&mut apt, &log)
}
