//! The one place that names the hypervisor.

use std::path::Path;
use std::sync::Arc;

use limiquantix_core::contract::{Hypervisor, StorageBackend};

use super::Args;
use crate::failure::Failure;

pub(super) type Driver = (Arc<dyn Hypervisor>, Arc<dyn StorageBackend>);

#[cfg(feature = "libvirt")]
pub(super) async fn connect(args: &Args, data_dir: &Path) -> Result<Driver, Failure> {
    use limiquantix_core::contract::Hypervisor as _;
    use limiquantix_core::identity::Name;
    use limiquantix_libvirt::{LibvirtConfig, LibvirtNode, PoolConfig};

    let mut pools = Vec::new();
    for (name, path) in &args.pools {
        pools.push(PoolConfig {
            name: Name::parse("pool", name)?,
            path: path.into(),
        });
    }
    if pools.is_empty() {
        pools.push(PoolConfig {
            name: Name::parse("pool", "default")?,
            path: data_dir.join("pool"),
        });
    }
    let config = LibvirtConfig {
        uri: args
            .libvirt
            .clone()
            .unwrap_or_else(crate::doctor::default_libvirt),
        pools,
        state_dir: data_dir.join("agent/libvirt"),
        accel: args.accel.into(),
    };
    let (hypervisor, storage) = LibvirtNode::connect(config).await?;
    // Connecting does not wait for libvirt, and an agent would for ever.
    hypervisor.facts().await?;
    Ok((Arc::new(hypervisor), Arc::new(storage)))
}

#[cfg(feature = "libvirt")]
impl From<super::AccelChoice> for limiquantix_libvirt::AccelChoice {
    fn from(accel: super::AccelChoice) -> Self {
        match accel {
            super::AccelChoice::Auto => Self::Auto,
            super::AccelChoice::Kvm => Self::Kvm,
            super::AccelChoice::Tcg => Self::Tcg,
        }
    }
}

#[cfg(not(feature = "libvirt"))]
pub(super) async fn connect(args: &Args, _: &Path) -> Result<Driver, Failure> {
    use limiquantix_core::Reason;

    use crate::exit::Exit;

    let message = "this lqx was built without libvirt, so that it cannot run guests itself";
    let failure = Failure::new(Exit::Conflict, Reason::Unsupported.code(), message)
        .fact("libvirt", args.libvirt.as_deref().unwrap_or("not given"))
        .fact("pools", args.pools.len().to_string())
        .fact("accel", format!("{:?}", args.accel).to_lowercase());
    Err(failure.fix("cargo build --features limiquantix-cli/libvirt, which needs libvirt-dev; or lqx up --no-agent; or lqx demo"))
}
