//! What a stranger may ask for. Every rule names the field as the API spells it; nothing that passes here
//! can overflow, exhaust or confuse anything further down.

mod alert;
mod cluster;
mod network;
mod project;
mod rule;
#[cfg(test)]
mod tests;

pub use alert::{alert, comment};

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::resource::{Boot, CloudInit, Labels, NodeSpec, PoolFacts, Taint, Toleration, VmSpec};

pub use cluster::cluster_spec;
pub use network::network_spec;
pub use project::project_spec;
pub use rule::rule_spec;

/// The least memory of a VM, in MiB: below it common guests do not boot.
pub const MIN_MEMORY_MIB: u32 = 512;
/// The most memory of a VM, in MiB (64 TiB): what QEMU can address.
pub const MAX_MEMORY_MIB: u32 = 64 << 20;
/// The most cores of a VM: what QEMU's q35 machine allows.
pub const MAX_CORES: u32 = 4096;
/// The most disks of a VM: what fits the PCIe slots left for them.
pub const MAX_DISKS: usize = 24;
/// The most network interfaces of a VM.
pub const MAX_NICS: usize = 8;
/// The most subnets of a network: one of each IP version.
pub const MAX_SUBNETS: usize = 2;
/// The largest disk, in GiB (64 TiB).
pub const MAX_DISK_GIB: u32 = 64 << 10;
/// The longest kernel command line that x86 Linux accepts, in bytes.
pub const MAX_CMDLINE: usize = 2047;
/// The most bytes of each cloud-init document: what EC2 and OpenStack allow, with room.
pub const MAX_CLOUD_INIT: usize = 64 << 10;
/// The most pools of a node.
pub const MAX_POOLS: usize = 64;
/// The longest text that a node says of itself on one line, in bytes: a host name has at most 255.
pub const MAX_LINE: usize = 255;
/// The most labels of an object.
pub const MAX_LABELS: usize = 64;
/// The longest description, in characters.
pub const MAX_DESCRIPTION: usize = 4096;

/// Checks the spec of a VM that is to be created or changed. `at` is the path of the spec, usually `spec`.
pub fn vm_spec(at: &str, spec: &VmSpec) -> Result<()> {
    let cores = spec.cpu.cores.get();
    let field = format!("{at}.cpu.cores");
    if cores < 1 {
        return Err(Error::invalid(field, "at least 1 CPU core is required"));
    }
    at_most(&field, cores, MAX_CORES, "cores")?;
    let memory = spec.memory.get();
    let field = format!("{at}.memory.size_mib");
    if memory < MIN_MEMORY_MIB {
        return Err(Error::invalid(
            field,
            format!("at least {MIN_MEMORY_MIB} MiB memory is required"),
        ));
    }
    at_most(&field, memory, MAX_MEMORY_MIB, "MiB")?;
    disks(at, spec)?;
    nics(at, spec)?;
    boot(at, &spec.boot, spec.disks.is_empty())?;
    if let Some(seed) = &spec.cloud_init {
        cloud_init(&format!("{at}.cloud_init"), seed)?;
    }
    labels(&format!("{at}.node_selector"), &spec.placement.node_selector)?;
    tolerations(&format!("{at}.tolerations"), &spec.placement.tolerations)
}

fn tolerations(at: &str, tolerations: &[Toleration]) -> Result<()> {
    count(at, tolerations.len(), MAX_LABELS)?;
    for (i, toleration) in tolerations.iter().enumerate() {
        label_text(&format!("{at}[{i}].key"), &toleration.key, 1..=63)?;
        let value = toleration.value.as_deref().unwrap_or_default();
        label_text(&format!("{at}[{i}].value"), value, 0..=63)?;
    }
    Ok(())
}

fn disks(at: &str, spec: &VmSpec) -> Result<()> {
    count(&format!("{at}.disks"), spec.disks.len(), MAX_DISKS)?;
    let mut names = BTreeSet::new();
    for (i, disk) in spec.disks.iter().enumerate() {
        if !names.insert(&disk.name) {
            return Err(Error::invalid(
                format!("{at}.disks[{i}].name"),
                format!("two disks are named {:?}", disk.name),
            ));
        }
        let field = format!("{at}.disks[{i}].size_gib");
        if disk.size.get() < 1 {
            return Err(Error::invalid(field, "a disk has at least 1 GiB"));
        }
        at_most(&field, disk.size.get(), MAX_DISK_GIB, "GiB")?;
    }
    Ok(())
}

fn nics(at: &str, spec: &VmSpec) -> Result<()> {
    count(&format!("{at}.nics"), spec.nics.len(), MAX_NICS)?;
    let mut macs = BTreeSet::new();
    for (i, nic) in spec.nics.iter().enumerate() {
        if nic.mac.is_some_and(|mac| !macs.insert(mac)) {
            return Err(Error::invalid(
                format!("{at}.nics[{i}].mac"),
                "two interfaces have the same address",
            ));
        }
        count(
            &format!("{at}.nics[{i}].ip_addresses"),
            nic.addresses.len(),
            MAX_SUBNETS,
        )?;
    }
    Ok(())
}

