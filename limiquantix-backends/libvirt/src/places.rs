//! Where files are. Every path is made of configured directories, ids and names that were checked to be one path
//! component; no other text of a user gets into one.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::{ImageName, Name, VmId, VolumeId};

use crate::config::LibvirtConfig;
use crate::domain_xml::DiskCache;

/// The directories of a node.
#[derive(Debug)]
pub(crate) struct Places {
    state: PathBuf,
    pools: BTreeMap<Name, Pool>,
}

/// A pool's directory.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    pub(crate) name: Name,
    pub(crate) path: PathBuf,
    /// How QEMU opens files in it.
    pub(crate) cache: DiskCache,
}

impl Places {
    /// Makes the directories that are not there yet.
    pub(crate) fn prepare(config: &LibvirtConfig) -> Result<Self> {
        config.check()?;
        let places = Self {
            state: config.state_dir.clone(),
            pools: BTreeMap::new(),
        };
        // QEMU runs as another user and must be able to pass through; only root may look around.
        for dir in [
            &places.state,
            &places.seeds(),
            &places.consoles(),
            &places.probe(),
        ] {
            make_dir(dir, 0o711)?;
        }
        let mut pools = BTreeMap::new();
        for pool in &config.pools {
            make_dir(&pool.path, 0o711)?;
            make_dir(&pool.path.join("images"), 0o755)?;
            make_dir(&pool.path.join(".making"), 0o700)?;
            let made = Pool {
                name: pool.name.clone(),
                path: pool.path.clone(),
                cache: cache_for(&pool.path),
            };
            pools.insert(pool.name.clone(), made);
        }
        Ok(Self { pools, ..places })
    }

    pub(crate) fn pools(&self) -> impl Iterator<Item = &Pool> {
        self.pools.values()
    }

    /// `POOL_MISSING` if the node has no such pool.
    pub(crate) fn pool(&self, name: &Name) -> Result<&Pool> {
        self.pools.get(name).ok_or_else(|| {
            Error::new(Reason::PoolMissing, format!("no pool {name} on this node"))
                .with("pool", name.as_str())
        })
    }

    pub(crate) fn seed(&self, vm: VmId) -> PathBuf {
        self.seeds().join(format!("{vm}.img"))
    }

    pub(crate) fn console_log(&self, vm: VmId) -> PathBuf {
        self.consoles().join(format!("{vm}.log"))
    }

    pub(crate) fn seeds(&self) -> PathBuf {
        self.state.join("seeds")
    }

    pub(crate) fn consoles(&self) -> PathBuf {
        self.state.join("consoles")
    }

    pub(crate) fn probe(&self) -> PathBuf {
        self.state.join("probe")
    }
}

impl Pool {
    pub(crate) fn volume(&self, volume: VolumeId) -> PathBuf {
        self.path.join(format!("{volume}.qcow2"))
    }

    /// Where volumes are until they are complete.
    pub(crate) fn making(&self) -> PathBuf {
        self.path.join(".making")
    }

    pub(crate) fn images(&self) -> PathBuf {
        self.path.join("images")
    }

    /// `IMAGE_MISSING` if there is no such file.
    pub(crate) fn image(&self, image: &ImageName) -> Result<PathBuf> {
        let path = self.images().join(image.as_str());
        match fs::metadata(&path) {
            Ok(found) if found.is_file() => Ok(path),
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(storage_failed(format!("cannot look at image {image}"), e))
            }
            _ => Err(Error::new(
                Reason::ImageMissing,
                format!("no image {image} in pool {}", self.name),
            )
            .with("image", image.as_str())
            .with("pool", self.name.as_str())),
        }
    }
}

/// A file operation failed.
pub(crate) fn storage_failed(what: impl Into<String>, e: io::Error) -> Error {
    Error::new(Reason::StorageFailed, format!("{}: {e}", what.into())).caused_by(e)
}

/// Removes a file; fine if it is not there.
pub(crate) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => {
            Err(storage_failed(format!("cannot remove {}", path.display()), e))
        }
        _ => Ok(()),
    }
}

fn make_dir(path: &Path, mode: u32) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(mode).create(path);
    made.map_err(|e| storage_failed(format!("cannot make the directory {}", path.display()), e))
}

/// Tries whether files beneath `dir` can be opened past the page cache.
fn cache_for(dir: &Path) -> DiskCache {
    let path = dir.join(format!(".direct-{}", std::process::id()));
    let opened = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(libc::O_DIRECT)
        .open(&path);
    // Left behind only if the directory became read-only this moment; harmless, and not a volume.
    let _ = fs::remove_file(&path);
    if opened.is_ok() {
        DiskCache::None
    } else {
        DiskCache::Writeback
    }
}
