//! [`VmSpec`]: what a VM is to be.

use limiquantix_core::identity::{ImageName, Name};
use limiquantix_core::resource::{
    AccelPreference, Boot, CloudInit, CpuSpec, DiskSpec, MacAddress, NicModel, NicSpec, PlacementSpec,
    Toleration, VmSpec,
};
use limiquantix_core::unit::{Cores, Gibibytes, Mebibytes};
use limiquantix_core::{Error, Result, validate};

use super::field::{known, path, required, signed, unsigned};
use super::network::addresses_from_wire;
use crate::compute::v1 as wire;
use crate::compute::v1::boot_config::Source;

/// The pool, and the network, that an empty name means.
const DEFAULT: &str = "default";

/// The spec as the API shows it.
pub fn to_wire(spec: &VmSpec) -> wire::VmSpec {
    wire::VmSpec {
        cpu: wire::CpuConfig {
            cores: signed(spec.cpu.cores.get()),
            ..Default::default()
        }
        .into(),
        memory: wire::MemoryConfig {
            size_mib: signed(spec.memory.get()),
            ..Default::default()
        }
        .into(),
        disks: spec.disks.iter().map(disk_to_wire).collect(),
        nics: spec.nics.iter().map(nic_to_wire).collect(),
        boot: boot_to_wire(&spec.boot).into(),
        cloud_init: spec.cloud_init.as_ref().map(cloud_init_to_wire).into(),
        node_selector: spec.placement.node_selector.clone(),
        tolerations: spec
            .placement
            .tolerations
            .iter()
            .map(|t| wire::Toleration {
                key: t.key.clone(),
                value: t.value.clone(),
                ..Default::default()
            })
            .collect(),
        accel: match spec.accel {
            AccelPreference::Auto => wire::AccelMode::Auto,
            AccelPreference::Kvm => wire::AccelMode::Kvm,
            AccelPreference::Tcg => wire::AccelMode::Tcg,
        }
        .into(),
        ..Default::default()
    }
}

/// A spec that a request must have.
///
/// # Errors
///
/// `INVALID_FIELD` for `at` if there is none; otherwise as [`from_wire`].
pub fn required_from_wire(at: &str, spec: Option<&wire::VmSpec>) -> Result<VmSpec> {
    from_wire(at, spec.ok_or_else(|| required(at))?)
}

/// Reads the spec at `at`.
///
/// Processors and memory that are not given are 0, which `limiquantix_core::validate` refuses with the same
/// words as a 0 that is given.
///
/// # Errors
///
/// `INVALID_FIELD` with the path of the field.
pub fn from_wire(at: &str, spec: &wire::VmSpec) -> Result<VmSpec> {
    let cores = spec.cpu.as_option().map_or(0, |cpu| cpu.cores);
    let memory = spec.memory.as_option().map_or(0, |memory| memory.size_mib);
    let disks = spec.disks.iter().enumerate();
    let nics = spec.nics.iter().enumerate();
    Ok(VmSpec {
        cpu: CpuSpec {
            cores: Cores(at_least(&path(at, "cpu.cores"), cores, || {
                "at least 1 CPU core is required".to_owned()
            })?),
        },
        memory: Mebibytes(at_least(&path(at, "memory.size_mib"), memory, || {
            format!("at least {} MiB memory is required", validate::MIN_MEMORY_MIB)
        })?),
        disks: disks
            .map(|(i, disk)| disk_from_wire(&path(at, &format!("disks[{i}]")), i, disk))
            .collect::<Result<_>>()?,
        nics: nics
            .map(|(i, nic)| nic_from_wire(&path(at, &format!("nics[{i}]")), nic))
            .collect::<Result<_>>()?,
        boot: match spec.boot.as_option() {
            Some(boot) => boot_from_wire(&path(at, "boot"), boot)?,
            None => Boot::Disk,
        },
        cloud_init: spec.cloud_init.as_option().map(|seed| CloudInit {
            user_data: seed.user_data.clone(),
            meta_data: seed.meta_data.clone(),
            network_config: seed.network_config.clone(),
        }),
        placement: PlacementSpec {
            node_selector: spec.node_selector.clone(),
            tolerations: spec
                .tolerations
                .iter()
                .map(|t| Toleration {
                    key: t.key.clone(),
                    value: t.value.clone(),
                })
                .collect(),
        },
        accel: match known(&path(at, "accel"), spec.accel)? {
            wire::AccelMode::Unspecified | wire::AccelMode::Auto => AccelPreference::Auto,
            wire::AccelMode::Kvm => AccelPreference::Kvm,
            wire::AccelMode::Tcg => AccelPreference::Tcg,
        },
    })
}

