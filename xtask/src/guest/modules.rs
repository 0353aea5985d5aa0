//! The kernel modules a virtual machine needs, in the order in which they must be loaded.
//!
//! The initramfs loads them with plain `insmod`, so dependencies are resolved here, from each module's own `depends=` field
//! (modinfo(8)), and compressed modules are unpacked here. What the kernel has built in needs no file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::kernel::decompress;

/// A module by name, and whether the guest is of no use without it.
pub(super) struct Wanted {
    pub(super) name: &'static str,
    needed: bool,
}

const fn needed(name: &'static str) -> Wanted {
    Wanted { name, needed: true }
}

const fn welcome(name: &'static str) -> Wanted {
    Wanted { name, needed: false }
}

/// In the order of loading.
pub(super) const WANTED: &[Wanted] = &[
    needed("virtio_pci"),
    needed("virtio_blk"),
    // The ACPI power button is an input device.
    needed("button"),
    needed("evdev"),
    // Seeds, in either of the two forms of NoCloud, and the character sets that vfat mounts with.
    needed("isofs"),
    needed("vfat"),
    welcome("nls_cp437"),
    welcome("nls_ascii"),
    welcome("nls_iso8859_1"),
    needed("ext4"),
    welcome("crc32c_generic"),
    welcome("virtio_net"),
    welcome("virtio_rng"),
    welcome("virtio_balloon"),
];

/// A module ready to load.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// Collects the wanted modules and what they depend on from `lib/modules/<release>`, dependencies first.
pub(super) fn collect(tree: &Path) -> Result<Vec<Module>> {
    let files = index(tree)?;
    let builtin = builtin(tree);
    let mut modules = Vec::new();
    for wanted in WANTED {
        if builtin.contains(&wanted.name.to_owned()) {
            continue;
        }
        if files.contains_key(wanted.name) {
            add(wanted.name, &files, &builtin, &mut modules)?;
        } else if wanted.needed {
            bail!(
                "this kernel has no module {} and does not have it built in either; {} holds {} modules",
                wanted.name,
                tree.display(),
                files.len()
            );
        }
    }
    Ok(modules)
}

fn add(
    name: &str,
    files: &BTreeMap<String, PathBuf>,
    builtin: &[String],
    modules: &mut Vec<Module>,
) -> Result<()> {
    if modules.iter().any(|module| module.name == name) || builtin.iter().any(|there| there == name) {
        return Ok(());
    }
    let Some(path) = files.get(name) else {
        bail!("a module depends on {name}, which this kernel does not have");
    };
    let bytes = load(path)?;
    for dependency in depends(&bytes) {
        add(&dependency, files, builtin, modules)?;
    }
    modules.push(Module {
        name: name.to_owned(),
        bytes,
    });
    Ok(())
}

/// Every module file by its module's name.
fn index(tree: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let mut files = BTreeMap::new();
    let mut waiting = vec![tree.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in
            fs::read_dir(&directory).with_context(|| format!("cannot list {}", directory.display()))?
        {
            let entry = entry.with_context(|| format!("cannot list {}", directory.display()))?;
            let kind = entry.file_type().context("cannot tell a file's type")?;
            if kind.is_dir() {
                waiting.push(entry.path());
            } else if kind.is_file()
                && let Some(name) = module_name(&entry.file_name().to_string_lossy())
            {
                files.insert(name, entry.path());
            }
        }
    }
    Ok(files)
}

/// `virtio-rng.ko.zst` is the module `virtio_rng`.
pub(super) fn module_name(file: &str) -> Option<String> {
    let stem = [".ko", ".ko.zst", ".ko.xz", ".ko.gz"]
        .iter()
        .find_map(|end| file.strip_suffix(end))?;
    Some(stem.replace('-', "_"))
}

/// The names in `modules.builtin`; a tree without that file has nothing built in as far as can be known.
fn builtin(tree: &Path) -> Vec<String> {
    let list = fs::read_to_string(tree.join("modules.builtin")).unwrap_or_default();
    list.lines()
        .filter_map(|line| module_name(line.rsplit('/').next()?))
        .collect()
}

fn load(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    if bytes.starts_with(b"\x7fELF") {
        return Ok(bytes);
    }
    let bytes = decompress(&bytes).with_context(|| format!("cannot unpack {}", path.display()))?;
    if bytes.starts_with(b"\x7fELF") {
        Ok(bytes)
    } else {
        bail!("{} is no kernel module", path.display())
    }
}

/// The names after `depends=` among the zero-terminated strings of a module's `.modinfo` section.
pub(super) fn depends(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"\0depends=";
    let Some(at) = module.windows(KEY.len()).position(|window| window == KEY) else {
        return Vec::new();
    };
    let rest = &module[at + KEY.len()..];
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    let names = String::from_utf8_lossy(&rest[..end]);
    names
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect()
}
