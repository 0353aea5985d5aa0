//! Selectors: each condition alone, all together, and always as a filter in memory would answer.

use std::collections::{BTreeMap, BTreeSet};

use limiquantix_core::contract::{
    ChangeKind, Changeset, PageRequest, Query, Selector, Store, WatchFilter, Write,
};
use limiquantix_core::query::Filter;
use limiquantix_core::resource::{Kind, Object, Placement, Resource, TaskKind, Vm, VmPhase};
use proptest::prelude::*;

use super::commit::samples;
use super::follow::follow;
use super::{Harness, create, delete, fresh, ids, page, reread, update, walk};
use crate::fixtures::{self, labels, name, node_id, project_id, running_vm, vm, vm_in};
use crate::strategies::{Slots, any_labels, any_name, any_selector};

async fn matches(store: &dyn Store, kind: Kind, selector: Selector, expected: &[&dyn AsKey]) {
    let mut expected: Vec<_> = expected.iter().map(|e| e.id()).collect();
    expected.sort();
    assert_eq!(
        ids(&walk(store, kind, &selector, 1000).await),
        expected,
        "{selector:?}"
    );
    assert_eq!(
        ids(&walk(store, kind, &selector, 1).await),
        expected,
        "{selector:?}"
    );
    let page = page(store, kind, selector.clone(), 1).await;
    assert_eq!(page.total, Some(expected.len() as u64), "{selector:?}");
}

/// Whatever has an id in the store.
trait AsKey: Sync {
    fn id(&self) -> String;
}

impl<R: Resource> AsKey for R {
    fn id(&self) -> String {
        self.key().id.to_string()
    }
}

fn filtered(kind: Kind, text: &str) -> Selector {
    let mut selector = Selector::default();
    let filter = Filter::parse(kind, text).expect("a filter").expect("not blank");
    filter.narrow(&mut selector);
    selector
}

/// "Only those for which this is true": alone, with conditions, in pages of any size, counted, and in watches.
pub async fn by_filter(h: Harness<'_>) {
    let store = fresh(h).await;
    let (mut a, mut b, mut c) = (vm("web-1"), vm_in("lab", "web-2"), running_vm("db", node_id("n")));
    a.description = "the first".to_owned();
    b.meta.labels = labels([("tier", "front")]);
    c.meta.labels = labels([("tier", "back")]);
    for vm in [&mut a, &mut b, &mut c] {
        create(&*store, vm.clone()).await;
    }
    let of = |text: &str| filtered(Kind::Vm, text);
    matches(&*store, Kind::Vm, of("name = web*"), &[&a, &b]).await;
    matches(&*store, Kind::Vm, of("NOT name = web*"), &[&c]).await;
    matches(&*store, Kind::Vm, of("state = running"), &[&c]).await;
    matches(&*store, Kind::Vm, of("project_id = lab AND name = web*"), &[&b]).await;
    matches(
        &*store,
        Kind::Vm,
        of("description : first OR labels.tier : *"),
        &[&a, &b, &c],
    )
    .await;
    matches(&*store, Kind::Vm, of("labels.tier != back"), &[&b]).await;
    matches(&*store, Kind::Vm, of("cores > 64"), &[]).await;
    // Of another kind it matches nothing.
    matches(&*store, Kind::Vm, filtered(Kind::Node, "name = web*"), &[]).await;

    let from = store.revision().await.expect("read");
    let filter = WatchFilter {
        kinds: vec![Kind::Vm],
        selector: of("description : first"),
    };
    let mut seen = follow(&*store, from, filter).await;
    let mut renamed = reread(&*store, &a).await;
    renamed.description = "the last".to_owned();
    update(&*store, renamed).await;
    let commit = seen.take(1).await.remove(0);
    let told = commit.changes[0].seen_by(&of("description : first"));
    assert_eq!(told, Some(ChangeKind::Deleted), "it left the view");
}

