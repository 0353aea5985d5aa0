//! What may happen to a VM, as data: which phase may follow which, and which verb is admitted when.
//!
//! ```text
//!            ┌────────── Error ◄───────── any operation that failed for good
//!            ▼             ▲
//!  Pending ► Provisioning ► Stopped ──start──► Starting ► Running ──reboot──► Rebooting
//!                              ▲                            │  ▲                 │
//!                              └─────── Stopping ◄──stop────┘  └─────────────────┘
//!                              ▲                            │
//!                              └── guest ends by itself ────┘
//!  any phase ──delete──► Deleting ► (gone)          any phase ◄──node silent──► Unknown
//! ```
//!
//! One operation at a time has a VM: the slot is `vm.operation`, guarded by the VM's version.

mod admit;
mod edges;
#[cfg(test)]
mod tests;

pub use admit::{Admission, Verb, admit};
pub use edges::may_follow;
