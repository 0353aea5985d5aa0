use std::sync::Arc;

use limiquantix_core::error::Result;

use crate::blocking;
use crate::config::LibvirtConfig;
use crate::connection::Link;
use crate::hypervisor::LibvirtHypervisor;
use crate::places::Places;
use crate::probe::Accelerator;
use crate::storage::LibvirtStorage;

/// Entry to this crate.
#[derive(Debug)]
pub struct LibvirtNode;

impl LibvirtNode {
    /// Makes the configured directories and begins to keep a connection to libvirt, in a tokio runtime.
    ///
    /// Does not wait for libvirt: as long as it cannot be reached, verbs fail with `HYPERVISOR_UNAVAILABLE`, and
    /// when it can, they succeed. Both halves share the connection; it is closed with the last of them.
    ///
    /// Errors: `INVALID_FIELD` for a configuration that cannot be meant, `STORAGE_FAILED` for a directory that
    /// cannot be made.
    pub async fn connect(config: LibvirtConfig) -> Result<(LibvirtHypervisor, LibvirtStorage)> {
        let LibvirtConfig { uri, accel, .. } = config.clone();
        let places = blocking::run(move || Places::prepare(&config)).await?;
        let places = Arc::new(places);
        let link = Link::keep(&uri)?;
        let accelerator = Accelerator::new(accel, Arc::clone(&places));
        let storage = LibvirtStorage::new(link.clone(), Arc::clone(&places));
        Ok((LibvirtHypervisor::new(link, places, accelerator), storage))
    }
}
