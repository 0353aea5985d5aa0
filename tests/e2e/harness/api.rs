//! A client that does not give up: every call has a request id and is repeated until there is an answer.

use std::net::SocketAddr;
use std::time::Duration;

use connectrpc::client::{CallOptions, ClientConfig, Http2Connection, SharedHttp2Connection};
use connectrpc::{ConnectError, Protocol};
use limiquantix_core::{Error, ErrorKind, Reason};
use limiquantix_proto::compute::v1::{
    CreateVMRequest, DeleteVMRequest, ListNodesRequest, ListVMsRequest, Node, NodeServiceClient,
    RebootVMRequest, StartVMRequest, StopVMRequest, VirtualMachine, VmServiceClient,
};
use limiquantix_proto::error::from_connect;
use limiquantix_proto::task::v1::{GetTaskRequest, ListTasksRequest, Task, TaskServiceClient, TaskState};

#[cfg(feature = "libvirt")]
use limiquantix_proto::compute::v1::GetVMRequest;

use super::soon;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(5);

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

/// The API of a server that may be down at any moment.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) vms: VmServiceClient<SharedHttp2Connection>,
    nodes: NodeServiceClient<SharedHttp2Connection>,
    tasks: TaskServiceClient<SharedHttp2Connection>,
}

/// A call that changes something.
#[derive(Debug, Clone)]
pub(crate) enum Mutation {
    Create(Box<CreateVMRequest>),
    Start(StartVMRequest),
    Stop(StopVMRequest),
    Reboot(RebootVMRequest),
    Delete(DeleteVMRequest),
}

impl Api {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let uri: http::Uri = format!("http://{address}").parse().expect("an address is a URL");
        let connection = Http2Connection::lazy_plaintext(uri.clone()).shared(1024);
        let config = ClientConfig::new(uri).with_protocol(Protocol::Grpc);
        Self {
            vms: VmServiceClient::new(connection.clone(), config.clone()),
            nodes: NodeServiceClient::new(connection.clone(), config.clone()),
            tasks: TaskServiceClient::new(connection, config),
        }
    }

    /// Repeats the call until the server has said yes or no.
    pub(crate) async fn mutate(&self, mutation: &Mutation) -> Result<VirtualMachine, Error> {
        let answered = async {
            loop {
                let answer = self.attempt(mutation.clone()).await;
                if let Some(answer) = definite(answer) {
                    return answer;
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        soon("an answer to a mutation", answered).await
    }

    async fn attempt(&self, mutation: Mutation) -> Result<VirtualMachine, ConnectError> {
        let (vms, o) = (&self.vms, options());
        Ok(match mutation {
            Mutation::Create(r) => vms.create_vm_with_options(*r, o).await?.into_owned(),
            Mutation::Start(r) => vms.start_vm_with_options(r, o).await?.into_owned(),
            Mutation::Stop(r) => vms.stop_vm_with_options(r, o).await?.into_owned(),
            Mutation::Reboot(r) => vms.reboot_vm_with_options(r, o).await?.into_owned(),
            Mutation::Delete(r) => vms.delete_vm_with_options(r, o).await?.into_owned(),
        })
    }

    #[cfg(feature = "libvirt")]
    pub(crate) async fn vm(&self, id: &str) -> Result<VirtualMachine, Error> {
        let request = GetVMRequest {
            id: id.to_owned(),
            ..Default::default()
        };
        let vm = self.vms.get_vm_with_options(request, options()).await;
        vm.map(|vm| vm.into_owned()).map_err(from_connect)
    }

    pub(crate) async fn task(&self, id: &str) -> Task {
        let answered = async {
            loop {
                let request = GetTaskRequest {
                    id: id.to_owned(),
                    ..Default::default()
                };
                let answer = self.tasks.get_task_with_options(request, options()).await;
                if let Some(answer) = definite(answer) {
                    return answer.unwrap_or_else(|e| panic!("task {id}: {e:?}")).into_owned();
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        soon("a task", answered).await
    }

    /// Waits until a task has ended.
    pub(crate) async fn ended(&self, id: &str) -> Task {
        let ended = async {
            loop {
                let task = self.task(id).await;
                if has_ended(&task) {
                    return task;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon(&format!("task {id} to end"), ended).await
    }

    /// Every VM, and the revision of the list.
    pub(crate) async fn all_vms(&self) -> (Vec<VirtualMachine>, u64) {
        let (mut all, mut token, mut revision) = (Vec::new(), String::new(), u64::MAX);
        loop {
            let request = ListVMsRequest {
                page_size: 1000,
                page_token: token,
                ..Default::default()
            };
            let answer = self.vms.list_vms(request).await.expect("a list").into_owned();
            revision = revision.min(answer.revision);
            all.extend(answer.vms);
            token = answer.next_page_token;
            if token.is_empty() {
                return (all, revision);
            }
        }
    }

    pub(crate) async fn all_tasks(&self) -> Vec<Task> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let request = ListTasksRequest {
                page_size: 1000,
                page_token: token,
                ..Default::default()
            };
            let answer = self.tasks.list_tasks(request).await.expect("a list").into_owned();
            all.extend(answer.tasks);
            token = answer.next_page_token;
            if token.is_empty() {
                return all;
            }
        }
    }

    pub(crate) async fn all_nodes(&self) -> Vec<Node> {
        let answer = self.nodes.list_nodes(ListNodesRequest::default()).await;
        answer.expect("a list").into_owned().nodes
    }

    /// Waits until so many nodes take VMs.
    pub(crate) async fn nodes_ready(&self, count: usize) {
        let ready = async {
            loop {
                let nodes = self.all_nodes().await;
                let ready = |n: &&Node| n.status.phase == limiquantix_proto::compute::v1::NodePhase::Ready;
                if nodes.iter().filter(ready).count() == count {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon("nodes to be ready", ready).await;
    }
}

pub(crate) fn has_ended(task: &Task) -> bool {
    let state = task.state.as_known();
    !matches!(state, Some(TaskState::Pending | TaskState::Running))
}

fn options() -> CallOptions {
    CallOptions::default().with_timeout(ATTEMPT)
}

/// The answer, if it is one: a call that may or may not have arrived has to be made again, for which its request
/// id makes it safe. The server's bugs are answers too, and fail the test.
fn definite<T>(answer: Result<T, ConnectError>) -> Option<Result<T, Error>> {
    let error = match answer {
        Ok(answer) => return Some(Ok(answer)),
        Err(e) => from_connect(e),
    };
    let unanswered = matches!(
        error.kind(),
        ErrorKind::Unavailable | ErrorKind::DeadlineExceeded | ErrorKind::Cancelled
    );
    let unanswered = unanswered && error.reason() != Reason::AgentUnavailable;
    (!unanswered).then_some(Err(error))
}
