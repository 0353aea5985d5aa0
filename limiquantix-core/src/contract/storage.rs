use async_trait::async_trait;

use crate::error::Result;
use crate::identity::{ImageName, Name, VolumeId};
use crate::resource::{PoolFacts, VolumeSource};
use crate::unit::{Bytes, Gibibytes};

/// Keeps volumes on one node. Verbs are *ensure*, as with [`Hypervisor`](super::Hypervisor).
///
/// Errors: `POOL_MISSING`, `IMAGE_MISSING`, `VOLUME_MISSING`, `HYPERVISOR_UNAVAILABLE` (retry), and `STORAGE_FAILED` with
/// the backend's own words otherwise.
#[async_trait]
pub trait StorageBackend: Send + Sync + std::fmt::Debug {
    /// The pools, with their sizes as they are now, by name ascending.
    async fn pools(&self) -> Result<Vec<PoolFacts>>;

    /// Makes the volume. A volume that is there already is left untouched, whatever its content: this verb
    /// never destroys data. A half-made volume of a call that died is made anew.
    async fn ensure_volume(&self, request: &VolumeRequest) -> Result<VolumeInfo>;

    /// The volume as it is, or `None` if it is not there; one that is half made is not.
    async fn volume(&self, pool: &Name, volume: VolumeId) -> Result<Option<VolumeInfo>>;

    /// Makes the volume `size` large, its content unchanged. One that is as large or larger is left alone: a volume
    /// never shrinks. `VOLUME_MISSING` if it is not there. No guest may be using it.
    async fn resize_volume(&self, pool: &Name, volume: VolumeId, size: Gibibytes) -> Result<VolumeInfo>;

    /// Makes the volume `to` a copy of `from`, in the same pool, that depends on nothing: neither on `from` nor on its
    /// image. A `to` that is there already is left untouched; a half-made one is made anew. `VOLUME_MISSING` if `from`
    /// is not there. Nobody may write to `from` meanwhile.
    async fn clone_volume(&self, pool: &Name, from: VolumeId, to: VolumeId) -> Result<VolumeInfo>;

    /// Removes the volume for good. Success if it is not there.
    async fn ensure_volume_absent(&self, pool: &Name, volume: VolumeId) -> Result<()>;

    /// The volumes of ours in a pool, by id ascending.
    async fn volumes(&self, pool: &Name) -> Result<Vec<VolumeInfo>>;

    /// The images in a pool, by name ascending. An image is a file that volumes are overlays of and that
    /// nothing here ever writes to.
    async fn images(&self, pool: &Name) -> Result<Vec<ImageName>>;
}

/// A volume to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeRequest {
    /// Its id, which is its file name too.
    pub id: VolumeId,
    /// The pool to make it in.
    pub pool: Name,
    /// Virtual size. An image larger than this is `STORAGE_FAILED`: a shorter overlay would cut its end off.
    pub size: Gibibytes,
    /// What it starts out as.
    pub source: VolumeSource,
}

/// A volume as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeInfo {
    /// Its id.
    pub id: VolumeId,
    /// Virtual size.
    pub capacity: Bytes,
    /// Space it takes in the pool.
    pub allocation: Bytes,
}
