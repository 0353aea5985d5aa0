use std::path::PathBuf;

use limiquantix_core::identity::{Name, VmId};
use limiquantix_core::resource::{Accel, NicModel};

use super::metadata::Mark;

/// Everything that the document is made of, with every reference resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blueprint {
    pub(crate) vm: VmId,
    /// What libvirt's tools call it.
    pub(crate) name: String,
    /// What people call it.
    pub(crate) title: String,
    pub(crate) mark: Mark,
    pub(crate) accel: Accel,
    pub(crate) cores: u32,
    pub(crate) memory_mib: u32,
    /// If none, the firmware starts the first disk.
    pub(crate) kernel: Option<Kernel>,
    pub(crate) disks: Vec<Disk>,
    /// A read-only raw disk after the others.
    pub(crate) seed: Option<PathBuf>,
    pub(crate) nics: Vec<Nic>,
    pub(crate) console_log: PathBuf,
}

/// A kernel that QEMU loads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kernel {
    pub(crate) kernel: PathBuf,
    pub(crate) initrd: Option<PathBuf>,
    pub(crate) cmdline: String,
}

/// A qcow2 file as a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) path: PathBuf,
    /// What the guest sees as the disk's serial number.
    pub(crate) serial: String,
    pub(crate) cache: DiskCache,
}

/// How QEMU opens an image file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiskCache {
    /// Past the host's page cache: the guest's memory is not used twice, and a move to another host finds
    /// everything in the file. Needs O_DIRECT.
    None,
    /// Through the page cache, for file systems without O_DIRECT (tmpfs). The guest's flushes are honoured
    /// either way.
    Writeback,
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nic {
    pub(crate) plug: Plug,
    pub(crate) mac: String,
    pub(crate) model: NicModel,
}

/// What an interface is plugged into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Plug {
    /// A network that libvirt keeps.
    Network(String),
    /// A bridge of the host.
    Bridge(String),
}

/// The longest domain name in bytes. libvirt keeps the definition in a file `NAME.xml` and writes it anew
/// through `NAME.xml.new`; file names end at 255.
const NAME_BYTES: usize = 240;

/// A domain name in which the VM's name can be recognised and which no other VM on the host has: two projects
/// may each have a VM `web`. The end of the id is its random part, its beginning only the time.
pub(crate) fn domain_name(name: &Name, vm: VmId) -> String {
    let id = vm.uuid().simple().to_string();
    let tail = id.get(20..).unwrap_or_default();
    let mut end = name.as_str().len().min(NAME_BYTES - 1 - tail.len());
    while !name.as_str().is_char_boundary(end) {
        end -= 1;
    }
    let head = name.as_str().get(..end).unwrap_or_default();
    format!("{head}.{tail}")
}
