//! Consoles through the server and the agent, over the wire on both sides.

use connectrpc::ErrorCode;
use connectrpc::client::{BidiStream, SharedHttp2Connection};
use limiquantix_core::Reason;
use limiquantix_mock::MockNode;
use limiquantix_proto::compute::v1::console_request::Frame as Asked;
use limiquantix_proto::compute::v1::console_response::Frame as Told;
use limiquantix_proto::compute::v1::{
    ConsoleOpen, ConsoleRequest, ConsoleResponseView, GetConsoleLogRequest,
};
use limiquantix_proto::error::from_connect;

use crate::harness::{Relay, Running, SimNode, next, soon};

type Line = BidiStream<
    <SharedHttp2Connection as connectrpc::client::ClientTransport>::ResponseBody,
    ConsoleRequest,
    ConsoleResponseView<'static>,
>;

async fn open(server: &Running, vm: &str) -> Line {
    let mut line = server.vms().console().await.unwrap();
    let open = ConsoleOpen {
        vm_id: vm.to_owned(),
        ..Default::default()
    };
    line.send(frame(Asked::Open(Box::new(open)))).await.unwrap();
    line
}

fn frame(frame: Asked) -> ConsoleRequest {
    ConsoleRequest {
        frame: Some(frame),
        ..Default::default()
    }
}

async fn told(line: &mut Line) -> Told {
    next!(line)
        .unwrap()
        .expect("the console has ended")
        .frame
        .unwrap()
}

async fn opened(server: &Running, vm: &str) -> Line {
    let mut line = open(server, vm).await;
    assert!(matches!(told(&mut line).await, Told::Opened(_)));
    line
}

/// Reads until the guest has written `text`.
async fn until(line: &mut Line, text: &str) {
    let mut read = String::new();
    while !read.contains(text) {
        match told(line).await {
            Told::Data(bytes) => read.push_str(&String::from_utf8_lossy(&bytes)),
            other => panic!("{other:?} after {read:?}"),
        }
    }
}

