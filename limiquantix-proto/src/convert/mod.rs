//! Conversions between the types of `limiquantix-core` and the wire.
//!
//! ```text
//!  core ──to_wire──► message      never fails; what a field cannot hold becomes its nearest value
//!  message ──from_wire──► core    fails with INVALID_FIELD and the path of the field, as the API spells it
//! ```
//!
//! A decoder takes the path `at` of its message in the request (`spec`, `report`), so that an error names
//! `spec.disks[0].size_gib` and not `size_gib`. Decoders check what core's types cannot hold: negative
//! numbers, unknown enum values, ill-formed ids and names, missing messages. The rules about values that can
//! be held (at least 512 MiB, distinct disk names) are core's, in `limiquantix_core::validate`, and apply
//! whoever calls; a number that is missing is a zero, and is left for them to refuse.
//!
//! Defaults that the API promises (`disk0`, pool `default`) are filled in here, so that nothing behind this
//! module knows an empty name.

mod field;

pub mod etag;
pub mod id;
pub mod page;
pub mod time;
pub mod watch;

pub mod alert;
pub mod cluster;
pub mod event;
pub mod network;
pub mod node;
pub mod placement;
pub mod project;
pub mod recommendation;
pub mod rule;
pub mod snapshot;
pub mod storage;
pub mod task;
pub mod update;
pub mod vm;
pub mod vm_spec;

pub mod agent;
pub mod console;
