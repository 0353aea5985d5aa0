use std::path::PathBuf;

use limiquantix_core::error::{Error, Result};
use limiquantix_core::identity::Name;
use serde::{Deserialize, Serialize};

/// How to reach libvirt, and where things are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LibvirtConfig {
    /// What libvirt calls a connection URI. It must mean the libvirt of this very machine: the agent and
    /// libvirt share files.
    #[serde(default = "default_uri")]
    pub uri: String,
    /// The storage pools.
    pub pools: Vec<PoolConfig>,
    /// Where cloud-init seeds and console logs are kept. The same path must mean the same directory to
    /// libvirt, and QEMU's user must be able to pass through it.
    pub state_dir: PathBuf,
    /// Whether guests get hardware virtualization.
    #[serde(default)]
    pub accel: AccelChoice,
}

/// A storage pool: a directory with volumes, and images in `images/` beneath it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolConfig {
    /// What the API calls it.
    pub name: Name,
    /// The directory. Made if it is not there.
    pub path: PathBuf,
}

/// Which accelerator a node's guests run under.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccelChoice {
    /// Hardware virtualization if a probe guest shows that it works, else software emulation.
    #[default]
    Auto,
    /// Hardware virtualization.
    Kvm,
    /// Software emulation.
    Tcg,
}

fn default_uri() -> String {
    "qemu:///system".to_owned()
}

impl LibvirtConfig {
    /// Settings for the system's libvirt with one pool `default`, everything beneath `dir`.
    pub fn beneath(dir: impl Into<PathBuf>) -> Result<Self> {
        let dir = dir.into();
        let default = PoolConfig {
            name: Name::parse("pool", "default")?,
            path: dir.join("pools").join("default"),
        };
        Ok(Self {
            uri: default_uri(),
            pools: vec![default],
            state_dir: dir.join("libvirt"),
            accel: AccelChoice::Auto,
        })
    }

    /// Checks what types cannot: paths are absolute (libvirt's working directory is not ours), pools are
    /// named once.
    pub(crate) fn check(&self) -> Result<()> {
        let paths = self.pools.iter().map(|p| ("pools[].path", &p.path));
        for (field, path) in paths.chain([("state_dir", &self.state_dir)]) {
            if !path.is_absolute() || path.to_str().is_none() {
                let words = format!("{field} must be an absolute path in UTF-8: {}", path.display());
                return Err(Error::invalid(field, words));
            }
        }
        for (i, pool) in self.pools.iter().enumerate() {
            if self
                .pools
                .iter()
                .take(i)
                .any(|p| p.name == pool.name || p.path == pool.path)
            {
                return Err(Error::invalid(
                    "pools[].name",
                    format!("pool {} is there twice", pool.name),
                ));
            }
        }
        Ok(())
    }
}
