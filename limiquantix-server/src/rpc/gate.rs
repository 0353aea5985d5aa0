//! What happens to every call before its handler and after: who it is, whether they may, the request id under
//! which the log and the answer can be matched, and a proper end when the server stops or a handler panics.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use connectrpc::interceptor::{StreamRequest, StreamResponse, UnaryRequest, UnaryResponse};
use connectrpc::{ConnectError, Interceptor, Next, NextStream, PayloadStream, RequestContext};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http::{HeaderMap, HeaderName, HeaderValue};
use limiquantix::ControlPlane;
use limiquantix_core::{Error, Reason, Result};
use limiquantix_proto::error;
use tracing::{debug, warn};
use uuid::Uuid;

use super::authorization::{Access, Authorization};
use crate::auth::{Auth, Caller};

/// The header that names a call.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The gate.
#[derive(Debug)]
pub(crate) struct Gate {
    auth: Arc<Auth>,
    authorization: Authorization,
    control_plane: ControlPlane,
}

impl Gate {
    pub(crate) fn new(auth: Arc<Auth>, authorization: Authorization, control_plane: ControlPlane) -> Self {
        Self {
            auth,
            authorization,
            control_plane,
        }
    }

    /// Lets the caller in, known to the handler, or refuses.
    fn admit(&self, ctx: &mut RequestContext) -> Result<(), ConnectError> {
        let caller = self.caller(ctx).map_err(|e| error::to_connect(&e, None))?;
        ctx.extensions_mut().insert(caller);
        Ok(())
    }

    fn caller(&self, ctx: &RequestContext) -> Result<Caller> {
        match self.authorization.access(ctx.path().unwrap_or_default())? {
            Access::Public => Ok(Caller {
                name: "anybody".to_owned(),
            }),
            Access::User | Access::Agent => self.auth.identify(credentials(ctx)?),
        }
    }

    /// `messages`, every error of theirs made fit to leave. When the server stops they end with a word, so that
    /// clients resume elsewhere instead of wondering.
    fn stream(&self, messages: PayloadStream, call: CallName) -> PayloadStream {
        let stopped = Box::pin(self.control_plane.stopped());
        let body = stream::unfold(Some((messages, stopped, call)), |rest| async move {
            let (mut messages, mut stopped, call) = rest?;
            let message = tokio::select! {
                biased;
                () = &mut stopped => Err(stopping()),
                message = messages.next() => message?,
            };
            // After an error nothing follows.
            Some(match message {
                Ok(message) => (Ok(message), Some((messages, stopped, call))),
                Err(e) => (Err(call.leaving(e)), None),
            })
        });
        Box::pin(body)
    }
}

/// What the caller presents to show who it is.
pub(super) fn credentials(ctx: &RequestContext) -> Result<Option<&str>> {
    let not_text = |_| Error::new(Reason::Unauthenticated, "the Authorization header is not text");
    let header = ctx.header("authorization");
    header.map(|value| value.to_str().map_err(not_text)).transpose()
}

fn stopping() -> ConnectError {
    let message = "the server is stopping: connect again and resume from the last revision";
    error::to_connect(&Error::new(Reason::ServerUnavailable, message), None)
}

/// By which a call is found in the log.
struct CallName {
    path: String,
    id: String,
}

impl CallName {
    fn new(ctx: &RequestContext) -> Self {
        Self {
            path: ctx.path().unwrap_or_default().to_owned(),
            id: Uuid::now_v7().to_string(),
        }
    }

    /// The answer of a handler, or the error of one that panicked: its caller is told, and the other calls on
    /// the same connection go on.
    async fn answer<T>(
        &self,
        handler: impl Future<Output = Result<T, ConnectError>>,
    ) -> Result<T, ConnectError> {
        match AssertUnwindSafe(handler).catch_unwind().await {
            Ok(answer) => answer,
            // What it said is on stderr, where the panic hook has put it.
            Err(_) => Err(error::to_connect(
                &Error::internal("a handler panicked"),
                Some(&self.id),
            )),
        }
    }

    /// The error as it leaves: with details for programs and the request id for people.
    fn leaving(&self, refusal: ConnectError) -> ConnectError {
        let (request, path) = (&self.id, &self.path);
        let mut error = error::decode_error_details(refusal, Some(request));
        match error.code {
            connectrpc::ErrorCode::Internal
            | connectrpc::ErrorCode::Unknown
            | connectrpc::ErrorCode::DataLoss => {
                warn!(request, path, code = error.code.as_str(), message = error.message.as_deref(), cause = ?std::error::Error::source(&error), "call failed");
            }
            code => debug!(
                request,
                path,
                code = code.as_str(),
                message = error.message.as_deref(),
                "call refused"
            ),
        }
        self.stamp(error.response_headers_mut());
        error
    }

    fn stamp(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.id) {
            headers.insert(REQUEST_ID, value);
        }
    }
}

#[connectrpc::async_trait]
impl Interceptor for Gate {
    async fn intercept_unary(
        &self,
        mut request: UnaryRequest,
        next: Next<'_>,
    ) -> Result<UnaryResponse, ConnectError> {
        let call = CallName::new(&request.ctx);
        let answer = match self.admit(&mut request.ctx) {
            Ok(()) => call.answer(next.run(request)).await,
            Err(e) => Err(e),
        };
        let mut response = answer.map_err(|e| call.leaving(e))?;
        call.stamp(&mut response.headers);
        Ok(response)
    }

    async fn intercept_streaming(
        &self,
        mut request: StreamRequest,
        inbound: PayloadStream,
        next: NextStream<'_>,
    ) -> Result<StreamResponse, ConnectError> {
        let call = CallName::new(&request.ctx);
        let answer = match self.admit(&mut request.ctx) {
            // A stream may wait for its client's first message when the server is asked to stop.
            Ok(()) => tokio::select! {
                answer = call.answer(next.run(request, inbound)) => answer,
                () = self.control_plane.stopped() => Err(stopping()),
            },
            Err(e) => Err(e),
        };
        // A refusal is sent as a stream that ends with it. Sent as headers only, gRPC clients (connectrpc's own
        // among them) stop reading before the details, and would not learn the reason.
        let mut response = answer.unwrap_or_else(|e| {
            let refusal: PayloadStream = Box::pin(stream::once(std::future::ready(Err(e))));
            refusal.into()
        });
        call.stamp(&mut response.headers);
        Ok(response.map_body(|messages| self.stream(messages, call)))
    }
}
