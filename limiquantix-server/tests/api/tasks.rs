//! Waiting for tasks, following some of them, and cancelling under a request id.

use std::time::{Duration, Instant};

use connectrpc::ErrorCode;
use limiquantix_core::Reason;
use limiquantix_proto::error::from_connect;
use limiquantix_proto::task::v1::{CancelTaskRequest, TaskState, WaitTaskRequest, WatchTasksRequest};

use crate::harness::{Running, SimNode, create, next, next_change, soon};

fn wait(id: &str, timeout: Option<Duration>) -> WaitTaskRequest {
    WaitTaskRequest {
        id: id.to_owned(),
        timeout: timeout.map(buffa_types::google::protobuf::Duration::from).into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn one_call_waits_for_the_end_of_a_task() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let vm = server.vms().create_vm(create("web")).await.unwrap().into_owned();
    let tasks = server.tasks();
    let waiting = tasks.wait_task(wait(&vm.current_task_id, None));
    let task = soon("the task to end", waiting).await.unwrap().into_owned();
    assert_eq!(task.state, TaskState::Succeeded);
    let nobody = wait(&vm.id, Some(Duration::ZERO));
    let error = server.tasks().wait_task(nobody).await.map(drop).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_wait_ends_with_its_time_and_with_the_server() {
    let server = Running::memory().await;
    let node = SimNode::join(&server, "node-1").await;
    // Nobody is there who would do it.
    drop(node.kill_agent().await);
    let vm = server.vms().create_vm(create("web")).await.unwrap().into_owned();
    let task = vm.current_task_id.as_str();
    let began = Instant::now();
    let short = wait(task, Some(Duration::from_millis(200)));
    let task_then = server.tasks().wait_task(short).await.unwrap().into_owned();
    assert_eq!(task_then.state, TaskState::Pending);
    assert!(began.elapsed() >= Duration::from_millis(200));
    let past = buffa_types::google::protobuf::Duration {
        seconds: -1,
        ..Default::default()
    };
    let past = WaitTaskRequest {
        timeout: past.into(),
        ..wait(task, None)
    };
    let error = from_connect(server.tasks().wait_task(past).await.map(drop).unwrap_err());
    assert_eq!(error.get("field"), Some("timeout"));

    let tasks = server.tasks();
    let long = wait(task, Some(Duration::from_secs(600)));
    let waiting = tokio::spawn(async move { tasks.wait_task(long).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.stop().await;
    let error = soon("the wait to end", waiting).await.unwrap().unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
}

#[tokio::test]
async fn a_watch_of_tasks_shows_those_that_are_asked_for() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    server.launch("other").await;
    let request = WatchTasksRequest {
        target_id: vm.id.clone(),
        initial: true,
        ..Default::default()
    };
    let mut watch = server.tasks().watch_tasks(request).await.unwrap();
    assert_eq!(next_change!(watch).task.target.id, vm.id);
    assert!(!next!(watch).unwrap().unwrap().task.is_set(), "then a bookmark");
    let named = WatchTasksRequest {
        target_name: "other".to_owned(),
        project_id: "default".to_owned(),
        initial: true,
        ..Default::default()
    };
    let mut watch = server.tasks().watch_tasks(named).await.unwrap();
    assert_eq!(next_change!(watch).task.target.name, "other");
}

#[tokio::test]
async fn a_cancellation_that_is_sent_again_is_answered_as_the_first() {
    let server = Running::memory().await;
    let node = SimNode::join(&server, "node-1").await;
    drop(node.kill_agent().await);
    let vm = server.vms().create_vm(create("web")).await.unwrap().into_owned();
    let cancel = CancelTaskRequest {
        id: vm.current_task_id.clone(),
        request_id: "r-1".to_owned(),
        ..Default::default()
    };
    let tasks = server.tasks();
    let first = tasks.cancel_task(cancel.clone()).await.unwrap().into_owned();
    assert!(first.cancel_requested);
    assert_eq!(
        tasks.cancel_task(cancel.clone()).await.unwrap().into_owned(),
        first
    );
    let other = server
        .vms()
        .create_vm(create("other"))
        .await
        .unwrap()
        .into_owned();
    let other = CancelTaskRequest {
        id: other.current_task_id,
        ..cancel
    };
    let error = tasks.cancel_task(other).await.map(drop).unwrap_err();
    assert_eq!(from_connect(error).reason(), Reason::RequestIdReused);
}
