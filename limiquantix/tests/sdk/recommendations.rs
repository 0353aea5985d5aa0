//! Moves that an engine proposes: decided by people, replaced by newer plans, expired by time, forgotten after a day.

use std::sync::Arc;
use std::time::Duration;

use limiquantix::core::contract::{Clock as _, Repository, Selector};
use limiquantix::core::identity::NodeId;
use limiquantix::core::recommendation::{KEPT_FOR, Proposal};
use limiquantix::core::resource::{
    Event, EventKind, Impact, Recommendation, RecommendationPriority, RecommendationState, Vm,
};
use limiquantix::{Call, WatchEvent, WatchStart};
use limiquantix_testkit::fixtures;

use crate::bench::{Bench, call, code, dry, field, next, off, repeated};

const HOUR: Duration = Duration::from_secs(3600);

/// Two nodes, a VM on one of them, and the other.
async fn bench() -> (Bench, Arc<Vm>, NodeId) {
    let bench = Bench::with_nodes(2, 8, 8192).await;
    let vm = bench.running("web").await;
    let source = vm.placement.unwrap().node;
    let nodes = bench
        .cp
        .nodes()
        .list(Selector::default(), Default::default())
        .await
        .unwrap();
    let target = nodes.items.iter().find(|n| n.id != source).unwrap().id;
    (bench, vm, target)
}

fn proposal(vm: &Vm, target: NodeId) -> Proposal {
    Proposal {
        vm: vm.id,
        planned_on: vm.meta.revision,
        target,
        priority: RecommendationPriority::High,
        reason: "cpu of n1 at 93 %".to_owned(),
        impact: Impact { cpu: 12, memory: 3 },
        estimated_duration: Duration::from_secs(150),
        valid_for: HOUR,
    }
}

async fn all(bench: &Bench) -> Vec<Arc<Recommendation>> {
    let found = Repository::<Recommendation>::new(bench.cp.store().clone());
    found.all(Selector::default()).await.unwrap().0
}

/// For an operator: a move is made that nobody approved, or approved ones get lost.
#[tokio::test]
async fn a_recommendation_is_proposed_and_decided() {
    let (bench, vm, target) = bench().await;
    let service = bench.cp.recommendations();
    let proposed = service
        .propose(&Call::system(), &proposal(&vm, target))
        .await
        .unwrap();
    assert_eq!(proposed.state, RecommendationState::Pending);
    assert_eq!(
        (proposed.source.id, proposed.target.id),
        (vm.placement.unwrap().node, target)
    );
    assert_eq!(
        (proposed.vm_name.as_str(), proposed.project.clone()),
        ("web", vm.project.clone())
    );
    assert_eq!(proposed.expires_at, bench.clock.now().plus(HOUR));
    assert_eq!(service.get(proposed.id).await.unwrap(), proposed);

    let seen = Call {
        expected: Some(proposed.meta.revision),
        ..call()
    };
    let approved = service.approve(&seen, proposed.id, "go").await.unwrap();
    assert_eq!(approved.approved.as_ref().unwrap().by, "alice");
    assert_eq!(
        code(service.approve(&call(), proposed.id, "").await),
        "ALREADY_IN_STATE"
    );
    assert_eq!(
        code(service.reject(&seen, proposed.id, "").await),
        "VERSION_MISMATCH"
    );
    let rejected = service.reject(&call(), proposed.id, "not now").await.unwrap();
    assert_eq!(rejected.state, RecommendationState::Rejected);
    assert_eq!(
        code(service.approve(&call(), proposed.id, "").await),
        "WRONG_STATE"
    );
    assert_eq!(
        code(service.reject(&call(), proposed.id, "").await),
        "ALREADY_IN_STATE"
    );
    let nobody = fixtures::recommendation_id("nobody");
    assert_eq!(code(service.approve(&call(), nobody, "").await), "NOT_FOUND");
    assert_eq!(
        field(service.approve(&call(), proposed.id, "a\nb").await),
        "comment"
    );

    let events = Repository::<Event>::new(bench.cp.store().clone());
    let (events, _) = events.all(Selector::default()).await.unwrap();
    let told: Vec<_> = events.iter().rev().take(3).rev().map(|e| e.kind).collect();
    assert_eq!(
        told,
        [
            EventKind::RecommendationProposed,
            EventKind::RecommendationApproved,
            EventKind::RecommendationRejected
        ]
    );
}

