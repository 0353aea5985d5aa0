//! Alerts: raised, counted together, taken care of, resolved; and those that the control plane raises by itself.

use std::sync::Arc;
use std::time::Duration;

use limiquantix::core::alert::{NODE_GONE, NODE_READY_AGAIN, Trouble, node_key, vm_key};
use limiquantix::core::contract::{Repository, Selector, Uplink as _};
use limiquantix::core::identity::AlertId;
use limiquantix::core::resource::{
    Alert, AlertSeverity, AlertSource, AlertSourceKind, AlertState, AlertTally, Event, EventKind, Object,
    StopCause,
};
use limiquantix::core::settle::Outcome;
use limiquantix::{AlertService, Call, RemoveNode, Settings, WatchEvent, WatchStart};
use limiquantix_memory::MemoryStore;
use limiquantix_testkit::{SequentialIds, fixtures};
use proptest::prelude::*;

use crate::bench::{
    BOOT, Bench, TokioClock, call, code, control_plane, dry, failed, field, next, off, registration, repeated,
};

async fn all(bench: &Bench) -> Vec<Arc<Alert>> {
    let alerts = Repository::<Alert>::new(bench.cp.store().clone());
    alerts.all(Selector::default()).await.unwrap().0
}

async fn summary(bench: &Bench) -> AlertTally {
    bench.cp.alerts().summary().await.unwrap().0
}

/// The only alert there is.
async fn only(bench: &Bench) -> Arc<Alert> {
    let mut found = all(bench).await;
    assert_eq!(found.len(), 1, "{found:?}");
    found.pop().unwrap()
}

fn recount(alerts: &[Arc<Alert>]) -> AlertTally {
    let mut tally = AlertTally::default();
    alerts.iter().for_each(|alert| tally.note(None, alert));
    tally
}

fn trouble(key: &str) -> Trouble {
    fixtures::trouble("fast", AlertSeverity::Warning, key)
}

/// For an operator: an alert is lost, or nobody knows who took care of it.
#[tokio::test]
async fn an_alert_is_raised_taken_care_of_and_resolved() {
    let bench = Bench::new().await;
    let alerts = bench.cp.alerts();
    let raised = alerts.create(&call(), trouble("")).await.unwrap();
    assert_eq!((raised.state, raised.count), (AlertState::Open, 1));
    assert_eq!(alerts.get(raised.id).await.unwrap(), raised);

    let seen = Call {
        expected: Some(raised.meta.revision),
        ..call()
    };
    let taken = alerts.acknowledge(&seen, raised.id, "on it").await.unwrap();
    let mark = taken.acknowledged.clone().unwrap();
    assert_eq!((mark.by.as_str(), mark.comment.as_str()), ("alice", "on it"));
    assert_eq!(
        code(alerts.acknowledge(&call(), raised.id, "").await),
        "ALREADY_IN_STATE"
    );
    assert_eq!(
        code(alerts.resolve(&seen, raised.id, "").await),
        "VERSION_MISMATCH"
    );

    let over = alerts
        .resolve(&call(), raised.id, "replaced the disk")
        .await
        .unwrap();
    assert_eq!(over.state, AlertState::Resolved);
    assert_eq!(
        code(alerts.resolve(&call(), raised.id, "").await),
        "ALREADY_IN_STATE"
    );
    assert_eq!(
        code(alerts.acknowledge(&call(), raised.id, "").await),
        "WRONG_STATE"
    );
    let nobody: AlertId = fixtures::alert_id("nobody");
    assert_eq!(code(alerts.resolve(&call(), nobody, "").await), "NOT_FOUND");
    assert_eq!(only(&bench).await, over);

    let events = Repository::<Event>::new(bench.cp.store().clone());
    let told: Vec<_> = events.all(Selector::default()).await.unwrap().0;
    let told: Vec<_> = told.iter().map(|e| (e.kind, e.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (EventKind::AlertRaised, "alice raised fast (warning)"),
            (EventKind::AlertAcknowledged, "alice takes care: on it"),
            (
                EventKind::AlertResolved,
                "alice says that it is over: replaced the disk"
            ),
        ]
    );
}

