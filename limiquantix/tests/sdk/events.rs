//! Events: what happened, found by whom it concerns, and followed without a gap.

use std::sync::Arc;

use limiquantix::core::contract::{PageRequest, Selector, Store as _};
use limiquantix::core::identity::ProjectId;
use limiquantix::core::resource::{Event, EventKind, ObjectKey, Revision, Vm};
use limiquantix::{Settings, WatchEvent, WatchItems};
use limiquantix_memory::{MemoryStore, Options};
use limiquantix_testkit::fixtures;

use crate::bench::{Bench, call, code, control_plane, next};

/// The next event that is told, whatever bookmarks come before it.
async fn told(items: &mut WatchItems<Event>) -> (Arc<Event>, Revision) {
    loop {
        if let WatchEvent::Changed { object, revision, .. } = next(items).await.unwrap() {
            return (object, revision);
        }
    }
}

fn about(vm: &Vm) -> Selector {
    Selector {
        labels: Event::labels_about(&ObjectKey::of::<Vm>(&vm.id)),
        ..Selector::default()
    }
}

async fn listed(bench: &Bench, selector: Selector) -> Vec<EventKind> {
    let page = bench
        .cp
        .events()
        .list(selector, PageRequest::default())
        .await
        .unwrap();
    page.items.iter().map(|event| event.kind).collect()
}

/// For an operator: what happened to one VM cannot be found among what happened to all; or is gone with the VM.
#[tokio::test]
async fn events_are_found_by_what_they_are_about() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    bench.running("other").await;
    bench.cp.vms().delete(&call(), vm.id, true).await.unwrap();
    bench.finish(vm.id).await;
    let kinds = listed(&bench, about(&vm)).await;
    assert_eq!(kinds.first(), Some(&EventKind::VmCreated));
    assert_eq!(kinds.last(), Some(&EventKind::VmDeleted));
    let nodes = Selector {
        phases: vec![EventKind::NodeRegistered.as_str()],
        ..Selector::default()
    };
    assert_eq!(listed(&bench, nodes).await, [EventKind::NodeRegistered]);
    let project = Selector {
        project: Some(ProjectId::default()),
        ..Selector::default()
    };
    assert!(!listed(&bench, project).await.contains(&EventKind::NodeRegistered));

    let all = bench
        .cp
        .events()
        .list(about(&vm), PageRequest::default())
        .await
        .unwrap();
    let first = bench.cp.events().get(all.items[0].id).await.unwrap();
    assert_eq!(
        (first.subject_name.as_str(), &*first.subject.id),
        ("web", vm.id.to_string().as_str())
    );
    assert_eq!(
        code(bench.cp.events().get(fixtures::event_id("none")).await),
        "NOT_FOUND"
    );
}

/// For whoever keeps an audit: an event that is missed between two connections, or told twice.
#[tokio::test]
async fn a_subscription_goes_on_where_a_list_or_another_ended() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let service = bench.cp.events();
    let listed = service
        .list(Selector::default(), PageRequest::default())
        .await
        .unwrap();
    let vm = bench.running("web").await;
    let mut first = service
        .subscribe(Selector::default(), Some(listed.revision))
        .await
        .unwrap();
    let (created, at) = told(&mut first).await;
    assert_eq!(created.kind, EventKind::VmCreated);
    drop(first);
    let mut second = service.subscribe(about(&vm), Some(at)).await.unwrap();
    let (started, _) = told(&mut second).await;
    assert_eq!(started.kind, EventKind::VmStarted);

    let mut now = service.subscribe(Selector::default(), None).await.unwrap();
    let node = vm.placement.unwrap().node;
    bench.cp.nodes().cordon(&call(), node, "").await.unwrap();
    assert_eq!(
        told(&mut now).await.0.kind,
        EventKind::NodeCordoned,
        "nothing of before"
    );
}

/// For whoever keeps an audit: a gap that nobody is told about.
#[tokio::test]
async fn a_position_that_the_log_no_longer_reaches_is_an_error() {
    let store = Arc::new(MemoryStore::with_options(Options { retain: 4 }));
    let quiet = Bench::new().await;
    let ids = Arc::clone(&quiet.ids);
    let cp = control_plane(&store, quiet.clock.clone(), ids, Settings::default()).await;
    let bench = Bench { store, cp, ..quiet };
    let node = bench.node("n1", 8, 8192).await;
    let from = bench.store.revision().await.unwrap();
    for i in 0..10 {
        bench
            .cp
            .nodes()
            .cordon(&call(), node, &i.to_string())
            .await
            .unwrap();
    }
    let refused = match bench.cp.events().subscribe(Selector::default(), Some(from)).await {
        Ok(mut items) => next(&mut items).await.map(drop),
        Err(e) => Err(e),
    };
    assert_eq!(code(refused), "REVISION_EXPIRED");
}
