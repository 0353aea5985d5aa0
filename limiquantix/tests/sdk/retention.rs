//! What is over is removed when it is time, and nothing else ever is.

use std::sync::Arc;
use std::time::Duration;

use limiquantix::core::contract::{Changeset, Repository, Selector, Store};
use limiquantix::core::resource::{Event, EventKind, IdempotencyRecord, Resource, Task, TaskState};
use limiquantix::core::time::Timestamp;
use limiquantix::{Retention, Settings};
use limiquantix_testkit::{SequentialIds, fixtures};

use crate::bench::{Bench, call, code, control_plane, repeated, request};

const DAY: Duration = Duration::from_secs(24 * 3600);

async fn all<R: Resource>(bench: &Bench) -> Vec<Arc<R>> {
    let repository = Repository::<R>::new(bench.cp.store().clone());
    repository.all(Selector::default()).await.unwrap().0
}

/// Lets the controller do its rounds.
async fn minutes(count: u64) {
    tokio::time::sleep(Duration::from_secs(60 * count + 1)).await;
}

/// For an operator: the store grows until the disk is full; or what is still needed is thrown away.
#[tokio::test(start_paused = true)]
async fn each_is_kept_for_its_time_and_no_running_task_is_ever_removed() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vms = bench.cp.vms();
    let created = vms.create(&repeated("r1"), request("web")).await.unwrap();
    bench.finish(created.id).await;
    let slow = bench.create("slow").await;
    let under_way = bench.task_of(&slow).await.id;
    let (tasks, events) = (all::<Task>(&bench).await.len(), all::<Event>(&bench).await.len());
    assert_eq!(tasks, 2);

    bench.clock.advance(DAY - Duration::from_secs(1));
    minutes(2).await;
    assert_eq!(
        vms.create(&repeated("r1"), request("web")).await.unwrap().id,
        created.id
    );
    bench.clock.advance(Duration::from_secs(2));
    minutes(2).await;
    assert!(all::<IdempotencyRecord>(&bench).await.is_empty());
    assert_eq!(
        code(vms.create(&repeated("r1"), request("web")).await),
        "NAME_TAKEN"
    );
    assert_eq!(all::<Task>(&bench).await.len(), tasks);
    assert!(all::<Event>(&bench).await.len() >= events);

    bench.clock.advance(DAY * 29);
    minutes(2).await;
    let left = all::<Task>(&bench).await;
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].id, left[0].state), (under_way, TaskState::Pending));
    let now = limiquantix::core::contract::Clock::now(&*bench.clock);
    for event in all::<Event>(&bench).await {
        assert!(now.since(event.meta.created_at) <= DAY * 30, "{event:?}");
    }
    // However long it takes.
    bench.clock.advance(DAY * 400);
    minutes(2).await;
    assert_eq!(all::<Task>(&bench).await.len(), 1);
    // Its time begins with its end.
    bench.finish(slow.id).await;
    minutes(2).await;
    assert_eq!(all::<Task>(&bench).await.len(), 1);
    bench.clock.advance(DAY * 30 + Duration::from_secs(1));
    minutes(2).await;
    assert!(all::<Task>(&bench).await.is_empty());
    assert_eq!(bench.vm(slow.id).await.name.as_str(), "slow");
}

async fn fill<R: Resource>(bench: &Bench, objects: impl Iterator<Item = R>) {
    let mut changes = Changeset::new();
    for object in objects {
        changes.create(object);
    }
    bench.store.commit(changes).await.unwrap();
}

fn long_ago() -> Timestamp {
    Timestamp(fixtures::T0.micros() - i64::try_from((DAY * 365).as_micros()).unwrap())
}

/// For an operator: a control plane that was off for a year stops to tidy up; or never gets to the end of it,
/// because of what must stay.
#[tokio::test(start_paused = true)]
async fn a_backlog_is_worked_off_in_bounded_pieces_without_a_stop() {
    // More than two ticks can do.
    const MANY: usize = 21_000;
    let bench = Bench::new().await;
    let vm = fixtures::vm("web");
    let ids = SequentialIds::new(9);
    let event = |i: usize| {
        let mut event = fixtures::event(&format!("old-{i}"), EventKind::VmStarted, &vm);
        event.id = limiquantix::core::contract::IdSourceExt::event(&ids);
        event.meta.created_at = long_ago();
        event
    };
    fill(&bench, (0..MANY).map(event)).await;
    let record = |i: usize| {
        let mut record = fixtures::idempotency(&format!("alice/StartVM/{i:05}"), &vm);
        // Two of three are recent, in no order.
        if i.is_multiple_of(3) {
            record.meta.created_at = long_ago();
        }
        record
    };
    const RECORDS: usize = 12_000;
    fill(&bench, (0..RECORDS).map(record)).await;
    let before = bench.revision().await;
    minutes(1).await;
    let left = all::<Event>(&bench).await.len();
    assert!(
        (1..MANY).contains(&left),
        "a tick does what it may and no more: {left} are left"
    );
    minutes(4).await;
    assert!(all::<Event>(&bench).await.is_empty());
    let kept = all::<IdempotencyRecord>(&bench).await;
    assert_eq!(kept.len(), RECORDS - RECORDS / 3);
    assert!(kept.iter().all(|record| record.meta.created_at == fixtures::T0));
    let largest = bench
        .log()
        .await
        .into_iter()
        .filter(|commit| commit.revision > before)
        .map(|commit| commit.changes.len())
        .max();
    assert!(largest.unwrap() <= 250, "{largest:?} in one commit");
    // Then there is rest.
    let settled = bench.revision().await;
    minutes(5).await;
    assert_eq!(bench.revision().await, settled);
}

/// For an operator: two replicas that tidy up at once get in each other's way, or remove what is young.
#[tokio::test(start_paused = true)]
async fn two_at_once_do_no_harm() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let ids = Arc::new(SequentialIds::new(77));
    let second = control_plane(&bench.store, bench.clock.clone(), ids, Settings::default()).await;
    let vm = bench.running("web").await;
    bench
        .cp
        .vms()
        .stop(&repeated("r1"), vm.id, true, None)
        .await
        .unwrap();
    bench.finish(vm.id).await;
    bench.clock.advance(DAY * 31);
    minutes(3).await;
    assert!(all::<Task>(&bench).await.is_empty());
    assert!(all::<IdempotencyRecord>(&bench).await.is_empty());
    // Its node has fallen silent meanwhile.
    bench.cp.vms().delete(&call(), vm.id, true).await.unwrap();
    minutes(3).await;
    assert_eq!(all::<Task>(&bench).await.len(), 1);
    drop(second);
}

/// For an administrator: a typing error makes the server forget what was asked of it a minute ago.
#[tokio::test]
async fn settings_that_forget_too_soon_are_refused() {
    let settings = Settings {
        retention: Retention {
            request_ids: Duration::from_secs(60),
            ..Retention::default()
        },
        ..Settings::default()
    };
    let e = settings.check().unwrap_err();
    assert_eq!(e.get("field"), Some("retention.request_ids"));
    Settings::default().check().unwrap();
}
