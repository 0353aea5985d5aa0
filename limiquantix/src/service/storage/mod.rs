//! Pools and volumes.

pub(crate) mod claims;
mod pool;
mod volume;

use std::sync::Arc;

use crate::control_plane::Parts;

/// The use cases of pools.
#[derive(Debug, Clone)]
pub struct PoolService {
    parts: Arc<Parts>,
}

/// The use cases of volumes.
#[derive(Debug, Clone)]
pub struct VolumeService {
    parts: Arc<Parts>,
}

impl PoolService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }
}

impl VolumeService {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }
}
