//! Pages by key: in order, complete, and stable under concurrent writes.

use std::collections::BTreeMap;

use limiquantix_core::contract::{Changeset, PageRequest, Query, Selector, Store};
use limiquantix_core::error::Reason;
use limiquantix_core::query::{Order, OrderBy};
use limiquantix_core::resource::{Kind, Resource, Vm, VmPhase};

use super::{Harness, create, fresh, ids, page, walk};
use crate::fixtures::{self, vm, vm_id};
use crate::strategies::Slots;

/// A store with VMs `vm-0` … in random order of ids, every third of them running.
async fn populate(store: &dyn Store, n: usize) -> Vec<String> {
    let mut changes = Changeset::new();
    for i in 0..n {
        let mut vm = vm(&format!("vm-{i}"));
        if i % 3 == 0 {
            vm.status.phase = VmPhase::Running;
        }
        changes.create(vm);
    }
    let mut ids: Vec<_> = changes.writes.iter().map(|w| w.key().id.to_string()).collect();
    ids.sort();
    store.commit(changes).await.expect("accepted");
    ids
}

fn running() -> Selector {
    Selector {
        phases: vec!["running"],
        ..Selector::default()
    }
}

/// "By id ascending", as text compares.
pub async fn items_ascend_by_id(h: Harness<'_>) {
    let store = fresh(h).await;
    let expected = populate(&*store, 40).await;
    assert_eq!(
        ids(&walk(&*store, Kind::Vm, &Selector::default(), 1000).await),
        expected
    );
    // Ids need not be UUIDs: the order is of the text's bytes.
    let mut keys = vec!["a", "B", "a/b", "é", "10", "9", "", "A b"];
    let web = vm("web");
    for key in &keys {
        create(&*store, fixtures::idempotency(key, &web)).await;
    }
    keys.sort_unstable();
    assert_eq!(
        ids(&walk(&*store, Kind::Idempotency, &Selector::default(), 3).await),
        keys
    );
}

/// "In `page.order`": by id or name, from the least or the greatest, equal names by id; what has no name is left out
/// of an order by name.
pub async fn items_are_in_the_order_asked_for(h: Harness<'_>) {
    let store = fresh(h).await;
    let names = ["web", "db", "Web", "é", "web-10", "web-9"];
    let mut vms: Vec<_> = names.iter().map(|name| vm(name)).collect();
    let other = fixtures::vm_in("lab", "db");
    vms.push(other);
    for vm in &vms {
        create(&*store, vm.clone()).await;
    }
    create(&*store, fixtures::idempotency("nameless", &vms[0])).await;
    let listed = async |by, descending, project: Option<&str>| {
        let mut query = Query::new(Kind::Vm, Selector::default());
        query.selector.project = project.map(fixtures::project_id);
        query.page.order = Order { by, descending };
        ids(&store.list(&query).await.expect("read").items)
    };
    let sorted = |key: fn(&Vm) -> (String, String), reverse: bool, project: Option<&str>| {
        let mut vms: Vec<_> = vms
            .iter()
            .filter(|vm| project.is_none_or(|p| vm.project.as_str() == p))
            .collect();
        vms.sort_by_key(|vm| key(vm));
        if reverse {
            vms.reverse();
        }
        vms.iter().map(|vm| vm.id.to_string()).collect::<Vec<_>>()
    };
    for project in [None, Some("default"), Some("lab"), Some("nobody")] {
        for reverse in [false, true] {
            let by_id = sorted(|vm| (String::new(), vm.id.to_string()), reverse, project);
            assert_eq!(listed(OrderBy::Id, reverse, project).await, by_id);
            let by_name = sorted(|vm| (vm.name.to_string(), vm.id.to_string()), reverse, project);
            assert_eq!(listed(OrderBy::Name, reverse, project).await, by_name);
        }
    }
    let mut nameless = Query::new(Kind::Idempotency, Selector::default());
    nameless.page.order.by = OrderBy::Name;
    nameless.page.count = true;
    let page = store.list(&nameless).await.expect("read");
    assert_eq!((page.items.len(), page.total), (0, Some(0)));
}

/// "Walking all pages returns every object exactly once", in whatever order, with whatever selector.
pub async fn a_walk_in_any_order_returns_everything_once(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut expected = populate(&*store, 40).await;
    // Many of one name: the order among them is that of their ids.
    for project in ["a", "b", "c", "d", "e"] {
        let vm = fixtures::vm_in(project, "same");
        expected.push(vm.id.to_string());
        create(&*store, vm).await;
    }
    expected.sort();
    for (by, descending, limit) in [
        (OrderBy::Id, true, 7),
        (OrderBy::Name, false, 7),
        (OrderBy::Name, true, 1),
        (OrderBy::Name, true, 45),
    ] {
        let mut query = Query::new(Kind::Vm, Selector::default());
        query.page.order = Order { by, descending };
        query.page.limit = limit;
        let mut seen = Vec::new();
        loop {
            let page = store.list(&query).await.expect("read");
            seen.extend(page.items);
            match page.next {
                Some(next) => query.page.after = Some(next),
                None => break,
            }
        }
        let keys: Vec<_> = seen.iter().map(|o| query.page.order.key(o)).collect();
        let ordered = |pair: &[_]| {
            if descending {
                pair[0] > pair[1]
            } else {
                pair[0] < pair[1]
            }
        };
        assert!(keys.windows(2).all(ordered), "{by:?}: {keys:?}");
        let mut seen = ids(&seen);
        seen.sort();
        assert_eq!(seen, expected, "{by:?}");
    }
}