/// For an operator: the same trouble fills the list, or new trouble hides behind what was resolved.
#[tokio::test]
async fn the_same_trouble_is_one_alert_until_it_is_over() {
    let bench = Bench::new().await;
    let alerts = bench.cp.alerts();
    let first = alerts.create(&call(), trouble("disk")).await.unwrap();
    alerts.acknowledge(&call(), first.id, "").await.unwrap();
    bench.clock.advance(Duration::from_secs(60));
    let worse = Trouble {
        severity: AlertSeverity::Critical,
        message: "99 %".to_owned(),
        ..trouble("disk")
    };
    let again = alerts.create(&call(), worse).await.unwrap();
    assert_eq!(
        (again.id, again.count, again.state),
        (first.id, 2, AlertState::Acknowledged)
    );
    assert_eq!(
        (again.severity, again.message.as_str()),
        (AlertSeverity::Critical, "99 %")
    );
    assert!(again.last_seen > first.last_seen);
    assert_eq!(summary(&bench).await, recount(&all(&bench).await));

    alerts.resolve(&call(), first.id, "").await.unwrap();
    let new = alerts.create(&call(), trouble("disk")).await.unwrap();
    assert_ne!(new.id, first.id);
    assert_eq!((new.count, all(&bench).await.len()), (1, 2));
    alerts.create(&call(), trouble("")).await.unwrap();
    alerts.create(&call(), trouble("")).await.unwrap();
    assert_eq!(all(&bench).await.len(), 4, "without a key, each is its own");
    assert_eq!(summary(&bench).await, recount(&all(&bench).await));
}

#[tokio::test]
async fn a_repeat_raises_nothing_and_asking_changes_nothing() {
    let bench = Bench::new().await;
    let alerts = bench.cp.alerts();
    let quiet = bench.revision().await;
    let preview = alerts.create(&dry(), trouble("disk")).await.unwrap();
    assert_eq!((preview.count, bench.revision().await), (1, quiet));

    let first = alerts.create(&repeated("r-1"), trouble("disk")).await.unwrap();
    assert_eq!(
        alerts.create(&repeated("r-1"), trouble("disk")).await.unwrap(),
        first
    );
    assert_eq!(
        code(alerts.create(&repeated("r-1"), trouble("other")).await),
        "REQUEST_ID_REUSED"
    );
    let taken = alerts.acknowledge(&repeated("r-2"), first.id, "").await.unwrap();
    assert_eq!(
        alerts.acknowledge(&repeated("r-2"), first.id, "").await.unwrap(),
        taken
    );
    let quiet = bench.revision().await;
    assert_eq!(
        alerts.resolve(&dry(), first.id, "").await.unwrap().state,
        AlertState::Resolved
    );
    assert_eq!(bench.revision().await, quiet);
    assert_eq!(
        (
            only(&bench).await.count,
            summary(&bench).await.acknowledged.warning
        ),
        (1, 1)
    );
}

#[tokio::test]
async fn what_is_wrong_with_an_alert_is_named() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.running("web").await;
    let alerts = bench.cp.alerts();
    let refused = async |change: &dyn Fn(&mut Trouble)| {
        let mut wanted = trouble("k");
        change(&mut wanted);
        field(alerts.create(&call(), wanted).await)
    };
    assert_eq!(refused(&|t| t.title = " ".to_owned()).await, "title");
    assert_eq!(refused(&|t| t.title = "a\nb".to_owned()).await, "title");
    assert_eq!(refused(&|t| t.message = "x".repeat(5000)).await, "message");
    assert_eq!(
        refused(&|t| t.dedup_key = "system/x".to_owned()).await,
        "dedup_key"
    );
    assert_eq!(refused(&|t| t.dedup_key = "x".repeat(256)).await, "dedup_key");
    assert_eq!(refused(&|t| t.source.id = String::new()).await, "source_id");
    for kind in [AlertSourceKind::Vm, AlertSourceKind::Node] {
        assert_eq!(refused(&|t| t.source.kind = kind).await, "source_id");
        let nobody = fixtures::vm_id("nobody").to_string();
        assert_eq!(
            refused(&|t| {
                t.source.kind = kind;
                t.source.id.clone_from(&nobody);
            })
            .await,
            "source_id"
        );
    }
    let raised = alerts.create(&call(), trouble("k")).await.unwrap();
    assert_eq!(field(alerts.resolve(&call(), raised.id, "a\nb").await), "comment");

    // What is known of the source counts, and not what the caller says of it.
    let about = Trouble {
        source: AlertSource {
            kind: AlertSourceKind::Vm,
            id: vm.id.to_string(),
            name: "another".to_owned(),
            project: Some(fixtures::project_id("elsewhere")),
            node: None,
        },
        ..trouble("vm")
    };
    let raised = alerts.create(&call(), about).await.unwrap();
    assert_eq!(raised.source.name, "web");
    assert_eq!(raised.source.project.as_ref(), Some(&vm.project));
    assert_eq!(raised.source.node, vm.placement.map(|p| p.node));
}

