//! What the benches share: a server on SQLite behind its real port, agents over the wire, and a hypervisor
//! that tells when it was called.

#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a bench that cannot be set up has nothing to measure"
)]

mod told;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use connectrpc::Protocol;
use connectrpc::client::{ClientConfig, Http2Connection, SharedHttp2Connection};
use limiquantix_agent::{Agent, AgentConfig, BootClock, NodeIdentity, RpcUplink};
use limiquantix_core::contract::StorageBackend;
use limiquantix_core::identity::Name;
use limiquantix_core::resource::Labels;
use limiquantix_core::unit::{Cores, Mebibytes};
use limiquantix_mock::{MockConfig, MockNode};
use limiquantix_proto::compute::v1::{NodeServiceClient, VmServiceClient};
use limiquantix_server::{Server, ServerConfig, StoreConfig};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use told::{TellingHypervisor, Told};

/// A running server. It stops and its data is removed when this is dropped.
#[derive(Debug)]
pub struct TestBed {
    /// Where it listens.
    pub address: SocketAddr,
    /// The control plane behind it.
    pub control_plane: limiquantix::ControlPlane,
    stop: CancellationToken,
    _guard: DropGuard,
    _data: TempDir,
}

impl TestBed {
    /// Starts a server on SQLite in a directory of its own.
    pub async fn start() -> Self {
        let data = TempDir::new().expect("a temporary directory");
        let config = ServerConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            store: StoreConfig::Sqlite(data.path().to_owned()),
            settings: limiquantix::Settings::default(),
            dev: true,
        };
        let server = Server::start(config).await.expect("the server starts");
        let stop = CancellationToken::new();
        let bed = Self {
            address: server.address(),
            control_plane: server.control_plane().clone(),
            _guard: stop.clone().drop_guard(),
            stop: stop.clone(),
            _data: data,
        };
        tokio::spawn(server.run(stop));
        bed
    }

    /// A client over gRPC on a connection of its own.
    pub fn vms(&self) -> VmServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.connect();
        VmServiceClient::new(connection, config)
    }

    /// A client over gRPC on a connection of its own.
    pub fn nodes(&self) -> NodeServiceClient<SharedHttp2Connection> {
        let (connection, config) = self.connect();
        NodeServiceClient::new(connection, config)
    }

    fn connect(&self) -> (SharedHttp2Connection, ClientConfig) {
        let uri: http::Uri = format!("http://{}", self.address)
            .parse()
            .expect("an address is a URI");
        let connection = Http2Connection::builder()
            .lazy_plaintext(uri.clone())
            .shared(1024);
        (connection, ClientConfig::new(uri).with_protocol(Protocol::Grpc))
    }

    /// Adds a node whose agent talks over the wire and whose hypervisor is simulated and tells. Returns when
    /// the node is ready.
    pub async fn add_node(&self, name: &str) -> Arc<Told> {
        let mut config = MockConfig::new(name);
        config.cores = Cores(1 << 16);
        config.memory = Mebibytes(1 << 30);
        let node = MockNode::new(config);
        let told = Arc::new(Told::default());
        let hypervisor = Arc::new(TellingHypervisor::new(
            Arc::new(node.hypervisor()),
            Arc::clone(&told),
        ));
        let storage: Arc<dyn StorageBackend> = Arc::new(node.storage());
        let config = AgentConfig {
            name: Name::parse("name", name).expect("a name"),
            management_ip: String::new(),
            labels: Labels::new(),
            taints: Vec::new(),
            reserved_memory: Mebibytes::ZERO,
        };
        let uplink = RpcUplink::new(&format!("http://{}", self.address)).expect("an address");
        let identity = NodeIdentity::ephemeral(name);
        let agent = Agent::new(
            config,
            identity,
            Arc::new(uplink),
            hypervisor,
            storage,
            Arc::new(BootClock),
        );
        tokio::spawn(agent.run(self.stop.clone()));
        while self.control_plane.nodes().get_by_name(name).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        told
    }
}