/// "Looks at some [`PageRequest::LOOKED_AT`] for a page": short pages with a `next`, and nothing missed.
pub async fn a_filter_that_matches_little_is_read_in_bounded_pages(h: Harness<'_>) {
    let store = fresh(h).await;
    let all = PageRequest::LOOKED_AT as usize + 500;
    for part in (0..all).collect::<Vec<_>>().chunks(1000) {
        let mut changes = Changeset::new();
        for n in part {
            let mut task = fixtures::task(&format!("task-{n}"), TaskKind::StartVm, &vm("web"));
            task.percent = 1;
            changes.create(task);
        }
        store.commit(changes).await.expect("accepted");
    }
    let mut wanted = fixtures::task("wanted", TaskKind::StopVm, &vm("web"));
    // After all others.
    wanted.id = "ffffffff-ffff-7fff-bfff-ffffffffffff".parse().expect("an id");
    create(&*store, wanted.clone()).await;
    let mut query = Query::new(Kind::Task, filtered(Kind::Task, "kind = stop_vm"));
    let first = store.list(&query).await.expect("read");
    assert_eq!(first.items.len(), 0);
    query.page.after = first.next;
    assert!(
        query.page.after.is_some(),
        "a page without objects that is not the last"
    );
    let second = store.list(&query).await.expect("read");
    assert_eq!(ids(&second.items), [wanted.id.to_string()]);
    assert_eq!(second.next, None);
    query.page.after = None;
    query.page.count = true;
    assert_eq!(
        store.list(&query).await.expect("read").total,
        Some(1),
        "the count is complete"
    );
}

/// "Only this tenant's."
pub async fn by_project(h: Harness<'_>) {
    let store = fresh(h).await;
    let (a, b, c) = (vm("a"), vm_in("lab", "b"), vm_in("lab", "c"));
    for vm in [&a, &b, &c] {
        create(&*store, vm.clone()).await;
    }
    create(&*store, fixtures::project("lab")).await;
    let project = |p: &str| Selector {
        project: Some(project_id(p)),
        ..Selector::default()
    };
    matches(&*store, Kind::Vm, project("lab"), &[&b, &c]).await;
    matches(&*store, Kind::Vm, project("default"), &[&a]).await;
    matches(&*store, Kind::Vm, project("la"), &[]).await;
    matches(
        &*store,
        Kind::Project,
        project("lab"),
        &[&fixtures::project("lab")],
    )
    .await;
    // A kind that belongs to no project is in none.
    create(&*store, fixtures::node("n", 1, 1)).await;
    matches(&*store, Kind::Node, project("default"), &[]).await;
}

/// "Only with exactly this name": case and prefixes matter.
pub async fn by_name(h: Harness<'_>) {
    let store = fresh(h).await;
    let (a, b, c) = (vm("web"), vm_in("lab", "web"), vm("web-1"));
    for vm in [&a, &b, &c] {
        create(&*store, vm.clone()).await;
    }
    let named = |n: &str| Selector {
        name: Some(n.to_owned()),
        ..Selector::default()
    };
    matches(&*store, Kind::Vm, named("web"), &[&a, &b]).await;
    matches(&*store, Kind::Vm, named("Web"), &[]).await;
    matches(&*store, Kind::Vm, named("web%"), &[]).await;
    matches(&*store, Kind::Vm, named(""), &[]).await;
}

/// "Only on this node": VMs placed there, tasks and volumes about it, and the node itself.
pub async fn by_node(h: Harness<'_>) {
    let store = fresh(h).await;
    let (n1, n2) = (fixtures::node("node-1", 8, 8192), node_id("node-2"));
    let (a, b, c) = (running_vm("a", n1.id), running_vm("b", n2), vm("nowhere"));
    let task = fixtures::task("t", TaskKind::StartVm, &a);
    for vm in [&a, &b, &c] {
        create(&*store, vm.clone()).await;
    }
    create(&*store, n1.clone()).await;
    create(&*store, task.clone()).await;
    let on = |n| Selector {
        node: Some(n),
        ..Selector::default()
    };
    matches(&*store, Kind::Vm, on(n1.id), &[&a]).await;
    matches(&*store, Kind::Vm, on(n2), &[&b]).await;
    matches(&*store, Kind::Node, on(n1.id), &[&n1]).await;
    matches(&*store, Kind::Task, on(n1.id), &[&task]).await;
    matches(&*store, Kind::Task, on(n2), &[]).await;
}

/// "Only in one of these phases; any if empty."
pub async fn by_phase(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut all = Vec::new();
    for phase in VmPhase::ALL {
        let mut vm = vm(phase.as_str());
        vm.status.phase = *phase;
        create(&*store, vm.clone()).await;
        all.push(vm);
    }
    let phases = |p: &[&'static str]| Selector {
        phases: p.to_vec(),
        ..Selector::default()
    };
    for vm in &all {
        matches(&*store, Kind::Vm, phases(&[vm.status.phase.as_str()]), &[vm]).await;
    }
    let some: Vec<&dyn AsKey> = all[2..5].iter().map(|vm| vm as &dyn AsKey).collect();
    let names: Vec<_> = all[2..5].iter().map(|vm| vm.status.phase.as_str()).collect();
    matches(&*store, Kind::Vm, phases(&names), &some).await;
    let repeated = [names[0], names[1], names[0], "no such phase", names[2]];
    matches(&*store, Kind::Vm, phases(&repeated), &some).await;
    let every: Vec<&dyn AsKey> = all.iter().map(|vm| vm as &dyn AsKey).collect();
    let names: Vec<_> = VmPhase::ALL.iter().map(|p| p.as_str()).collect();
    matches(&*store, Kind::Vm, phases(&names), &every).await;
    matches(&*store, Kind::Vm, phases(&[]), &every).await;
    matches(&*store, Kind::Vm, phases(&["no such phase"]), &[]).await;
}

