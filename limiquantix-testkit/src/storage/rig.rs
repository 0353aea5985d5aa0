use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt;
use limiquantix_core::contract::{StorageBackend, VolumeInfo, VolumeRequest};
use limiquantix_core::identity::{ImageName, Name, VolumeId};
use limiquantix_core::resource::VolumeSource;
use limiquantix_core::unit::Gibibytes;

/// What the cases need of an implementation beyond the contract.
#[async_trait]
pub trait Rig: Send + Sync {
    /// The implementation under test.
    fn storage(&self) -> Arc<dyn StorageBackend>;

    /// A pool of it.
    fn pool(&self) -> Name;

    /// An image of 2 GiB virtual size in that pool.
    fn image(&self) -> ImageName;

    /// Ids that nobody has used, ascending.
    fn volume_ids(&self, count: usize) -> Vec<VolumeId>;

    /// Does half of [`ensure_volume`](StorageBackend::ensure_volume), as a call that died has.
    async fn half_make(&self, request: &VolumeRequest);

    /// Removes what the case left behind. Called at the end of every case, also of a failed one.
    async fn clear(&self);
}

/// Runs a case and clears up behind it, whether it passed or not.
pub async fn run_case(rig: &impl Rig, case: impl Future<Output = ()>) {
    let outcome = AssertUnwindSafe(case).catch_unwind().await;
    rig.clear().await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// A request for a volume that nobody has made.
pub(super) fn request(rig: &impl Rig, size: u32, image: Option<ImageName>) -> VolumeRequest {
    VolumeRequest {
        id: rig.volume_ids(1).remove(0),
        pool: rig.pool(),
        size: Gibibytes(size),
        source: image.map_or(VolumeSource::Empty, |image| VolumeSource::Image { image }),
    }
}

/// The volume as its pool lists it.
pub(super) async fn listed(rig: &impl Rig, id: VolumeId) -> Option<VolumeInfo> {
    let all = rig.storage().volumes(&rig.pool()).await.expect("list volumes");
    all.into_iter().find(|v| v.id == id)
}
