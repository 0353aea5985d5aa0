use std::net::SocketAddr;
use std::path::PathBuf;

use limiquantix::Settings;
use limiquantix_core::{Error, Result};

/// What a server is started with.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where state is kept.
    pub store: StoreConfig,
    /// Settings of the control plane.
    pub settings: Settings,
    /// There is a user `admin` with the password `admin`.
    pub dev: bool,
}

/// Where state is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreConfig {
    /// Nowhere: it is gone with the process.
    Memory,
    /// In a file of this directory.
    Sqlite(PathBuf),
}

impl ServerConfig {
    /// Refuses what would be unsafe: callers are not yet told apart by anything but being on this machine,
    /// so nobody else may reach the port.
    pub(crate) fn check(&self) -> Result<()> {
        if self.listen.ip().is_loopback() {
            return Ok(());
        }
        let message = format!(
            "{} is not a loopback address: every caller is an administrator until users are managed, so the server \
             listens on this machine only; reach it from elsewhere through an SSH tunnel",
            self.listen
        );
        Err(Error::invalid("listen", message))
    }
}
