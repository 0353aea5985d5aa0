//! `ensure_volume`, `volume`, `resize_volume`, `clone_volume`, `ensure_volume_absent`, `volumes`.

use limiquantix_core::contract::VolumeRequest;
use limiquantix_core::error::Reason;
use limiquantix_core::resource::VolumeSource;
use limiquantix_core::unit::Gibibytes;

use super::rig::{Rig, listed, request};

/// A volume that is there is never touched, whatever is asked for.
pub async fn a_volume_is_made_once_and_left_alone(rig: &impl Rig) {
    let wanted = request(rig, 1, None);
    let made = rig.storage().ensure_volume(&wanted).await.expect("make");
    assert_eq!((made.id, made.capacity), (wanted.id, Gibibytes(1).bytes()));
    let again = rig.storage().ensure_volume(&wanted).await.expect("make again");
    assert_eq!(again, made);
    let other = VolumeRequest {
        size: Gibibytes(5),
        source: VolumeSource::Image { image: rig.image() },
        ..wanted
    };
    let other = rig
        .storage()
        .ensure_volume(&other)
        .await
        .expect("ask for something else");
    assert_eq!(other, made, "what is there stays");
}

/// Volumes are listed by id, without the images.
pub async fn volumes_are_listed_by_id(rig: &impl Rig) {
    let mut ids = rig.volume_ids(3);
    ids.reverse();
    for id in &ids {
        let wanted = VolumeRequest {
            id: *id,
            ..request(rig, 1, None)
        };
        rig.storage().ensure_volume(&wanted).await.expect("make");
    }
    let all = rig.storage().volumes(&rig.pool()).await.expect("list");
    assert!(all.is_sorted_by(|a, b| a.id < b.id), "by id ascending, each once");
    assert!(ids.iter().all(|id| all.iter().any(|v| v.id == *id)));
}

/// What was removed is gone, and removing it again is fine.
pub async fn a_removed_volume_is_gone(rig: &impl Rig) {
    let wanted = request(rig, 1, None);
    rig.storage()
        .ensure_volume_absent(&wanted.pool, wanted.id)
        .await
        .expect("remove nothing");
    rig.storage().ensure_volume(&wanted).await.expect("make");
    for _ in 0..2 {
        rig.storage()
            .ensure_volume_absent(&wanted.pool, wanted.id)
            .await
            .expect("remove");
        assert_eq!(listed(rig, wanted.id).await, None);
    }
    rig.storage().ensure_volume(&wanted).await.expect("make it again");
}

/// One volume is shown as it is, and nothing where there is none or half of one.
pub async fn a_volume_is_shown_once_it_is_whole(rig: &impl Rig) {
    let wanted = request(rig, 2, None);
    let shown = async || rig.storage().volume(&wanted.pool, wanted.id).await.expect("look");
    assert_eq!(shown().await, None);
    rig.half_make(&wanted).await;
    assert_eq!(shown().await, None, "half a volume is none");
    let made = rig.storage().ensure_volume(&wanted).await.expect("make");
    assert_eq!(shown().await, Some(made));
    let removed = rig.storage().ensure_volume_absent(&wanted.pool, wanted.id).await;
    removed.expect("remove");
    assert_eq!(shown().await, None);
}

/// Growing is repeatable and shrinking is nothing; what is not there cannot grow.
pub async fn a_volume_grows_and_never_shrinks(rig: &impl Rig) {
    let wanted = request(rig, 2, Some(rig.image()));
    let resize = async |size| {
        let storage = rig.storage();
        storage
            .resize_volume(&wanted.pool, wanted.id, Gibibytes(size))
            .await
    };
    let e = resize(3).await.expect_err("it is not there");
    assert_eq!(e.reason(), Reason::VolumeMissing, "{e}");
    assert_eq!(listed(rig, wanted.id).await, None, "and is not made");
    rig.storage().ensure_volume(&wanted).await.expect("make");
    for (size, expected) in [(5, 5), (5, 5), (3, 5), (7, 7)] {
        let info = resize(size).await.expect("resize");
        assert_eq!((info.id, info.capacity), (wanted.id, Gibibytes(expected).bytes()));
        assert_eq!(
            listed(rig, wanted.id).await.map(|v| v.capacity),
            Some(info.capacity)
        );
    }
    let again = rig.storage().ensure_volume(&wanted).await.expect("make again");
    assert_eq!(again.capacity, Gibibytes(7).bytes(), "what is there stays");
}

/// A copy is as large as its source, is made once, and outlives it.
pub async fn a_copy_stands_by_itself(rig: &impl Rig) {
    let wanted = request(rig, 3, Some(rig.image()));
    let copy = rig.volume_ids(1).remove(0);
    let clone = async || {
        let storage = rig.storage();
        storage.clone_volume(&wanted.pool, wanted.id, copy).await
    };
    let e = clone().await.expect_err("there is nothing to copy");
    assert_eq!(e.reason(), Reason::VolumeMissing, "{e}");
    assert_eq!(listed(rig, copy).await, None);
    rig.storage().ensure_volume(&wanted).await.expect("make");
    let made = clone().await.expect("copy");
    assert_eq!((made.id, made.capacity), (copy, Gibibytes(3).bytes()));
    assert_eq!(clone().await.expect("copy again"), made);
    let grown = rig
        .storage()
        .resize_volume(&wanted.pool, copy, Gibibytes(4))
        .await
        .expect("grow the copy");
    assert_eq!(
        clone().await.expect("copy once more").capacity,
        grown.capacity,
        "what is there stays"
    );
    let source = listed(rig, wanted.id).await.expect("the source");
    assert_eq!(source.capacity, Gibibytes(3).bytes());
    let removed = rig.storage().ensure_volume_absent(&wanted.pool, wanted.id).await;
    removed.expect("remove the source");
    assert_eq!(
        listed(rig, copy).await.map(|v| v.capacity),
        Some(Gibibytes(4).bytes())
    );
}

/// The remains of a copy that was not finished are neither a volume nor in the way of one.
pub async fn a_half_made_copy_is_made_anew(rig: &impl Rig) {
    let wanted = request(rig, 2, None);
    let copy = VolumeRequest {
        id: rig.volume_ids(1).remove(0),
        ..wanted.clone()
    };
    rig.storage().ensure_volume(&wanted).await.expect("make");
    rig.half_make(&copy).await;
    let made = rig.storage().clone_volume(&wanted.pool, wanted.id, copy.id).await;
    assert_eq!(made.expect("copy").capacity, Gibibytes(2).bytes());
}

/// The remains of a call that died are neither a volume nor in the way of one.
pub async fn a_half_made_volume_is_made_anew(rig: &impl Rig) {
    let wanted = request(rig, 2, Some(rig.image()));
    rig.half_make(&wanted).await;
    assert_eq!(listed(rig, wanted.id).await, None, "half a volume is none");
    let made = rig.storage().ensure_volume(&wanted).await.expect("make");
    assert_eq!(made.capacity, Gibibytes(2).bytes());
}

/// The remains of a call that died are removed with the volume that they would have become.
pub async fn a_half_made_volume_can_be_removed(rig: &impl Rig) {
    let wanted = request(rig, 2, None);
    rig.half_make(&wanted).await;
    rig.storage()
        .ensure_volume_absent(&wanted.pool, wanted.id)
        .await
        .expect("remove");
    assert_eq!(listed(rig, wanted.id).await, None);
}
