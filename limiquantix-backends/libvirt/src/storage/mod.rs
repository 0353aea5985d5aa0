//! The [`StorageBackend`] contract on directories.
//!
//! ```text
//!  POOL/<volume id>.qcow2          volumes, complete from the moment that they have this name
//!  POOL/images/<image name>        what volumes are overlays of; only read here
//!  POOL/.making/<volume id>.<n>    a volume that is being made
//! ```
//!
//! Volumes are made by `qemu-img` beside their place, synced, and given their name by a hard link, which never
//! replaces anything. So a volume is there whole or not at all, whoever is killed when, and "there already" is one
//! look. libvirt's own `virStorageVolCreateXML` runs the same `qemu-img` but on the final name: half a volume could
//! not be told from one, and its bookkeeping is re-read from all files at each refresh. libvirt is told of the pools
//! all the same, so that its tools show them; nothing here depends on that.
//!
//! An image's format is decided by us from its header and written into the overlay, never left for QEMU to guess:
//! a raw image whose first bytes a guest once wrote could otherwise name any file of the host as its backing file.

mod image;
mod pool;
mod qcow2;
mod qemu_img;
#[cfg(test)]
mod tests;
mod volume;

use std::sync::Arc;

use async_trait::async_trait;
use limiquantix_core::contract::{StorageBackend, VolumeInfo, VolumeRequest};
use limiquantix_core::error::Result;
use limiquantix_core::identity::{ImageName, Name, VolumeId};
use limiquantix_core::resource::PoolFacts;
use limiquantix_core::unit::Gibibytes;

use crate::blocking;
use crate::connection::Link;
use crate::places::Places;

pub(crate) use pool::pool_facts;

/// The pools of this node. Made by [`LibvirtNode::connect`](crate::LibvirtNode::connect).
#[derive(Debug)]
pub struct LibvirtStorage {
    places: Arc<Places>,
    shown: pool::Shown,
}

impl LibvirtStorage {
    pub(crate) fn new(link: Link, places: Arc<Places>) -> Self {
        Self {
            shown: pool::Shown::keep(link, Arc::clone(&places)),
            places,
        }
    }
}

#[async_trait]
impl StorageBackend for LibvirtStorage {
    async fn pools(&self) -> Result<Vec<PoolFacts>> {
        let places = Arc::clone(&self.places);
        blocking::run(move || pool_facts(&places)).await
    }

    async fn ensure_volume(&self, request: &VolumeRequest) -> Result<VolumeInfo> {
        let pool = self.places.pool(&request.pool)?.clone();
        let info = volume::ensure(pool, request.clone()).await?;
        self.shown.changed();
        Ok(info)
    }

    async fn volume(&self, pool: &Name, volume: VolumeId) -> Result<Option<VolumeInfo>> {
        let pool = self.places.pool(pool)?.clone();
        blocking::run(move || volume::look(&pool, volume)).await
    }

    async fn resize_volume(&self, pool: &Name, volume: VolumeId, size: Gibibytes) -> Result<VolumeInfo> {
        let pool = self.places.pool(pool)?.clone();
        let info = volume::resize(pool, volume, size).await?;
        self.shown.changed();
        Ok(info)
    }

    async fn clone_volume(&self, pool: &Name, from: VolumeId, to: VolumeId) -> Result<VolumeInfo> {
        let pool = self.places.pool(pool)?.clone();
        let info = volume::copy(pool, from, to).await?;
        self.shown.changed();
        Ok(info)
    }

    async fn ensure_volume_absent(&self, pool: &Name, volume: VolumeId) -> Result<()> {
        let pool = self.places.pool(pool)?.clone();
        blocking::run(move || volume::ensure_absent(&pool, volume)).await?;
        self.shown.changed();
        Ok(())
    }

    async fn volumes(&self, pool: &Name) -> Result<Vec<VolumeInfo>> {
        let pool = self.places.pool(pool)?.clone();
        blocking::run(move || volume::list(&pool)).await
    }

    async fn images(&self, pool: &Name) -> Result<Vec<ImageName>> {
        let pool = self.places.pool(pool)?.clone();
        blocking::run(move || image::list(&pool)).await
    }
}
