//! Waiting for tasks, and following those about one thing.

use std::time::Duration;

use limiquantix::core::contract::Selector;
use limiquantix::core::resource::TaskState;
use limiquantix::{WatchEvent, WatchStart};
use limiquantix_testkit::fixtures;
use tokio::time::Instant;

use crate::bench::{Bench, call, code, next, repeated};

/// For a program: it sleeps and asks, or is told of an end that was none.
#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_the_task_or_with_its_time() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.create("web").await;
    let task = bench.task_of(&vm).await.id;
    let service = bench.cp.tasks();
    let began = Instant::now();
    let waited = service.wait(task, Duration::from_secs(7)).await.unwrap();
    assert_eq!((waited.state, began.elapsed().as_secs()), (TaskState::Pending, 7));
    assert_eq!(
        service.wait(task, Duration::ZERO).await.unwrap().state,
        TaskState::Pending
    );

    let waiting = tokio::spawn(async move { service.wait(task, Duration::from_secs(600)).await });
    tokio::task::yield_now().await;
    let began = Instant::now();
    bench.finish(vm.id).await;
    let ended = waiting.await.unwrap().unwrap();
    assert_eq!(ended.state, TaskState::Succeeded);
    assert!(
        began.elapsed() < Duration::from_secs(600),
        "not the time, but the end"
    );

    let service = bench.cp.tasks();
    let again = service.wait(task, Duration::from_secs(600)).await.unwrap();
    assert_eq!(again, ended);
    let none = service
        .wait(fixtures::task_id("none"), Duration::from_secs(1))
        .await;
    assert_eq!(code(none), "NOT_FOUND");
}

/// For a user: what is going on with one VM drowns in what goes on with all.
#[tokio::test]
async fn tasks_about_one_vm_are_followed_alone() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    bench.create("other").await;
    let vm = bench.create("web").await;
    let target = Some(vm.id.to_string());
    let tasks = bench.cp.tasks();
    let watch = tasks.watch_about(Selector::default(), target, WatchStart::Initial);
    let mut watch = watch.await.unwrap();
    bench.running("third").await;
    bench.finish(vm.id).await;
    let mut seen = Vec::new();
    while seen.len() < 2 {
        if let WatchEvent::Changed { object, .. } = next(&mut watch).await.unwrap() {
            seen.push((object.target.name.clone(), object.state));
        }
    }
    let web = |state| ("web".to_owned(), state);
    assert_eq!(seen, [web(TaskState::Pending), web(TaskState::Succeeded)]);
}

/// For a user: a cancellation that is sent again cancels what was started since, or fails.
#[tokio::test]
async fn a_cancellation_is_repeated_safely() {
    let bench = Bench::with_nodes(1, 8, 8192).await;
    let vm = bench.create("web").await;
    let task = bench.task_of(&vm).await.id;
    let service = bench.cp.tasks();
    let first = service.cancel(&repeated("r1"), task).await.unwrap();
    assert!(first.cancel_requested);
    bench.finish(vm.id).await;
    assert_eq!(service.cancel(&repeated("r1"), task).await.unwrap(), first);
    assert_eq!(code(service.cancel(&call(), task).await), "NOT_CANCELLABLE");
}
