//! Watches: initial, from now, resumed; nothing missing, nothing twice.

use std::collections::BTreeMap;

use limiquantix::core::contract::{ChangeKind, Selector};
use limiquantix::core::identity::VmId;
use limiquantix::core::resource::{Revision, Vm, VmPhase};
use limiquantix::{WatchEvent, WatchStart};

use crate::bench::{Bench, call, code, next, request};

/// A watcher's view of the VMs, built from events alone; complains about any that does not fit.
#[derive(Debug, Default)]
struct View {
    vms: BTreeMap<VmId, Revision>,
    bookmark: Revision,
}

impl View {
    fn see(&mut self, event: WatchEvent<Vm>) {
        match event {
            WatchEvent::Bookmark(revision) => {
                assert!(revision >= self.bookmark, "a bookmark goes backwards");
                self.bookmark = revision;
            }
            WatchEvent::Changed {
                kind,
                object,
                revision,
            } => match kind {
                ChangeKind::Added => {
                    let before = self.vms.insert(object.id, object.meta.revision);
                    assert_eq!(before, None, "{} is added twice", object.name);
                }
                ChangeKind::Modified => {
                    let before = self.vms.insert(object.id, object.meta.revision);
                    assert!(
                        before.unwrap() < object.meta.revision,
                        "{} goes backwards",
                        object.name
                    );
                    assert_eq!(object.meta.revision, revision);
                }
                ChangeKind::Deleted => {
                    assert!(
                        self.vms.remove(&object.id).is_some(),
                        "{} was not there",
                        object.name
                    );
                }
            },
        }
    }
}

/// For a user: a dashboard that shows VMs that are gone, or never shows new ones.
#[tokio::test]
async fn an_initial_watch_lists_marks_and_follows() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let a = bench.running("a").await;
    let b = bench.running("b").await;
    let mut events = bench
        .cp
        .vms()
        .watch(Selector::default(), WatchStart::Initial)
        .await
        .unwrap();
    let mut view = View::default();
    for _ in 0..3 {
        view.see(next(&mut events).await.unwrap());
    }
    assert_eq!(view.vms.keys().copied().collect::<Vec<_>>(), [a.id, b.id]);
    assert_eq!(view.bookmark, bench.revision().await);

    bench.cp.vms().delete(&call(), a.id, true).await.unwrap();
    bench.finish(a.id).await;
    let c = bench.create("c").await;
    let last = bench.revision().await;
    while view.bookmark < last {
        view.see(next(&mut events).await.unwrap());
    }
    assert_eq!(view.vms.keys().copied().collect::<Vec<_>>(), [b.id, c.id]);
}

/// For a user: a client that was disconnected misses events, or gets some twice, and cannot tell.
#[tokio::test]
async fn a_watch_resumed_from_any_bookmark_goes_on_exactly_there() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let start = bench.revision().await;
    for name in ["a", "b", "c"] {
        let vm = bench.running(name).await;
        bench.cp.vms().stop(&call(), vm.id, true, None).await.unwrap();
        bench.finish(vm.id).await;
    }
    let last = bench.revision().await;
    let vms = bench.cp.vms();
    let all = |from: Revision| {
        let vms = vms.clone();
        async move {
            let mut events = vms
                .watch(Selector::default(), WatchStart::After(from))
                .await
                .unwrap();
            let mut seen = Vec::new();
            loop {
                let event = next(&mut events).await.unwrap();
                let at_end = event == WatchEvent::Bookmark(last);
                seen.push(event);
                if at_end {
                    return seen;
                }
            }
        }
    };
    let whole = all(start).await;
    let bookmarks = whole.iter().enumerate().filter_map(|(i, e)| match e {
        WatchEvent::Bookmark(revision) if *revision < last => Some((i, *revision)),
        _ => None,
    });
    let mut tried = 0;
    for (i, revision) in bookmarks {
        assert_eq!(all(revision).await, whole[i + 1..], "resumed after {revision}");
        tried += 1;
    }
    assert!(tried >= 8, "{tried} places to resume from");
    // Also after the control plane was restarted in between.
    let bench = bench.restarted().await;
    let middle = whole.iter().find_map(|e| match e {
        WatchEvent::Bookmark(revision) => Some(*revision),
        WatchEvent::Changed { .. } => None,
    });
    let mut resumed = bench
        .cp
        .vms()
        .watch(Selector::default(), WatchStart::After(middle.unwrap()))
        .await
        .unwrap();
    let rest = whole
        .iter()
        .skip_while(|e| **e != WatchEvent::Bookmark(middle.unwrap()))
        .skip(1);
    for expected in rest {
        assert_eq!(&next(&mut resumed).await.unwrap(), expected);
    }
}

