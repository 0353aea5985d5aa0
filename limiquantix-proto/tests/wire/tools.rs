//! What tools ask for: health probes and reflection.

use connectrpc::Protocol;
use connectrpc::client::{ClientConfig, Http2Connection};
use connectrpc_health::HealthClient;
use connectrpc_health::wire::{HealthCheckRequest, ServingStatus};
use connectrpc_reflection::ServerReflectionClient;
use connectrpc_reflection::wire::v1::ServerReflectionRequest;
use connectrpc_reflection::wire::v1::server_reflection_request::MessageRequest;
use connectrpc_reflection::wire::v1::server_reflection_response::MessageResponse;

use crate::server::TestServer;

#[tokio::test]
async fn a_grpc_health_probe_gets_an_answer() {
    let server = TestServer::start().await;
    let connection = Http2Connection::lazy_plaintext(server.uri()).shared(64);
    let config = ClientConfig::new(server.uri()).with_protocol(Protocol::Grpc);
    let client = HealthClient::new(connection, config);
    let request = HealthCheckRequest {
        service: "limiquantix.task.v1.TaskService".into(),
        ..Default::default()
    };
    let answer = client.check(request).await.unwrap().into_owned();
    assert_eq!(answer.status, ServingStatus::SERVING);
}

#[tokio::test]
async fn reflection_names_every_service_and_knows_its_methods() {
    let server = TestServer::start().await;
    let connection = Http2Connection::lazy_plaintext(server.uri()).shared(64);
    let config = ClientConfig::new(server.uri()).with_protocol(Protocol::Grpc);
    let mut stream = ServerReflectionClient::new(connection, config)
        .server_reflection_info()
        .await
        .unwrap();

    let ask = |question| ServerReflectionRequest {
        message_request: Some(question),
        ..Default::default()
    };
    stream
        .send(ask(MessageRequest::ListServices(String::new())))
        .await
        .unwrap();
    let answer = stream.message().await.unwrap().unwrap().to_owned_message();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    for name in [
        "limiquantix.agent.v1.AgentService",
        "limiquantix.auth.v1.AuthService",
        "limiquantix.compute.v1.NodeService",
        "limiquantix.compute.v1.VMService",
        "limiquantix.task.v1.TaskService",
    ] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }

    stream
        .send(ask(MessageRequest::FileContainingSymbol(
            "limiquantix.compute.v1.VMService.ListVMs".into(),
        )))
        .await
        .unwrap();
    let answer = stream.message().await.unwrap().unwrap().to_owned_message();
    assert!(matches!(
        answer.message_response,
        Some(MessageResponse::FileDescriptorResponse(_))
    ));
}
