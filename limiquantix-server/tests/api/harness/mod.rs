//! A server in this process, simulated nodes whose agents reach it over the real wire, and clients.

pub(crate) mod http;
mod relay;
mod wait;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use connectrpc::Protocol;
use connectrpc::client::{ClientConfig, Http2Connection, SharedHttp2Connection};
use limiquantix::{ControlPlane, Settings};
use limiquantix_agent::{Agent, AgentConfig, BootClock, NodeIdentity, RpcUplink};
use limiquantix_core::Reason;
use limiquantix_core::contract::Store;
use limiquantix_core::identity::Name;
use limiquantix_core::resource::Labels;
use limiquantix_core::unit::Mebibytes;
use limiquantix_mock::{MockConfig, MockNode};
use limiquantix_proto::agent::v1::AgentServiceClient;
use limiquantix_proto::alert::v1::AlertServiceClient;
use limiquantix_proto::cluster::v1::{ClusterServiceClient, RuleServiceClient};
use limiquantix_proto::compute::v1::{
    CpuConfig, CreateVMRequest, DiskConfig, MemoryConfig, NodeServiceClient, VirtualMachine, VmServiceClient,
    VmSpec,
};
use limiquantix_proto::drs::v1::DrsServiceClient;
use limiquantix_proto::event::v1::EventServiceClient;
use limiquantix_proto::network::v1::{NetworkServiceClient, PortServiceClient};
use limiquantix_proto::project::v1::ProjectServiceClient;
use limiquantix_proto::storage::v1::{PoolServiceClient, VolumeServiceClient};
use limiquantix_proto::task::v1::TaskServiceClient;
use limiquantix_server::{Server, ServerConfig, StoreConfig};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) use relay::Relay;
pub(crate) use wait::{next, next_change, soon};

/// A running server.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) control_plane: ControlPlane,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

/// A server in development mode whose settings are the defaults.
pub(crate) fn config(store: StoreConfig) -> ServerConfig {
    ServerConfig {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        store,
        settings: Settings::default(),
        dev: true,
    }
}

impl Running {
    pub(crate) async fn memory() -> Self {
        Self::start(config(StoreConfig::Memory)).await
    }

    pub(crate) async fn sqlite(directory: &Path) -> Self {
        Self::restart(config(StoreConfig::Sqlite(directory.to_owned()))).await
    }

    /// Starts as soon as a server that was here before has let go of its data.
    pub(crate) async fn restart(config: ServerConfig) -> Self {
        let started = async {
            loop {
                match Server::start(config.clone()).await {
                    Err(e) if e.reason() == Reason::DataDirLocked => {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    started => return Self::run(started.unwrap()),
                }
            }
        };
        soon("the data directory to be free", started).await
    }

    pub(crate) async fn start(config: ServerConfig) -> Self {
        Self::run(Server::start(config).await.unwrap())
    }

    /// On a store of the test's own.
    pub(crate) async fn on(store: Arc<dyn Store>) -> Self {
        let server = Server::start_on(store, config(StoreConfig::Memory)).await;
        Self::run(server.unwrap())
    }

    fn run(server: Server) -> Self {
        let stop = CancellationToken::new();
        Self {
            address: server.address(),
            control_plane: server.control_plane().clone(),
            serving: tokio::spawn(server.run(stop.clone())),
            stop,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn uri(&self) -> ::http::Uri {
        self.url().parse().unwrap()
    }

    /// Asks it to stop, as SIGTERM does.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.cancel();
    }

    /// Stops it in order and waits until nothing of it is left.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        soon("the server to stop", self.serving).await.unwrap();
    }

    fn grpc(&self) -> (SharedHttp2Connection, ClientConfig) {
        let connection = Http2Connection::lazy_plaintext(self.uri()).shared(1024);
        let config = ClientConfig::new(self.uri()).with_protocol(Protocol::Grpc);
        (connection, config)
    }

    pub(crate) fn vms(&self) -> VmServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        VmServiceClient::new(connection, config)
    }

