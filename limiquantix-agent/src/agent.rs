use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use limiquantix_core::contract::{
    Clock, Hypervisor, NodeFacts, NodeRegistration, StorageBackend, Uplink, UplinkEvent,
};
use limiquantix_core::identity::{Name, NodeId};
use limiquantix_core::resource::{Labels, NodeSpec, Taint};
use limiquantix_core::unit::Mebibytes;
use limiquantix_core::{Error, ErrorKind, Reason, Result};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::backoff::Backoff;
use crate::console;
use crate::identity::NodeIdentity;
use crate::supervisor::Supervisor;

/// How long a connection must have lasted to count as a good one: longer than the longest wait for the next.
const STEADY: Duration = Duration::from_secs(6);

/// How an agent presents its node.
#[derive(Debug, Clone)]
pub struct AgentConfig {
    /// The node's name.
    pub name: Name,
    /// Where its management interface answers, for people.
    pub management_ip: String,
    /// Labels to set on the node.
    pub labels: Labels,
    /// Reasons to keep VMs away.
    pub taints: Vec<Taint>,
    /// Memory kept for the host itself.
    pub reserved_memory: Mebibytes,
}

/// An agent, ready to run.
#[derive(Debug)]
pub struct Agent {
    config: AgentConfig,
    identity: NodeIdentity,
    parts: Arc<Parts>,
}

/// What every part of the agent works with.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) uplink: Arc<dyn Uplink>,
    pub(crate) hypervisor: Arc<dyn Hypervisor>,
    pub(crate) storage: Arc<dyn StorageBackend>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Agent {
    /// An agent for the node that `hypervisor` and `storage` are on.
    pub fn new(
        config: AgentConfig,
        identity: NodeIdentity,
        uplink: Arc<dyn Uplink>,
        hypervisor: Arc<dyn Hypervisor>,
        storage: Arc<dyn StorageBackend>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            config,
            identity,
            parts: Arc::new(Parts {
                uplink,
                hypervisor,
                storage,
                clock,
            }),
        }
    }

    /// Registers, then keeps the node in step with its assignments until `stop`. The control plane may come
    /// and go meanwhile. Guests are left as they are at the end.
    ///
    /// Fails only where waiting does not help: the hypervisor cannot be asked what the node has at the
    /// start, the node's name is taken, or its id cannot be kept.
    pub async fn run(mut self, stop: CancellationToken) -> Result<()> {
        let facts = self.parts.hypervisor.facts().await?;
        let mut backoff = Backoff::new(u64::from(std::process::id()));
        let mut supervisor =
            Supervisor::start(Arc::clone(&self.parts), facts.hypervisor.accel, stop.clone()).await?;
        loop {
            let began = self.parts.clock.monotonic();
            let session = self.session(&facts, &mut supervisor);
            let lost = tokio::select! {
                () = stop.cancelled() => break,
                lost = session => lost,
            };
            if let Err(e) = lost {
                let e = match e {
                    Lost::Refused(e) if fatal(&e) => return Err(e),
                    Lost::Identity(e) => return Err(e),
                    Lost::Refused(e) | Lost::Connection(e) => e,
                };
                // One that breaks at once, again and again, must not be made anew ten times a second.
                if self.parts.clock.monotonic().since(began) >= STEADY {
                    backoff.reset();
                }
                let wait = backoff.next();
                warn!(error = %e, reason = e.reason().code(), retry_in = ?wait, "not connected to the control plane");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(wait) => {}
                }
            }
        }
        supervisor.join().await;
        Ok(())
    }

    /// One connection: register, then follow assignments and send heartbeats until either fails.
    async fn session(&mut self, facts: &NodeFacts, supervisor: &mut Supervisor) -> Result<(), Lost> {
        let uplink = Arc::clone(&self.parts.uplink);
        let registration = self.registration(facts);
        let id = uplink.register(&registration).await.map_err(Lost::Refused)?;
        self.identity.remember(id).map_err(Lost::Identity)?;
        let boot_id = self.identity.boot_id.clone();
        let mut events = uplink.assignments(id, &boot_id).await.map_err(Lost::Connection)?;
        info!(node = %self.config.name, %id, "connected to the control plane");
        supervisor.connected(id, &boot_id);
        let follow = async {
            while let Some(event) = events.next().await {
                match event? {
                    UplinkEvent::Assigned(assignment) => supervisor.assign(*assignment),
                    UplinkEvent::Removed(vm) => supervisor.withdraw(vm),
                    UplinkEvent::Synced => supervisor.synced(),
                    UplinkEvent::Console(request) => {
                        tokio::spawn(console::serve(Arc::clone(&self.parts), request));
                    }
                }
            }
            Err(Error::new(
                Reason::ServerUnavailable,
                "the control plane closed the connection",
            ))
        };
        let lost = tokio::select! {
            lost = follow => lost,
            lost = heartbeats(&*uplink, id, &boot_id) => lost,
        };
        lost.map_err(Lost::Connection)
    }

    fn registration(&self, facts: &NodeFacts) -> NodeRegistration {
        NodeRegistration {
            id: self.identity.id,
            name: self.config.name.clone(),
            management_ip: self.config.management_ip.clone(),
            labels: self.config.labels.clone(),
            spec: NodeSpec {
                cores: facts.cores,
                memory: facts.memory,
                reserved_memory: self.config.reserved_memory.min(facts.memory),
                taints: self.config.taints.clone(),
                pools: facts.pools.clone(),
            },
            boot_id: self.identity.boot_id.clone(),
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            hypervisor: facts.hypervisor.clone(),
        }
    }
}

/// Sends heartbeats until one is refused. A few that get no answer do not matter; the assignment stream tells
/// when the connection is really gone.
async fn heartbeats(uplink: &dyn Uplink, id: NodeId, boot_id: &str) -> Result<()> {
    const UNANSWERED: u32 = 3;
    let mut failures = 0;
    let mut wait = Duration::from_secs(1);
    loop {
        match uplink.heartbeat(id, boot_id).await {
            Ok(next) => {
                failures = 0;
                wait = next.max(Duration::from_millis(10));
            }
            Err(e) if e.kind() == ErrorKind::Unavailable && failures < UNANSWERED => failures += 1,
            Err(e) => return Err(e),
        }
        tokio::time::sleep(wait).await;
    }
}

/// Why there is no connection.
#[derive(Debug)]
enum Lost {
    /// The control plane did not register the node.
    Refused(Error),
    /// The node's id could not be kept.
    Identity(Error),
    /// It was there and broke, or could not be made: it will be made anew.
    Connection(Error),
}

/// Waiting would not help: somebody has to act.
fn fatal(e: &Error) -> bool {
    match e.kind() {
        ErrorKind::InvalidArgument | ErrorKind::AlreadyExists | ErrorKind::Unauthenticated => true,
        ErrorKind::PermissionDenied | ErrorKind::Internal => e.reason() != Reason::Internal,
        _ => false,
    }
}
