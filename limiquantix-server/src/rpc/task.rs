use std::time::Duration;

use connectrpc::{RequestContext, Response, ServiceRequest, ServiceResult, ServiceStream};
use limiquantix::core::contract::Selector;
use limiquantix::core::resource::Task;
use limiquantix::core::{Error, Reason};
use limiquantix::{ControlPlane, TaskService as Tasks};
use limiquantix_proto::convert::time::duration_from_wire;
use limiquantix_proto::convert::vm::project_filter;
use limiquantix_proto::convert::{id, page, task as convert};
use limiquantix_proto::task::v1 as wire;
use limiquantix_proto::task::v1::TaskService;

use limiquantix_proto::event::v1::ChangeType;

use super::context::{call, refuse};
use super::watch;

/// How long to wait for the end of a task where the caller does not say: what most operations take.
const USUAL_WAIT: Duration = Duration::from_secs(30);

/// The longest that one call waits. Longer is a matter of asking again, and of connections that live as long.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// `limiquantix.task.v1.TaskService`.
#[derive(Debug)]
pub(super) struct Handler {
    tasks: Tasks,
    control_plane: ControlPlane,
}

impl Handler {
    pub(super) fn new(control_plane: &ControlPlane) -> Self {
        Self {
            tasks: control_plane.tasks(),
            control_plane: control_plane.clone(),
        }
    }
}

#[allow(
    refining_impl_trait,
    reason = "naming the message reads better than any type that encodes to it"
)]
impl TaskService for Handler {
    async fn get_task(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::GetTaskRequest>,
    ) -> ServiceResult<wire::Task> {
        let id = id::parse_task_id("id", request.id).map_err(refuse)?;
        Response::ok(convert::to_wire(&*self.tasks.get(id).await.map_err(refuse)?))
    }

    async fn list_tasks(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::ListTasksRequest>,
    ) -> ServiceResult<wire::ListTasksResponse> {
        let listing = convert::listing_from_wire(&request.to_owned_message()).map_err(refuse)?;
        let found = self
            .tasks
            .list(listing.selector.clone(), listing.page.clone())
            .await
            .map_err(refuse)?;
        Response::ok(wire::ListTasksResponse {
            tasks: found.items.iter().map(|task| convert::to_wire(task)).collect(),
            next_page_token: listing.next_page_token(found.next.as_deref()),
            total_count: found.total.map(page::count_to_wire),
            revision: found.revision.0,
            ..Default::default()
        })
    }

    async fn watch_task(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::WatchTaskRequest>,
    ) -> ServiceResult<ServiceStream<wire::WatchTaskResponse>> {
        let start = watch::start(request.from_revision, request.initial)?;
        let project = project_filter("project_id", request.project_id).map_err(refuse)?;
        let only = id::optional("task_id", request.task_id, id::parse_task_id).map_err(refuse)?;
        let selector = Selector {
            project,
            ..Selector::default()
        };
        let events = match only {
            Some(id) => self.tasks.watch_one(id, selector, start).await,
            None => self.tasks.watch(selector, start).await,
        };
        let events = events.map_err(refuse)?;
        let shown = |task: Option<&Task>, kind: ChangeType, revision| wire::WatchTaskResponse {
            r#type: kind.into(),
            task: task.map(convert::to_wire).into(),
            revision,
            ..Default::default()
        };
        Ok(Response::stream(watch::messages(events, shown)))
    }

    async fn watch_tasks(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::WatchTasksRequest>,
    ) -> ServiceResult<ServiceStream<wire::WatchTasksResponse>> {
        let request = request.to_owned_message();
        let start = watch::start(request.from_revision, request.initial)?;
        let selector = convert::watched_from_wire(&request).map_err(refuse)?;
        let target = Some(request.target_id).filter(|id| !id.is_empty());
        let tasks = self.tasks.watch_about(selector, target, start).await;
        let shown = |task: Option<&Task>, kind: ChangeType, revision| wire::WatchTasksResponse {
            r#type: kind.into(),
            task: task.map(convert::to_wire).into(),
            revision,
            ..Default::default()
        };
        Ok(Response::stream(watch::messages(tasks.map_err(refuse)?, shown)))
    }

    async fn wait_task(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, wire::WaitTaskRequest>,
    ) -> ServiceResult<wire::Task> {
        let request = request.to_owned_message();
        let id = id::parse_task_id("id", &request.id).map_err(refuse)?;
        let timeout = request.timeout.as_option();
        let timeout = timeout
            .map(|wanted| duration_from_wire("timeout", wanted))
            .transpose();
        let timeout = timeout.map_err(refuse)?.unwrap_or(USUAL_WAIT).min(LONGEST_WAIT);
        let task = tokio::select! {
            task = self.tasks.wait(id, timeout) => task.map_err(refuse)?,
            // Nobody's wait delays the end of the server.
            () = self.control_plane.stopped() => return Err(refuse(stopping())),
        };
        Response::ok(convert::to_wire(&task))
    }

    async fn cancel_task(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, wire::CancelTaskRequest>,
    ) -> ServiceResult<wire::Task> {
        let call = call(&ctx, request.request_id, request.etag, request.validate_only)?;
        let id = id::parse_task_id("id", request.id).map_err(refuse)?;
        Response::ok(convert::to_wire(
            &*self.tasks.cancel(&call, id).await.map_err(refuse)?,
        ))
    }
}

fn stopping() -> Error {
    Error::new(
        Reason::ServerUnavailable,
        "the server is stopping: ask again, the task goes on",
    )
}