/// "Only with all of these labels": key and value both, and more labels do not matter.
pub async fn by_label(h: Harness<'_>) {
    let store = fresh(h).await;
    let (mut a, mut b, mut c) = (vm("a"), vm("b"), vm("c"));
    a.meta.labels = labels([("tier", "front"), ("env", "prod")]);
    b.meta.labels = labels([("tier", "back"), ("env", "prod")]);
    c.meta.labels = labels([("front", "tier")]);
    for vm in [&a, &b, &c] {
        create(&*store, vm.clone()).await;
    }
    let with = |l| Selector {
        labels: l,
        ..Selector::default()
    };
    matches(&*store, Kind::Vm, with(labels([("tier", "front")])), &[&a]).await;
    matches(&*store, Kind::Vm, with(labels([("env", "prod")])), &[&a, &b]).await;
    matches(
        &*store,
        Kind::Vm,
        with(labels([("env", "prod"), ("tier", "back")])),
        &[&b],
    )
    .await;
    matches(
        &*store,
        Kind::Vm,
        with(labels([("env", "prod"), ("front", "tier")])),
        &[],
    )
    .await;
    matches(&*store, Kind::Vm, with(labels([("env", "")])), &[]).await;
    matches(&*store, Kind::Node, with(labels([("env", "prod")])), &[]).await;
}

/// "Conditions are joined with *and*."
pub async fn all_conditions_must_hold(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut wanted = vm_in("lab", "web");
    wanted.meta.labels = labels([("tier", "front"), ("env", "prod")]);
    wanted.status.phase = VmPhase::Running;
    wanted.placement = Some(Placement {
        node: node_id("n"),
        epoch: 1,
    });
    create(&*store, wanted.clone()).await;
    let all = Selector {
        project: Some(project_id("lab")),
        name: Some("web".to_owned()),
        node: Some(node_id("n")),
        phases: vec!["running", "stopped"],
        labels: labels([("tier", "front"), ("env", "prod")]),
        filter: None,
    };
    matches(&*store, Kind::Vm, all.clone(), &[&wanted]).await;
    let but: [fn(&mut Selector); 5] = [
        |s| s.project = Some(project_id("default")),
        |s| s.name = Some("db".to_owned()),
        |s| s.node = Some(node_id("other")),
        |s| s.phases = vec!["stopped"],
        |s| s.labels = labels([("tier", "front"), ("env", "test")]),
    ];
    for change in but {
        let mut selector = all.clone();
        change(&mut selector);
        matches(&*store, Kind::Vm, selector, &[]).await;
    }
}

/// An object is found by what it is, no longer by what it was.
pub async fn indexes_follow_every_change(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut web = running_vm("web", node_id("n1"));
    web.meta.labels = labels([("tier", "front")]);
    create(&*store, web.clone()).await;
    let before = [
        Selector {
            name: Some("web".to_owned()),
            ..Selector::default()
        },
        Selector {
            project: Some(project_id("default")),
            ..Selector::default()
        },
        Selector {
            node: Some(node_id("n1")),
            ..Selector::default()
        },
        Selector {
            phases: vec!["running"],
            ..Selector::default()
        },
        Selector {
            labels: labels([("tier", "front")]),
            ..Selector::default()
        },
    ];
    let after = [
        Selector {
            name: Some("db".to_owned()),
            ..Selector::default()
        },
        Selector {
            project: Some(project_id("lab")),
            ..Selector::default()
        },
        Selector {
            node: Some(node_id("n2")),
            ..Selector::default()
        },
        Selector {
            phases: vec!["migrating"],
            ..Selector::default()
        },
        Selector {
            labels: labels([("tier", "back")]),
            ..Selector::default()
        },
    ];
    let mut moved = reread(&*store, &web).await;
    moved.name = name("db");
    moved.project = project_id("lab");
    moved.placement = Some(Placement {
        node: node_id("n2"),
        epoch: 2,
    });
    moved.status.phase = VmPhase::Migrating;
    moved.meta.labels = labels([("tier", "back")]);
    for selector in &before {
        matches(&*store, Kind::Vm, selector.clone(), &[&web]).await;
    }
    let moved = update(&*store, moved).await;
    for (old, new) in before.iter().zip(&after) {
        matches(&*store, Kind::Vm, old.clone(), &[]).await;
        matches(&*store, Kind::Vm, new.clone(), &[&web]).await;
    }
    let mut bare = moved;
    bare.placement = None;
    bare.meta.labels.clear();
    let bare = update(&*store, bare).await;
    matches(&*store, Kind::Vm, after[2].clone(), &[]).await;
    matches(&*store, Kind::Vm, after[4].clone(), &[]).await;
    delete(&*store, &bare).await;
    for selector in after {
        matches(&*store, Kind::Vm, selector, &[]).await;
    }
}

