use std::time::Duration;

use connectrpc::{ConnectError, RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use futures_util::StreamExt;
use limiquantix_core::{Error, Reason};
use limiquantix_proto::compute::v1::{PowerState, VmState};
use limiquantix_proto::event::v1::ChangeType;
use limiquantix_proto::task::v1::{
    CancelTaskRequest, GetTaskRequest, ListTasksRequest, ListTasksResponse, Task, TaskError, TaskKind,
    TaskLogLine, TaskService, TaskState, TaskTarget, WaitTaskRequest, WatchTaskRequest, WatchTaskResponse,
    WatchTasksRequest, WatchTasksResponse,
};

use super::{Shared, at, refusal};

/// Tasks that are known by their id: `start-web-2` starts `web-2`.
pub(super) struct Tasks(pub(super) Shared);

fn task(id: &str, state: TaskState) -> Option<Task> {
    let (verb, name) = id.split_once('-')?;
    let kind = match verb {
        "create" => TaskKind::CreateVm,
        "start" => TaskKind::StartVm,
        "stop" => TaskKind::StopVm,
        "reboot" => TaskKind::RebootVm,
        "suspend" => TaskKind::SuspendVm,
        "snapshot" => TaskKind::CreateSnapshot,
        "revert" => TaskKind::RevertSnapshot,
        "unsnapshot" => TaskKind::DeleteSnapshot,
        "resume" => TaskKind::ResumeVm,
        "delete" => TaskKind::DeleteVm,
        _ => return None,
    };
    let line = |text: &str| TaskLogLine {
        at: at(1).into(),
        text: text.into(),
        ..Default::default()
    };
    let ended = state != TaskState::Running;
    let failed = state == TaskState::Failed;
    Some(Task {
        id: id.into(),
        kind: kind.into(),
        target: TaskTarget {
            kind: "vm".into(),
            name: name.into(),
            ..Default::default()
        }
        .into(),
        state: state.into(),
        phase: if state == TaskState::Succeeded {
            "done"
        } else {
            "starting"
        }
        .into(),
        progress_percent: if state == TaskState::Succeeded { 100 } else { 40 },
        log: vec![line("placed on node-1"), line("disk"), line("starting")],
        error: failed
            .then(|| TaskError {
                reason: "IMAGE_MISSING".into(),
                message: "no image \"debian\" in pool default".into(),
                ..Default::default()
            })
            .into(),
        created_at: at(2).into(),
        finished_at: ended.then(|| at(0)).into(),
        revision: 7,
        ..Default::default()
    })
}

fn message(change: ChangeType, task: Option<Task>) -> WatchTaskResponse {
    WatchTaskResponse {
        r#type: change.into(),
        task: task.into(),
        revision: 7,
        ..Default::default()
    }
}

#[allow(refining_impl_trait)]
impl TaskService for Tasks {
    async fn get_task(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, GetTaskRequest>,
    ) -> ServiceResult<Task> {
        // Ids of tasks are UUIDs in earnest; here they are words, which lqx looks for in the list.
        Err(refusal(&Error::not_found("task", request.id)))
    }

    async fn list_tasks(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, ListTasksRequest>,
    ) -> ServiceResult<ListTasksResponse> {
        let mut tasks = vec![
            task("start-web-2", TaskState::Succeeded),
            task("start-stuck", TaskState::Running),
            task("start-broken", TaskState::Failed),
        ];
        if request.order_by == "create_time desc" {
            tasks.reverse();
        }
        let size = usize::try_from(request.page_size).unwrap();
        let rest = tasks.len().saturating_sub(size);
        Response::ok(ListTasksResponse {
            tasks: tasks.into_iter().take(size).flatten().collect(),
            next_page_token: if rest > 0 { rest.to_string() } else { String::new() },
            ..Default::default()
        })
    }

    async fn watch_task(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, WatchTaskRequest>,
    ) -> ServiceResult<ServiceStream<WatchTaskResponse>> {
        let id = request.task_id.to_owned();
        let Some(running) = task(&id, TaskState::Running) else {
            return Err(refusal(&Error::not_found("task", &id)));
        };
        let name = running.target.name.clone();
        let first = [
            Ok(message(ChangeType::Added, Some(running))),
            Ok(message(ChangeType::Bookmark, None)),
        ];
        let first = tokio_stream::iter(first);
        let last = match name.as_str() {
            "stuck" => return Ok(Response::stream(first.chain(tokio_stream::pending()))),
            "blink" if self.break_off() => {
                let broken = Err(ConnectError::unavailable("the server is going down"));
                return Ok(Response::stream(first.chain(tokio_stream::once(broken))));
            }
            "broken" => TaskState::Failed,
            _ => TaskState::Succeeded,
        };
        let state = self.0.clone();
        let last = futures_util::stream::once(async move {
            tokio::time::sleep(Duration::from_millis(30)).await;
            let mut state = state.lock().unwrap();
            if let Some(vm) = state
                .vms
                .values_mut()
                .find(|vm| vm.name == name && last == TaskState::Succeeded)
            {
                vm.current_task_id.clear();
                let on = vm.desired_power == PowerState::On;
                vm.status.get_or_insert_default().state = match on {
                    _ if id.starts_with("suspend-") => VmState::Suspended,
                    true => VmState::Running,
                    false => VmState::Stopped,
                }
                .into();
            }
            Ok(message(ChangeType::Modified, task(&id, last)))
        });
        Ok(Response::stream(first.chain(last)))
    }

    async fn watch_tasks(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, WatchTasksRequest>,
    ) -> ServiceResult<ServiceStream<WatchTasksResponse>> {
        Ok(Response::stream(tokio_stream::empty()))
    }

    async fn wait_task(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, WaitTaskRequest>,
    ) -> ServiceResult<Task> {
        let missing = || refusal(&Error::not_found("task", request.id));
        Response::ok(task(request.id, TaskState::Succeeded).ok_or_else(missing)?)
    }

    async fn cancel_task(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, CancelTaskRequest>,
    ) -> ServiceResult<Task> {
        match task(request.id, TaskState::Running) {
            Some(task) if request.id == "start-stuck" => Response::ok(Task {
                cancel_requested: true,
                ..task
            }),
            _ => {
                let error = Error::new(Reason::NotCancellable, "the task has ended").with("task", request.id);
                Err(refusal(&error))
            }
        }
    }
}

impl Tasks {
    /// True the first time.
    fn break_off(&self) -> bool {
        let mut state = self.0.lock().unwrap();
        state.broken += 1;
        state.broken == 1
    }
}
