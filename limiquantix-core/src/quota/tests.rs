#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use proptest::prelude::*;

use super::*;
use crate::resource::Meta;

fn amounts(vms: u64, vcpus: u64, memory_mib: u64, storage_gib: u64) -> Amounts {
    Amounts {
        vms,
        vcpus,
        memory_mib,
        storage_gib,
    }
}

fn using(used: Amounts) -> ProjectUsage {
    ProjectUsage {
        used,
        ..ProjectUsage::empty(ProjectId::default(), Meta::default())
    }
}

#[test]
fn the_last_of_a_quota_can_be_had_and_no_more() {
    let quota = Quota {
        vcpus: Some(4),
        ..Quota::default()
    };
    let mut usage = using(amounts(1, 3, 1024, 10));
    change(&mut usage, &quota, Amounts::ZERO, amounts(1, 1, 512, 5)).unwrap();
    assert_eq!(usage.used, amounts(2, 4, 1536, 15));
    let e = change(&mut usage, &quota, Amounts::ZERO, amounts(1, 1, 512, 5)).unwrap_err();
    assert_eq!(e.reason(), Reason::QuotaExceeded);
    let said = ["project", "resource", "limit", "used", "requested"].map(|key| e.get(key).unwrap());
    assert_eq!(said, ["default", "vcpus", "4", "4", "1"]);
    assert_eq!(
        e.message(),
        "the quota of project default is exceeded: vcpus 4 of 4 used, 1 more requested"
    );
    assert_eq!(usage.used, amounts(2, 4, 1536, 15), "a refusal counts nothing");
}

#[test]
fn every_limit_in_the_way_is_named() {
    let quota = Quota {
        vms: Some(0),
        vcpus: Some(9),
        memory_mib: Some(100),
        storage_gib: Some(1),
    };
    let e = change(
        &mut using(Amounts::ZERO),
        &quota,
        Amounts::ZERO,
        amounts(1, 9, 101, 2),
    )
    .unwrap_err();
    let named: Vec<_> = e
        .context()
        .filter(|(key, _)| *key == "resource")
        .map(|(_, v)| v)
        .collect();
    assert_eq!(named, ["vms", "memory_mib", "storage_gib"]);
}

#[test]
fn a_project_over_its_quota_may_shrink_and_gets_nothing_more() {
    let quota = Quota {
        memory_mib: Some(1000),
        ..Quota::default()
    };
    let mut usage = using(amounts(2, 4, 4000, 0));
    let before = amounts(1, 2, 2000, 0);
    assert!(change(&mut usage, &quota, before, amounts(1, 2, 2001, 0)).is_err());
    // Other cores in the same memory, then less memory, though it is still too much.
    change(&mut usage, &quota, before, amounts(1, 8, 2000, 0)).unwrap();
    change(&mut usage, &quota, amounts(1, 8, 2000, 0), amounts(1, 8, 1999, 0)).unwrap();
    assert_eq!(usage.used, amounts(2, 10, 3999, 0));
}

#[test]
fn giving_back_more_than_is_counted_is_a_bug_and_counts_nothing() {
    let mut usage = using(amounts(1, 1, 512, 1));
    let e = change(
        &mut usage,
        &Quota::default(),
        amounts(1, 2, 512, 1),
        Amounts::ZERO,
    )
    .unwrap_err();
    assert_eq!(e.reason(), Reason::Internal);
    assert_eq!(usage.used, amounts(1, 1, 512, 1));
}

fn any_amounts() -> impl Strategy<Value = Amounts> {
    (0u64..3, 0u64..9, 0u64..9, 0u64..9).prop_map(|(a, b, c, d)| amounts(a, b, c, d))
}

fn any_quota() -> impl Strategy<Value = Quota> {
    use proptest::option::of;
    (of(0u64..6), of(0u64..20), of(0u64..20), of(0u64..20)).prop_map(
        |(vms, vcpus, memory_mib, storage_gib)| Quota {
            vms,
            vcpus,
            memory_mib,
            storage_gib,
        },
    )
}

/// What somebody may do to the objects of a project: create one, change the n-th, or remove it.
#[derive(Debug, Clone)]
enum Act {
    Create(Amounts),
    Resize(prop::sample::Index, Amounts),
    Remove(prop::sample::Index),
    Requota(Quota),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => any_amounts().prop_map(Act::Create),
        3 => (any::<prop::sample::Index>(), any_amounts()).prop_map(|(at, to)| Act::Resize(at, to)),
        2 => any::<prop::sample::Index>().prop_map(Act::Remove),
        1 => any_quota().prop_map(Act::Requota),
    ]
}

proptest! {
    /// Against the sum over all objects, which is what usage stands for.
    #[test]
    fn usage_is_the_sum_and_growth_stays_within_the_quota(acts in prop::collection::vec(any_act(), 0..60)) {
        let mut usage = using(Amounts::ZERO);
        let mut quota = Quota::default();
        let mut objects: Vec<Amounts> = Vec::new();
        for act in acts {
            let (before, after) = match &act {
                Act::Create(new) => (Amounts::ZERO, *new),
                Act::Resize(at, to) if !objects.is_empty() => (*at.get(&objects), *to),
                Act::Remove(at) if !objects.is_empty() => (*at.get(&objects), Amounts::ZERO),
                Act::Requota(other) => {
                    quota = *other;
                    continue;
                }
                _ => continue,
            };
            let mut next = objects.clone();
            match &act {
                Act::Create(new) => next.push(*new),
                Act::Resize(at, to) => *next.get_mut(at.index(objects.len())).unwrap() = *to,
                Act::Remove(at) => drop(next.remove(at.index(objects.len()))),
                Act::Requota(_) => {}
            }
            let sum = next.iter().fold(Amounts::ZERO, |sum, one| sum.plus(*one));
            let grows_past = |pick: fn(&Amounts) -> u64, limit: Option<u64>| {
                pick(&after) > pick(&before) && limit.is_some_and(|limit| pick(&sum) > limit)
            };
            let refused = grows_past(|a| a.vms, quota.vms)
                || grows_past(|a| a.vcpus, quota.vcpus)
                || grows_past(|a| a.memory_mib, quota.memory_mib)
                || grows_past(|a| a.storage_gib, quota.storage_gib);
            let outcome = change(&mut usage, &quota, before, after);
            prop_assert_eq!(outcome.is_err(), refused);
            if !refused {
                objects = next;
            }
            let sum = objects.iter().fold(Amounts::ZERO, |sum, one| sum.plus(*one));
            prop_assert_eq!(usage.used, sum);
        }
    }
}
