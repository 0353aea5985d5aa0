//! What the generated clients get, over each protocol.

use std::sync::atomic::Ordering;
use std::time::Duration;

use connectrpc::client::{CallOptions, ClientConfig, ClientTransport, Http2Connection, HttpClient};
use connectrpc::{ErrorCode, Protocol};
use limiquantix_proto::agent::v1::serve_console_request::Frame as FromAgent;
use limiquantix_proto::agent::v1::serve_console_response::Frame as ToAgent;
use limiquantix_proto::agent::v1::watch_assignments_response::Event;
use limiquantix_proto::agent::v1::{
    AgentServiceClient, ConsoleEnd, ConsoleHello, ServeConsoleRequest, WatchAssignmentsRequest,
};
use limiquantix_proto::task::v1::{GetTaskRequest, Task, TaskServiceClient, TaskState, WatchTaskRequest};

use crate::server::TestServer;

fn get(id: &str) -> GetTaskRequest {
    GetTaskRequest {
        id: id.into(),
        ..Default::default()
    }
}

/// One unary call and one server stream.
async fn unary_and_stream<T>(client: &TaskServiceClient<T>)
where
    T: ClientTransport,
    T::ResponseBody: Unpin,
    <T::ResponseBody as connectrpc::http_body::Body>::Error: std::fmt::Display,
{
    let task: Task = client.get_task(get("t-1")).await.unwrap().into_owned();
    assert_eq!(task.id, "t-1");
    assert_eq!(task.state, TaskState::Running);
    assert_eq!(task.target.name, "web");
    assert!(task.error.is_unset());

    let request = WatchTaskRequest {
        task_id: "t-1".into(),
        from_revision: 40,
        ..Default::default()
    };
    let mut stream = client.watch_task(request).await.unwrap();
    let mut revisions = Vec::new();
    while let Some(message) = stream.message().await.unwrap() {
        revisions.push(message.revision());
    }
    assert_eq!(revisions, [41, 42, 43]);
}

#[tokio::test]
async fn connect_over_http_1_in_both_encodings() {
    let server = TestServer::start().await;
    let config = ClientConfig::new(server.uri());
    unary_and_stream(&TaskServiceClient::new(HttpClient::plaintext(), config.clone())).await;
    unary_and_stream(&TaskServiceClient::new(HttpClient::plaintext(), config.json())).await;
}

#[tokio::test]
async fn connect_over_http_2() {
    let server = TestServer::start().await;
    let config = ClientConfig::new(server.uri());
    unary_and_stream(&TaskServiceClient::new(
        HttpClient::plaintext_http2_only(),
        config,
    ))
    .await;
}

#[tokio::test]
async fn grpc_over_http_2_without_upgrade() {
    let server = TestServer::start().await;
    let connection = Http2Connection::connect_plaintext(server.uri())
        .await
        .unwrap()
        .shared(64);
    let config = ClientConfig::new(server.uri()).with_protocol(Protocol::Grpc);
    unary_and_stream(&TaskServiceClient::new(connection, config)).await;
}

#[tokio::test]
async fn grpc_web_over_http_1() {
    let server = TestServer::start().await;
    let config = ClientConfig::new(server.uri()).with_protocol(Protocol::GrpcWeb);
    unary_and_stream(&TaskServiceClient::new(HttpClient::plaintext(), config)).await;
}

#[tokio::test]
async fn bytes_flow_both_ways_at_once() {
    let server = TestServer::start().await;
    for protocol in [Protocol::Grpc, Protocol::Connect] {
        let connection = Http2Connection::lazy_plaintext(server.uri()).shared(64);
        let config = ClientConfig::new(server.uri()).with_protocol(protocol);
        let client = AgentServiceClient::new(connection, config);
        let mut console = client.serve_console().await.unwrap();
        let frame = |frame: FromAgent| ServeConsoleRequest {
            frame: Some(frame),
            ..Default::default()
        };
        console
            .send(frame(
                ConsoleHello {
                    session_id: "s".into(),
                    ..Default::default()
                }
                .into(),
            ))
            .await
            .unwrap();
        // Each answer is read before the next message is sent: neither side waits for the other's end.
        for text in ["one", "two"] {
            console
                .send(frame(FromAgent::Data(text.as_bytes().into())))
                .await
                .unwrap();
            let answer = console.message().await.unwrap().unwrap().to_owned_message();
            assert_eq!(
                answer.frame,
                Some(ToAgent::Data(text.to_uppercase().into())),
                "{protocol:?}"
            );
        }
        console
            .send(frame(
                ConsoleEnd {
                    reason: "DONE".into(),
                    ..Default::default()
                }
                .into(),
            ))
            .await
            .unwrap();
        let answer = console.message().await.unwrap().unwrap().to_owned_message();
        assert!(matches!(answer.frame, Some(ToAgent::End(end)) if end.reason == "DONE"));
        console.close_send();
        assert!(console.message().await.unwrap().is_none(), "{protocol:?}");
    }
}

#[tokio::test]
async fn a_refused_console_is_an_error_of_the_stream() {
    let server = TestServer::start().await;
    let connection = Http2Connection::lazy_plaintext(server.uri()).shared(64);
    let config = ClientConfig::new(server.uri()).with_protocol(Protocol::Grpc);
    let mut console = AgentServiceClient::new(connection, config)
        .serve_console()
        .await
        .unwrap();
    console.send(ServeConsoleRequest::default()).await.unwrap();
    let error = console.message().await.map(|_| ()).unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidArgument);
}

#[tokio::test]
async fn a_oneof_arrives_as_its_variant() {
    let server = TestServer::start().await;
    for config in [
        ClientConfig::new(server.uri()),
        ClientConfig::new(server.uri()).json(),
    ] {
        let client = AgentServiceClient::new(HttpClient::plaintext(), config);
        let mut stream = client
            .watch_assignments(WatchAssignmentsRequest::default())
            .await
            .unwrap();
        let message = stream.message().await.unwrap().unwrap().to_owned_message();
        assert!(matches!(message.event, Some(Event::Synced(_))));
    }
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_watch_with_it() {
    let server = TestServer::start().await;
    let connection = Http2Connection::lazy_plaintext(server.uri()).shared(64);
    let config = ClientConfig::new(server.uri()).with_protocol(Protocol::Grpc);
    let client = TaskServiceClient::new(connection, config);
    let mut stream = client.watch_task(WatchTaskRequest::default()).await.unwrap();
    stream.message().await.unwrap();
    assert_eq!(server.open_watches.load(Ordering::SeqCst), 1);
    drop(stream);
    for _ in 0..200 {
        if server.open_watches.load(Ordering::SeqCst) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the server still holds the watch of a client that is gone");
}

#[tokio::test]
async fn a_deadline_ends_a_call_that_takes_too_long() {
    let server = TestServer::start().await;
    let client = TaskServiceClient::new(HttpClient::plaintext(), ClientConfig::new(server.uri()));
    let options = CallOptions::default().with_timeout(Duration::from_millis(100));
    let error = client
        .get_task_with_options(get("slow"), options)
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::DeadlineExceeded);
}

#[tokio::test]
async fn an_unreachable_server_is_unavailable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri: http::Uri = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(listener);
    let client = TaskServiceClient::new(HttpClient::plaintext(), ClientConfig::new(uri));
    let error = client.get_task(get("t-1")).await.map(|_| ()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
}