/// For a user: a watch of "my running VMs" keeps those that stopped, or shows other people's.
#[tokio::test]
async fn leaving_the_view_is_a_deletion_and_entering_it_an_addition() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let selector = Selector {
        phases: vec![VmPhase::Running.as_str()],
        ..Selector::default()
    };
    let mut events = bench.cp.vms().watch(selector, WatchStart::Now).await.unwrap();
    let vm = bench.running("a").await;
    let mut other = request("b");
    other.project = bench.project("other").await;
    bench.cp.vms().create(&call(), other).await.unwrap();
    bench.cp.vms().stop(&call(), vm.id, true, None).await.unwrap();
    let mut kinds = Vec::new();
    while kinds.len() < 2 {
        if let WatchEvent::Changed { kind, object, .. } = next(&mut events).await.unwrap() {
            assert_eq!(object.id, vm.id);
            assert_eq!(object.status.phase, VmPhase::Running, "as it was last seen");
            kinds.push(kind);
        }
    }
    assert_eq!(kinds, [ChangeKind::Added, ChangeKind::Deleted]);
}

/// For a user: a dashboard that is opened while things change shows a VM twice, or an old state over a new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_of_many_pages_that_changes_meanwhile_is_told_once() {
    let bench = Bench::with_nodes(1, 10_000, 4_000_000).await;
    // More than two pages of the largest size.
    let mut ids = Vec::new();
    for i in 0..2100 {
        ids.push(bench.create(&format!("vm-{i}")).await.id);
    }
    for round in 0..3 {
        let busy = {
            let (bench, ids) = (bench.clone(), ids.clone());
            tokio::spawn(async move {
                for i in 0..200 {
                    let describe = limiquantix::UpdateVm {
                        description: Some(format!("{round}/{i}")),
                        ..Default::default()
                    };
                    // Late pages are read last: those change the most.
                    let id = ids[ids.len() - 1 - (i % 50)];
                    bench.cp.vms().update(&call(), id, describe).await.unwrap();
                    bench.create(&format!("new-{round}-{i}")).await;
                }
            })
        };
        let mut events = bench
            .cp
            .vms()
            .watch(Selector::default(), WatchStart::Initial)
            .await
            .unwrap();
        busy.await.unwrap();
        let last = bench.revision().await;
        let mut view = View::default();
        while view.bookmark < last {
            view.see(next(&mut events).await.unwrap());
        }
        let (all, _) = limiquantix::core::contract::Repository::<Vm>::new(bench.cp.store().clone())
            .all(Selector::default())
            .await
            .unwrap();
        let truth: BTreeMap<VmId, Revision> = all.iter().map(|vm| (vm.id, vm.meta.revision)).collect();
        assert_eq!(view.vms, truth);
    }
}

/// For a user: a position that is no longer kept is silently taken for "now".
#[tokio::test]
async fn a_position_that_does_not_exist_is_an_error() {
    let bench = Bench::new().await;
    let ahead = WatchStart::After(Revision(bench.revision().await.0 + 1));
    let e = bench.cp.vms().watch(Selector::default(), ahead).await.map(drop);
    assert_eq!(crate::bench::field(e), "from_revision");

    let small = std::sync::Arc::new(limiquantix_memory::MemoryStore::with_options(
        limiquantix_memory::Options { retain: 2 },
    ));
    let clock = bench.clock.clone();
    let ids = std::sync::Arc::new(limiquantix_testkit::SequentialIds::new(5));
    let cp = crate::bench::control_plane(&small, clock, ids, Default::default()).await;
    let bench = Bench {
        store: small,
        cp,
        ..bench
    };
    for name in ["n1", "n2", "n3"] {
        bench.node(name, 8, 8192).await;
    }
    let mut outcome = bench
        .cp
        .vms()
        .watch(Selector::default(), WatchStart::After(Revision::ZERO))
        .await;
    let e = match &mut outcome {
        Ok(events) => next(events).await.map(drop),
        Err(_) => outcome.map(drop),
    };
    assert_eq!(code(e), "REVISION_EXPIRED");
}