/// "Walking all pages returns every object that matched exactly once", whatever the size of the pages.
pub async fn a_walk_returns_everything_once(h: Harness<'_>) {
    let store = fresh(h).await;
    let expected = populate(&*store, 60).await;
    for limit in [1, 7, 20, 59, 60, 61, PageRequest::MAX] {
        assert_eq!(
            ids(&walk(&*store, Kind::Vm, &Selector::default(), limit).await),
            expected
        );
        assert_eq!(walk(&*store, Kind::Vm, &running(), limit).await.len(), 20);
    }
}

/// "`None` if this was the last": also where the last page is exactly full.
pub async fn the_last_page_has_no_next(h: Harness<'_>) {
    let store = fresh(h).await;
    let all = populate(&*store, 12).await;
    let first = page(&*store, Kind::Vm, Selector::default(), 12).await;
    assert_eq!((first.items.len(), first.next), (12, None));
    let first = page(&*store, Kind::Vm, Selector::default(), 6).await;
    assert_eq!(first.next.as_deref(), Some(all[5].as_str()));
    let first = page(&*store, Kind::Vm, running(), 4).await;
    assert_eq!((first.items.len(), first.next), (4, None));
    let first = page(&*store, Kind::Vm, running(), 3).await;
    assert_eq!(first.next, Some(first.items[2].key().id.to_string()));
}

/// "From just after `page.after`", which may be the id of an object deleted meanwhile, or anything.
pub async fn a_page_may_begin_after_an_id_that_is_not_there(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut changes = Changeset::new();
    for slot in [1, 3, 5] {
        let mut vm = vm(&format!("vm-{slot}"));
        vm.id = Slots::vm_id(slot);
        changes.create(vm);
    }
    store.commit(changes).await.expect("accepted");
    let after = |id: String| {
        let mut query = Query::new(Kind::Vm, Selector::default());
        query.page.after = Some(id);
        query
    };
    let gone = store
        .list(&after(Slots::vm_id(2).to_string()))
        .await
        .expect("read");
    assert_eq!(
        ids(&gone.items),
        [Slots::vm_id(3).to_string(), Slots::vm_id(5).to_string()]
    );
    let all = store.list(&after(String::new())).await.expect("read");
    assert_eq!(all.items.len(), 3);
    let none = store.list(&after("~ '; --".to_owned())).await.expect("read");
    assert_eq!((none.items.len(), none.next), (0, None));
}

/// "At least 1, at most MAX": anything else is a typed error, not an empty or an endless page.
pub async fn limits_out_of_bounds_are_invalid(h: Harness<'_>) {
    let store = fresh(h).await;
    populate(&*store, 3).await;
    for limit in [0, PageRequest::MAX + 1, u32::MAX] {
        let mut query = Query::new(Kind::Vm, Selector::default());
        query.page.limit = limit;
        let error = store
            .list(&query)
            .await
            .expect_err("a limit out of bounds is refused");
        assert_eq!(error.reason(), Reason::InvalidField);
        assert_eq!(error.get("field"), Some("limit"));
    }
}

/// "Also count all matches": of the selector, not of the page; and only where asked.
pub async fn a_count_is_of_all_matches(h: Harness<'_>) {
    let store = fresh(h).await;
    let all = populate(&*store, 30).await;
    assert_eq!(
        page(&*store, Kind::Vm, Selector::default(), 4).await.total,
        Some(30)
    );
    assert_eq!(page(&*store, Kind::Vm, running(), 4).await.total, Some(10));
    let mut query = Query::new(Kind::Vm, running());
    assert_eq!(store.list(&query).await.expect("read").total, None);
    query.page.count = true;
    query.page.after = all.last().cloned();
    let page = store.list(&query).await.expect("read");
    assert_eq!(
        (page.items.len(), page.total),
        (0, Some(10)),
        "the count does not depend on the page"
    );
}

/// "Whatever is written meanwhile": what matched throughout is seen once, what came, went or changed may
/// be seen at most once.
pub async fn a_walk_survives_concurrent_writes(h: Harness<'_>) {
    let store = fresh(h).await;
    populate(&*store, 90).await;
    let churn = {
        let store = store.clone();
        tokio::spawn(async move {
            for round in 0..12 {
                for i in (1..90).step_by(3) {
                    // A third of the population changes its phase to and fro; the running ones stay.
                    let Some(object) = store.get(&vm(&format!("vm-{i}")).key()).await.expect("read") else {
                        continue;
                    };
                    let mut vm = (*Vm::from_object(object).expect("a VM")).clone();
                    vm.status.phase = if round % 2 == 0 {
                        VmPhase::Running
                    } else {
                        VmPhase::Stopped
                    };
                    let mut changes = Changeset::new();
                    let mut passing = fixtures::vm(&format!("passing-{round}-{i}"));
                    passing.status.phase = VmPhase::Running;
                    changes.update(vm).create(passing);
                    store.commit(changes).await.expect("nobody else writes");
                }
            }
        })
    };
    let stable: Vec<_> = (0..90)
        .step_by(3)
        .map(|i| vm_id(&format!("vm-{i}")).to_string())
        .collect();
    let mut walks = 0;
    while !churn.is_finished() || walks == 0 {
        let mut seen = BTreeMap::new();
        for id in ids(&walk(&*store, Kind::Vm, &running(), 7).await) {
            *seen.entry(id).or_insert(0u32) += 1;
        }
        let twice: Vec<_> = seen.iter().filter(|(_, n)| **n > 1).collect();
        assert!(twice.is_empty(), "seen more than once: {twice:?}");
        let missed: Vec<_> = stable.iter().filter(|id| !seen.contains_key(*id)).collect();
        assert!(missed.is_empty(), "matched throughout but not seen: {missed:?}");
        walks += 1;
    }
    churn.await.expect("the writer ends");
}
