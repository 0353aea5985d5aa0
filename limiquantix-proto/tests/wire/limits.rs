//! A request that is too large costs the server nothing but a refusal.

use connectrpc::ErrorCode;
use connectrpc::client::{ClientConfig, HttpClient};
use limiquantix_proto::task::v1::{GetTaskRequest, TaskServiceClient};
use serde_json::json;

use crate::plain_http::{post, send};
use crate::server::TestServer;

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused() {
    let server = TestServer::start().await;
    let body = format!(r#"{{"id": "{}"}}"#, "x".repeat(10_000_000));
    let answer = post(server.address, "/limiquantix.task.v1.TaskService/GetTask", &body).await;
    assert_eq!(
        (answer.status, answer.json()["code"].clone()),
        (429, json!("resource_exhausted"))
    );
    // And the server is well.
    assert_eq!(send(server.address, "GET", "/health", &[], b"").await.status, 200);
}

#[tokio::test]
async fn a_small_body_cannot_unfold_into_a_large_one() {
    let server = TestServer::start().await;
    // A megabyte and a half of the same letter, gzipped.
    let config = ClientConfig::new(server.uri()).compress_requests("gzip");
    let client = TaskServiceClient::new(HttpClient::plaintext(), config);
    let request = GetTaskRequest {
        id: "x".repeat(1_500_000),
        ..Default::default()
    };
    let error = client.get_task(request).await.map(|_| ()).unwrap_err();
    assert_eq!(error.code, ErrorCode::ResourceExhausted);
}
