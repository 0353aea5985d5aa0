//! The wire of LimiQuantix: `.proto` files and the Rust made of them.
//!
//! ```text
//! proto/**/*.proto ──build.rs: protox──► descriptors ──connectrpc-build──► messages, service traits,
//!                                            │                            clients (feature `client`)
//!                                            └──► FILE_DESCRIPTOR_SET ──► server reflection
//! ```
//!
//! A service is a trait to implement ([`compute::v1::VmService`]) and, with feature `client`, a struct
//! to call (`compute::v1::VmServiceClient`). Messages are plain structs with `Default`; serde gives them
//! the JSON form that protobuf defines: lowerCamelCase names, 64-bit integers as strings, fields at
//! their default left out. An error carries its facts as messages of [`google::rpc`], through [`details`].
//!
//! Everything that knows this crate is at the edge of the system: handlers decode into the types of
//! `limiquantix-core`, call a service, encode the answer. [`convert`] and [`error`] are both directions of
//! that.
//!
//! Deliberately absent: rules (a message that decodes may still be refused), transport settings,
//! authorization, and any dependency on a server or client stack beyond the RPC runtime itself.

pub use generated::google;
pub use generated::limiquantix::{
    agent, alert, auth, cluster, compute, drs, event, network, project, storage, task,
};

pub mod convert;
pub mod details;
pub mod error;
mod names;

pub use names::LIST_VMS_SPEC;

/// Descriptors of every file in `proto/` and of everything they import, as an encoded
/// `google.protobuf.FileDescriptorSet` without comments. For server reflection and dynamic clients.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

// Our lints are about code that people write; this is written by build.rs.
#[allow(missing_docs, unreachable_pub, unused_lifetimes)]
#[allow(clippy::all, clippy::restriction, clippy::pedantic)]
#[allow(rustdoc::all)]
mod generated {
    connectrpc::include_generated!();
}
