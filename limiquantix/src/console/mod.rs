//! Consoles without a listener on the node: the caller's request travels down the agent's assignment stream,
//! the agent dials back with the session's id, and the two are connected here, byte for byte.

mod broker;
#[cfg(test)]
mod tests;

use limiquantix_core::identity::VmId;
use tokio::sync::mpsc;
use uuid::Uuid;

pub(crate) use broker::ConsoleBroker;

/// Names one console between request and dial-back. Random bits make it unguessable; it is used once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub Uuid);

/// What an agent is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsoleRequest {
    /// To dial back with.
    pub session: SessionId,
    /// The VM.
    pub vm: VmId,
    /// What is wanted of its console.
    pub kind: ConsoleKind,
}

/// What is wanted of a console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleKind {
    /// A piece of its log.
    Log {
        /// The first byte.
        offset: u64,
        /// At most this many.
        max: u32,
    },
    /// To read and to type.
    Interactive,
}

/// What travels from the guest to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleSource {
    /// What the guest wrote. For a log, `offset` is where it begins and `size` how long the log is.
    Data {
        /// The bytes.
        bytes: Vec<u8>,
        /// Where they begin in the log; zero for an interactive console.
        offset: u64,
        /// How long the log is; zero for an interactive console.
        size: u64,
    },
    /// It could not be opened, or broke: a reason code and a message.
    Failed(String, String),
}

/// One end of a connected console. Dropping it closes the other.
#[derive(Debug)]
pub struct ConsoleSession<Out = Vec<u8>, In = ConsoleSource> {
    /// Towards the other end.
    pub sender: mpsc::Sender<Out>,
    /// From the other end; `None` when it was closed.
    pub receiver: mpsc::Receiver<In>,
}

/// The agent's end: it sends what the guest writes, and receives what is typed.
pub type AgentConsole = ConsoleSession<ConsoleSource, Vec<u8>>;
