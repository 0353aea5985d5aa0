//! The node agent: makes the machines of one node match what is assigned to it.
//!
//! ```text
//!   control plane ── assignments ──► supervisor ──► one worker per VM ──► Hypervisor, StorageBackend
//!                 ◄─── reports ────────────────────┘        ▲
//!                                     hypervisor events ────┘
//! ```
//!
//! A worker asks [`next_step`](limiquantix_core::reconcile::next_step) what to do, does it, looks again, and
//! reports what it saw. It remembers nothing that it could not lose: an agent that is killed at any point and
//! started again picks up where the hypervisor stands.
//!
//! Losing the control plane stops no guest. The agent goes on with what it was last told, and tells what
//! happened when the control plane is back.
//!
//! Deliberately absent: decisions (they are in core) and any listener. The agent is given its hypervisor; only
//! [`driver`] names one.

mod agent;
pub mod driver;

mod backoff;
mod clock;
mod console;
mod identity;
mod supervisor;
mod uplink;
mod worker;

pub use agent::{Agent, AgentConfig};
pub use clock::BootClock;
pub use identity::{NodeIdentity, hostname};
pub use uplink::RpcUplink;
