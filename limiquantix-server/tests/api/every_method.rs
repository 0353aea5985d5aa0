//! Every method that the API declares, called with what no client of ours would send.

use std::time::Duration;

use buffa::Message as _;
use buffa_descriptor::generated::descriptor::FileDescriptorSet;

use crate::harness::http::{Answer, envelope, get, send, send_for};
use crate::harness::{Running, SimNode};

#[derive(Debug)]
struct Method {
    service: String,
    name: String,
    streams: bool,
}

impl Method {
    fn path(&self) -> String {
        format!("/{}/{}", self.service, self.name)
    }
}

fn methods() -> Vec<Method> {
    let set = FileDescriptorSet::decode_from_slice(limiquantix_proto::FILE_DESCRIPTOR_SET).unwrap();
    let mut methods = Vec::new();
    for file in set.file {
        let package = file.package.unwrap_or_default();
        for service in file.service {
            let name = format!("{package}.{}", service.name.unwrap_or_default());
            methods.extend(service.method.into_iter().map(|method| Method {
                service: name.clone(),
                name: method.name.unwrap_or_default(),
                streams: method.client_streaming == Some(true) || method.server_streaming == Some(true),
            }));
        }
    }
    methods
}

/// The names of all services of ours.
pub(crate) fn services() -> Vec<String> {
    let mut names: Vec<_> = methods().into_iter().map(|m| m.service).collect();
    names.dedup();
    assert!(names.len() >= 5, "{names:?}");
    names
}

/// Nothing comes for this long: the stream is open and waits.
const QUIET: Duration = Duration::from_millis(150);

/// Calls the method over Connect with one message in this encoding.
async fn call(server: &Running, method: &Method, encoding: &str, message: &[u8]) -> Answer {
    let path = method.path();
    if method.streams {
        let kind = format!("application/connect+{encoding}");
        let headers = [("Content-Type", kind.as_str())];
        return send_for(server.address, &path, &headers, &envelope(message), QUIET).await;
    }
    let kind = format!("application/{encoding}");
    send(
        server.address,
        "POST",
        &path,
        &[("Content-Type", kind.as_str())],
        message,
    )
    .await
}

/// The error code of the answer, wherever this protocol has put it; empty for a success.
fn code(method: &Method, answer: &Answer) -> String {
    if answer.status != 200 || !method.streams {
        return answer.code();
    }
    let end = answer.frames().into_iter().find(|(flags, _)| flags & 2 != 0);
    let end = end.and_then(|(_, message)| serde_json::from_slice::<serde_json::Value>(&message).ok());
    end.and_then(|end| Some(end["error"]["code"].as_str()?.to_owned()))
        .unwrap_or_default()
}

/// A fault of the server's, where the fault is the caller's.
const FAULTS: [&str; 5] = [
    "internal",
    "unknown",
    "unimplemented",
    "data_loss",
    "permission_denied",
];

/// Bytes that are the same in every run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let step = |state: &mut u64| {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state as u8
    };
    (0..length).map(|_| step(&mut state)).collect()
}

#[tokio::test]
async fn no_method_fails_by_the_servers_fault() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let mut bodies: Vec<(String, &str, Vec<u8>)> = vec![
        ("nothing".into(), "proto", Vec::new()),
        ("an empty object".into(), "json", b"{}".to_vec()),
        ("an empty body".into(), "json", Vec::new()),
        ("no object".into(), "json", b"[1, \"x\", null]".to_vec()),
        ("no JSON".into(), "json", b"{\"id\": ".to_vec()),
        ("no text".into(), "json", vec![0xff, 0xfe, 0x00]),
        // Every small field number as a length-delimited field of bytes that are no UTF-8.
        (
            "no strings".into(),
            "proto",
            (1..16).flat_map(|n| [n << 3 | 2, 2, 0xff, 0xfe]).collect(),
        ),
        // Every small field number as a varint, whatever it is meant to be.
        (
            "wrong types".into(),
            "proto",
            (1..16).flat_map(|n| [n << 3, 0x7f]).collect(),
        ),
    ];
    for seed in 1..6 {
        bodies.push((format!("noise {seed}"), "proto", noise(seed, 64 << seed)));
    }
    for method in methods() {
        for (what, encoding, body) in &bodies {
            let answer = call(&server, &method, encoding, body).await;
            let code = code(&method, &answer);
            assert!(
                !FAULTS.contains(&code.as_str()) && answer.status != 500 && answer.status != 404,
                "{} with {what}: {} {code} {}",
                method.path(),
                answer.status,
                answer.text()
            );
        }
    }
    assert_eq!(get(server.address, "/ready").await.status, 200);
}

#[tokio::test]
async fn no_method_takes_ten_megabytes() {
    let server = Running::memory().await;
    let text = format!(r#"{{"id": "{0}", "name": "{0}"}}"#, "x".repeat(5_000_000));
    for method in methods() {
        let answer = call(&server, &method, "json", text.as_bytes()).await;
        assert_eq!(
            code(&method, &answer),
            "resource_exhausted",
            "{}: {} {}",
            method.path(),
            answer.status,
            answer.text().chars().take(200).collect::<String>()
        );
    }
    assert_eq!(get(server.address, "/ready").await.status, 200);
}
