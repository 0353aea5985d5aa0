//! What load balancers, probes and discovery tools ask for.

use std::collections::BTreeSet;
use std::sync::Arc;

use connectrpc::Protocol;
use connectrpc::client::{ClientConfig, Http2Connection};
use connectrpc_health::HealthClient;
use connectrpc_health::wire::{HealthCheckRequest, ServingStatus};
use connectrpc_reflection::ServerReflectionClient;
use connectrpc_reflection::wire::v1::ServerReflectionRequest;
use connectrpc_reflection::wire::v1::server_reflection_request::MessageRequest;
use connectrpc_reflection::wire::v1::server_reflection_response::MessageResponse;
use limiquantix_memory::MemoryStore;

use crate::harness::http::{get, post};
use crate::harness::{Running, next};
use crate::stores::{Ill, Illness};

#[tokio::test]
async fn probes_of_a_sound_server_are_content() {
    let server = Running::memory().await;
    for path in ["/health", "/livez", "/ready", "/readyz"] {
        let answer = get(server.address, path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(post(server.address, path, "{}").await.status, 405, "{path}");
    }
}

#[tokio::test]
async fn without_its_store_the_server_lives_and_is_not_ready() {
    let store = Arc::new(Ill::new(MemoryStore::new()));
    let server = Running::on(store.clone()).await;
    for (illness, word) in [
        (Illness::Unavailable, "STORE_UNAVAILABLE"),
        (Illness::Hangs, "does not answer"),
    ] {
        store.fall(illness);
        for path in ["/ready", "/readyz"] {
            let answer = get(server.address, path).await;
            assert_eq!(answer.status, 503, "{path}");
            assert!(answer.text().contains(word), "{}", answer.text());
        }
        for path in ["/health", "/livez"] {
            assert_eq!(
                get(server.address, path).await.status,
                200,
                "a restart would not help"
            );
        }
    }
    store.fall(Illness::None);
    assert_eq!(get(server.address, "/ready").await.status, 200, "and well again");
}

#[tokio::test]
async fn a_grpc_probe_is_told_that_every_service_serves() {
    let server = Running::memory().await;
    let connection = Http2Connection::lazy_plaintext(server.uri()).shared(8);
    let config = ClientConfig::new(server.uri()).with_protocol(Protocol::Grpc);
    let health = HealthClient::new(connection, config);
    for service in [
        "",
        "limiquantix.compute.v1.VMService",
        "limiquantix.task.v1.TaskService",
    ] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
            ..Default::default()
        };
        let answer = health.check(request).await.unwrap().into_owned();
        assert_eq!(answer.status, ServingStatus::SERVING, "{service:?}");
    }
}

#[tokio::test]
async fn tools_discover_every_service() {
    let server = Running::memory().await;
    let connection = Http2Connection::lazy_plaintext(server.uri()).shared(8);
    let config = ClientConfig::new(server.uri()).with_protocol(Protocol::Grpc);
    let client = ServerReflectionClient::new(connection, config);
    let mut stream = client.server_reflection_info().await.unwrap();
    let question = ServerReflectionRequest {
        message_request: Some(MessageRequest::ListServices(String::new())),
        ..Default::default()
    };
    stream.send(question).await.unwrap();
    let answer = next!(stream).unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let listed: BTreeSet<_> = list.service.iter().map(|s| s.name.clone()).collect();
    for service in crate::every_method::services() {
        assert!(listed.contains(&service), "{service} in {listed:?}");
    }
}
