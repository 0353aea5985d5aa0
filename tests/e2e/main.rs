//! The real programs as an operator runs them: killed at any moment, started again, and compared with what is
//! really there — the API's word is never taken for it.
//!
//! | module | what |
//! |---|---|
//! | `kill_server_mock` | a server killed sixty times under a random load on two simulated nodes |
//! | `libvirt_kill` | server, agent or both killed while a VM is made, stopped, started and deleted |
//! | `libvirt_truth` | guests that end by themselves or by another hand, as the API shows them |
//! | `libvirt_volume` | disks that go missing behind everybody's back |
//!
//! `LQX_E2E_SEED` repeats a run; every run prints its seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod harness;
mod kill_server_mock;
#[cfg(feature = "libvirt")]
mod libvirt_kill;
#[cfg(feature = "libvirt")]
mod libvirt_truth;
#[cfg(feature = "libvirt")]
mod libvirt_volume;
