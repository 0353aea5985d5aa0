//! The one place that names a hypervisor: libvirt, where this was built with it.

use std::path::PathBuf;
use std::sync::Arc;

use limiquantix_core::Result;
use limiquantix_core::contract::{Hypervisor, StorageBackend};
use limiquantix_core::identity::Name;

/// The two halves of a node.
pub type Driver = (Arc<dyn Hypervisor>, Arc<dyn StorageBackend>);

/// How to reach libvirt, and where things are kept.
#[derive(Debug, Clone)]
pub struct DriverConfig {
    /// The connection URI of this machine's libvirt.
    pub uri: String,
    /// The storage pools: name and directory.
    pub pools: Vec<(Name, PathBuf)>,
    /// Where console logs and cloud-init seeds are kept.
    pub state_dir: PathBuf,
    /// What guests run under.
    pub accel: AccelMode,
}

/// What guests run under.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum AccelMode {
    /// Hardware virtualization if a probe guest shows that it works, else software emulation.
    #[default]
    Auto,
    /// Hardware virtualization.
    Kvm,
    /// Software emulation.
    Tcg,
}

/// Connects to libvirt. Does not wait for it: as long as it is away, its verbs say so.
///
/// Errors: `INVALID_FIELD` for settings that cannot be meant, `STORAGE_FAILED` for a directory that cannot be
/// made, `UNSUPPORTED` where this was built without libvirt.
#[cfg(feature = "libvirt")]
pub async fn connect(config: DriverConfig) -> Result<Driver> {
    use limiquantix_libvirt::{AccelChoice, LibvirtConfig, LibvirtNode, PoolConfig};
    let config = LibvirtConfig {
        uri: config.uri,
        pools: config
            .pools
            .into_iter()
            .map(|(name, path)| PoolConfig { name, path })
            .collect(),
        state_dir: config.state_dir,
        accel: match config.accel {
            AccelMode::Auto => AccelChoice::Auto,
            AccelMode::Kvm => AccelChoice::Kvm,
            AccelMode::Tcg => AccelChoice::Tcg,
        },
    };
    let (hypervisor, storage) = LibvirtNode::connect(config).await?;
    Ok((Arc::new(hypervisor), Arc::new(storage)))
}

/// Says that this was built without libvirt.
#[cfg(not(feature = "libvirt"))]
pub async fn connect(_: DriverConfig) -> Result<Driver> {
    use limiquantix_core::{Error, Reason};
    let message =
        "this program was built without libvirt: build it with --features libvirt, which needs libvirt-dev";
    Err(Error::new(Reason::Unsupported, message))
}
