//! Errors carry their facts over every protocol.

use std::time::Duration;

use connectrpc::client::{ClientConfig, Http2Connection, HttpClient};
use connectrpc::{ConnectError, ErrorCode, Protocol};
use limiquantix_proto::details;
use limiquantix_proto::google::rpc::{BadRequest, ErrorInfo, RetryInfo};
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

#[tokio::test]
async fn details_survive_every_protocol() {
    let server = TestServer::start().await;
    for protocol in [Protocol::Connect, Protocol::Grpc, Protocol::GrpcWeb] {
        let error = failure(&server, protocol, "busy").await;
        assert_eq!(error.code, ErrorCode::Unavailable, "{protocol:?}");
        assert_eq!(error.message.as_deref(), Some("the store does not answer"));
        let info: ErrorInfo = details::find(&error).unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("STORE_UNAVAILABLE", "limiquantix")
        );
        assert_eq!(info.metadata["backend"], "sqlite");
        let retry: RetryInfo = details::find(&error).unwrap();
        let delay = retry.retry_delay.as_option().cloned().unwrap();
        assert_eq!(Duration::try_from(delay).unwrap(), Duration::from_millis(1500));
        assert_eq!(details::find::<BadRequest>(&error), None);
        assert_eq!(error.response_headers()["x-request-id"], "r-1", "{protocol:?}");
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
    let detail = &error["details"][0];
    assert_eq!(detail["type"], "google.rpc.BadRequest");
    assert_eq!(detail["debug"]["fieldViolations"][0]["field"], "id");
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