fn boot(at: &str, boot: &Boot, diskless: bool) -> Result<()> {
    match boot {
        Boot::Disk if diskless => Err(Error::invalid(
            format!("{at}.disks"),
            "a VM without disks has nothing to boot from: add a disk, or a kernel to boot",
        )),
        Boot::Disk => Ok(()),
        Boot::Kernel { cmdline, .. } => {
            let field = format!("{at}.boot.kernel.cmdline");
            if cmdline.len() > MAX_CMDLINE {
                return Err(Error::invalid(
                    field,
                    format!("too long: {} bytes, at most {MAX_CMDLINE}", cmdline.len()),
                ));
            }
            printable(&field, cmdline)
        }
    }
}

fn cloud_init(at: &str, seed: &CloudInit) -> Result<()> {
    let parts = [
        ("user_data", Some(&seed.user_data)),
        ("meta_data", seed.meta_data.as_ref()),
        ("network_config", seed.network_config.as_ref()),
    ];
    for (name, part) in parts {
        let size = part.map_or(0, String::len);
        if size > MAX_CLOUD_INIT {
            return Err(Error::invalid(
                format!("{at}.{name}"),
                format!("too large: {size} bytes, at most {MAX_CLOUD_INIT}"),
            ));
        }
    }
    Ok(())
}

/// Checks labels or a selector: Kubernetes' rule for keys and values, less its DNS prefix rule.
pub fn labels(at: &str, labels: &Labels) -> Result<()> {
    count(at, labels.len(), MAX_LABELS)?;
    for (key, value) in labels {
        label_text(at, key, 1..=63)?;
        label_text(at, value, 0..=63)?;
    }
    Ok(())
}

fn label_text(at: &str, text: &str, length: std::ops::RangeInclusive<usize>) -> Result<()> {
    let fine = length.contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/'));
    if fine {
        return Ok(());
    }
    let shown: String = text.chars().take(64).collect();
    Err(Error::invalid(
        at,
        format!(
            "{shown:?} is not allowed in a label: up to 63 of a-z, A-Z, 0-9, '.', '_', '-' and '/', and no empty key"
        ),
    ))
}

/// Checks a description.
pub fn description(at: &str, text: &str) -> Result<()> {
    let length = text.chars().count();
    if length > MAX_DESCRIPTION {
        return Err(Error::invalid(
            at,
            format!("too long: {length} characters, at most {MAX_DESCRIPTION}"),
        ));
    }
    match text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        Some(c) => Err(Error::invalid(
            at,
            format!("contains the control character {c:?}"),
        )),
        None => Ok(()),
    }
}

/// Checks what a node says of itself.
pub fn node_spec(at: &str, spec: &NodeSpec) -> Result<()> {
    if spec.cores.get() < 1 {
        return Err(Error::invalid(
            format!("{at}.cpu_cores"),
            "a node has at least 1 core",
        ));
    }
    at_most(&format!("{at}.cpu_cores"), spec.cores.get(), 1 << 16, "cores")?;
    if spec.memory.get() < 1 {
        return Err(Error::invalid(format!("{at}.memory_mib"), "a node has memory"));
    }
    at_most(&format!("{at}.memory_mib"), spec.memory.get(), 1 << 30, "MiB")?;
    if spec.reserved_memory > spec.memory {
        return Err(Error::invalid(
            format!("{at}.reserved_memory_mib"),
            "more is reserved than is there",
        ));
    }
    pools(&format!("{at}.pools"), &spec.pools)?;
    taints(&format!("{at}.taints"), &spec.taints)
}

fn pools(at: &str, pools: &[PoolFacts]) -> Result<()> {
    count(at, pools.len(), MAX_POOLS)?;
    let mut names = BTreeSet::new();
    match pools.iter().position(|p| !names.insert(&p.name)) {
        Some(i) => Err(Error::invalid(
            format!("{at}[{i}].name"),
            format!("two pools are named {:?}", pools[i].name),
        )),
        None => Ok(()),
    }
}

fn taints(at: &str, taints: &[Taint]) -> Result<()> {
    count(at, taints.len(), MAX_LABELS)?;
    taints.iter().try_for_each(|t| {
        label_text(at, &t.key, 1..=63)?;
        label_text(at, &t.value, 0..=63)
    })
}

/// Checks one taint.
pub fn taint(at: &str, taint: &Taint) -> Result<()> {
    label_text(&format!("{at}.key"), &taint.key, 1..=63)?;
    label_text(&format!("{at}.value"), &taint.value, 0..=63)
}

/// Checks what a node says of itself on one line: an address, a boot id, a version.
pub fn line(at: &str, text: &str) -> Result<()> {
    if text.len() > MAX_LINE {
        return Err(Error::invalid(
            at,
            format!("too long: {} bytes, at most {MAX_LINE}", text.len()),
        ));
    }
    printable(at, text)
}

/// Checks text that ends up on one line.
pub fn printable(at: &str, text: &str) -> Result<()> {
    match text.chars().find(|c| c.is_control()) {
        Some(c) => Err(Error::invalid(
            at,
            format!("contains the control character {c:?}"),
        )),
        None => Ok(()),
    }
}

fn at_most(field: &str, value: u32, limit: u32, unit: &str) -> Result<()> {
    if value > limit {
        return Err(Error::invalid(
            field,
            format!("{value} {unit} is too much: at most {limit}"),
        ));
    }
    Ok(())
}

fn count(field: &str, found: usize, limit: usize) -> Result<()> {
    if found > limit {
        return Err(Error::invalid(
            field,
            format!("{found} are too many: at most {limit}"),
        ));
    }
    Ok(())
}
