//! A simulated node: the [`Hypervisor`](limiquantix_core::contract::Hypervisor) and
//! [`StorageBackend`](limiquantix_core::contract::StorageBackend) contracts without a machine.
//!
//! ```text
//!  MockNode ── what is really there: machines, guests, volumes, the journal; survives any agent
//!    ├─ hypervisor() ─▶ MockHypervisor ─┐   what one agent holds; drop it (and the agent's tasks) to
//!    ├─ storage()    ─▶ MockStorage    ─┤   simulate the agent's death, call again to attach a new one
//!    ├─ faults()     ─▶ Faults ◀────────┘   every verb passes the fault points before, midway and after
//!    ├─ journal()    ─▶ Journal             every start and end of a guest: did any run twice?
//!    └─ guest_shutdown, crash, destroy_outside, reboot_node …      what happens past the control plane
//! ```
//!
//! Time is tokio's, so a test with a paused clock decides how long a guest boots and how long a verb
//! takes. A verb suspends at its fault points and nowhere else: dropping its future there is what `kill -9`
//! of an agent does, and what was done until then stays done.
//!
//! Deliberately absent: a model of performance, of networks and of what is inside a disk.

mod config;
mod console;
mod fault;
mod guest;
mod hypervisor;
mod journal;
mod node;
mod snapshot;
mod state;
mod storage;
#[cfg(test)]
mod tests;

pub use config::{GuestBehaviour, MockConfig, OnShutdown};
pub use fault::{Action, Faults, Point, Verb};
pub use hypervisor::MockHypervisor;
pub use journal::{Entry, Journal, What};
pub use node::MockNode;
pub use storage::MockStorage;
