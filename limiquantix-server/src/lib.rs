//! The API server: the control plane behind one port that speaks Connect, gRPC and gRPC-Web.
//!
//! ```text
//!   connection ─► net (accept, keep alive, drain)
//!              ─► http: /health /ready /livez /readyz
//!              ─► rpc: gate (who, may they, request id) ─► handler: decode, one service call, encode
//! ```
//!
//! Deliberately absent: decisions. A handler that needs an `if` about VMs is in the wrong crate.

mod auth;
mod config;
mod http_routes;
mod net;
mod rpc;
mod server;
mod wire;

pub use config::{ServerConfig, StoreConfig};
pub use server::Server;
