//! Waiting for what should come, on streams; every wait says what it waited for.

use std::time::Duration;

use connectrpc::client::SharedHttp2Connection;
use limiquantix_proto::compute::v1::{NodePhase, NodeServiceClient, WatchNodesRequest};
use limiquantix_proto::task::v1::{Task, TaskServiceClient, TaskState, WatchTaskRequest};

/// How long something may take that should happen at once, on a machine that is busy with other tests.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The outcome of `work`, which must come before patience ends.
pub(crate) async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| panic!("waited {PATIENCE:?} for {what}"))
}

/// The next message of a stream, whole; the error with which it ended, or `None` for a clean end.
macro_rules! next {
    ($stream:expr) => {
        $crate::harness::soon("the next message", $stream.message())
            .await
            .map(|message| message.map(|m| m.to_owned_message()))
    };
}
pub(crate) use next;

/// The next message of a watch that is not a bookmark.
macro_rules! next_change {
    ($stream:expr) => {
        loop {
            let message = $crate::harness::next!($stream)
                .unwrap()
                .expect("the watch has ended");
            if message.r#type != limiquantix_proto::event::v1::ChangeType::Bookmark {
                break message;
            }
        }
    };
}
pub(crate) use next_change;

pub(super) async fn node_ready(nodes: &NodeServiceClient<SharedHttp2Connection>, name: &str) {
    let request = WatchNodesRequest {
        initial: true,
        ..Default::default()
    };
    let mut events = nodes.watch_nodes(request).await.unwrap();
    loop {
        let event = next_change!(events);
        if event.node.hostname == name && event.node.status.phase == NodePhase::Ready {
            return;
        }
    }
}

pub(super) async fn task_succeeded(tasks: &TaskServiceClient<SharedHttp2Connection>, id: &str) -> Task {
    let request = WatchTaskRequest {
        task_id: id.to_owned(),
        initial: true,
        ..Default::default()
    };
    let mut events = tasks.watch_task(request).await.unwrap();
    loop {
        let event = next_change!(events);
        let task = event.task.as_option().expect("a change shows its task").clone();
        match task.state.as_known() {
            Some(TaskState::Succeeded) => return task,
            Some(TaskState::Failed | TaskState::Cancelled) => panic!("{task:?}"),
            _ => {}
        }
    }
}
