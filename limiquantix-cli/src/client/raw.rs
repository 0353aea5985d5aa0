//! Any call, with JSON in and JSON out: the Connect protocol by hand, because no generated client knows
//! methods by name.
//!
//! ```text
//! one answer   POST application/json           body = message
//! a stream     POST application/connect+json   body = frames of { flags: u8, length: u32, message }
//! ```

use bytes::{Buf, Bytes, BytesMut};
use connectrpc::ConnectError;
use connectrpc::client::{ClientTransport, full_body};
use http_body_util::BodyExt;
use serde::Deserialize;

use super::Client;
use crate::failure::Failure;

/// Flag of the frame that ends a stream and holds its error, if there is one.
const END_OF_STREAM: u8 = 0b10;
/// Flag of a compressed frame, which we never ask for.
const COMPRESSED: u8 = 0b01;
const HEADER: usize = 5;
/// The largest message that is taken: far above what any call answers, far below all memory.
const MAX_MESSAGE: usize = 256 << 20;

/// A call to be made.
pub(crate) struct Raw {
    /// `/package.Service/Method`.
    pub(crate) path: String,
    /// A JSON object.
    pub(crate) body: String,
}

#[derive(Deserialize)]
struct End {
    error: Option<ConnectError>,
}

impl Client {
    /// Makes a call that has one answer.
    pub(crate) async fn call_raw(&self, call: &Raw) -> Result<String, Failure> {
        let request = self.raw_request(call, "application/json", Bytes::from(call.body.clone()))?;
        let exchange = async {
            let response = self.http.send(request).await.map_err(unreachable)?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await.map_err(unreachable)?.to_bytes();
            if parts.status.is_success() {
                return Ok(String::from_utf8_lossy(&body).into_owned());
            }
            Err(refused(parts.status, parts.headers, &body))
        };
        match tokio::time::timeout(self.timeout, exchange).await {
            Ok(answer) => answer.map_err(Failure::from),
            Err(_) => Err(ConnectError::deadline_exceeded("the server did not answer in time").into()),
        }
    }

    /// Makes a call that streams its answers, and hands each of them on as it arrives.
    pub(crate) async fn stream_raw(
        &self,
        call: &Raw,
        mut each: impl FnMut(&str) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let request = self.raw_request(call, "application/connect+json", frame(call.body.as_bytes()))?;
        let response = self.http.send(request).await.map_err(unreachable)?;
        let (parts, mut body) = response.into_parts();
        if !parts.status.is_success() {
            let body = body.collect().await.map_err(unreachable)?.to_bytes();
            return Err(refused(parts.status, parts.headers, &body).into());
        }
        let mut buffer = BytesMut::new();
        loop {
            while let Some((flags, message)) = take_frame(&mut buffer)? {
                if flags & END_OF_STREAM == 0 {
                    each(&String::from_utf8_lossy(&message))?;
                    continue;
                }
                let end: End = serde_json::from_slice(&message).map_err(|_| garbled())?;
                return match end.error {
                    None => Ok(()),
                    Some(mut error) => {
                        error.set_response_headers(parts.headers);
                        Err(error.into())
                    }
                };
            }
            match body.frame().await {
                None => return Err(ConnectError::unavailable("the stream broke off").into()),
                Some(part) => {
                    let part = part.map_err(unreachable)?;
                    buffer.extend(part.into_data().ok());
                }
            }
        }
    }

    fn raw_request(
        &self,
        call: &Raw,
        content_type: &'static str,
        body: Bytes,
    ) -> Result<http::Request<connectrpc::client::ClientBody>, Failure> {
        let uri = format!("{}{}", self.uri.to_string().trim_end_matches('/'), call.path);
        let mut request = http::Request::post(uri)
            .header("content-type", content_type)
            .header("connect-protocol-version", "1")
            .body(full_body(body))
            .map_err(|_| Failure::usage(format!("{:?} is not a path of a call", call.path)))?;
        for (name, value) in self.calls.default_headers() {
            request.headers_mut().insert(name, value.clone());
        }
        Ok(request)
    }
}

/// The error of an answer: Connect's JSON, or whatever a proxy in between has to say.
fn refused(status: http::StatusCode, headers: http::HeaderMap, body: &[u8]) -> ConnectError {
    let mut error = serde_json::from_slice(body).unwrap_or_else(|_| match status.as_u16() {
        401 => ConnectError::unauthenticated("the server asks for a login"),
        404 => ConnectError::unimplemented("the server has no such call"),
        429 | 502..=504 => ConnectError::unavailable(format!("the server answered {status}")),
        _ => ConnectError::internal(format!("the server answered {status}")),
    });
    error.set_response_headers(headers);
    error
}

fn unreachable(error: impl std::error::Error + Send + Sync + 'static) -> ConnectError {
    ConnectError::unavailable_from_transport("call failed", error)
}

fn garbled() -> ConnectError {
    ConnectError::internal("the server's answer is not understood")
}

fn frame(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let mut framed = vec![0];
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(message);
    framed.into()
}

/// Takes the first frame off the buffer, if it is all there.
fn take_frame(buffer: &mut BytesMut) -> Result<Option<(u8, Bytes)>, ConnectError> {
    let Some(&[flags, a, b, c, d]) = buffer.first_chunk::<HEADER>() else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if flags & COMPRESSED != 0 || length > MAX_MESSAGE {
        return Err(garbled());
    }
    if buffer.len() < HEADER + length {
        return Ok(None);
    }
    buffer.advance(HEADER);
    Ok(Some((flags, buffer.split_to(length).freeze())))
}
