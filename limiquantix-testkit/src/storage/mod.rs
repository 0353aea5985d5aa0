//! The sentences of the [`StorageBackend`](limiquantix_core::contract::StorageBackend) contract, as tests.
//!
//! Shaped like the [`hypervisor`](crate::hypervisor) suite: an implementation writes a [`Rig`] and calls
//! [`storage_conformance!`](crate::storage_conformance).

mod rig;

pub mod images;
pub mod pools;
pub mod volumes;

pub use rig::{Rig, run_case};

/// Makes one test per case. `$rig` is an expression for a future of `Option<impl Rig>`; with `None` the case
/// is skipped, and saying so (or failing) is that expression's business.
#[macro_export]
macro_rules! storage_conformance {
    ($rig:expr) => {
        $crate::storage_conformance!(@cases $rig;
            images: [
                images_are_listed_by_name,
                an_overlay_has_the_size_asked_for,
                a_missing_image_makes_nothing,
                an_image_too_large_makes_nothing,
            ],
            pools: [
                pools_are_listed_by_name,
                an_unknown_pool_is_missing,
            ],
            volumes: [
                a_volume_is_made_once_and_left_alone,
                volumes_are_listed_by_id,
                a_volume_is_shown_once_it_is_whole,
                a_removed_volume_is_gone,
                a_volume_grows_and_never_shrinks,
                a_copy_stands_by_itself,
                a_half_made_copy_is_made_anew,
                a_half_made_volume_is_made_anew,
                a_half_made_volume_can_be_removed,
            ],
        );
    };
    (@cases $rig:expr; $($module:ident: [$($case:ident,)*],)*) => {$(
        mod $module {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    if let Some(rig) = $rig.await {
                        $crate::storage::run_case(&rig, $crate::storage::$module::$case(&rig)).await;
                    }
                }
            )*
        }
    )*};
}
