//! What happens to every call before its handler and after: who it is, whether they may, and the request id
//! under which the log and the answer can be matched.

use std::sync::Arc;

use connectrpc::interceptor::{StreamRequest, StreamResponse, UnaryRequest, UnaryResponse};
use connectrpc::{ConnectError, Interceptor, Next, NextStream, PayloadStream, RequestContext};
use http::{HeaderMap, HeaderName, HeaderValue};
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
}

impl Gate {
    pub(crate) fn new(auth: Arc<Auth>, authorization: Authorization) -> Self {
        Self { auth, authorization }
    }

    /// Lets the caller in, known to the handler, or refuses.
    fn admit(&self, ctx: &mut RequestContext) -> Result<()> {
        let access = self.authorization.access(ctx.path().unwrap_or_default())?;
        let header =
            match ctx.header("authorization") {
                None => None,
                Some(value) => Some(value.to_str().map_err(|_| {
                    Error::new(Reason::Unauthenticated, "the Authorization header is not text")
                })?),
            };
        let caller = match access {
            Access::Public => Caller {
                name: "anybody".to_owned(),
            },
            Access::User | Access::Agent => self.auth.identify(header)?,
        };
        ctx.extensions_mut().insert(caller);
        Ok(())
    }
}

/// The error as it leaves: with details for programs and the request id for people.
fn leaving(refusal: ConnectError, path: &str, id: &str) -> ConnectError {
    let error = error::decode_error_details(refusal, Some(id));
    match error.code {
        connectrpc::ErrorCode::Internal
        | connectrpc::ErrorCode::Unknown
        | connectrpc::ErrorCode::DataLoss => {
            warn!(request = id, path, code = error.code.as_str(), message = error.message.as_deref(), cause = ?std::error::Error::source(&error), "call failed");
        }
        code => debug!(
            request = id,
            path,
            code = code.as_str(),
            message = error.message.as_deref(),
            "call refused"
        ),
    }
    error
}

fn stamp(headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
}

#[connectrpc::async_trait]
impl Interceptor for Gate {
    async fn intercept_unary(
        &self,
        mut request: UnaryRequest,
        next: Next<'_>,
    ) -> Result<UnaryResponse, ConnectError> {
        let id = Uuid::now_v7().to_string();
        let path = request.ctx.path().unwrap_or_default().to_owned();
        let answer = match self.admit(&mut request.ctx) {
            Ok(()) => next.run(request).await,
            Err(e) => Err(error::to_connect(&e, None)),
        };
        match answer {
            Ok(mut response) => {
                stamp(&mut response.headers, &id);
                Ok(response)
            }
            Err(e) => {
                let mut e = leaving(e, &path, &id);
                stamp(e.response_headers_mut(), &id);
                Err(e)
            }
        }
    }

    async fn intercept_streaming(
        &self,
        mut request: StreamRequest,
        inbound: PayloadStream,
        next: NextStream<'_>,
    ) -> Result<StreamResponse, ConnectError> {
        let id = Uuid::now_v7().to_string();
        let path = request.ctx.path().unwrap_or_default().to_owned();
        let answer = match self.admit(&mut request.ctx) {
            Ok(()) => next.run(request, inbound).await,
            Err(e) => Err(error::to_connect(&e, None)),
        };
        match answer {
            Ok(mut response) => {
                stamp(&mut response.headers, &id);
                Ok(response)
            }
            Err(e) => {
                let mut e = leaving(e, &path, &id);
                stamp(e.response_headers_mut(), &id);
                Err(e)
            }
        }
    }
}
