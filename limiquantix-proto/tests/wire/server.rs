//! A toy server with the parts that a real one has: services, an interceptor, limits, health,
//! reflection, and plain routes on the same port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::routing::get;
use axum::serve::ListenerExt;
use connectrpc::interceptor::{StreamRequest, StreamResponse, UnaryRequest, UnaryResponse};
use connectrpc::{
    ConnectError, ConnectRpcService, InboundStream, Interceptor, Limits, Next, NextStream, PayloadStream,
    RequestContext, Response, Router, ServiceRequest, ServiceResult, ServiceStream,
};
use futures_util::StreamExt;
use http::{HeaderMap, HeaderValue};
use limiquantix_core::{Error, Reason};
use limiquantix_proto::agent::v1::serve_console_request::Frame as FromAgent;
use limiquantix_proto::agent::v1::serve_console_response::Frame as ToAgent;
use limiquantix_proto::agent::v1::{
    AGENT_SERVICE_SERVICE_NAME, AgentService, ConsoleEnd, ReportVMRequest, ReportVMResponse,
    ServeConsoleRequest, ServeConsoleResponse, WatchAssignmentsRequest, WatchAssignmentsResponse,
};
use limiquantix_proto::error::{decode_error_details, to_connect};
use limiquantix_proto::event::v1::ChangeType;
use limiquantix_proto::task::v1::{
    CancelTaskRequest, GetTaskRequest, ListTasksRequest, ListTasksResponse, TASK_SERVICE_SERVICE_NAME, Task,
    TaskKind, TaskService, TaskState, TaskTarget, WaitTaskRequest, WatchTaskRequest, WatchTaskResponse,
    WatchTasksRequest, WatchTasksResponse,
};

/// What the interceptor found out about the caller, for handlers to read.
#[derive(Clone)]
pub(crate) struct Caller(pub(crate) String);

/// A running server.
pub(crate) struct TestServer {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Watch streams that a client has opened and that the server has not yet let go of.
    pub(crate) open_watches: Arc<AtomicUsize>,
}

impl TestServer {
    /// Starts a server on a free port. It ends with the test's runtime.
    pub(crate) async fn start() -> Self {
        let open_watches = Arc::new(AtomicUsize::new(0));
        let router = Router::new()
            .add_service(Arc::new(Tasks {
                open_watches: open_watches.clone(),
            }))
            .add_service(Arc::new(Agents));
        let (router, _health) = connectrpc_health::install_static(
            router,
            [TASK_SERVICE_SERVICE_NAME, AGENT_SERVICE_SERVICE_NAME],
        );
        let reflector = connectrpc_reflection::Reflector::from_descriptor_set_bytes(
            limiquantix_proto::FILE_DESCRIPTOR_SET,
        )
        .unwrap();
        let router = connectrpc_reflection::install(router, reflector);
        let rpc = ConnectRpcService::new(router)
            .with_limits(
                Limits::default()
                    .with_max_request_body_size(1 << 20)
                    .with_max_message_size(1 << 20),
            )
            .with_interceptor(Gate);
        let app = axum::Router::new()
            .route("/health", get(|| async { "ok" }))
            .fallback_service(rpc);

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Without this, every message of a stream waits up to 40 ms for the one before to be acknowledged.
        let listener = listener.tap_io(|connection| connection.set_nodelay(true).unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            open_watches,
        }
    }

    /// The server's base address.
    pub(crate) fn uri(&self) -> http::Uri {
        format!("http://{}", self.address).parse().unwrap()
    }
}

/// Refuses callers without a token where the path asks for one, tells handlers who is calling, and
/// gives every answer a request id.
struct Gate;

impl Gate {
    fn admit(ctx: &mut RequestContext) -> Result<(), ConnectError> {
        let token = ctx.header("authorization").and_then(|value| value.to_str().ok());
        let caller = match token.and_then(|value| value.strip_prefix("Bearer ")) {
            Some("wrong") => return Err(ConnectError::unauthenticated("the access token is not valid")),
            Some(token) => Caller(token.to_owned()),
            None => Caller("nobody".to_owned()),
        };
        ctx.extensions_mut().insert(caller);
        Ok(())
    }

    fn stamp(headers: &mut HeaderMap) {
        headers.insert("x-request-id", HeaderValue::from_static("r-1"));
    }
}

#[connectrpc::async_trait]
impl Interceptor for Gate {
    async fn intercept_unary(
        &self,
        mut request: UnaryRequest,
        next: Next<'_>,
    ) -> Result<UnaryResponse, ConnectError> {
        let answer = match Self::admit(&mut request.ctx) {
            Ok(()) => next.run(request).await,
            Err(refusal) => Err(refusal),
        };
        match answer {
            Ok(mut response) => {
                Self::stamp(&mut response.headers);
                Ok(response)
            }
            Err(error) => {
                let mut error = decode_error_details(error, Some("r-1"));
                Self::stamp(error.response_headers_mut());
                Err(error)
            }
        }
    }

    async fn intercept_streaming(
        &self,
        mut request: StreamRequest,
        inbound: PayloadStream,
        next: NextStream<'_>,
    ) -> Result<StreamResponse, ConnectError> {
        Self::admit(&mut request.ctx)?;
        let mut response = next.run(request, inbound).await?;
        Self::stamp(&mut response.headers);
        Ok(response)
    }
}

/// Tasks that exist only in answers.
struct Tasks {
    open_watches: Arc<AtomicUsize>,
}

