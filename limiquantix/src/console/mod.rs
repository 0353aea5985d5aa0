//! Consoles without a listener on the node: the caller's request travels down the agent's assignment stream,
//! the agent dials back with the session's id, and the two are connected here, byte for byte.

mod broker;
#[cfg(test)]
mod tests;

use limiquantix_core::contract::ConsoleSource;
use tokio::sync::mpsc;

pub(crate) use broker::ConsoleBroker;

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
