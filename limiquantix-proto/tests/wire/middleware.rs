//! Every call passes the interceptor, streams included.

use connectrpc::client::{CallOptions, ClientConfig, HttpClient};
use connectrpc::{ErrorCode, Protocol};
use limiquantix_proto::task::v1::{GetTaskRequest, TaskServiceClient, WatchTaskRequest};
use serde_json::json;

use crate::plain_http::send;
use crate::server::TestServer;

fn get() -> GetTaskRequest {
    GetTaskRequest {
        id: "t-1".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn the_handler_learns_who_is_calling() {
    let server = TestServer::start().await;
    let config = ClientConfig::new(server.uri()).with_default_header("authorization", "Bearer alice");
    let client = TaskServiceClient::new(HttpClient::plaintext(), config);
    let answer = client.get_task(get()).await.unwrap();
    assert_eq!(answer.headers()["x-request-id"], "r-1");
    assert_eq!(answer.view().phase, "alice");

    let options = CallOptions::default().with_header("authorization", "Bearer bob");
    let answer = client.get_task_with_options(get(), options).await.unwrap();
    assert_eq!(
        answer.view().phase,
        "bob",
        "an option of the call wins over the default"
    );
}

#[tokio::test]
async fn a_wrong_token_opens_neither_calls_nor_streams() {
    let server = TestServer::start().await;
    for protocol in [Protocol::Connect, Protocol::GrpcWeb] {
        let config = ClientConfig::new(server.uri())
            .with_protocol(protocol)
            .with_default_header("authorization", "Bearer wrong");
        let client = TaskServiceClient::new(HttpClient::plaintext(), config);
        let error = client.get_task(get()).await.map(|_| ()).unwrap_err();
        assert_eq!(error.code, ErrorCode::Unauthenticated);
        assert_eq!(error.response_headers()["x-request-id"], "r-1");
        let error = match client.watch_task(WatchTaskRequest::default()).await {
            Ok(mut stream) => stream.message().await.map(|_| ()).unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.code, ErrorCode::Unauthenticated, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_wrong_token_is_401_for_curl() {
    let server = TestServer::start().await;
    let headers = [
        ("Content-Type", "application/json"),
        ("Authorization", "Bearer wrong"),
    ];
    let answer = send(
        server.address,
        "POST",
        "/limiquantix.task.v1.TaskService/GetTask",
        &headers,
        b"{}",
    )
    .await;
    assert_eq!(
        (answer.status, answer.json()["code"].clone()),
        (401, json!("unauthenticated"))
    );
    assert_eq!(answer.headers["x-request-id"], "r-1");
}
