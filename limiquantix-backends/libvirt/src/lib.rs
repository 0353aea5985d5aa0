//! LimiQuantix on libvirt: the [`Hypervisor`](limiquantix_core::contract::Hypervisor) and
//! [`StorageBackend`](limiquantix_core::contract::StorageBackend) of a real node.
//!
//! ```text
//!  LibvirtNode::connect(config) ─▶ LibvirtHypervisor ─┬─▶ domain_xml   what a machine is, as libvirt's XML
//!                               │                     ├─▶ console      its log and its line
//!                               │                     ├─▶ seed         its first-boot configuration
//!                               │                     └─▶ probe        does hardware virtualization work here?
//!                               ├▶ LibvirtStorage ──────▶ storage      volumes and images in directories
//!                               │
//!                               └▶ connection   one connection for all, kept open; calls bounded in time
//!                                     └─▶ ffi   the only unsafe code
//! ```
//!
//! Needs libvirt's library and its headers' `libvirt.pc` when it is built (Debian and Ubuntu: `apt install
//! libvirt-dev pkg-config`; Fedora: `dnf install libvirt-devel`), libvirt ≥ 6.0 and `qemu-img` where it runs. The
//! crate `virt-sys` looks for the library in its build script and fails there if it is absent.
//!
//! Deliberately absent: any decision. What should run, where, and when to try again is the agent's and the control
//! plane's business. Also no state: what must outlive the agent is kept by libvirt and in files.

mod blocking;
mod config;
mod connection;
mod console;
mod domain_xml;
mod error;
mod ffi;
mod hypervisor;
mod node;
mod places;
mod probe;
mod seed;
mod storage;
mod xml;

pub use config::{AccelChoice, LibvirtConfig, PoolConfig};
#[doc(hidden)]
pub use domain_xml::fuzz_render;
pub use hypervisor::LibvirtHypervisor;
pub use node::LibvirtNode;
pub use storage::LibvirtStorage;
