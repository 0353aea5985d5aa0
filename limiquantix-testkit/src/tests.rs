use std::collections::BTreeSet;
use std::time::Duration;

use limiquantix_core::contract::{Clock, IdSource};
use limiquantix_core::resource::{Object, Resource};
use limiquantix_core::time::Timestamp;
use proptest::prelude::*;

use crate::fixtures::{self, T0};
use crate::{ManualClock, SequentialIds, strategies};

/// A case that is written but not listed would never run for any backend.
#[test]
fn every_case_of_the_store_suite_is_listed() {
    let groups = [
        ("commit", include_str!("store/commit.rs")),
        ("preconditions", include_str!("store/preconditions.rs")),
        ("names", include_str!("store/names.rs")),
        ("reads", include_str!("store/reads.rs")),
        ("pages", include_str!("store/pages.rs")),
        ("selectors", include_str!("store/selectors.rs")),
        ("watch", include_str!("store/watch.rs")),
        ("resume", include_str!("store/resume.rs")),
        ("contention", include_str!("store/contention.rs")),
        ("durability", include_str!("store/durability.rs")),
        ("model", include_str!("store/model/mod.rs")),
    ];
    let listed = include_str!("store/cases.rs");
    for (group, source) in groups {
        let from = listed
            .find(&format!(" {group}:\n"))
            .unwrap_or_else(|| panic!("{group} is not listed"));
        let list = &listed[from..from + listed[from..].find('}').unwrap_or(listed.len() - from)];
        for line in source.lines() {
            let case = line
                .strip_prefix("pub async fn ")
                .and_then(|rest| rest.split_once("(h: Harness<'_>)"));
            if let Some((case, _)) = case {
                assert!(
                    list.contains(&format!(" {case},\n")),
                    "{group}::{case} is not listed"
                );
            }
        }
    }
}

#[test]
fn a_manual_clock_steps_and_advances() {
    let clock = ManualClock::default();
    let start = clock.monotonic();
    clock.advance(Duration::from_secs(90));
    assert_eq!(clock.now().since(T0), Duration::from_secs(90));
    clock.set_wall(Timestamp(5));
    assert_eq!(clock.now(), Timestamp(5));
    assert_eq!(clock.monotonic().since(start), Duration::from_secs(90));
}

#[test]
fn sequential_ids_ascend_repeat_and_look_like_version_7() {
    let draw = |seed| -> Vec<_> {
        let ids = SequentialIds::new(seed);
        (0..1000).map(|_| ids.next()).collect()
    };
    let ids = draw(1);
    assert!(ids.is_sorted_by(|a, b| a < b));
    assert_eq!(ids, draw(1));
    let others: BTreeSet<_> = draw(2).into_iter().collect();
    for id in ids {
        assert_eq!(
            (id.get_version_num(), id.get_variant()),
            (7, uuid::Variant::RFC4122)
        );
        assert!(!others.contains(&id));
    }
}

#[test]
fn fixtures_have_distinct_ids_that_repeat() {
    assert_eq!(fixtures::vm("web").id, fixtures::vm("web").id);
    let ids: BTreeSet<_> = (0..10_000).map(|n| fixtures::vm_id(&format!("vm-{n}"))).collect();
    assert_eq!(ids.len(), 10_000);
    assert_ne!(fixtures::vm_in("lab", "web").id, fixtures::vm("web").id);
}

fn survives(object: &Object) {
    let bytes = object.encode().expect("it is encoded");
    let back = Object::decode(object.kind(), &bytes).expect("it is decoded");
    assert_eq!(&back, object);
    assert_eq!(
        back.encode().expect("again"),
        bytes,
        "equal objects have equal bytes"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a store writes it can read again, for everything that the generators make.
    #[test]
    fn generated_objects_survive_encoding(
        vm in strategies::any_vm(),
        node in strategies::any_node(),
        allocation in strategies::any_allocation(),
        task in strategies::any_task(),
        volume in strategies::any_volume(),
        snapshot in strategies::any_snapshot(),
    ) {
        survives(&vm.into_object());
        survives(&node.into_object());
        survives(&allocation.into_object());
        survives(&task.into_object());
        survives(&volume.into_object());
        survives(&snapshot.into_object());
    }

    #[test]
    fn generated_changesets_are_what_they_claim(
        valid in strategies::valid_changeset(),
        refused in strategies::refused_changeset(),
    ) {
        use crate::store::model::Model;
        prop_assert!(Model::default().commit(&valid).is_ok());
        let reasons = Model::default().commit(&refused.changes).expect_err("it must be refused");
        prop_assert_eq!(reasons, BTreeSet::from([refused.reason]));
    }
}