    pub(crate) fn nodes(&self) -> NodeServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        NodeServiceClient::new(connection, config)
    }

    pub(crate) fn clusters(&self) -> ClusterServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        ClusterServiceClient::new(connection, config)
    }

    pub(crate) fn rules(&self) -> RuleServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        RuleServiceClient::new(connection, config)
    }

    pub(crate) fn projects(&self) -> ProjectServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        ProjectServiceClient::new(connection, config)
    }

    pub(crate) fn networks(&self) -> NetworkServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        NetworkServiceClient::new(connection, config)
    }

    pub(crate) fn ports(&self) -> PortServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        PortServiceClient::new(connection, config)
    }

    pub(crate) fn pools(&self) -> PoolServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        PoolServiceClient::new(connection, config)
    }

    pub(crate) fn volumes(&self) -> VolumeServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        VolumeServiceClient::new(connection, config)
    }

    pub(crate) fn tasks(&self) -> TaskServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        TaskServiceClient::new(connection, config)
    }

    pub(crate) fn alerts(&self) -> AlertServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        AlertServiceClient::new(connection, config)
    }

    pub(crate) fn events(&self) -> EventServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        EventServiceClient::new(connection, config)
    }

    pub(crate) fn drs(&self) -> DrsServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        DrsServiceClient::new(connection, config)
    }

    pub(crate) fn agents(&self) -> AgentServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.grpc();
        AgentServiceClient::new(connection, config)
    }

    /// The store's revision: what changes when anything does.
    pub(crate) async fn revision(&self) -> u64 {
        self.control_plane.store().revision().await.unwrap().0
    }
}

/// A simulated node and its agent.
pub(crate) struct SimNode {
    pub(crate) mock: MockNode,
    stop: CancellationToken,
    agent: JoinHandle<limiquantix_core::Result<()>>,
}

impl SimNode {
    /// A node of 8 cores and 16 GiB, less the host's 1 GiB; ready for VMs when this returns.
    pub(crate) async fn join(server: &Running, name: &str) -> Self {
        Self::join_as(server, MockConfig::new(name)).await
    }

    pub(crate) async fn join_as(server: &Running, config: MockConfig) -> Self {
        let node = Self::attach(&server.url(), MockNode::new(config));
        wait::node_ready(&server.nodes(), &node.mock.config().name).await;
        node
    }

    /// A new agent for a node that is there already.
    pub(crate) fn attach(url: &str, mock: MockNode) -> Self {
        let name = mock.config().name.clone();
        let config = AgentConfig {
            name: Name::parse("name", &name).unwrap(),
            management_ip: String::new(),
            labels: Labels::new(),
            taints: Vec::new(),
            reserved_memory: Mebibytes(1024),
        };
        let agent = Agent::new(
            config,
            NodeIdentity::ephemeral(format!("boot-of-{name}")),
            Arc::new(RpcUplink::new(url).unwrap()),
            Arc::new(mock.hypervisor()),
            Arc::new(mock.storage()),
            Arc::new(BootClock),
        );
        let stop = CancellationToken::new();
        let agent = tokio::spawn(agent.run(stop.clone()));
        Self { mock, stop, agent }
    }

    /// Kills the agent where it stands. The node and its guests stay.
    pub(crate) async fn kill_agent(self) -> MockNode {
        self.agent.abort();
        // An aborted task ends as cancelled; what matters is that it has ended.
        let _ = self.agent.await;
        self.stop.cancel();
        self.mock
    }
}

/// A request for a VM that boots from a disk of 1 GiB made of an image that every simulated node has.
pub(crate) fn create(name: &str) -> CreateVMRequest {
    CreateVMRequest {
        name: name.to_owned(),
        spec: spec(1, 512).into(),
        start: true,
        ..Default::default()
    }
}

/// Cores and MiB, with the disk of [`create`].
pub(crate) fn spec(cores: i32, memory: i32) -> VmSpec {
    VmSpec {
        cpu: CpuConfig {
            cores,
            ..Default::default()
        }
        .into(),
        memory: MemoryConfig {
            size_mib: memory,
            ..Default::default()
        }
        .into(),
        disks: vec![DiskConfig {
            size_gib: 1,
            image: "probe.qcow2".to_owned(),
            ..Default::default()
        }],
        ..Default::default()
    }
}

impl Running {
    /// Creates a VM and waits until its task has ended well.
    pub(crate) async fn launch(&self, name: &str) -> VirtualMachine {
        let vm = self.vms().create_vm(create(name)).await.unwrap().into_owned();
        self.finished(&vm.current_task_id).await;
        self.vm(&vm.id).await
    }

    /// Waits until a task has ended, and requires that it has ended well.
    pub(crate) async fn finished(&self, task: &str) {
        wait::task_succeeded(&self.tasks(), task).await;
    }

    pub(crate) async fn vm(&self, id: &str) -> VirtualMachine {
        let request = limiquantix_proto::compute::v1::GetVMRequest {
            id: id.to_owned(),
            ..Default::default()
        };
        self.vms().get_vm(request).await.unwrap().into_owned()
    }
}
