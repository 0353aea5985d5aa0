//! Types, contracts and planning of LimiQuantix.
//!
//! Everything the rest of the system agrees on lives here, and nothing here touches the outside world:
//!
//! ```text
//!  identity, unit, time   the words                     VmId, Name, Mebibytes, Timestamp
//!  error                  one error type                Reason → ErrorKind → what the caller should do
//!  resource               what is stored                Vm, Node, Task … each with spec and status
//!  lifecycle              what may happen to a VM       pure transition table, typed refusals
//!  reconcile              what an agent should do next  fn(assignment, instance) → step
//!  settle                 what a report means           fn(vm, report) → changed VM
//!  administration         what is done to a node        cordon, taints, labels, removal
//!  alert                  what somebody should know    raise, acknowledge, resolve
//!  quota                  what a project may use        fn(usage, quota, before, after) → usage
//!  recommendation         what should be moved         propose, approve, reject, expire
//!  planning               where a VM should run         fn(&ClusterSnapshot, …) → Placement + report
//!  query                  which objects of a list       filter expressions, orders
//!  ipam                   which address a port gets     fn(subnet, taken) → address
//!  contract               what backends implement       Store, Hypervisor, StorageBackend, Clock, IdSource
//! ```
//!
//! Deliberately absent: I/O, an async runtime, a clock, randomness, the wire format and every database.
//! `clippy.toml` of this crate bans the calls, and `cargo xtask tidy` bans the dependencies.

pub mod administration;
pub mod alert;
pub mod contract;
pub mod error;
pub mod identity;
pub mod ipam;
pub mod lifecycle;
pub mod planning;
pub mod query;
pub mod quota;
pub mod recommendation;
pub mod reconcile;
pub mod resource;
pub mod settle;
pub mod time;
pub mod unit;
pub mod validate;
pub mod volume;

pub use error::{Error, ErrorKind, Reason, Result};
