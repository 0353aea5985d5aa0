//! What handlers have in common: reading conditions from a request, and errors on their way out.

use connectrpc::{ConnectError, RequestContext};
use limiquantix::Call;
use limiquantix_core::Error;
use limiquantix_proto::convert::etag;
use limiquantix_proto::error;

use crate::auth::Caller;

/// The error for the wire. The gate adds the request id.
pub(super) fn refuse(e: Error) -> ConnectError {
    error::to_connect(&e, None).with_source(e)
}

/// Who calls and under which conditions. `version` (an etag) and `request_id` are empty where the caller set none.
pub(super) fn call(
    ctx: &RequestContext,
    request_id: &str,
    version: &str,
    validate_only: bool,
) -> Result<Call, ConnectError> {
    let principal = ctx
        .extensions()
        .get::<Caller>()
        .map_or_else(String::new, |c| c.name.clone());
    let expected = etag::from_wire(version).map_err(refuse)?;
    let request_id = Some(request_id.to_owned()).filter(|id| !id.is_empty());
    Ok(Call {
        principal,
        request_id,
        expected,
        validate_only,
        sent: None,
    })
}
