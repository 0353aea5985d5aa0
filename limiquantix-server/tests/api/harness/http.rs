//! HTTP/1.1 written by hand, so that no client library smooths over what the server really sends.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::soon;

/// An answer, as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// With lower-case names.
    pub(crate) headers: BTreeMap<String, String>,
    /// Unchunked.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The Connect error code; empty if there is none.
    pub(crate) fn code(&self) -> String {
        let value: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        value["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The fields that a `BadRequest` detail names.
    pub(crate) fn fields(&self) -> Vec<String> {
        let violations = self.detail("google.rpc.BadRequest")["fieldViolations"].clone();
        let fields = violations.as_array().cloned().unwrap_or_default();
        fields
            .iter()
            .map(|v| v["field"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// The reason of the `ErrorInfo` detail.
    pub(crate) fn reason(&self) -> String {
        let info = self.detail("google.rpc.ErrorInfo");
        info["reason"].as_str().unwrap_or_default().to_owned()
    }

    fn detail(&self, kind: &str) -> Value {
        let details = self.json()["details"].as_array().cloned().unwrap_or_default();
        let found = details.into_iter().find(|d| d["type"] == kind);
        found.map(|d| d["debug"].clone()).unwrap_or_default()
    }

    /// The messages of a Connect stream with their flags; 2 marks the end.
    pub(crate) fn frames(&self) -> Vec<(u8, Vec<u8>)> {
        let mut raw = self.body.as_slice();
        let mut frames = Vec::new();
        while let Some(size) = raw.get(1..5) {
            let size = u32::from_be_bytes(size.try_into().unwrap()) as usize;
            let Some(message) = raw.get(5..5 + size) else {
                break;
            };
            frames.push((raw[0], message.to_vec()));
            raw = &raw[5 + size..];
        }
        frames
    }
}

/// A message in the envelope of Connect's streams.
pub(crate) fn envelope(message: &[u8]) -> Vec<u8> {
    let size = u32::try_from(message.len()).unwrap();
    [&[0][..], &size.to_be_bytes(), message].concat()
}

/// Sends a POST with a JSON body.
pub(crate) async fn post(address: SocketAddr, path: &str, body: &str) -> Answer {
    let headers = [("Content-Type", "application/json")];
    send(address, "POST", path, &headers, body.as_bytes()).await
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, "GET", path, &[], b"").await
}

/// Sends a request and reads the whole answer. A `Host` among the headers takes the place of the usual one.
pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    soon("an answer", exchange(address, method, path, headers, body, None)).await
}

/// The same for answers that may go on for ever: as much as comes until nothing has for `quiet`.
pub(crate) async fn send_for(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    quiet: Duration,
) -> Answer {
    soon(
        "an answer",
        exchange(address, "POST", path, headers, body, Some(quiet)),
    )
    .await
}

async fn exchange(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    quiet: Option<Duration>,
) -> Answer {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head.push_str(&format!("Host: {address}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if method != "GET" {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    let (mut reader, mut writer) = TcpStream::connect(address).await.unwrap().into_split();
    let request = [head.as_bytes(), body].concat();
    // A server may answer and hang up before it has read a body that it will not accept.
    let writing = tokio::spawn(async move { writer.write_all(&request).await.map(|()| writer) });
    let mut raw = Vec::new();
    loop {
        // The first byte has the caller's patience.
        let quiet = quiet.filter(|_| !raw.is_empty());
        let read = reader.read_buf(&mut raw);
        let read = match quiet {
            None => read.await,
            Some(quiet) => match tokio::time::timeout(quiet, read).await {
                Ok(read) => read,
                Err(_) => break,
            },
        };
        // After a refusal the connection may be reset, with the answer in hand.
        if !matches!(read, Ok(1..)) {
            break;
        }
    }
    writing.abort();
    parse(&raw)
}

fn parse(raw: &[u8]) -> Answer {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no whole answer: {:?}", String::from_utf8_lossy(raw)));
    let head = std::str::from_utf8(&raw[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let body = &raw[end + 4..];
    let chunked = headers.get("transfer-encoding").is_some_and(|v| v == "chunked");
    Answer {
        status,
        body: if chunked { unchunk(body) } else { body.to_vec() },
        headers,
    }
}

fn unchunk(mut raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = raw.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&raw[..end]).unwrap(), 16).unwrap();
        let Some(chunk) = raw.get(end + 2..end + 2 + size) else {
            break;
        };
        if size == 0 {
            break;
        }
        body.extend_from_slice(chunk);
        raw = raw.get(end + 2 + size + 2..).unwrap_or_default();
    }
    body
}
