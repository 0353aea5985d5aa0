//! Every protocol that clients speak reaches the same services, for single answers and for streams.

use connectrpc::client::{ClientConfig, ClientTransport, Http2Connection, HttpClient};
use connectrpc::{ErrorCode, Protocol};
use limiquantix_proto::compute::v1::{
    GetVMRequest, ListVMsRequest, VmServiceClient, VmState, WatchVMRequest,
};
use limiquantix_proto::error::from_connect;

use crate::harness::http::get;
use crate::harness::{Running, SimNode, create, next_change};

/// Creates a VM, follows it until it runs, finds it in the list, and is refused what is not there.
async fn a_life<T>(server: &Running, vms: &VmServiceClient<T>, name: &str)
where
    T: ClientTransport,
    T::ResponseBody: Unpin,
    <T::ResponseBody as connectrpc::http_body::Body>::Error: std::fmt::Display,
{
    let vm = vms.create_vm(create(name)).await.unwrap().into_owned();
    let request = WatchVMRequest {
        vm_id: vm.id.clone(),
        initial: true,
        ..Default::default()
    };
    let mut watch = vms.watch_vm(request).await.unwrap();
    loop {
        let seen = next_change!(watch);
        assert_eq!(seen.vm.id, vm.id);
        if seen.vm.status.state == VmState::Running {
            break;
        }
    }
    server.finished(&vm.current_task_id).await;
    let request = ListVMsRequest {
        name: name.to_owned(),
        ..Default::default()
    };
    let listed = vms.list_vms(request).await.unwrap().into_owned();
    assert_eq!(listed.vms.len(), 1);
    assert_eq!(listed.vms[0].id, vm.id);

    let request = GetVMRequest {
        name: "nobody".to_owned(),
        ..Default::default()
    };
    let error = vms.get_vm(request).await.map(drop).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    let error = from_connect(error);
    assert_eq!(error.reason(), limiquantix_core::Reason::NotFound);
    assert!(
        error.get("request_id").is_some_and(|id| !id.is_empty()),
        "{error:?}"
    );
}

#[tokio::test]
async fn every_protocol_and_encoding_works_alike() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let uri = server.uri();
    let config = || ClientConfig::new(uri.clone());
    let one = HttpClient::plaintext;
    let two = || Http2Connection::lazy_plaintext(uri.clone()).shared(64);
    a_life(&server, &VmServiceClient::new(one(), config()), "connect-1").await;
    a_life(
        &server,
        &VmServiceClient::new(one(), config().json()),
        "connect-1-json",
    )
    .await;
    a_life(&server, &VmServiceClient::new(two(), config()), "connect-2").await;
    let grpc = config().with_protocol(Protocol::Grpc);
    a_life(&server, &VmServiceClient::new(two(), grpc.clone()), "grpc").await;
    a_life(&server, &VmServiceClient::new(two(), grpc.json()), "grpc-json").await;
    let web = config().with_protocol(Protocol::GrpcWeb);
    a_life(&server, &VmServiceClient::new(one(), web), "grpc-web").await;
    let zipped = config().compress_requests("gzip");
    a_life(&server, &VmServiceClient::new(one(), zipped), "gzip").await;
}

#[tokio::test]
async fn reads_answer_a_plain_get_and_mutations_do_not() {
    let server = Running::memory().await;
    let _node = SimNode::join(&server, "node-1").await;
    let vm = server.launch("web").await;
    let ask = |method: &str, json: &str| format!("/{method}?connect=v1&encoding=json&message={json}");
    let by_id = format!("%7B%22id%22:%22{}%22%7D", vm.id);

    let path = ask("limiquantix.compute.v1.VMService/GetVM", &by_id);
    let answer = get(server.address, &path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["name"], "web");
    for method in [
        "limiquantix.compute.v1.VMService/ListVMs",
        "limiquantix.compute.v1.NodeService/ListNodes",
        "limiquantix.task.v1.TaskService/ListTasks",
    ] {
        assert_eq!(
            get(server.address, &ask(method, "%7B%7D")).await.status,
            200,
            "{method}"
        );
    }

    let before = server.revision().await;
    for method in [
        "DeleteVM",
        "StopVM",
        "StartVM",
        "RebootVM",
        "SuspendVM",
        "ResumeVM",
        "CreateVM",
        "UpdateVM",
    ] {
        let path = ask(&format!("limiquantix.compute.v1.VMService/{method}"), &by_id);
        assert_eq!(get(server.address, &path).await.status, 405, "{method}");
    }
    assert_eq!(
        server.revision().await,
        before,
        "a link that somebody clicks changes nothing"
    );
}