/// Names and labels are compared, never interpreted: not by a query language, not by a pattern language.
pub async fn strange_text_is_only_text(h: Harness<'_>) {
    let store = fresh(h).await;
    let mut taken = BTreeSet::new();
    for (vm_name, vm_labels) in samples((any_name(), any_labels()), 40) {
        if !taken.insert(vm_name.clone()) {
            continue;
        }
        let mut vm = vm("web");
        vm.id = fixtures::vm_id(vm_name.as_str());
        vm.name = vm_name;
        vm.meta.labels = vm_labels;
        create(&*store, vm).await;
    }
    let objects = walk(&*store, Kind::Vm, &Selector::default(), 1000).await;
    for object in &objects {
        let selector = Selector {
            name: object.index().name.map(str::to_owned),
            labels: object.labels().clone(),
            ..Selector::default()
        };
        assert_agrees(&*store, &objects, Kind::Vm, &selector, 3).await;
        for (key, value) in object.labels() {
            let selector = Selector {
                labels: labels([(key, value)]),
                ..Selector::default()
            };
            assert_agrees(&*store, &objects, Kind::Vm, &selector, 3).await;
        }
    }
}

/// Any selector over any population: the store answers as [`Selector::matches`] does, page and count alike.
pub async fn any_selector_agrees_with_a_filter(h: Harness<'_>) {
    let store = fresh(h).await;
    let slots = Slots { ids: 60 };
    let populations = samples(prop::collection::vec(slots.object(), 150), 1);
    let mut objects: BTreeMap<_, Object> = BTreeMap::new();
    let mut taken = BTreeMap::new();
    for mut object in populations.into_iter().flatten() {
        let unique = object.index().unique;
        if let Some(unique) = unique
            && taken.insert((object.kind(), unique), ()).is_some()
        {
            // The name is taken: give this one a name of its own, so that the population stays large.
            let Some(mut vm) = Vm::from_object(object.clone()).map(|vm| (*vm).clone()) else {
                continue;
            };
            vm.project = project_id(&format!("p{}", vm.id.uuid().as_u128() % 7));
            object = vm.into_object();
            let unique = object.index().unique.unwrap_or_default();
            if taken.insert((Kind::Vm, unique), ()).is_some() {
                continue;
            }
        }
        objects.entry(object.key()).or_insert(object);
    }
    let writes = objects.values().cloned().map(Write::Create).collect();
    let changes = Changeset {
        guards: Vec::new(),
        writes,
    };
    let commit = store.commit(changes).await.expect("accepted");
    let objects: Vec<_> = objects
        .into_values()
        .map(|o| o.at_revision(commit.revision))
        .collect();
    assert!(
        objects.len() > 60,
        "the population is large enough to mean something"
    );
    for (kind, selector, limit) in samples((slots.kind(), any_selector(), 1u32..9), 300) {
        assert_agrees(&*store, &objects, kind, &selector, limit).await;
    }
}

/// Compares one query with a filter over `objects`, which are sorted by key.
pub(crate) async fn assert_agrees(
    store: &dyn Store,
    objects: &[Object],
    kind: Kind,
    selector: &Selector,
    limit: u32,
) {
    let expected: Vec<_> = objects
        .iter()
        .filter(|o| o.kind() == kind && selector.matches(o))
        .cloned()
        .collect();
    let found = walk(store, kind, selector, limit).await;
    assert_eq!(
        ids(&found),
        ids(&expected),
        "{kind} {selector:?} in pages of {limit}"
    );
    assert_eq!(found, expected);
    let mut query = Query::new(kind, selector.clone());
    query.page.count = true;
    let page = store.list(&query).await.expect("read");
    assert_eq!(page.total, Some(expected.len() as u64), "{kind} {selector:?}");
}
