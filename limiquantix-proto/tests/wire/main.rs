//! The whole stack on a loopback port: one server, every protocol, plain HTTP and generated clients.
//!
//! What these tests hold is what the API promises to people with curl, with gRPC tools and with our own
//! clients; they fail if an upgrade of the RPC stack changes it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clients;
mod connections;
mod errors;
mod limits;
mod middleware;
mod plain;
mod plain_http;
mod server;
mod tools;
