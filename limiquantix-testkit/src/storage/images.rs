//! `images`, and volumes that are overlays of them.

use limiquantix_core::error::Reason;
use limiquantix_core::identity::ImageName;
use limiquantix_core::unit::Gibibytes;

use super::rig::{Rig, listed, request};

/// The images are there, by name ascending, each once.
pub async fn images_are_listed_by_name(rig: &impl Rig) {
    let images = rig.storage().images(&rig.pool()).await.expect("list images");
    assert!(images.contains(&rig.image()));
    assert!(images.is_sorted_by(|a, b| a < b));
}

/// An overlay is as large as was asked for, not as its image, and takes next to no space.
pub async fn an_overlay_has_the_size_asked_for(rig: &impl Rig) {
    let wanted = request(rig, 3, Some(rig.image()));
    let info = rig
        .storage()
        .ensure_volume(&wanted)
        .await
        .expect("make an overlay");
    assert_eq!((info.id, info.capacity), (wanted.id, Gibibytes(3).bytes()));
    assert!(info.allocation < Gibibytes(1).bytes(), "an overlay is thin");
    assert_eq!(
        listed(rig, wanted.id).await.map(|v| v.capacity),
        Some(info.capacity)
    );
    let exact = request(rig, 2, Some(rig.image()));
    rig.storage()
        .ensure_volume(&exact)
        .await
        .expect("as large as the image");
}

/// An image that is not there is named before anything is made.
pub async fn a_missing_image_makes_nothing(rig: &impl Rig) {
    let image = ImageName::parse("image", "no-such-image.qcow2").expect("name");
    let wanted = request(rig, 3, Some(image));
    let e = rig.storage().ensure_volume(&wanted).await.expect_err("no image");
    assert_eq!(e.reason(), Reason::ImageMissing, "{e}");
    assert_eq!(listed(rig, wanted.id).await, None);
}

/// An overlay shorter than its image would cut the end off it.
pub async fn an_image_too_large_makes_nothing(rig: &impl Rig) {
    let wanted = request(rig, 1, Some(rig.image()));
    let e = rig.storage().ensure_volume(&wanted).await.expect_err("too small");
    assert_eq!(e.reason(), Reason::StorageFailed, "{e}");
    assert_eq!(listed(rig, wanted.id).await, None);
}
