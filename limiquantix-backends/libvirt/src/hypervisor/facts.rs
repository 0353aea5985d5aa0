use limiquantix_core::contract::NodeFacts;
use limiquantix_core::resource::{Accel, HypervisorFacts, PoolFacts};
use limiquantix_core::unit::{Cores, Mebibytes};

use crate::connection::Session;
use crate::error::CallResult;

/// What libvirt says of the host.
pub(super) struct Host {
    cores: u32,
    memory: Mebibytes,
    version: String,
}

pub(super) fn read(session: &Session) -> CallResult<Host> {
    let connect = session.connect();
    let node = connect.node_info()?;
    let (library, hypervisor) = (connect.lib_version()?, connect.hyp_version()?);
    Ok(Host {
        cores: node.cpus,
        // libvirt counts in KiB.
        memory: Mebibytes(u32::try_from(node.memory >> 10).unwrap_or(u32::MAX)),
        version: format!(
            "libvirt {}, {} {}",
            dotted(library),
            connect.driver_type()?,
            dotted(hypervisor)
        ),
    })
}

pub(super) fn complete(host: Host, accel: Accel, pools: Vec<PoolFacts>) -> NodeFacts {
    NodeFacts {
        cores: Cores(host.cores),
        memory: host.memory,
        hypervisor: HypervisorFacts {
            driver: "libvirt".to_owned(),
            version: host.version,
            accel,
        },
        pools,
    }
}

/// libvirt packs versions as `major * 1,000,000 + minor * 1,000 + release`.
fn dotted(version: u32) -> String {
    format!(
        "{}.{}.{}",
        version / 1_000_000,
        version / 1_000 % 1_000,
        version % 1_000
    )
}
