//! libvirt keeps the contracts of core.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod rig;

mod hypervisor_contract {
    use super::rig::rig;
    limiquantix_testkit::hypervisor_conformance!(rig());
}

mod storage_contract {
    use super::rig::rig;
    limiquantix_testkit::storage_conformance!(rig());
}