/// A number below zero breaks the same rule as a zero, so it gets that rule's words.
fn at_least(field: &str, value: i32, rule: impl FnOnce() -> String) -> Result<u32> {
    u32::try_from(value).map_err(|_| Error::invalid(field, rule()))
}

/// The name, or the default if it is empty.
fn name_or(field: &str, name: &str, default: &str) -> Result<Name> {
    Name::parse(field, if name.is_empty() { default } else { name })
}

/// The name, or none if it is empty.
fn image(field: &str, name: &str) -> Result<Option<ImageName>> {
    match name {
        "" => Ok(None),
        name => ImageName::parse(field, name).map(Some),
    }
}

fn disk_to_wire(disk: &DiskSpec) -> wire::DiskConfig {
    wire::DiskConfig {
        name: disk.name.to_string(),
        size_gib: signed(disk.size.get()),
        image: disk.image.as_ref().map(ToString::to_string).unwrap_or_default(),
        pool: disk.pool.to_string(),
        ..Default::default()
    }
}

fn disk_from_wire(at: &str, position: usize, disk: &wire::DiskConfig) -> Result<DiskSpec> {
    Ok(DiskSpec {
        name: name_or(&path(at, "name"), &disk.name, &format!("disk{position}"))?,
        size: Gibibytes(unsigned(&path(at, "size_gib"), disk.size_gib)?),
        image: image(&path(at, "image"), &disk.image)?,
        pool: name_or(&path(at, "pool"), &disk.pool, DEFAULT)?,
    })
}

fn nic_to_wire(nic: &NicSpec) -> wire::NicConfig {
    wire::NicConfig {
        network: nic.network.to_string(),
        mac: nic.mac.map(String::from).unwrap_or_default(),
        model: match nic.model {
            NicModel::Virtio => wire::NicModel::Virtio,
            NicModel::E1000e => wire::NicModel::E1000e,
        }
        .into(),
        ip_addresses: nic.addresses.iter().map(ToString::to_string).collect(),
        ..Default::default()
    }
}

fn nic_from_wire(at: &str, nic: &wire::NicConfig) -> Result<NicSpec> {
    Ok(NicSpec {
        network: name_or(&path(at, "network"), &nic.network, DEFAULT)?,
        mac: match nic.mac.as_str() {
            "" => None,
            mac => Some(MacAddress::parse(&path(at, "mac"), mac)?),
        },
        model: match known(&path(at, "model"), nic.model)? {
            wire::NicModel::Unspecified | wire::NicModel::Virtio => NicModel::Virtio,
            wire::NicModel::E1000e => NicModel::E1000e,
        },
        addresses: addresses_from_wire(&path(at, "ip_addresses"), &nic.ip_addresses)?,
    })
}

fn boot_to_wire(boot: &Boot) -> wire::BootConfig {
    let source = match boot {
        Boot::Disk => wire::DiskBoot::default().into(),
        Boot::Kernel {
            pool,
            kernel,
            initrd,
            cmdline,
        } => wire::DirectKernel {
            pool: pool.to_string(),
            kernel: kernel.to_string(),
            initrd: initrd.as_ref().map(ToString::to_string).unwrap_or_default(),
            cmdline: cmdline.clone(),
            ..Default::default()
        }
        .into(),
    };
    wire::BootConfig {
        source,
        ..Default::default()
    }
}

fn boot_from_wire(at: &str, boot: &wire::BootConfig) -> Result<Boot> {
    let kernel = match &boot.source {
        None | Some(Source::Disk(_)) => return Ok(Boot::Disk),
        Some(Source::Kernel(kernel)) => kernel,
    };
    let at = path(at, "kernel");
    if kernel.kernel.is_empty() {
        return Err(required(path(&at, "kernel")));
    }
    Ok(Boot::Kernel {
        pool: name_or(&path(&at, "pool"), &kernel.pool, DEFAULT)?,
        kernel: ImageName::parse(&path(&at, "kernel"), &kernel.kernel)?,
        initrd: image(&path(&at, "initrd"), &kernel.initrd)?,
        cmdline: kernel.cmdline.clone(),
    })
}

fn cloud_init_to_wire(seed: &CloudInit) -> wire::CloudInit {
    wire::CloudInit {
        user_data: seed.user_data.clone(),
        meta_data: seed.meta_data.clone(),
        network_config: seed.network_config.clone(),
        ..Default::default()
    }
}
