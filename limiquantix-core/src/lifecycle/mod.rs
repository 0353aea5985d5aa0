//! What may happen to a VM, as data: which phase may follow which, and which verb is admitted when.
//!
//! ```text
//!            ┌────────── Error ◄───────── any operation that failed for good
//!            ▼             ▲
//!  Pending ► Provisioning ► Stopped ──start──► Starting ► Running ──reboot──► Rebooting
//!                              ▲                            │  ▲                 │
//!                              └─────── Stopping ◄──stop────┘  └─────────────────┘
//!                              ▲                            │ ▲
//!                              └── guest ends by itself ────┤ └──resume── Suspended
//!                                                           └──suspend──────▲
//!  any phase ──delete──► Deleting ► (gone)          any phase ◄──node silent──► Unknown
//! ```
//!
//! One operation at a time has a VM: the slot is `vm.operation`, guarded by the VM's version. Operations are
//! also the only thing that starts a guest: whoever wants it to run asks for that, and a guest that ended
//! stays off until somebody asks again.

mod admit;
mod begin;
mod cancel;
mod edges;
#[cfg(test)]
pub(crate) mod fixture;
mod revert;
mod sight;
#[cfg(test)]
mod tests;

pub use admit::{Admission, Verb, admit};
pub use begin::begin;
pub(crate) use cancel::cancelled;
pub use cancel::{cancel, not_cancellable};
pub use edges::may_follow;
pub use revert::may_revert;
pub use sight::lose_sight;
