//! Requests that mean nothing at all.

use connectrpc::ErrorCode;
use connectrpc::client::{ClientConfig, HttpClient};
use limiquantix_memory::MemoryStore;
use limiquantix_proto::compute::v1::{GetVMRequest, VmServiceClient, WatchVMRequest};
use std::sync::Arc;

use crate::harness::http::{get, post, send};
use crate::harness::{Running, SimNode};
use crate::stores::{Ill, Illness, SECRET};

const GET: &str = "/limiquantix.compute.v1.VMService/GetVM";
const LIST: &str = "/limiquantix.compute.v1.VMService/ListVMs";
const CREATE: &str = "/limiquantix.compute.v1.VMService/CreateVM";

#[tokio::test]
async fn malformed_json_and_wrong_types_are_invalid_arguments() {
    let server = Running::memory().await;
    let before = server.revision().await;
    let deep = "[".repeat(100_000);
    let deep_object = format!("{}1{}", r#"{"spec":"#.repeat(5_000), "}".repeat(5_000));
    let unknown_deep = format!(r#"{{"colour":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    for (path, body) in [
        (GET, ""),
        (GET, "{"),
        (GET, "nonsense"),
        (GET, "null null"),
        (GET, r#"{"id": 5}"#),
        (GET, r#"{"id": {"a": 1}}"#),
        (GET, r#"{"id": "a"} trailing"#),
        (GET, r#"{"id": "a", "id": "b"}"#),
        (GET, r#"{"id": "\ud800"}"#),
        (GET, "\u{0}"),
        (LIST, r#"{"page_size": 1e99}"#),
        (LIST, r#"{"page_size": 2147483648}"#),
        (LIST, r#"{"page_size": 1.5}"#),
        (LIST, r#"{"page_size": "many"}"#),
        (LIST, r#"{"state": "VM_STATE_BOGUS"}"#),
        (LIST, r#"{"labels": ["a"]}"#),
        (CREATE, r#"{"name": "x", "start": "yes"}"#),
        (CREATE, r#"{"spec": {"cpu": {"cores": 99999999999999999999}}}"#),
        (CREATE, r#"{"spec": {"boot": {"disk": {}, "kernel": {}}}}"#),
        (CREATE, &deep),
    ] {
        let answer = post(server.address, path, body).await;
        let shown: String = body.chars().take(80).collect();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_argument"),
            "{shown}: {}",
            answer.text()
        );
        assert_eq!(answer.reason(), "MALFORMED_REQUEST", "{shown}");
    }
    // What a newer client may know is passed over, however deep it goes.
    for body in [&deep_object, &unknown_deep] {
        let answer = post(server.address, CREATE, body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_argument"),
            "{}",
            answer.text()
        );
    }
    assert_eq!(server.revision().await, before);
}

#[tokio::test]
async fn malformed_protobuf_is_an_invalid_argument() {
    let server = Running::memory().await;
    // A message within a message within … deeper than any of ours.
    let mut nested = vec![0x2a, 0x00];
    for _ in 0..10_000 {
        let mut outer = vec![0x2a];
        let mut length = nested.len();
        while length >= 0x80 {
            outer.push(length as u8 | 0x80);
            length >>= 7;
        }
        outer.push(length as u8);
        outer.extend(&nested);
        nested = outer;
        if nested.len() > 200_000 {
            break;
        }
    }
    for (what, body) in [
        (
            "a length beyond the end",
            vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f],
        ),
        ("a varint without end", vec![0xff; 32]),
        ("a string of no text", vec![0x0a, 0x02, 0xff, 0xfe]),
        ("the end in the middle", vec![0x0a, 0x05, b'a']),
        ("field number zero", vec![0x02, 0x00]),
    ] {
        let headers = [("Content-Type", "application/proto")];
        let answer = send(server.address, "POST", GET, &headers, &body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "invalid_argument"),
            "{what}"
        );
    }
    let headers = [("Content-Type", "application/proto")];
    let answer = send(server.address, "POST", CREATE, &headers, &nested).await;
    assert_eq!(answer.code(), "invalid_argument", "{}", answer.text());
}

#[tokio::test]
async fn what_is_no_rpc_is_refused_for_what_it_is() {
    let server = Running::memory().await;
    let at = server.address;
    for path in [
        "/limiquantix.compute.v1.VMService/Nothing",
        "/limiquantix.compute.v1.Nothing/GetVM",
        "/limiquantix.compute.v1.VMService/getvm",
        "/limiquantix.compute.v1.VMService",
        "/",
        "//",
        "/../../etc/passwd",
        "/%00",
        "/metrics2",
    ] {
        let answer = post(at, path, "{}").await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
    for kind in [
        "text/plain",
        "text/html",
        "application/xml",
        "",
        "application/json; charset=latin1",
    ] {
        let answer = send(at, "POST", GET, &[("Content-Type", kind)], b"{}").await;
        assert!([400, 415].contains(&answer.status), "{kind:?}: {}", answer.status);
    }
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answer = send(at, method, GET, &[("Content-Type", "application/json")], b"{}").await;
        assert_eq!(answer.status, 405, "{method}");
    }
    let headers = [
        ("Content-Type", "application/json"),
        ("Content-Encoding", "zstd-of-tomorrow"),
    ];
    let answer = send(at, "POST", GET, &headers, b"{}").await;
    assert_eq!(
        answer.code(),
        "unimplemented",
        "a client must know that it has to send it otherwise"
    );
    let headers = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")];
    let answer = send(at, "POST", GET, &headers, b"this is no gzip").await;
    assert_eq!(answer.code(), "invalid_argument", "{}", answer.text());
    assert_eq!(get(at, "/ready").await.status, 200);
}

#[tokio::test]
async fn a_small_body_cannot_unfold_into_a_large_one() {
    let server = Running::memory().await;
    // 8 MB of the same letter, which gzip makes 8 KB.
    let config = ClientConfig::new(server.uri()).compress_requests("gzip");
    let vms = VmServiceClient::new(HttpClient::plaintext(), config);
    let request = GetVMRequest {
        id: "x".repeat(8_000_000),
        ..Default::default()
    };
    let error = vms.get_vm(request).await.map(drop).unwrap_err();
    assert_eq!(error.code, ErrorCode::ResourceExhausted, "{error:?}");
    assert_eq!(get(server.address, "/ready").await.status, 200);
}

#[tokio::test]
async fn a_bug_is_told_without_what_it_says() {
    let store = Arc::new(Ill::new(MemoryStore::new()));
    let server = Running::on(store.clone()).await;
    let _node = SimNode::join(&server, "node-1").await;
    let body = r#"{"id": "01890000-0000-7000-8000-000000000000"}"#;
    for illness in [Illness::Fails, Illness::Panics] {
        store.fall(illness);
        let answer = post(server.address, GET, body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (500, "internal"),
            "{illness:?}"
        );
        assert_eq!(answer.reason(), "INTERNAL");
        assert!(!answer.text().contains(SECRET), "{illness:?}: {}", answer.text());
        let id = answer.headers["x-request-id"].clone();
        assert!(
            answer.text().contains(&id),
            "people can quote the id that the log has"
        );

        // A stream that cannot begin, on a connection that others use too.
        let error = server.vms().watch_vm(WatchVMRequest::default()).await;
        let error = match error {
            Err(e) => e,
            Ok(mut stream) => crate::harness::next!(stream).map(drop).unwrap_err(),
        };
        assert_eq!(error.code, ErrorCode::Internal, "{illness:?}");
        assert!(!format!("{error:?}").contains(SECRET), "{illness:?}: {error:?}");
    }
    store.fall(Illness::None);
    assert_eq!(post(server.address, LIST, "{}").await.status, 200);
}

#[tokio::test]
async fn an_ill_store_is_unavailable_and_worth_a_retry() {
    let store = Arc::new(Ill::new(MemoryStore::new()));
    let server = Running::on(store.clone()).await;
    store.fall(Illness::Unavailable);
    let answer = post(server.address, LIST, "{}").await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "unavailable"));
    assert_eq!(answer.reason(), "STORE_UNAVAILABLE");
    assert!(
        answer.text().contains("google.rpc.RetryInfo"),
        "{}",
        answer.text()
    );
}
