//! The calls that the `virt` crate has no safe form of. All `unsafe` code of this crate is in here.
//!
//! | file | what | why not `virt` |
//! |---|---|---|
//! | `events` | domain events, loss of the connection | absent there |
//! | `space` | the size of a file system | not libvirt's business: `statvfs(3)` |
//! | `state` | a domain's state and its reason | `Domain::state` drops the error of the call |
//! | `stream` | a console's bytes, without blocking | its callback keeps a pointer to a value that moves |
#![allow(
    unsafe_code,
    reason = "libvirt's C functions; every block says why it is sound"
)]

mod events;
mod space;
mod state;
mod stream;

pub(crate) use events::{Subscription, Wire, subscribe};
pub(crate) use space::space;
pub(crate) use state::{DomainState, OffReason, domain_state};
pub(crate) use stream::{ConsoleStream, Sent};
