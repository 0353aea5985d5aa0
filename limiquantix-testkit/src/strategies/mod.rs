//! Generators for property tests.
//!
//! Two flavours, because they find different bugs: `any_…` draws from the whole range that validation
//! allows (long names in any script, every phase, absurd but legal numbers), and [`Slots`] draws small
//! populations whose ids, names, projects and nodes collide all the time.

mod alerts;
mod changesets;
mod names;
mod nodes;
mod slots;
mod tasks;
mod vms;

pub use alerts::any_alert;
pub use changesets::{Refused, refused_changeset, valid_changeset};
pub use names::{any_image, any_labels, any_name, any_project};
pub use nodes::{any_allocation, any_node, any_taint};
pub use slots::{Slots, any_selector};
pub use tasks::{any_task, any_volume};
pub use vms::{any_snapshot, any_vm, any_vm_spec};

use limiquantix_core::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use crate::fixtures::T0;
use crate::ids::version_7;

/// A UUID of version 7 from the first days of the fixtures' time.
fn any_uuid() -> impl Strategy<Value = Uuid> {
    (0u64..1_000_000_000, any::<u128>())
        .prop_map(|(millis, random)| version_7((T0.micros() / 1000).unsigned_abs() + millis, random))
}

/// A time within some years of the fixtures'.
fn any_time() -> impl Strategy<Value = Timestamp> {
    (-100_000_000_000_000i64..100_000_000_000_000).prop_map(|d| Timestamp(T0.micros() + d))
}
