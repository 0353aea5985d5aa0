//! What the machine itself offers.

use std::path::PathBuf;

use super::{Finding, State};

/// Programs that running guests takes, and where they come from.
const PROGRAMS: [(&str, &[&str], &str); 2] = [
    (
        "qemu",
        &["qemu-system-x86_64", "qemu-system-aarch64", "qemu-kvm"],
        "apt install qemu-system",
    ),
    ("qemu-img", &["qemu-img"], "apt install qemu-utils"),
];

pub(super) fn check() -> Vec<Finding> {
    let mut findings = vec![kvm()];
    findings.extend(
        PROGRAMS
            .iter()
            .map(|(check, names, fix)| program(check, names, fix)),
    );
    findings
}

/// Whether the device can be opened. That guests also boot with it is another check's business.
fn kvm() -> Finding {
    let device = "/dev/kvm";
    let slow = "without it guests run in software emulation, ten times slower";
    match std::fs::OpenOptions::new().read(true).write(true).open(device) {
        Ok(_) => Finding::ok("kvm", format!("{device} opens")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let found = format!("there is no {device}; {slow}");
            Finding::new(
                "kvm",
                State::Warning,
                found,
                "enable virtualization in the firmware, or nesting in the host",
            )
        }
        Err(error) => {
            let found = format!("{device}: {error}; {slow}");
            Finding::new(
                "kvm",
                State::Warning,
                found,
                "sudo usermod -aG kvm $USER, then log in again",
            )
        }
    }
}

fn program(check: &'static str, names: &[&str], fix: &str) -> Finding {
    match names.iter().find_map(|name| in_path(name)) {
        Some(path) => Finding::ok(check, path.display().to_string()),
        None => Finding::new(
            check,
            State::Failed,
            format!("{} is not installed", names[0]),
            fix,
        ),
    }
}

/// Where the shell would find the program. Services of the system search these directories, too, whatever
/// the caller's path.
fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/bin", "/usr/libexec", "/usr/local/bin"].map(PathBuf::from);
    let candidates = std::env::split_paths(&path).chain(system);
    candidates
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
}