#[tokio::test]
async fn the_log_comes_in_pieces_that_fit_together() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    let ask = |offset: i64, max_bytes: i32| {
        let request = GetConsoleLogRequest {
            vm_id: vm.id.clone(),
            offset,
            max_bytes,
            ..Default::default()
        };
        let vms = server.vms();
        async move { vms.get_console_log(request).await.map(|log| log.into_owned()) }
    };
    let whole = soon("the greeting", async {
        loop {
            let log = ask(0, 0).await.unwrap();
            if String::from_utf8_lossy(&log.data).contains("LQX READY host=web") {
                break log;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    assert_eq!((whole.offset, whole.next_offset), (0, whole.size));
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < whole.size {
        let piece = ask(at, 7).await.unwrap();
        assert!(piece.data.len() <= 7);
        assert_eq!(piece.offset, at);
        pieces.extend(piece.data.to_vec());
        at = piece.next_offset;
    }
    assert_eq!(pieces, whole.data.to_vec());
    for beyond in [whole.size, whole.size + 1000, i64::MAX] {
        let nothing = ask(beyond, 0).await.unwrap();
        assert!(nothing.data.is_empty());
        assert_eq!(nothing.size, whole.size);
    }
}

#[tokio::test]
async fn what_is_typed_reaches_the_guest_and_its_end_is_told() {
    let server = Running::memory().await;
    let node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    let mut line = opened(&server, &vm.id).await;
    line.send(frame(Asked::Data("hello\r".as_bytes().into())))
        .await
        .unwrap();
    until(&mut line, "hello\r").await;
    // Bytes that are no text go through as they are.
    line.send(frame(Asked::Data(vec![0xff, 0x00, 0x1b].into())))
        .await
        .unwrap();
    let mut read = Vec::new();
    while !read.ends_with(&[0xff, 0x00, 0x1b]) {
        match told(&mut line).await {
            Told::Data(bytes) => read.extend(bytes.to_vec()),
            other => panic!("{other:?}"),
        }
    }

    assert!(node.mock.guest_shutdown(vm.id.parse().unwrap()));
    match told(&mut line).await {
        Told::Closed(closed) => assert_eq!(closed.reason, "", "it ended as intended"),
        other => panic!("{other:?}"),
    }
    assert!(next!(line).unwrap().is_none());

    // And what is off has no console.
    let mut line = opened(&server, &vm.id).await;
    match told(&mut line).await {
        Told::Closed(closed) => assert_eq!(closed.reason, "WRONG_STATE"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_caller_who_leaves_frees_the_console_for_the_next() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    for round in 0..5 {
        let mut line = opened(&server, &vm.id).await;
        let text = format!("round {round}\r");
        line.send(frame(Asked::Data(text.clone().into_bytes().into())))
            .await
            .unwrap();
        until(&mut line, &text).await;
        // Without a goodbye, as a terminal window is closed.
        drop(line);
    }
    // Whoever comes takes the line over, and the one before is told.
    let mut first = opened(&server, &vm.id).await;
    let mut second = opened(&server, &vm.id).await;
    second
        .send(frame(Asked::Data("mine\r".as_bytes().into())))
        .await
        .unwrap();
    until(&mut second, "mine\r").await;
    loop {
        match told(&mut first).await {
            Told::Closed(_) => break,
            Told::Data(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn an_agent_that_is_cut_off_ends_its_consoles_and_serves_them_again_later() {
    let server = Running::memory().await;
    let relay = Relay::to(server.address).await;
    let node = SimNode::attach(
        &relay.url(),
        MockNode::new(limiquantix_mock::MockConfig::new("node-1")),
    );
    soon("the node", async {
        while server
            .vms()
            .create_vm(crate::harness::create("web"))
            .await
            .is_err()
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    let request = limiquantix_proto::compute::v1::GetVMRequest {
        name: "web".to_owned(),
        ..Default::default()
    };
    let vm = server.vms().get_vm(request).await.unwrap().into_owned();
    if !vm.current_task_id.is_empty() {
        server.finished(&vm.current_task_id).await;
    }
    let mut line = opened(&server, &vm.id).await;

    relay.cut();
    let reason = loop {
        match told(&mut line).await {
            Told::Closed(closed) => break closed.reason.clone(),
            Told::Data(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(reason, "AGENT_UNAVAILABLE");
    let mut line = open(&server, &vm.id).await;
    let error = next!(line).map(|m| m.map(|m| m.frame)).unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    let error = from_connect(error);
    assert_eq!(error.reason(), Reason::AgentUnavailable, "{error:?}");
    assert_eq!(node.mock.instances().len(), 1, "the guest does not mind");

    relay.mend();
    soon("the agent to come back", async {
        loop {
            let mut line = open(&server, &vm.id).await;
            if let Ok(Some(_)) = next!(line) {
                line.send(frame(Asked::Data("again\r".as_bytes().into())))
                    .await
                    .unwrap();
                until(&mut line, "again\r").await;
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_console_that_is_not_asked_for_properly_is_refused() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let vms = server.vms();
    for (first, code) in [
        (ConsoleRequest::default(), ErrorCode::InvalidArgument),
        (
            frame(Asked::Data("x".as_bytes().into())),
            ErrorCode::InvalidArgument,
        ),
        (frame(Asked::Open(Box::default())), ErrorCode::InvalidArgument),
        (
            frame(Asked::Open(Box::new(ConsoleOpen {
                vm_id: "01890000-0000-7000-8000-000000000000".to_owned(),
                ..Default::default()
            }))),
            ErrorCode::NotFound,
        ),
    ] {
        let mut line = vms.console().await.unwrap();
        line.send(first.clone()).await.unwrap();
        let error = next!(line).map(drop).unwrap_err();
        assert_eq!(error.code, code, "{first:?}");
    }

    // Nor does an agent's session open for whoever guesses.
    use limiquantix_proto::agent::v1::serve_console_request::Frame;
    use limiquantix_proto::agent::v1::{ConsoleHello, ServeConsoleRequest};
    let mut line = server.agents().serve_console().await.unwrap();
    let hello = ConsoleHello {
        session_id: "01890000-0000-7000-8000-000000000000".to_owned(),
        ..Default::default()
    };
    line.send(ServeConsoleRequest {
        frame: Some(Frame::Hello(Box::new(hello))),
        ..Default::default()
    })
    .await
    .unwrap();
    assert_eq!(next!(line).map(drop).unwrap_err().code, ErrorCode::NotFound);
}
