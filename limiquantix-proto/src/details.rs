//! Facts of an error for programs: messages of [`google::rpc`](crate::google::rpc) attached to a
//! [`ConnectError`].
//!
//! ```text
//! server: ConnectError::not_found(..).with_detail(pack(&ErrorInfo { .. }))
//! client: find::<ErrorInfo>(&error)
//! ```
//!
//! They travel the same way over Connect, gRPC and gRPC-Web.

use buffa::{Message, MessageName};
use connectrpc::{ConnectError, ErrorDetail};
use serde::de::value::{Error, StrDeserializer};

/// Makes a detail of a message.
///
/// Connect's JSON carries the message twice: encoded, for programs, and readable under `debug`, for
/// people with nothing but curl. gRPC carries it once.
pub fn pack<M: Message + MessageName + serde::Serialize>(message: &M) -> ErrorDetail {
    let mut detail = ErrorDetail::from_message(M::FULL_NAME, message);
    detail.debug = serde_json::to_value(message).ok();
    detail
}

/// Finds the first detail of type `M` in an error.
///
/// `None` if there is none. One that does not decode counts as none: whoever asks is about to report
/// the error, and a broken detail is no reason to report something else.
pub fn find<M: Message + MessageName>(error: &ConnectError) -> Option<M> {
    error.details.iter().find_map(unpack)
}

fn unpack<M: Message + MessageName>(detail: &ErrorDetail) -> Option<M> {
    // Connect sends the bare name, google.protobuf.Any in gRPC a URL that ends in it.
    if detail.type_url.rsplit('/').next() != Some(M::FULL_NAME) {
        return None;
    }
    let value = StrDeserializer::<Error>::new(detail.value.as_deref()?);
    let bytes: Vec<u8> = buffa::json_helpers::bytes::deserialize(value).ok()?;
    M::decode_from_slice(&bytes).ok()
}
