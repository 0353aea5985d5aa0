//! Space in pools: promised in the commit that makes a volume, given back in the commit that removes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use limiquantix_core::contract::{Changeset, PageRequest, Repository, Selector};
use limiquantix_core::identity::{Name, NodeId};
use limiquantix_core::resource::{Pool, PoolAllocation, Volume};
use limiquantix_core::time::Timestamp;
use limiquantix_core::unit::Gibibytes;
use limiquantix_core::{Error, Reason, Result};

use crate::control_plane::Parts;

/// Promises the space of `volumes`, which are about to be created. `POOL_MISSING`, or `POOL_FULL` with the numbers.
pub(crate) async fn claim(
    parts: &Parts,
    volumes: &[Volume],
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    let mut pools: BTreeMap<(NodeId, Name), Vec<Gibibytes>> = BTreeMap::new();
    for volume in volumes {
        let place = (volume.spec.node, volume.spec.pool.clone());
        pools.entry(place).or_default().push(volume.spec.size);
    }
    for (place, sizes) in pools {
        let (pool, mut allocation) = of(parts, &place).await?;
        allocation.reserve(&pool, &sizes)?;
        allocation.meta.updated_at = now;
        // The capacity and the ratio that this rests on.
        changes.guard(&*pool).update(allocation);
    }
    Ok(())
}

/// Gives back the space of `volumes`, which are about to be removed.
pub(crate) async fn release(
    parts: &Parts,
    volumes: &[Arc<Volume>],
    now: Timestamp,
    changes: &mut Changeset,
) -> Result<()> {
    let mut pools: BTreeMap<(NodeId, Name), PoolAllocation> = BTreeMap::new();
    for volume in volumes {
        let place = (volume.spec.node, volume.spec.pool.clone());
        if !pools.contains_key(&place) {
            let (_, allocation) = of(parts, &place).await?;
            pools.insert(place.clone(), allocation);
        }
        let Some(allocation) = pools.get_mut(&place) else {
            continue;
        };
        allocation.release(volume.spec.size)?;
    }
    for mut allocation in pools.into_values() {
        allocation.meta.updated_at = now;
        changes.update(allocation);
    }
    Ok(())
}

/// The pool of this name on this node, and what is promised in it. O(log n).
async fn of(parts: &Parts, (node, name): &(NodeId, Name)) -> Result<(Arc<Pool>, PoolAllocation)> {
    let selector = Selector {
        node: Some(*node),
        name: Some(name.to_string()),
        ..Selector::default()
    };
    let page = PageRequest {
        limit: 1,
        ..PageRequest::default()
    };
    let pools = Repository::<Pool>::new(Arc::clone(&parts.store));
    let pool = pools.page(selector, page).await?.items.pop().ok_or_else(|| {
        let message = format!("no pool is named {name} on node {node}");
        Error::new(Reason::PoolMissing, message).with("pool", name.to_string())
    })?;
    let allocations = Repository::<PoolAllocation>::new(Arc::clone(&parts.store));
    let allocation = allocations.get(&pool.id).await?;
    Ok((pool, PoolAllocation::clone(&allocation)))
}
