use std::sync::Arc;

use async_trait::async_trait;
use limiquantix_core::contract::{StorageBackend, VolumeInfo, VolumeRequest};
use limiquantix_core::error::{Error, Reason, Result};
use limiquantix_core::identity::{ImageName, Name, VolumeId};
use limiquantix_core::resource::{PoolFacts, VolumeSource};
use limiquantix_core::unit::{Bytes, Gibibytes};

use crate::config::MockConfig;
use crate::fault::{Point, Verb};
use crate::state::{Shared, State};

/// What an empty qcow2 file takes, rounded up: overlays are thin.
const EMPTY_VOLUME: Bytes = Bytes(200 << 10);

/// One agent's view of a simulated node's pools. Made by [`MockNode::storage`](crate::MockNode::storage).
#[derive(Debug)]
pub struct MockStorage {
    shared: Arc<Shared>,
}

impl MockStorage {
    pub(crate) fn attach(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
        }
    }

    async fn begin(&self, verb: Verb) -> Result<()> {
        if let Some(time) = self.shared.config.delays.get(&verb) {
            tokio::time::sleep(*time).await;
        }
        self.shared.faults.pass(verb, Point::Before).await
    }

    async fn end(&self, verb: Verb) -> Result<()> {
        self.shared.faults.pass(verb, Point::After).await
    }

    fn pool(&self, pool: &Name) -> Result<()> {
        if self.shared.config.pools.iter().any(|p| p.name == *pool) {
            return Ok(());
        }
        Err(Error::new(
            Reason::PoolMissing,
            format!("no pool {pool} on this node"),
        ))
    }
}

fn missing(pool: &Name, volume: VolumeId) -> Error {
    let message = format!("no volume {volume} in pool {pool}");
    Error::new(Reason::VolumeMissing, message).with("volume", volume.to_string())
}

/// The pools as they are now: what volumes take is not available.
pub(crate) fn pools(config: &MockConfig, state: &State) -> Vec<PoolFacts> {
    let mut pools = config.pools.clone();
    for ((pool, _), volume) in &state.volumes {
        for facts in pools.iter_mut().filter(|p| p.name == *pool) {
            facts.available = facts.available.saturating_sub(volume.allocation);
        }
    }
    pools.sort_by(|a, b| a.name.cmp(&b.name));
    pools
}

#[async_trait]
impl StorageBackend for MockStorage {
    async fn pools(&self) -> Result<Vec<PoolFacts>> {
        self.begin(Verb::Pools).await?;
        let pools = pools(&self.shared.config, &*self.shared.reach()?);
        self.end(Verb::Pools).await?;
        Ok(pools)
    }

    async fn ensure_volume(&self, request: &VolumeRequest) -> Result<VolumeInfo> {
        self.begin(Verb::EnsureVolume).await?;
        let key = (request.pool.clone(), request.id);
        {
            let mut state = self.shared.reach()?;
            self.pool(&request.pool)?;
            if !state.volumes.contains_key(&key) {
                if let VolumeSource::Image { image } = &request.source {
                    let size = self.shared.config.images.get(image).ok_or_else(|| {
                        Error::new(
                            Reason::ImageMissing,
                            format!("no image {image} in pool {}", request.pool),
                        )
                    })?;
                    if *size > request.size.bytes() {
                        return Err(Error::new(
                            Reason::StorageFailed,
                            format!("image {image} has {size}, the volume only {}", request.size),
                        ));
                    }
                }
                state.half_made.insert(key.clone());
            }
        }
        self.shared.faults.pass(Verb::EnsureVolume, Point::Midway).await?;
        let info = {
            let mut state = self.shared.reach()?;
            state.half_made.remove(&key);
            let made = VolumeInfo {
                id: request.id,
                capacity: request.size.bytes(),
                allocation: EMPTY_VOLUME,
            };
            state.volumes.entry(key).or_insert(made).clone()
        };
        self.end(Verb::EnsureVolume).await?;
        Ok(info)
    }

    async fn volume(&self, pool: &Name, volume: VolumeId) -> Result<Option<VolumeInfo>> {
        self.begin(Verb::Volume).await?;
        let found = {
            let state = self.shared.reach()?;
            self.pool(pool)?;
            state.volumes.get(&(pool.clone(), volume)).cloned()
        };
        self.end(Verb::Volume).await?;
        Ok(found)
    }

    async fn resize_volume(&self, pool: &Name, volume: VolumeId, size: Gibibytes) -> Result<VolumeInfo> {
        self.begin(Verb::ResizeVolume).await?;
        let info = {
            let mut state = self.shared.reach()?;
            self.pool(pool)?;
            let found = state.volumes.get_mut(&(pool.clone(), volume));
            let info = found.ok_or_else(|| missing(pool, volume))?;
            info.capacity = info.capacity.max(size.bytes());
            info.clone()
        };
        self.end(Verb::ResizeVolume).await?;
        Ok(info)
    }

    async fn clone_volume(&self, pool: &Name, from: VolumeId, to: VolumeId) -> Result<VolumeInfo> {
        self.begin(Verb::CloneVolume).await?;
        let key = (pool.clone(), to);
        let source = {
            let mut state = self.shared.reach()?;
            self.pool(pool)?;
            let source = state.volumes.get(&(pool.clone(), from)).cloned();
            let source = source.ok_or_else(|| missing(pool, from))?;
            if !state.volumes.contains_key(&key) {
                state.half_made.insert(key.clone());
            }
            source
        };
        self.shared.faults.pass(Verb::CloneVolume, Point::Midway).await?;
        let info = {
            let mut state = self.shared.reach()?;
            state.half_made.remove(&key);
            let copy = VolumeInfo { id: to, ..source };
            state.volumes.entry(key).or_insert(copy).clone()
        };
        self.end(Verb::CloneVolume).await?;
        Ok(info)
    }

    async fn ensure_volume_absent(&self, pool: &Name, volume: VolumeId) -> Result<()> {
        self.begin(Verb::EnsureVolumeAbsent).await?;
        {
            let mut state = self.shared.reach()?;
            self.pool(pool)?;
            let key = (pool.clone(), volume);
            state.volumes.remove(&key);
            state.half_made.remove(&key);
        }
        self.end(Verb::EnsureVolumeAbsent).await
    }

    async fn volumes(&self, pool: &Name) -> Result<Vec<VolumeInfo>> {
        self.begin(Verb::Volumes).await?;
        let found = {
            let state = self.shared.reach()?;
            self.pool(pool)?;
            let ours = state.volumes.iter().filter(|((p, _), _)| p == pool);
            ours.map(|(_, info)| info.clone()).collect()
        };
        self.end(Verb::Volumes).await?;
        Ok(found)
    }

    async fn images(&self, pool: &Name) -> Result<Vec<ImageName>> {
        self.begin(Verb::Images).await?;
        let images = {
            let _reached = self.shared.reach()?;
            self.pool(pool)?;
            self.shared.config.images.keys().cloned().collect()
        };
        self.end(Verb::Images).await?;
        Ok(images)
    }
}
