//! Whether guests boot: a guest is booted.

use super::{Finding, State};

#[cfg(feature = "libvirt")]
pub(super) async fn check(uri: &str) -> Vec<Finding> {
    // Of its own and thrown away: a verdict that an agent has kept would spare the guest.
    let directory = std::env::temp_dir().join(format!("lqx-doctor-{}", std::process::id()));
    let findings = match probe(uri, &directory).await {
        Ok(findings) => findings,
        Err(error) => {
            let fix = match error.kind() {
                limiquantix_core::ErrorKind::Unavailable => {
                    "apt install libvirt-daemon-system; systemctl start libvirtd"
                }
                _ => error.reason().fix(),
            };
            let libvirt = Finding::new("libvirt", State::Failed, format!("{uri}: {error}"), fix);
            let found = "no guest can be booted without libvirt";
            vec![
                libvirt,
                Finding::new("guest", State::Skipped, found, "first what libvirt needs"),
            ]
        }
    };
    // It may not have come into being.
    let _ = std::fs::remove_dir_all(&directory);
    findings
}

#[cfg(feature = "libvirt")]
async fn probe(uri: &str, directory: &std::path::Path) -> limiquantix_core::Result<Vec<Finding>> {
    use limiquantix_agent::driver::{AccelMode, DriverConfig, connect};
    use limiquantix_core::resource::Accel;

    let config = DriverConfig {
        uri: uri.to_owned(),
        pools: Vec::new(),
        state_dir: directory.to_owned(),
        accel: AccelMode::Auto,
    };
    let (hypervisor, _storage) = connect(config).await?;
    let began = std::time::Instant::now();
    let facts = hypervisor.facts().await?;
    let took = crate::quantity::show_elapsed(began.elapsed());
    let about = &facts.hypervisor;
    let libvirt = Finding::ok("libvirt", format!("{uri}: {}", about.version));
    let guest = match about.accel {
        Accel::Kvm => Finding::ok("guest", format!("a probe guest booted under KVM in {took}")),
        _ => {
            let found =
                "a probe guest does not boot under KVM; guests run in software emulation, ten times slower";
            Finding::new(
                "guest",
                State::Warning,
                found,
                "enable nested virtualization, or run on bare metal",
            )
        }
    };
    Ok(vec![libvirt, guest])
}

#[cfg(not(feature = "libvirt"))]
pub(super) async fn check(uri: &str) -> Vec<Finding> {
    let found = format!("{uri}: this lqx was built without libvirt and cannot look");
    let fix = "cargo build --features limiquantix-cli/libvirt, which needs libvirt-dev";
    vec![Finding::new("libvirt", State::Skipped, found, fix)]
}