/// For an operator: two probes see the same trouble at the same moment, and one of them gets an error or an alert
/// of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_raise_the_same_at_once_are_counted() {
    let bench = Bench::new().await;
    let calls: Vec<_> = (0..24)
        .map(|n| {
            let alerts: AlertService = bench.cp.alerts();
            let key = if n % 3 == 0 { "" } else { "disk" };
            tokio::spawn(async move { alerts.create(&call(), trouble(key)).await.unwrap() })
        })
        .collect();
    for call in calls {
        call.await.unwrap();
    }
    let found = all(&bench).await;
    assert_eq!(found.len(), 9, "eight of their own and one together");
    assert_eq!(
        found
            .iter()
            .filter(|a| a.dedup_key == "disk")
            .map(|a| a.count)
            .sum::<u32>(),
        16
    );
    assert_eq!(summary(&bench).await, recount(&found));
}

/// For an operator: a VM fails in the night and nobody is told; or is told for ever.
#[tokio::test]
async fn a_vm_that_fails_raises_an_alert_until_it_runs() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.create("web").await;
    bench
        .told(
            &vm,
            limiquantix::core::settle::Seen::Absent,
            Some(failed("no image")),
        )
        .await
        .unwrap();
    let alert = only(&bench).await;
    assert_eq!(alert.severity, AlertSeverity::Critical);
    assert_eq!(alert.title, "create of vm web failed");
    assert_eq!(alert.message, "no image");
    assert_eq!(alert.dedup_key, vm_key(vm.id));
    assert_eq!(alert.source.project.as_ref(), Some(&vm.project));

    // In the commit of the fact: whoever sees the one sees the other.
    let log = bench.log().await;
    let commit = log
        .iter()
        .find(|c| {
            c.changes
                .iter()
                .any(|c| matches!(c.after, Some(Object::Alert(_))))
        })
        .unwrap();
    assert!(
        commit
            .changes
            .iter()
            .any(|c| matches!(c.after, Some(Object::Vm(_))))
    );

    // Failing again is the same trouble.
    let vm = bench.cp.vms().start(&call(), vm.id).await.unwrap();
    bench
        .told(
            &vm,
            limiquantix::core::settle::Seen::Absent,
            Some(failed("still none")),
        )
        .await
        .unwrap();
    let alert = only(&bench).await;
    assert_eq!((alert.count, alert.message.as_str()), (2, "still none"));

    let vm = bench.cp.vms().start(&call(), vm.id).await.unwrap();
    bench.finish(vm.id).await;
    let alert = only(&bench).await;
    assert_eq!(alert.state, AlertState::Resolved);
    assert_eq!(alert.resolved.as_ref().unwrap().by, "system");

    // A crash is trouble, a guest that shuts itself down is not.
    bench
        .told(&*bench.vm(vm.id).await, off(StopCause::Crashed), None)
        .await
        .unwrap();
    let found = all(&bench).await;
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[1].title.as_str(), found[1].state),
        ("vm web crashed", AlertState::Open)
    );
    let other = bench.running("quiet").await;
    bench
        .told(&other, off(StopCause::GuestShutdown), None)
        .await
        .unwrap();
    assert_eq!(all(&bench).await.len(), 2);

    // With the VM goes its trouble.
    let gone = bench.cp.vms().delete(&call(), vm.id, true).await.unwrap();
    bench
        .told(
            &gone,
            limiquantix::core::settle::Seen::Absent,
            Some(Outcome::Done),
        )
        .await
        .unwrap();
    let found = all(&bench).await;
    assert!(found.iter().all(|a| a.state == AlertState::Resolved));
    assert_eq!(summary(&bench).await, recount(&found));
}

