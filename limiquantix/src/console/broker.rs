use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use limiquantix_core::contract::{ConsoleKind, ConsoleRequest, SessionId};
use limiquantix_core::identity::{NodeId, VmId};
use limiquantix_core::{Error, Reason, Result};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::{AgentConsole, ConsoleSession};

/// How many console requests may wait for one agent. More than anybody opens at once; an agent that does not
/// read its stream must not make the control plane hoard them.
const WAITING_PER_NODE: usize = 64;

/// How many chunks may be under way in each direction of a console before its sender waits.
const CHUNKS: usize = 16;

/// Connects callers with agents.
#[derive(Debug, Default)]
pub(crate) struct ConsoleBroker {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    agents: BTreeMap<NodeId, mpsc::Sender<ConsoleRequest>>,
    waiting: BTreeMap<SessionId, oneshot::Sender<ConsoleSession>>,
}

/// An agent's end of the request line. It is unplugged when a newer one of the same node is plugged in.
#[derive(Debug)]
pub(crate) struct Attached {
    requests: mpsc::Receiver<ConsoleRequest>,
}

impl Attached {
    pub(crate) async fn next(&mut self) -> Option<ConsoleRequest> {
        self.requests.recv().await
    }
}

impl ConsoleBroker {
    /// Plugs an agent in.
    pub(crate) fn attach(&self, node: NodeId) -> Attached {
        let (sender, requests) = mpsc::channel(WAITING_PER_NODE);
        self.lock().agents.insert(node, sender);
        Attached { requests }
    }

    /// Asks the node's agent for a console and waits until it has dialled back.
    pub(crate) async fn open(
        &self,
        node: NodeId,
        vm: VmId,
        kind: ConsoleKind,
        id: Uuid,
        patience: Duration,
    ) -> Result<ConsoleSession> {
        let away = |why: &str| {
            Error::new(
                Reason::AgentUnavailable,
                format!("the agent of the VM's node {why}"),
            )
            .with("node", node.to_string())
            .with("vm", vm.to_string())
        };
        let session = SessionId(id);
        let agent = self
            .lock()
            .agents
            .get(&node)
            .cloned()
            .ok_or_else(|| away("is not connected"))?;
        let (sender, connected) = oneshot::channel();
        self.lock().waiting.insert(session, sender);
        // Whatever happens, a session that nobody waits for any more is forgotten.
        let _forget = Forget {
            state: Arc::clone(&self.state),
            session,
        };
        agent
            .try_send(ConsoleRequest { session, vm, kind })
            .map_err(|e| match e {
                mpsc::error::TrySendError::Full(_) => away("has too many requests for consoles waiting"),
                mpsc::error::TrySendError::Closed(_) => away("is not connected"),
            })?;
        let answer = tokio::time::timeout(patience, connected);
        tokio::select! {
            biased;
            answer = answer => match answer {
                Ok(Ok(console)) => Ok(console),
                Ok(Err(_)) | Err(_) => Err(away(&format!("did not answer within {patience:?}"))),
            },
            () = agent.closed() => Err(away("has lost its connection")),
        }
    }

    /// The agent has dialled back. `NOT_FOUND` if nobody waits for the session any more.
    pub(crate) fn serve(&self, session: SessionId) -> Result<AgentConsole> {
        let gone = || Error::not_found("console session", session.0);
        let waiting = self.lock().waiting.remove(&session).ok_or_else(gone)?;
        let (to_caller, from_agent) = mpsc::channel(CHUNKS);
        let (to_agent, from_caller) = mpsc::channel(CHUNKS);
        waiting
            .send(ConsoleSession {
                sender: to_agent,
                receiver: from_agent,
            })
            .map_err(|_| gone())?;
        Ok(ConsoleSession {
            sender: to_caller,
            receiver: from_caller,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Forget {
    state: Arc<Mutex<State>>,
    session: SessionId,
}

impl Drop for Forget {
    fn drop(&mut self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .waiting
            .remove(&self.session);
    }
}
