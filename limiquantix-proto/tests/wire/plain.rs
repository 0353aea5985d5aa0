//! What people with curl get.

use serde_json::json;

use crate::plain_http::{post, send};
use crate::server::TestServer;

const GET_TASK: &str = "/limiquantix.task.v1.TaskService/GetTask";
const LIST_TASKS: &str = "/limiquantix.task.v1.TaskService/ListTasks";

#[tokio::test]
async fn a_json_post_is_answered_in_protobuf_json() {
    let server = TestServer::start().await;
    let answer = post(server.address, GET_TASK, r#"{"id": "t-1"}"#).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(
        answer.json(),
        json!({
            "id": "t-1",
            "kind": "TASK_KIND_CREATE_VM",
            "target": {"id": "vm-1", "name": "web"},
            "state": "TASK_STATE_RUNNING",
            "phase": "nobody",
            "progressPercent": 40,
            "revision": "9007199254740993",
        })
    );
}

#[tokio::test]
async fn an_empty_object_is_a_request_and_an_optional_zero_is_shown() {
    let server = TestServer::start().await;
    let answer = post(server.address, LIST_TASKS, "{}").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"totalCount": 0}));
}

#[tokio::test]
async fn both_spellings_of_a_field_are_understood() {
    let server = TestServer::start().await;
    for body in [r#"{"page_token": "next"}"#, r#"{"pageToken": "next"}"#] {
        let answer = post(server.address, LIST_TASKS, body).await;
        assert_eq!(answer.json()["nextPageToken"], "next", "{body}");
    }
}

#[tokio::test]
async fn unknown_fields_are_ignored_so_that_newer_clients_work() {
    let server = TestServer::start().await;
    let answer = post(
        server.address,
        GET_TASK,
        r#"{"id": "t-1", "colour": {"deep": [1]}}"#,
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["id"], "t-1");
}

#[tokio::test]
async fn malformed_json_is_an_invalid_argument() {
    let server = TestServer::start().await;
    for body in [
        "",
        "{",
        "nonsense",
        "[]",
        r#"{"id": 5}"#,
        r#"{"id": "a"} trailing"#,
        "\u{0}",
        r#"{"id": "a", "id": "b"}"#,
    ] {
        let answer = post(server.address, GET_TASK, body).await;
        assert_eq!(answer.status, 400, "{body:?}");
        assert_eq!(answer.headers["content-type"], "application/json");
        let error = answer.json();
        assert_eq!(error["code"], "invalid_argument", "{body:?}");
        assert!(
            error["message"].as_str().is_some_and(|text| !text.is_empty()),
            "{body:?}"
        );
    }
}

#[tokio::test]
async fn values_that_do_not_fit_their_field_are_invalid_arguments() {
    let server = TestServer::start().await;
    for body in [
        r#"{"page_size": 1e99}"#,
        r#"{"page_size": 2147483648}"#,
        r#"{"page_size": 1.5}"#,
        r#"{"state": "TASK_STATE_BOGUS"}"#,
        r#"{"page_token": {}}"#,
    ] {
        let answer = post(server.address, LIST_TASKS, body).await;
        assert_eq!(
            (answer.status, answer.json()["code"].clone()),
            (400, json!("invalid_argument")),
            "{body}"
        );
    }
}

#[tokio::test]
async fn malformed_protobuf_is_an_invalid_argument() {
    let server = TestServer::start().await;
    let body = [0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f];
    let answer = send(
        server.address,
        "POST",
        GET_TASK,
        &[("Content-Type", "application/proto")],
        &body,
    )
    .await;
    assert_eq!(
        (answer.status, answer.json()["code"].clone()),
        (400, json!("invalid_argument"))
    );
}

#[tokio::test]
async fn reads_answer_a_plain_get() {
    let server = TestServer::start().await;
    let path = format!("{GET_TASK}?encoding=json&message=%7B%22id%22%3A%22t-1%22%7D");
    let answer = send(server.address, "GET", &path, &[], b"").await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert_eq!(answer.json()["id"], "t-1");
}

#[tokio::test]
async fn mutations_do_not_answer_a_get() {
    let server = TestServer::start().await;
    let path = "/limiquantix.task.v1.TaskService/CancelTask?encoding=json&message=%7B%22id%22%3A%22t-1%22%7D";
    assert_eq!(send(server.address, "GET", path, &[], b"").await.status, 405);
}

#[tokio::test]
async fn unknown_procedures_and_content_types_are_refused() {
    let server = TestServer::start().await;
    let answer = post(server.address, "/limiquantix.task.v1.TaskService/Nothing", "{}").await;
    assert_eq!(
        (answer.status, answer.json()["code"].clone()),
        (404, json!("unimplemented"))
    );
    let answer = send(
        server.address,
        "POST",
        GET_TASK,
        &[("Content-Type", "text/plain")],
        b"x",
    )
    .await;
    assert_eq!(answer.status, 415);
}

#[tokio::test]
async fn plain_routes_live_on_the_same_port() {
    let server = TestServer::start().await;
    let answer = send(server.address, "GET", "/health", &[], b"").await;
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"ok".as_slice()));
}

#[tokio::test]
async fn a_stream_can_be_read_as_json_over_http_1() {
    let server = TestServer::start().await;
    let message = br#"{"taskId":"t-1"}"#;
    let body = [
        &[0][..],
        &u32::try_from(message.len()).unwrap().to_be_bytes(),
        message,
    ]
    .concat();
    let path = "/limiquantix.task.v1.TaskService/WatchTask";
    let headers = [("Content-Type", "application/connect+json")];
    let answer = send(server.address, "POST", path, &headers, &body).await;
    assert_eq!(answer.status, 200);
    let frames = frames(&answer.body);
    assert_eq!(frames.len(), 4);
    assert_eq!(frames[0].1["revision"], "1");
    assert_eq!(frames[0].1["type"], "CHANGE_TYPE_MODIFIED");
    assert_eq!(frames[3], (2, json!({})), "a clean end of stream");
}

/// Splits a Connect stream into (flags, message).
fn frames(mut raw: &[u8]) -> Vec<(u8, serde_json::Value)> {
    let mut frames = Vec::new();
    while raw.len() >= 5 {
        let size = u32::from_be_bytes(raw[1..5].try_into().unwrap()) as usize;
        frames.push((raw[0], serde_json::from_slice(&raw[5..5 + size]).unwrap()));
        raw = &raw[5 + size..];
    }
    frames
}
