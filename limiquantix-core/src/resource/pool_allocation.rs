use serde::{Deserialize, Serialize};

use super::{IndexEntry, Meta, Pool};
use crate::error::{Error, Reason, Result};
use crate::identity::{NodeId, PoolId};
use crate::unit::{Bytes, Gibibytes};

/// What is promised to volumes in one pool. Written in the same commit as the volumes it counts, with the version it
/// was read at as precondition: two creations can never both take the last free space. An object of its own, so that
/// what an agent says about the pool does not contend with creations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolAllocation {
    /// The pool.
    pub id: PoolId,
    /// Revision and times.
    pub meta: Meta,
    /// The node that has it.
    pub node: NodeId,
    /// Sum of the virtual sizes of its volumes.
    pub promised: Bytes,
    /// How many volumes.
    pub volumes: u32,
}

impl PoolAllocation {
    /// Nothing promised yet.
    pub fn empty(pool: &Pool, meta: Meta) -> Self {
        Self {
            id: pool.id,
            meta,
            node: pool.spec.node,
            promised: Bytes::ZERO,
            volumes: 0,
        }
    }

    /// Promises `sizes` to as many more volumes of `pool`, whose allocation this is. `POOL_FULL` with the numbers if
    /// that is more than the pool may promise; nothing is changed then.
    pub fn reserve(&mut self, pool: &Pool, sizes: &[Gibibytes]) -> Result<()> {
        let overflows = || Error::internal("a pool's allocation overflows");
        let mut needed = sizes.iter().map(|size| size.bytes());
        let needed = needed
            .try_fold(Bytes::ZERO, Bytes::checked_add)
            .ok_or_else(overflows)?;
        let promised = self.room_for(pool, needed)?;
        let more = u32::try_from(sizes.len()).ok();
        let volumes = more.and_then(|more| self.volumes.checked_add(more));
        self.volumes = volumes.ok_or_else(overflows)?;
        self.promised = promised;
        Ok(())
    }

    /// Gives back what a volume of `size` was promised. Giving back more than was promised is a bug, and is refused.
    pub fn release(&mut self, size: Gibibytes) -> Result<()> {
        if self.promised < size.bytes() || self.volumes == 0 {
            let message = format!("pool {} gives back more than it has promised", self.id);
            return Err(Error::internal(message));
        }
        self.promised = self.promised.saturating_sub(size.bytes());
        self.volumes -= 1;
        Ok(())
    }

    /// What is promised with `more` on top, if the pool may promise that.
    fn room_for(&self, pool: &Pool, more: Bytes) -> Result<Bytes> {
        let limit = pool.promisable();
        let sum = self.promised.checked_add(more).filter(|sum| *sum <= limit);
        sum.ok_or_else(|| {
            let message = format!(
                "pool {} is full: {} GiB more are needed, and {} GiB of {} GiB are promised ({} GiB of space, \
                 overcommitted to {})",
                pool.name,
                gib(more),
                gib(self.promised),
                gib(limit),
                gib(pool.status.capacity),
                pool.spec.thin_overcommit,
            );
            Error::new(Reason::PoolFull, message)
                .with("pool", pool.name.to_string())
                .with("node", pool.spec.node.to_string())
                .with("needed", more.to_string())
                .with("promised", self.promised.to_string())
                .with("limit", limit.to_string())
        })
    }

    pub(super) fn index_entry(&self) -> IndexEntry<'_> {
        IndexEntry {
            node: Some(self.node),
            ..IndexEntry::default()
        }
    }
}

/// For people, who order volumes in these units.
fn gib(bytes: Bytes) -> u64 {
    bytes.get() >> 30
}
