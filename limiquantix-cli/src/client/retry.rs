//! Sending a change again without making it twice.

use std::time::Duration;

use connectrpc::{ConnectError, ErrorCode};
use limiquantix_proto::details;
use limiquantix_proto::google::rpc::RetryInfo;

/// How often a change is sent again. With the delays below this bridges a restart of the server, and makes
/// nobody wait who mistyped an address.
const RETRIES: u32 = 3;

/// The first delay; each further one is twice as long.
const FIRST_DELAY: Duration = Duration::from_millis(200);

/// The longest delay that a server may ask for.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// An id under which a change may be sent any number of times.
pub(crate) fn new_request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Calls until the server can be reached. Whatever `call` sends must carry the same request id each time.
pub(crate) async fn retrying<T>(call: impl AsyncFn() -> Result<T, ConnectError>) -> Result<T, ConnectError> {
    let mut delay = FIRST_DELAY;
    for _ in 0..RETRIES {
        match call().await {
            Err(error) if error.code == ErrorCode::Unavailable => {
                tokio::time::sleep(delay.max(asked_delay(&error))).await;
                delay *= 2;
            }
            answer => return answer,
        }
    }
    call().await
}

fn asked_delay(error: &ConnectError) -> Duration {
    let asked = details::find::<RetryInfo>(error).and_then(|info| info.retry_delay.into_option());
    let asked = asked.and_then(|delay| Duration::try_from(delay).ok());
    asked.unwrap_or_default().min(LONGEST_DELAY)
}
