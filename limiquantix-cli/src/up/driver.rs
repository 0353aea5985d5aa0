//! The node's hypervisor, from the arguments of `lqx up`.

use std::path::Path;

use limiquantix_agent::driver::{Driver, DriverConfig, connect as connect_driver};
use limiquantix_core::Reason;
use limiquantix_core::identity::Name;

use super::Args;
use crate::exit::Exit;
use crate::failure::Failure;

pub(super) async fn connect(args: &Args, data_dir: &Path) -> Result<Driver, Failure> {
    let mut pools = Vec::new();
    for (name, path) in &args.pools {
        pools.push((Name::parse("pool", name)?, path.into()));
    }
    if pools.is_empty() {
        pools.push((Name::parse("pool", "default")?, data_dir.join("pool")));
    }
    let config = DriverConfig {
        uri: args
            .libvirt
            .clone()
            .unwrap_or_else(crate::doctor::default_libvirt),
        pools,
        state_dir: data_dir.join("agent/libvirt"),
        accel: args.accel,
    };
    connect_driver(config).await.map_err(|error| {
        match error.reason() {
            // What this program was built without is no bug of it.
            Reason::Unsupported => Failure::new(Exit::Conflict, Reason::Unsupported.code(), error.message()).fix(
                "cargo build --features limiquantix-cli/libvirt, which needs libvirt-dev; or lqx up --no-agent; or lqx demo",
            ),
            _ => Failure::from(error),
        }
    })
}
