use std::collections::BTreeMap;

use limiquantix_core::contract::{Changeset, Guard, Write};
use limiquantix_core::error::Reason;
use limiquantix_core::resource::{Object, ObjectKey, Resource, Revision};
use proptest::prelude::*;

use super::nodes::{any_allocation, any_node};
use super::tasks::{any_task, any_volume};
use super::vms::{any_snapshot, any_vm};
use crate::fixtures;

/// A changeset that an empty store must refuse.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The changeset.
    pub changes: Changeset,
    /// What the error must say.
    pub reason: Reason,
}

/// A changeset that an empty store must accept: creations of 1 to 12 objects with distinct ids and unique
/// names, perhaps on condition that others do not exist.
pub fn valid_changeset() -> impl Strategy<Value = Changeset> {
    (prop::collection::vec(any_object(), 1..12), any::<bool>()).prop_map(|(objects, guarded)| {
        let mut by_key = BTreeMap::new();
        let mut names = BTreeMap::new();
        for object in objects {
            let key = object.key();
            if let Some(unique) = object.index().unique
                && names.insert((key.kind, unique), ()).is_some()
            {
                continue;
            }
            by_key.entry(key).or_insert(object);
        }
        let guards = guarded.then(|| Guard::Absent(fixtures::vm("a name that no generator makes").key()));
        Changeset {
            guards: guards.into_iter().collect(),
            writes: by_key.into_values().map(Write::Create).collect(),
        }
    })
}

/// A changeset that an empty store must refuse: a valid one with one thing in it that is wrong.
pub fn refused_changeset() -> impl Strategy<Value = Refused> {
    let missing = || fixtures::vm("a name that no generator makes");
    let key = move || -> ObjectKey { missing().key() };
    let wrong = prop_oneof![
        (1u64..100).prop_map(move |r| {
            let mut vm = missing();
            vm.meta.revision = Revision(r);
            (
                Some(Write::Update(vm.into_object())),
                None,
                Reason::VersionMismatch,
            )
        }),
        (0u64..100).prop_map(move |r| {
            (
                Some(Write::Delete(key(), Revision(r))),
                None,
                Reason::VersionMismatch,
            )
        }),
        (0u64..100).prop_map(move |r| (None, Some(Guard::At(key(), Revision(r))), Reason::VersionMismatch)),
    ];
    let broken = (valid_changeset(), wrong, any::<prop::sample::Index>()).prop_map(
        |(mut changes, (write, guard, reason), at)| {
            if let Some(write) = write {
                changes.writes.insert(at.index(changes.writes.len() + 1), write);
            }
            changes.guards.extend(guard);
            Refused { changes, reason }
        },
    );
    let twice = valid_changeset().prop_map(|mut changes| {
        changes.writes.push(changes.writes[0].clone());
        Refused {
            changes,
            reason: Reason::Internal,
        }
    });
    let same_name = (valid_changeset(), any_vm(), any_vm()).prop_map(|(mut changes, one, mut two)| {
        two.name = one.name.clone();
        two.project = one.project.clone();
        two.id = fixtures::vm_id("an id that no generator makes");
        changes.writes.retain(|w| w.key() != one.key());
        changes.create(one).create(two);
        Refused {
            changes,
            reason: Reason::NameTaken,
        }
    });
    let empty = Just(Refused {
        changes: Changeset::new(),
        reason: Reason::Internal,
    });
    prop_oneof![6 => broken, 2 => twice, 2 => same_name, 1 => empty]
}

fn any_object() -> impl Strategy<Value = Object> {
    prop_oneof![
        any_vm().prop_map(Resource::into_object),
        any_node().prop_map(Resource::into_object),
        any_allocation().prop_map(Resource::into_object),
        any_task().prop_map(Resource::into_object),
        any_volume().prop_map(Resource::into_object),
        any_snapshot().prop_map(Resource::into_object),
    ]
}