/// For an operator: a node dies and nobody is told; or it is back and the alert stays.
#[tokio::test(start_paused = true)]
async fn a_silent_node_raises_an_alert_until_it_is_ready() {
    let quiet = Bench::new().await;
    let store = Arc::new(MemoryStore::new());
    let ids = Arc::new(SequentialIds::new(5));
    let cp = control_plane(&store, Arc::new(TokioClock::new()), ids, Settings::default()).await;
    let bench = Bench { store, cp, ..quiet };
    let node = bench
        .cp
        .agents()
        .register(&registration("n1", 8, 8192))
        .await
        .unwrap();
    let alerts = bench.cp.alerts();
    let mut news = alerts.watch(Selector::default(), WatchStart::Now).await.unwrap();
    let mut changed = async || loop {
        if let WatchEvent::Changed { object, .. } = next(&mut news).await.unwrap() {
            return object;
        }
    };
    tokio::time::sleep(Duration::from_secs(60)).await;
    let raised = changed().await;
    assert_eq!(raised.title, "node n1 is not ready");
    assert_eq!(
        (raised.severity, &raised.dedup_key),
        (AlertSeverity::Critical, &node_key(node))
    );
    assert_eq!(raised.source.node, Some(node));
    bench.cp.nodes().heartbeat(node, BOOT, None).await.unwrap();
    let over = changed().await;
    assert_eq!((over.id, over.state), (raised.id, AlertState::Resolved));
    assert_eq!(over.resolved.as_ref().unwrap().comment, NODE_READY_AGAIN);

    // Once more: another alert. A node that registers anew is ready as well.
    tokio::time::sleep(Duration::from_secs(60)).await;
    let second = changed().await;
    assert_ne!(second.id, raised.id);
    bench
        .cp
        .agents()
        .register(&registration("n1", 8, 8192))
        .await
        .unwrap();
    assert_eq!(changed().await.state, AlertState::Resolved);
    assert_eq!(summary(&bench).await, recount(&all(&bench).await));
    assert_eq!(summary(&bench).await.resolved.critical, 2);

    // What is removed is waited for no more.
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(changed().await.state, AlertState::Open);
    bench
        .cp
        .nodes()
        .remove(&call(), node, &RemoveNode::default())
        .await
        .unwrap();
    assert_eq!(changed().await.resolved.as_ref().unwrap().comment, NODE_GONE);
}

/// What callers do to alerts, by the number of the alert.
#[derive(Debug, Clone)]
enum Deed {
    Raise(u8, AlertSeverity),
    Acknowledge(usize),
    Resolve(usize),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let severity = prop::sample::select(&AlertSeverity::ALL[..]);
    let deed = prop_oneof![
        3 => (0u8..5, severity).prop_map(|(key, severity)| Deed::Raise(key, severity)),
        1 => (0usize..12).prop_map(Deed::Acknowledge),
        2 => (0usize..12).prop_map(Deed::Resolve),
    ];
    prop::collection::vec(deed, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// For an operator: the summary says that all is well while an alert is open. Also: never two alerts that last
    /// have the same key.
    #[test]
    fn the_summary_is_what_a_recount_finds(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new().await;
            let alerts = bench.cp.alerts();
            let mut made: Vec<AlertId> = Vec::new();
            for deed in deeds {
                match deed {
                    Deed::Raise(key, severity) => {
                        let key = if key == 0 { String::new() } else { format!("key-{key}") };
                        let wanted = fixtures::trouble("fast", severity, &key);
                        let alert = alerts.create(&call(), wanted).await.unwrap();
                        if !made.contains(&alert.id) {
                            made.push(alert.id);
                        }
                    }
                    Deed::Acknowledge(n) => if let Some(id) = made.get(n) {
                        drop(alerts.acknowledge(&call(), *id, "").await);
                    },
                    Deed::Resolve(n) => if let Some(id) = made.get(n) {
                        drop(alerts.resolve(&call(), *id, "").await);
                    },
                }
                let found = all(&bench).await;
                assert_eq!(summary(&bench).await, recount(&found));
                let mut lasting: Vec<_> = found
                    .iter()
                    .filter(|a| a.state != AlertState::Resolved && !a.dedup_key.is_empty())
                    .map(|a| a.dedup_key.clone())
                    .collect();
                lasting.sort();
                let all = lasting.len();
                lasting.dedup();
                assert_eq!(lasting.len(), all);
            }
        });
    }
}
