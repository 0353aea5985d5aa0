//! Errors carry their facts over every protocol.

use std::time::Duration;

use connectrpc::client::{ClientConfig, Http2Connection, HttpClient};
use connectrpc::{ConnectError, ErrorCode, Protocol};
use limiquantix_core::Reason;
use limiquantix_proto::details;
use limiquantix_proto::error::{REQUEST_ID, from_connect};
use limiquantix_proto::google::rpc::{BadRequest, RetryInfo};
use limiquantix_proto::task::v1::{GetTaskRequest, TaskServiceClient, WatchTaskRequest};
use serde_json::json;

use crate::plain_http::post;
use crate::server::TestServer;

async fn failure(server: &TestServer, protocol: Protocol, id: &str) -> ConnectError {
    let request = GetTaskRequest {
        id: id.into(),
        ..Default::default()
    };
    let config = ClientConfig::new(server.uri()).with_protocol(protocol);
    let answer = match protocol {
        Protocol::Grpc => {
            let connection = Http2Connection::lazy_plaintext(server.uri()).shared(64);
            TaskServiceClient::new(connection, config)
                .get_task(request)
                .await
                .map(|_| ())
        }
        _ => TaskServiceClient::new(HttpClient::plaintext(), config)
            .get_task(request)
            .await
            .map(|_| ()),
    };
    answer.unwrap_err()
}

const PROTOCOLS: [Protocol; 3] = [Protocol::Connect, Protocol::Grpc, Protocol::GrpcWeb];

#[tokio::test]
async fn an_error_survives_every_protocol() {
    let server = TestServer::start().await;
    for protocol in PROTOCOLS {
        let error = failure(&server, protocol, "busy").await;
        assert_eq!(error.code, ErrorCode::Unavailable, "{protocol:?}");
        let retry: RetryInfo = details::find(&error).unwrap();
        let delay = retry.retry_delay.as_option().cloned().unwrap();
        assert_eq!(Duration::try_from(delay).unwrap(), Duration::from_secs(1));
        assert_eq!(details::find::<BadRequest>(&error), None);
        assert_eq!(error.response_headers()["x-request-id"], "r-1", "{protocol:?}");
        let error = from_connect(error);
        assert_eq!(error.reason(), Reason::StoreUnavailable, "{protocol:?}");
        assert_eq!(error.message(), "the store does not answer");
        assert_eq!(
            (error.get("kind"), error.get(REQUEST_ID)),
            (Some("sqlite"), Some("r-1"))
        );
    }
}

#[tokio::test]
async fn an_error_with_much_to_say_arrives_whole() {
    let server = TestServer::start().await;
    for protocol in PROTOCOLS {
        let error = from_connect(failure(&server, protocol, "full").await);
        assert_eq!(error.reason(), Reason::NoNodeFits, "{protocol:?}: {error}");
        assert_eq!(error.context().filter(|(key, _)| *key == "node").count(), 40);
    }
}

#[tokio::test]
async fn a_wrong_field_is_named_even_for_curl() {
    let server = TestServer::start().await;
    let answer = post(server.address, "/limiquantix.task.v1.TaskService/GetTask", "{}").await;
    assert_eq!(answer.status, 400);
    let error = answer.json();
    assert_eq!(
        (&error["code"], &error["message"]),
        (&json!("invalid_argument"), &json!("id is required"))
    );
    let detail = &error["details"][1];
    assert_eq!(detail["type"], "google.rpc.BadRequest");
    assert_eq!(detail["debug"]["fieldViolations"][0]["field"], "id");
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_refused_with_a_reason() {
    let server = TestServer::start().await;
    for body in ["{", "5", r#"{"id": 5}"#, r#"{"id": "a", "id": "b"}"#] {
        let answer = post(server.address, "/limiquantix.task.v1.TaskService/GetTask", body).await;
        assert_eq!(answer.status, 400, "{body}");
        let error = answer.json();
        assert_eq!(
            error["details"][0]["debug"]["reason"], "MALFORMED_REQUEST",
            "{body}: {error}"
        );
        let last = error["details"].as_array().unwrap().last().unwrap();
        assert_eq!(last["debug"]["requestId"], "r-1", "{body}");
    }
}

#[tokio::test]
async fn a_stream_that_is_refused_says_why() {
    let server = TestServer::start().await;
    for protocol in [Protocol::Connect, Protocol::GrpcWeb] {
        let config = ClientConfig::new(server.uri()).with_protocol(protocol);
        let client = TaskServiceClient::new(HttpClient::plaintext(), config);
        let request = WatchTaskRequest {
            task_id: "expired".into(),
            ..Default::default()
        };
        // The refusal comes with the call or with the first message, depending on the protocol.
        let error = match client.watch_task(request).await {
            Ok(mut stream) => stream.message().await.map(|_| ()).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.code, ErrorCode::OutOfRange, "{protocol:?}");
    }
}
