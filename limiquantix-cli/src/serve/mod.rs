//! Server and agents in this process: what `lqx up` and `lqx demo` have in common.
//!
//! They talk to each other over the port, as they would across machines: there is one way in which things
//! work, and this is it.

use std::net::SocketAddr;
use std::sync::Arc;

use limiquantix_agent::{Agent, AgentConfig, BootClock, NodeIdentity, RpcUplink};
use limiquantix_core::Error;
use limiquantix_core::contract::{Hypervisor, StorageBackend};
use limiquantix_core::identity::Name;
use limiquantix_core::resource::Labels;
use limiquantix_core::unit::Mebibytes;
use limiquantix_proto::compute::v1::{Node, NodePhase, WatchNodesRequest};
use limiquantix_server::{Server, ServerConfig};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;

/// A server that runs, and the agents that were added to it.
pub(crate) struct Serving {
    address: SocketAddr,
    stop_server: CancellationToken,
    stop_agents: CancellationToken,
    server: tokio::task::JoinHandle<()>,
    agents: JoinSet<Result<(), Error>>,
}

/// A node to be added.
pub(crate) struct NewNode {
    pub(crate) name: Name,
    pub(crate) labels: Labels,
    pub(crate) reserved_memory: Mebibytes,
    pub(crate) identity: NodeIdentity,
    pub(crate) hypervisor: Arc<dyn Hypervisor>,
    pub(crate) storage: Arc<dyn StorageBackend>,
}

impl Serving {
    /// Starts a server.
    pub(crate) async fn start(config: ServerConfig) -> Result<Self, Failure> {
        let server = Server::start(config).await?;
        let address = server.address();
        let stop_server = CancellationToken::new();
        let server = tokio::spawn(server.run(stop_server.clone()));
        Ok(Self {
            address,
            stop_server,
            stop_agents: CancellationToken::new(),
            server,
            agents: JoinSet::new(),
        })
    }

    /// Where the server answers.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A way to the server.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Client::of_own_server(&self.url())
    }

    /// Starts an agent.
    pub(crate) fn add_node(&mut self, node: NewNode) -> Result<(), Failure> {
        let config = AgentConfig {
            name: node.name,
            management_ip: self.address.ip().to_string(),
            labels: node.labels,
            taints: Vec::new(),
            reserved_memory: node.reserved_memory,
        };
        let uplink = Arc::new(RpcUplink::new(&self.url())?);
        let clock = Arc::new(BootClock);
        let agent = Agent::new(
            config,
            node.identity,
            uplink,
            node.hypervisor,
            node.storage,
            clock,
        );
        self.agents.spawn(agent.run(self.stop_agents.clone()));
        Ok(())
    }

    /// Waits until so many nodes are ready; `Err` if an agent ends before.
    pub(crate) async fn nodes_ready(&mut self, seen: &mut ReadyNodes, wanted: usize) -> Result<(), Failure> {
        let agents = &mut self.agents;
        tokio::select! {
            result = seen.wait(wanted) => result,
            ended = agents.join_next(), if !agents.is_empty() => Err(end_of_agent(ended)),
        }
    }

    /// Serves until a signal, then ends in order; `Err` if something ends by itself. A second signal ends
    /// the process at once.
    pub(crate) async fn until_stopped(mut self) -> Result<Exit, Failure> {
        let unable = |error: std::io::Error| Failure::internal(format!("cannot wait for signals: {error}"));
        let mut interrupt = signal(SignalKind::interrupt()).map_err(unable)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(unable)?;
        let has_agents = !self.agents.is_empty();
        let result = tokio::select! {
            _ = interrupt.recv() => Ok(Exit::Ok),
            _ = terminate.recv() => Ok(Exit::Ok),
            _ = &mut self.server => Err(Failure::internal("the server has ended by itself")),
            ended = self.agents.join_next(), if has_agents => Err(end_of_agent(ended)),
        };
        let orderly = async {
            // Agents first: they have last words, and a server that listens to them. How they end does not
            // matter any more, only that they have.
            self.stop_agents.cancel();
            while self.agents.join_next().await.is_some() {}
            self.stop_server.cancel();
            if !self.server.is_finished() {
                let _ = self.server.await;
            }
        };
        tokio::select! {
            () = orderly => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        result
    }
}

/// Lets the parts write their log to standard error. `filter` is what tracing calls directives.
pub(crate) fn log_to_stderr(filter: &str, colour: bool) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Failure::usage(format!("--log {filter:?} is not understood: {error}")))?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colour)
        .with_writer(std::io::stderr);
    subscriber
        .try_init()
        .map_err(|error| Failure::internal(error.to_string()))
}

/// The nodes that have become ready since this began.
pub(crate) struct ReadyNodes {
    arrivals: mpsc::Receiver<Result<Node, Failure>>,
    /// In the order in which they became ready.
    pub(crate) nodes: Vec<Node>,
}

impl ReadyNodes {
    /// Begins to watch.
    pub(crate) fn watch(client: Client) -> Self {
        let (sender, arrivals) = mpsc::channel(64);
        tokio::spawn(async move {
            if let Err(failure) = tell_ready(&client, &sender).await {
                // Nobody waits any more, or somebody is told.
                let _ = sender.send(Err(failure)).await;
            }
        });
        Self {
            arrivals,
            nodes: Vec::new(),
        }
    }

    /// Waits until there are so many.
    async fn wait(&mut self, wanted: usize) -> Result<(), Failure> {
        while self.nodes.len() < wanted {
            let ended = || Failure::internal("the server ended before its nodes were ready");
            let node = self.arrivals.recv().await.ok_or_else(ended)??;
            self.nodes.retain(|known| known.id != node.id);
            self.nodes.push(node);
        }
        Ok(())
    }
}

async fn tell_ready(client: &Client, sender: &mpsc::Sender<Result<Node, Failure>>) -> Result<(), Failure> {
    let request = WatchNodesRequest {
        initial: true,
        ..Default::default()
    };
    let mut stream = client.node_streams().watch_nodes(request).await?;
    while let Some(message) = stream.message().await? {
        let node = message.to_owned_message().node.into_option();
        let Some(node) = node.filter(|node| node.status.phase == NodePhase::Ready) else {
            continue;
        };
        if sender.send(Ok(node)).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn end_of_agent(ended: Option<Result<Result<(), Error>, tokio::task::JoinError>>) -> Failure {
    match ended {
        Some(Ok(Err(error))) => error.into(),
        Some(Err(error)) => Failure::internal(format!("the agent has failed: {error}")),
        Some(Ok(Ok(()))) | None => Failure::internal("the agent has ended by itself"),
    }
}
