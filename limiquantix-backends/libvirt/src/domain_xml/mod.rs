//! What libvirt is told about a machine.
//!
//! ```text
//!  Machine ──▶ Blueprint ──▶ render ──▶ <domain>…</domain>
//!  (core)      plain values,   an XML writer: element and attribute
//!              paths resolved  names are ours, values are escaped
//! ```
//!
//! No text of a user is ever pasted into markup, and [`render()`] does not rely on anybody having checked it:
//! whatever the strings of a [`Blueprint`] are, the elements of the document are the same, or there is a typed
//! error for what XML cannot carry.
//!
//! What the machine is like, and why:
//!
//! | choice | reason |
//! |---|---|
//! | q35, ten root ports | PCI Express, and room to plug devices in later: ports cannot be added to a running guest |
//! | ACPI | without it no guest hears the power button |
//! | virtio-serial, rng, balloon | agent channel, boot without waiting for entropy, memory statistics |
//! | serial port with a log | the console can be read afterwards, also while nobody has it open |
//! | `host-model` under KVM | the host's features under a name, so that a guest can move to a host with the same; `host-passthrough` could not |
//! | `maximum` under TCG | current distributions refuse to start on the features of `qemu64` |
//! | power-off and crash destroy, reboot restarts | what should run is the control plane's decision |

mod blueprint;
mod metadata;
mod probe;
mod render;
mod snapshot;
#[cfg(test)]
mod tests;

pub(crate) use blueprint::{Blueprint, Disk, DiskCache, Kernel, Nic, Plug, domain_name};
pub(crate) use metadata::{Asked, Mark, NAMESPACE, PREFIX};
pub(crate) use probe::probe_xml;
pub use render::fuzz_render;
pub(crate) use render::{domain_type, render};
pub(crate) use snapshot::{keeps_memory, remark, snapshot_document};