/// For an operator: yesterday's plan is carried out on today's cluster.
#[tokio::test]
async fn a_plan_on_an_old_version_counts_for_nothing() {
    let (bench, vm, target) = bench().await;
    let service = bench.cp.recommendations();
    let system = Call::system();
    let stale = proposal(&vm, target);
    let proposed = service.propose(&system, &stale).await.unwrap();
    bench
        .told(
            &vm,
            off(limiquantix::core::resource::StopCause::GuestShutdown),
            None,
        )
        .await
        .unwrap();
    assert_eq!(code(service.propose(&system, &stale).await), "VERSION_MISMATCH");
    let vm = bench.vm(vm.id).await;
    let there = vm.placement.unwrap().node;
    assert_eq!(
        field(service.propose(&system, &proposal(&vm, there)).await),
        "target"
    );
    let nowhere = proposal(&vm, fixtures::node_id("nowhere"));
    assert_eq!(code(service.propose(&system, &nowhere).await), "NOT_FOUND");
    for (change, name) in [
        (
            Proposal {
                reason: " ".to_owned(),
                ..proposal(&vm, target)
            },
            "reason",
        ),
        (
            Proposal {
                reason: "a\nb".to_owned(),
                ..proposal(&vm, target)
            },
            "reason",
        ),
        (
            Proposal {
                valid_for: Duration::ZERO,
                ..proposal(&vm, target)
            },
            "valid_for",
        ),
        (
            Proposal {
                valid_for: 25 * HOUR,
                ..proposal(&vm, target)
            },
            "valid_for",
        ),
    ] {
        assert_eq!(field(service.propose(&system, &change).await), name);
    }

    // Where the VM is no more, there is nothing to approve.
    let gone = bench.cp.vms().delete(&call(), vm.id, true).await.unwrap();
    assert_eq!(
        code(service.approve(&call(), proposed.id, "").await),
        "WRONG_STATE"
    );
    bench.finish(gone.id).await;
    assert_eq!(
        code(service.approve(&call(), proposed.id, "").await),
        "WRONG_STATE"
    );
    assert_eq!(
        code(service.propose(&system, &proposal(&vm, target)).await),
        "NOT_FOUND"
    );
}

/// For an operator: two moves of one VM are on offer, and both are approved.
#[tokio::test]
async fn of_a_vm_one_move_at_a_time_is_on_offer() {
    let (bench, vm, target) = bench().await;
    let service = bench.cp.recommendations();
    let system = Call::system();
    let first = service.propose(&system, &proposal(&vm, target)).await.unwrap();
    let second = service.propose(&system, &proposal(&vm, target)).await.unwrap();
    let replaced = service.get(first.id).await.unwrap();
    assert_eq!(replaced.state, RecommendationState::Expired);
    assert!(replaced.message.contains("newer plan"));
    service.approve(&call(), second.id, "").await.unwrap();
    let e = service.propose(&system, &proposal(&vm, target)).await;
    assert_eq!(code(e), "OPERATION_IN_PROGRESS");
    let other = bench.running("db").await;
    let from = other.placement.unwrap().node;
    let to = if from == target {
        vm.placement.unwrap().node
    } else {
        target
    };
    service.propose(&system, &proposal(&other, to)).await.unwrap();
    assert_eq!(all(&bench).await.len(), 3);
}

#[tokio::test]
async fn a_repeat_decides_nothing_and_asking_changes_nothing() {
    let (bench, vm, target) = bench().await;
    let service = bench.cp.recommendations();
    let it = service
        .propose(&repeated("r-1"), &proposal(&vm, target))
        .await
        .unwrap();
    assert_eq!(
        service
            .propose(&repeated("r-1"), &proposal(&vm, target))
            .await
            .unwrap(),
        it
    );
    let quiet = bench.revision().await;
    let shown = service.approve(&dry(), it.id, "").await.unwrap();
    assert_eq!(
        (shown.state, bench.revision().await),
        (RecommendationState::Approved, quiet)
    );
    let approved = service.approve(&repeated("r-2"), it.id, "").await.unwrap();
    assert_eq!(
        service.approve(&repeated("r-2"), it.id, "").await.unwrap(),
        approved
    );
    assert_eq!(
        code(service.approve(&repeated("r-2"), it.id, "other").await),
        "REQUEST_ID_REUSED"
    );
}

/// For an operator: the list fills up with moves that nobody wants any more. Time is paused, and the wall clock is the
/// test's: the controller looks every some seconds, and what it sees is what the clock says.
#[tokio::test(start_paused = true)]
async fn what_nobody_decided_expires_and_is_forgotten_after_a_day() {
    let (bench, vm, target) = bench().await;
    let service = bench.cp.recommendations();
    let it = service
        .propose(&Call::system(), &proposal(&vm, target))
        .await
        .unwrap();
    let mut news = service.watch(Selector::default(), WatchStart::Now).await.unwrap();
    let mut changed = async || loop {
        if let WatchEvent::Changed { object, kind, .. } = next(&mut news).await.unwrap() {
            return (kind, object);
        }
    };
    bench.clock.advance(HOUR - Duration::from_secs(1));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let state = service.get(it.id).await.unwrap().state;
    assert_eq!(state, RecommendationState::Pending, "its time is not over");
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(code(service.approve(&call(), it.id, "").await), "WRONG_STATE");
    let (_, expired) = changed().await;
    assert_eq!((expired.id, expired.state), (it.id, RecommendationState::Expired));

    bench.clock.advance(KEPT_FOR - Duration::from_secs(1));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(all(&bench).await.len(), 1, "a day is not over");
    bench.clock.advance(Duration::from_secs(1));
    let (kind, _) = changed().await;
    assert_eq!(kind, limiquantix::core::contract::ChangeKind::Deleted);
    assert!(all(&bench).await.is_empty());
}
