//! `pools`.

use limiquantix_core::error::Reason;
use limiquantix_core::identity::Name;

use super::rig::{Rig, request};

/// The pools are there, by name ascending, each once, and no larger inside than outside.
pub async fn pools_are_listed_by_name(rig: &impl Rig) {
    let pools = rig.storage().pools().await.expect("list pools");
    assert!(pools.iter().any(|p| p.name == rig.pool()));
    assert!(pools.is_sorted_by(|a, b| a.name < b.name));
    assert!(
        pools
            .iter()
            .all(|p| p.available <= p.capacity && p.capacity.get() > 0)
    );
}

/// Every verb that names a pool says when it is not there.
pub async fn an_unknown_pool_is_missing(rig: &impl Rig) {
    let storage = rig.storage();
    let pool = Name::parse("pool", "no such pool").expect("name");
    let mut wanted = request(rig, 1, None);
    wanted.pool = pool.clone();
    let outcomes = [
        storage.ensure_volume(&wanted).await.map(drop),
        storage.ensure_volume_absent(&pool, wanted.id).await,
        storage.volume(&pool, wanted.id).await.map(drop),
        storage
            .resize_volume(&pool, wanted.id, wanted.size)
            .await
            .map(drop),
        storage.clone_volume(&pool, wanted.id, wanted.id).await.map(drop),
        storage.volumes(&pool).await.map(drop),
        storage.images(&pool).await.map(drop),
    ];
    for outcome in outcomes {
        let e = outcome.expect_err("no such pool");
        assert_eq!(e.reason(), Reason::PoolMissing, "{e}");
    }
}
