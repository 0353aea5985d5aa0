//! The probe guest keeps its word, on the libvirt that `cargo xtask test` provides: every line that the head of
//! `src/guest/init.sh` promises, and what is typed, pressed and rebooted has the promised effect. Other tests build on those
//! lines; when one of them fails together with this one, look here first.
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "outside of #[test] functions too, this is a test"
)]

mod domain;
mod seed;

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::Domain;

/// Two cores that emulate two guests at once need about 10 s for a boot.
const BOOT: Duration = Duration::from_secs(120);
const SOON: Duration = Duration::from_secs(60);

/// What `cargo xtask test` tells: URI, shared directory, guest directory. Without it the tests report a skip, or fail where
/// libvirt is required.
fn surroundings() -> Option<(String, PathBuf, PathBuf)> {
    let variable = |name: &str| std::env::var(name).ok();
    let told = (
        variable("LQX_TEST_LIBVIRT_URI"),
        variable("LQX_TEST_LIBVIRT_BASE"),
        variable("LQX_TEST_GUEST_DIR"),
    );
    if let (Some(uri), Some(base), Some(guest)) = told {
        return Some((uri, base.into(), guest.into()));
    }
    let required =
        variable("LQX_REQUIRE_BACKENDS").is_some_and(|names| names.split(',').any(|name| name == "libvirt"));
    assert!(
        !required,
        "libvirt is required, but LQX_TEST_LIBVIRT_URI, _BASE or LQX_TEST_GUEST_DIR is not set"
    );
    eprintln!("SKIPPED: no libvirt was provided; run cargo xtask test");
    None
}

#[test]
fn it_reads_its_seed_counts_its_boots_and_answers_on_the_console() {
    let Some((uri, base, guest)) = surroundings() else {
        return;
    };
    let mut domain = Domain::new("probe-console", &uri, &base, &guest);
    domain.add_empty_disk();
    domain.add_seed("i-0001", "seeded");
    domain.start("lqx.name=not-the-seeds-name");

    let greeting = domain.wait_for("LQX READY", BOOT);
    assert!(
        greeting.contains(" host=seeded ") && greeting.contains(&domain.uuid()),
        "{greeting}"
    );
    domain.wait_for("LQX seed /dev/vdb instance-id=i-0001 hostname=seeded", SOON);
    domain.wait_for("LQX disk vda boots=1 ", SOON);

    domain.type_line("anybody there?", "LQX echo anybody there?", SOON);
    domain.type_line("reboot", "LQX down reboot", SOON);
    domain.wait_for("LQX disk vda boots=2 ", BOOT);
}

#[test]
fn the_power_button_ends_it_in_order() {
    let Some((uri, base, guest)) = surroundings() else {
        return;
    };
    let domain = Domain::new("probe-power", &uri, &base, &guest);
    domain.start("lqx.name=without-a-seed");
    let greeting = domain.wait_for("LQX READY", BOOT);
    assert!(greeting.contains(" host=without-a-seed "), "{greeting}");

    domain.virsh(&["shutdown", domain.name(), "--mode", "acpi"]);
    domain.wait_for("LQX power button", SOON);
    domain.wait_for("LQX down poweroff", SOON);
    domain.wait_until_off(SOON);
}