fn task(id: &str) -> Task {
    Task {
        id: id.to_owned(),
        kind: TaskKind::CreateVm.into(),
        target: TaskTarget {
            id: "vm-1".into(),
            name: "web".into(),
            ..Default::default()
        }
        .into(),
        state: TaskState::Running.into(),
        progress_percent: 40,
        revision: 9_007_199_254_740_993,
        ..Default::default()
    }
}

// The trait allows any type that encodes to the answer; naming the answer itself reads better.
#[allow(refining_impl_trait)]
impl TaskService for Tasks {
    async fn get_task(
        &self,
        ctx: RequestContext,
        request: ServiceRequest<'_, GetTaskRequest>,
    ) -> ServiceResult<Task> {
        let caller = ctx
            .extensions()
            .get::<Caller>()
            .map(|caller| caller.0.clone())
            .unwrap_or_default();
        match request.id {
            "" => Err(to_connect(&Error::invalid("id", "id is required"), None)),
            "busy" => Err(to_connect(
                &Error::new(Reason::StoreUnavailable, "the store does not answer").with("kind", "sqlite"),
                None,
            )),
            "full" => {
                let mut error = Error::new(Reason::NoNodeFits, "none of 40 nodes can take it");
                for n in 0..40 {
                    error = error.with("node", format!("node-{n}: {}", "memory ".repeat(30)));
                }
                Err(to_connect(&error, None))
            }
            "slow" => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Response::ok(task("slow"))
            }
            id => Response::ok(Task {
                phase: caller,
                ..task(id)
            }),
        }
    }

    async fn list_tasks(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, ListTasksRequest>,
    ) -> ServiceResult<ListTasksResponse> {
        let size = usize::try_from(request.page_size).unwrap_or(0);
        Response::ok(ListTasksResponse {
            tasks: (0..size).map(|n| task(&format!("t-{n}"))).collect(),
            next_page_token: request.page_token.to_owned(),
            total_count: Some(0),
            ..Default::default()
        })
    }

    async fn watch_task(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, WatchTaskRequest>,
    ) -> ServiceResult<ServiceStream<WatchTaskResponse>> {
        if request.task_id == "expired" {
            return Err(ConnectError::out_of_range("the store no longer has revision 3"));
        }
        let from = request.from_revision;
        // Held by the stream: when the client goes, the stream is dropped, and the guard with it.
        let guard = WatchGuard::new(&self.open_watches);
        let forever = request.task_id.is_empty();
        let revisions =
            tokio_stream::wrappers::IntervalStream::new(tokio::time::interval(Duration::from_millis(5)))
                .enumerate()
                .take_while(move |(n, _)| std::future::ready(forever || *n < 3))
                .map(move |(n, _)| {
                    let _held = &guard;
                    Ok(WatchTaskResponse {
                        r#type: ChangeType::Modified.into(),
                        task: task("t-1").into(),
                        revision: from + 1 + n as u64,
                        ..Default::default()
                    })
                });
        Ok(Response::stream(revisions))
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
        Response::ok(task(request.id))
    }

    async fn cancel_task(
        &self,
        _ctx: RequestContext,
        request: ServiceRequest<'_, CancelTaskRequest>,
    ) -> ServiceResult<Task> {
        Response::ok(Task {
            state: TaskState::Cancelled.into(),
            ..task(request.id)
        })
    }
}

struct WatchGuard(Arc<AtomicUsize>);

impl WatchGuard {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::SeqCst);
        Self(open.clone())
    }
}

impl Drop for WatchGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A console that says everything twice as loud.
struct Agents;

#[allow(refining_impl_trait)]
impl AgentService for Agents {
    async fn watch_assignments(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, WatchAssignmentsRequest>,
    ) -> ServiceResult<ServiceStream<WatchAssignmentsResponse>> {
        Ok(Response::stream(tokio_stream::iter([Ok(
            WatchAssignmentsResponse {
                event: limiquantix_proto::agent::v1::Synced::default().into(),
                ..Default::default()
            },
        )])))
    }

    async fn report_vm(
        &self,
        _ctx: RequestContext,
        _request: ServiceRequest<'_, ReportVMRequest>,
    ) -> ServiceResult<ReportVMResponse> {
        Response::ok(ReportVMResponse::default())
    }

    async fn serve_console(
        &self,
        _ctx: RequestContext,
        mut requests: InboundStream<ServeConsoleRequest>,
    ) -> ServiceResult<ServiceStream<ServeConsoleResponse>> {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        tokio::spawn(async move {
            while let Some(message) = requests.next().await {
                let frame = match message {
                    Ok(message) => message.to_owned_message().frame,
                    Err(_) => break,
                };
                let answer = match frame {
                    Some(FromAgent::Hello(hello)) if hello.session_id.is_empty() => {
                        Err(ConnectError::invalid_argument("session_id is required"))
                    }
                    Some(FromAgent::Hello(_)) => continue,
                    Some(FromAgent::Data(bytes)) => Ok(ToAgent::Data(bytes.to_ascii_uppercase().into())),
                    Some(FromAgent::End(end)) => Ok(ToAgent::from(ConsoleEnd {
                        reason: end.reason,
                        ..Default::default()
                    })),
                    Some(FromAgent::Chunk(_)) | None => {
                        Err(ConnectError::invalid_argument("a frame is required"))
                    }
                };
                let answer = answer.map(|frame| ServeConsoleResponse {
                    frame: Some(frame),
                    ..Default::default()
                });
                let last = answer.is_err();
                if sender.send(answer).await.is_err() || last {
                    break;
                }
            }
        });
        Ok(Response::stream(tokio_stream::wrappers::ReceiverStream::new(
            receiver,
        )))
    }
}
