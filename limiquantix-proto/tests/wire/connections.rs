//! A connection that fails, breaks, or leads to somebody else is told apart from an answer of the server: who
//! gets the one tries again, who gets the other must not.

use std::net::SocketAddr;
use std::time::Duration;

use connectrpc::client::{ClientConfig, ClientTransport, Http2Connection, HttpClient};
use connectrpc::{ConnectError, Protocol};
use limiquantix_core::Reason;
use limiquantix_proto::error::from_connect;
use limiquantix_proto::task::v1::{GetTaskRequest, TaskServiceClient, WatchTaskRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::server::TestServer;

const PROTOCOLS: [Protocol; 3] = [Protocol::Connect, Protocol::Grpc, Protocol::GrpcWeb];

fn uri(address: SocketAddr) -> http::Uri {
    format!("http://{address}").parse().unwrap()
}

fn config(address: SocketAddr, protocol: Protocol) -> ClientConfig {
    ClientConfig::new(uri(address)).with_protocol(protocol)
}

fn get() -> GetTaskRequest {
    GetTaskRequest {
        id: "slow".into(),
        ..Default::default()
    }
}

async fn unary<T>(client: TaskServiceClient<T>) -> Result<(), ConnectError>
where
    T: ClientTransport,
    <T::ResponseBody as connectrpc::http_body::Body>::Error: std::fmt::Display,
{
    client.get_task(get()).await.map(|_| ())
}

/// Reads a stream to its end.
async fn stream<T>(client: TaskServiceClient<T>) -> Result<(), ConnectError>
where
    T: ClientTransport,
    T::ResponseBody: Unpin,
    <T::ResponseBody as connectrpc::http_body::Body>::Error: std::fmt::Display,
{
    let mut stream = client.watch_task(WatchTaskRequest::default()).await?;
    while stream.message().await?.is_some() {}
    Ok(())
}

/// The errors of a unary call and of a stream.
async fn failures(address: SocketAddr, protocol: Protocol) -> [ConnectError; 2] {
    let config = config(address, protocol);
    let (unary, stream) = match protocol {
        Protocol::Grpc => {
            let connection = Http2Connection::lazy_plaintext(uri(address)).shared(64);
            let client = || TaskServiceClient::new(connection.clone(), config.clone());
            tokio::join!(unary(client()), stream(client()))
        }
        _ => {
            let client = || TaskServiceClient::new(HttpClient::plaintext(), config.clone());
            tokio::join!(unary(client()), stream(client()))
        }
    };
    [unary, stream].map(|outcome| outcome.expect_err("the connection is no good"))
}

fn assert_unreached(errors: [ConnectError; 2], what: &str) {
    for error in errors {
        let text = error.to_string();
        let error = from_connect(error);
        assert_eq!(error.reason(), Reason::ServerUnavailable, "{what}: {text}");
        assert!(
            error.message().starts_with("the control plane cannot be reached"),
            "{error}"
        );
    }
}

/// Answers whatever is asked with these bytes and hangs up.
async fn impostor(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut caller, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                let _ = caller.read(&mut asked).await;
                let _ = caller.write_all(answer).await;
            });
        }
    });
    address
}

/// Passes bytes on to `server` until it is told to cut every connection.
async fn cuttable(server: SocketAddr) -> (SocketAddr, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (cut, told) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            let (mut caller, _) = listener.accept().await.unwrap();
            let mut told = told.clone();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(server).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut caller, &mut server) => {}
                    _ = told.wait_for(|cut| *cut) => {}
                }
            });
        }
    });
    (address, cut)
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for protocol in PROTOCOLS {
        assert_unreached(failures(address, protocol).await, &format!("{protocol:?}"));
    }
}

#[tokio::test]
async fn whoever_listens_hangs_up_or_speaks_another_language() {
    let answers: [&[u8]; 7] = [
        b"",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<html",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\n404",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n<html",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/proto\r\nContent-Length: 100\r\n\r\nxx",
    ];
    for answer in answers {
        let address = impostor(answer).await;
        for protocol in PROTOCOLS {
            let what = format!("{protocol:?} {}", String::from_utf8_lossy(answer));
            assert_unreached(failures(address, protocol).await, &what);
        }
    }
}

#[tokio::test]
async fn the_connection_breaks_during_a_call_and_in_the_middle_of_a_stream() {
    let server = TestServer::start().await;
    for protocol in PROTOCOLS {
        let (address, cut) = cuttable(server.address).await;
        let calls = tokio::spawn(failures(address, protocol));
        // Long enough for the call to be under way and the stream to have had messages.
        tokio::time::sleep(Duration::from_millis(100)).await;
        cut.send(true).unwrap();
        assert_unreached(calls.await.unwrap(), &format!("{protocol:?}"));
    }
}
